#include "operator/ingress/tls_secret.h"

#include "base/digest.h"
#include "base/key.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"

namespace ingress {
namespace {

TlsSecret broken(std::string problem) {
  TlsSecret secret;
  secret.problem = std::move(problem);
  return secret;
}

// What stands between the blocks of a PEM file (comments, a key, in any encoding) stays here.
std::string certificates_only(const std::string& chain) {
  std::string text;
  const auto blocks = base::read_pem(chain);
  if (!blocks) return text;
  for (const base::PemBlock& block : *blocks) {
    if (block.label == "CERTIFICATE") text += base::write_pem(block);
  }
  return text;
}

}  // namespace

TlsSecret read_tls_secret(const kube::Secret& secret) {
  const std::string& chain = secret.value("tls.crt");
  const std::string& key = secret.value("tls.key");
  if (chain.empty() && key.empty()) {
    TlsSecret nothing;
    nothing.state = TlsSecret::State::empty;
    nothing.problem = "tls.crt and tls.key are empty";
    return nothing;
  }
  if (chain.empty()) return broken("tls.crt is empty");
  if (key.empty()) return broken("tls.key is empty");
  auto certificates = base::read_chain(chain);
  if (!certificates) return broken("tls.crt cannot be read: " + certificates.error().message);
  if (const auto pair = base::check_key_pair(chain, key); !pair) {
    return broken("tls.crt and tls.key do not make a pair: " + pair.error().message);
  }
  if (const auto servable = base::check_tls_pair(chain, key); !servable) {
    return broken("tls.crt: " + servable.error().message);
  }
  const auto private_key = base::PrivateKey::from_pem(key);
  if (!private_key) return broken("tls.key cannot be read: " + private_key.error().message);
  TlsSecret usable;
  usable.state = TlsSecret::State::usable;
  usable.leaf = std::move(certificates->front());
  usable.material = std::make_shared<const proxy::config::Certificate>(
      proxy::config::Certificate{certificates_only(chain), private_key->to_pem()});
  return usable;
}

std::shared_ptr<const TlsSecret> TlsSecretCache::read(const kube::Secret& secret) {
  const std::string& chain = secret.value("tls.crt");
  std::string hash =
      base::sha256(std::to_string(chain.size()) + ":" + chain + secret.value("tls.key"));
  if (const auto known = by_content_.find(hash); known != by_content_.end()) {
    if (auto held = known->second.lock()) return held;
  }
  ++readings_;
  auto read = std::make_shared<const TlsSecret>(read_tls_secret(secret));
  if (by_content_.size() >= sweep_at_) sweep();
  by_content_[std::move(hash)] = read;
  return read;
}

// At most twice as many as are held, and a few.
void TlsSecretCache::sweep() {
  constexpr std::size_t kSweepAtLeast = 64;
  std::erase_if(by_content_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = 2 * by_content_.size() + kSweepAtLeast;
}

}  // namespace ingress
