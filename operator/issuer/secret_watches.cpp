#include "operator/issuer/secret_watches.h"

#include <algorithm>
#include <utility>

namespace issuer {

SecretWatches::SecretWatches(kube::Client& client, Options options, Wake wake)
    : client_(client), options_(std::move(options)), wake_(std::move(wake)) {}

SecretWatches::~SecretWatches() {
  stop();
}

bool SecretWatches::follow(const IssuerKey& issuer, const std::set<kube::ObjectKey>& secrets) {
  std::vector<std::unique_ptr<Watch>> ended;  // joined without the lock: their threads may want it
  bool are_all_followed = true;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return true;
    for (auto one = followers_.begin(); one != followers_.end();) {
      if (secrets.count(one->first) == 0) one->second.erase(issuer);
      if (!one->second.empty()) {
        ++one;
        continue;
      }
      const auto watch = watches_.find(one->first);
      watch->second->request_stop();
      ended.push_back(std::move(watch->second));
      watches_.erase(watch);
      one = followers_.erase(one);
    }
    for (const kube::ObjectKey& secret : secrets) {
      if (watches_.count(secret) == 0) {
        if (!has_room(issuer, secret)) {
          are_all_followed = false;
          continue;
        }
        watches_[secret] = std::make_unique<Watch>(client_, secret, options_.reflector,
                                                   [this, secret] { wake_followers(secret); });
      }
      followers_[secret].insert(issuer);
    }
  }
  return are_all_followed;
}

bool SecretWatches::has_room(const IssuerKey& issuer, const kube::ObjectKey& secret) const {
  if (watches_.size() >= options_.max) return false;
  if (issuer.is_cluster_issuer) return true;
  std::size_t of_namespace = 0;
  std::size_t of_namespaces = 0;
  for (const auto& [name, issuers] : followers_) {
    const bool is_of_issuers =
        std::any_of(issuers.begin(), issuers.end(),
                    [](const IssuerKey& one) { return !one.is_cluster_issuer; });
    if (!is_of_issuers) continue;
    ++of_namespaces;
    if (name.namespace_ == secret.namespace_) ++of_namespace;
  }
  return of_namespace < options_.max_of_namespace && of_namespaces < options_.max_of_namespaces;
}

void SecretWatches::wake_followers(const kube::ObjectKey& secret) {
  std::set<IssuerKey> followers;
  {
    const std::lock_guard lock(mutex_);
    const auto found = followers_.find(secret);
    if (found != followers_.end()) followers = found->second;
  }
  for (const IssuerKey& issuer : followers) wake_(issuer);
}

void SecretWatches::stop() {
  std::map<kube::ObjectKey, std::unique_ptr<Watch>> ended;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    followers_.clear();
    ended.swap(watches_);
  }
  for (const auto& [secret, watch] : ended) watch->request_stop();
}

}  // namespace issuer
