#include "operator/routing/tls_secret.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <system_error>
#include <thread>

#include "base/certificate_chain.h"
#include "base/digest.h"
#include "base/pem.h"
#include "base/pem_text.h"

namespace routing {
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

  TlsSecretCache::Hash hash() const {
    std::string all;
    for (const std::string* part : {&chain, &key, &authorities}) {
      all += std::to_string(part->size()) + ":" + *part;
    }
    const std::string digest = base::sha256(all);
    TlsSecretCache::Hash made{};
    std::copy_n(digest.begin(), made.size(), made.begin());
    return made;
  }

  std::string chain;
  std::string key;
  std::string authorities;
};

TlsSecret read_pair(const std::string& chain_pem, const std::string& key_pem,
                    const std::string& authorities_pem) {
  if (chain_pem.empty() && key_pem.empty()) {
    TlsSecret nothing;
    nothing.state = TlsSecret::State::empty;
    nothing.problem = "tls.crt and tls.key are empty";
    return nothing;
  }
  if (chain_pem.empty()) return broken("tls.crt is empty");
  if (key_pem.empty()) return broken("tls.key is empty");
  if (chain_pem.size() > kChainBytesMax) {
    return broken("tls.crt is larger than " + std::to_string(kChainBytesMax >> 10) +
                  " KiB, which clients refuse");
  }
  const auto chain = base::CertificateChain::read(chain_pem);
  if (!chain) return broken("tls.crt cannot be read: " + chain.error().message);
  const auto key = chain->read_key(key_pem);
  if (!key) return broken("tls.crt and tls.key do not make a pair: " + key.error().message);
  if (const auto servable = chain->check_tls(); !servable) {
    return broken("tls.crt: " + servable.error().message);
  }
  TlsSecret usable;
  usable.state = TlsSecret::State::usable;
  const base::CertificateInfo& leaf = chain->leaf();
  usable.leaf = TlsSecret::Leaf{leaf, leaf.not_after};
  usable.material = std::make_shared<const proxy::config::Certificate>(proxy::config::Certificate{
      base::PemText::small(chain->pem()), base::PemText::small(key->pem)});
  usable.untold_issuer = chain->untold_issuer(authorities_pem);
  return usable;
}

TlsSecret read_content(const Content& content) {
  std::string authorities = read_backend_authorities(content.authorities);
  TlsSecret read = read_pair(content.chain, content.key, authorities);
  read.authorities_pem = std::move(authorities);
  return read;
}

}  // namespace

std::string read_backend_authorities(const std::string& ca_crt) {
  const bool may_be_read = !ca_crt.empty() && ca_crt.size() <= kAuthoritiesBytesMax;
  return may_be_read && base::read_chain(ca_crt) ? certificates_only(ca_crt) : std::string();
}

TlsSecret read_tls_secret(const kube::Secret& secret) {
  return read_content(Content(secret));
}

std::shared_ptr<const kube::Secret> sharing_with(const std::shared_ptr<const TlsSecret>& read,
                                                 const kube::Secret& secret) {
  const auto& material = read->material;
  if (!material) return nullptr;
  std::shared_ptr<kube::Secret> twin;
  const auto share = [&](const char* key, const base::PemText& text) {
    const auto known = secret.data.find(key);
    if (known == secret.data.end() || known->second.pem().shares_with(text)) return;
    if (!(known->second.pem() == text)) return;
    if (!twin) twin = std::make_shared<kube::Secret>(secret);
    twin->data[key] = kube::SharedText(text);
  };
  share("tls.crt", material->chain_pem);
  share("tls.key", material->key_pem);
  return twin;
}

std::shared_ptr<const TlsSecret> TlsSecretCache::read(const kube::Secret& secret) {
  const Content content(secret);
  const Hash hash = content.hash();
  if (auto known = held(hash)) return known;
  auto read = std::make_shared<const TlsSecret>(read_content(content));
  keep(hash, read);
  return read;
}

std::vector<std::shared_ptr<const TlsSecret>> TlsSecretCache::read_all(const Secrets& secrets,
                                                                       unsigned threads) {
  // Each content once.
  std::map<Hash, const kube::Secret*> unread;
  std::vector<std::shared_ptr<const TlsSecret>> all;
  for (const auto& secret : secrets) {
    const Hash hash = Content(*secret).hash();
    if (auto known = held(hash)) {
      all.push_back(std::move(known));
    } else {
      unread.emplace(hash, secret.get());
    }
  }
  const std::vector<std::pair<Hash, const kube::Secret*>> work(unread.begin(), unread.end());
  std::vector<std::shared_ptr<const TlsSecret>> made(work.size());
  std::atomic<std::size_t> next{0};
  const auto read_some = [&] {
    for (std::size_t i = next++; i < work.size(); i = next++) {
      made[i] = std::make_shared<const TlsSecret>(read_content(Content(*work[i].second)));
    }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      for (std::size_t i = 1; i < std::min<std::size_t>(threads, work.size()); ++i) {
        helpers.emplace_back(read_some);
      }
    } catch (const std::system_error&) {
      // The container may have no more of them: those that there are read all.
    }
    read_some();
  }
  for (std::size_t i = 0; i < work.size(); ++i) {
    keep(work[i].first, made[i]);
    all.push_back(std::move(made[i]));
  }
  return all;
}

// nullptr: it was never read, or nobody holds what was read.
std::shared_ptr<const TlsSecret> TlsSecretCache::held(const Hash& hash) const {
  const Known* const known = by_content_.find(hash);
  return known == nullptr ? nullptr : known->read.lock();
}

void TlsSecretCache::keep(const Hash& hash, const std::shared_ptr<const TlsSecret>& read) {
  ++readings_;
  if (by_content_.size() >= sweep_at_) sweep();
  by_content_.erase(hash);
  by_content_.insert(Known{hash, read});
}

// At most twice as many as are held, and a few.
void TlsSecretCache::sweep() {
  constexpr std::size_t kSweepAtLeast = 64;
  base::SortedBlocks<Known, ByHash> alive;
  by_content_.each([&alive](const Known& one) {
    if (!one.read.expired()) alive.insert(one);
  });
  by_content_ = std::move(alive);
  sweep_at_ = 2 * by_content_.size() + kSweepAtLeast;
}

}  // namespace routing
