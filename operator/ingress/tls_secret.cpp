#include "operator/ingress/tls_secret.h"

#include "base/digest.h"
#include "base/key.h"
#include "base/pem.h"
#include "base/tls_certificate_rules.h"
#include "base/untold_issuer.h"

namespace ingress {
namespace {

// Clients with OpenSSL refuse more than 100 KiB of it (SSL_MAX_CERT_LIST_DEFAULT), which are 137 in
// PEM.
constexpr std::size_t kChainBytesMax = 256u << 10;
// Of those that backends are verified by. A system's bundle has some 220 KiB. As the proxies have
// it written, it is within their limit of a PEM text, however it was written here.
constexpr std::size_t kAuthoritiesBytesMax = 512u << 10;

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

// All that is looked at of a Secret: the cache knows a content by these, so nothing else may be.
struct Content {
  explicit Content(const kube::Secret& secret)
      : chain(secret.value("tls.crt")),
        key(secret.value("tls.key")),
        authorities(secret.value("ca.crt")) {}

  std::string hash() const {
    std::string all;
    for (const std::string* part : {&chain, &key, &authorities}) {
      all += std::to_string(part->size()) + ":" + *part;
    }
    return base::sha256(all);
  }

  const std::string& chain;
  const std::string& key;
  const std::string& authorities;
};

TlsSecret read_pair(const std::string& chain, const std::string& key) {
  if (chain.empty() && key.empty()) {
    TlsSecret nothing;
    nothing.state = TlsSecret::State::empty;
    nothing.problem = "tls.crt and tls.key are empty";
    return nothing;
  }
  if (chain.empty()) return broken("tls.crt is empty");
  if (key.empty()) return broken("tls.key is empty");
  if (chain.size() > kChainBytesMax) {
    return broken("tls.crt is larger than " + std::to_string(kChainBytesMax >> 10) +
                  " KiB, which clients refuse");
  }
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

TlsSecret read_content(const Content& content) {
  TlsSecret read = read_pair(content.chain, content.key);
  const bool may_be_read =
      !content.authorities.empty() && content.authorities.size() <= kAuthoritiesBytesMax;
  if (may_be_read && base::read_chain(content.authorities)) {
    read.authorities_pem = certificates_only(content.authorities);
  }
  if (read.state == TlsSecret::State::usable) {
    read.untold_issuer =
        base::untold_issuer(read.material->chain_pem, read.authorities_pem).value_or("");
  }
  return read;
}

}  // namespace

TlsSecret read_tls_secret(const kube::Secret& secret) {
  return read_content(Content(secret));
}

std::shared_ptr<const TlsSecret> TlsSecretCache::read(const kube::Secret& secret) {
  const Content content(secret);
  std::string hash = content.hash();
  if (const auto known = by_content_.find(hash); known != by_content_.end()) {
    if (auto held = known->second.lock()) return held;
  }
  ++readings_;
  auto read = std::make_shared<const TlsSecret>(read_content(content));
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
