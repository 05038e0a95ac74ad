#include "operator/issuer/accounts.h"

#include <utility>

namespace issuer {

namespace {

bool is_the_same(const Account& left, const Account& right) {
  return left.client == right.client && left.session.account_url == right.session.account_url &&
         left.session.key.thumbprint() == right.session.key.thumbprint() &&
         left.session.directory == right.session.directory &&
         left.preferred_chain == right.preferred_chain && left.profile == right.profile;
}

}  // namespace

std::string IssuerKey::text() const {
  return (is_cluster_issuer ? "ClusterIssuer " : "Issuer ") + key.text();
}

IssuerKey resolve(const std::string& namespace_, const api::IssuerRef& reference) {
  const bool is_cluster = reference.is_cluster_issuer();
  return {is_cluster, {is_cluster ? std::string() : namespace_, reference.name}};
}

Accounts::Pointer Accounts::find(const IssuerKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? nullptr : found->second;
}

void Accounts::publish(const IssuerKey& key, Account account) {
  {
    const std::lock_guard lock(mutex_);
    Pointer& place = accounts_[key];
    if (place && is_the_same(*place, account)) return;
    place = std::make_shared<const Account>(std::move(account));
  }
  for (const Listener& listener : ready_listeners_) listener(key);
}

void Accounts::withdraw(const IssuerKey& key) {
  const std::lock_guard lock(mutex_);
  accounts_.erase(key);
  doubtful_.erase(key);
}

void Accounts::report_lost(const IssuerKey& key, const std::string& account_url) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(key);
    if (found == accounts_.end() || found->second->session.account_url != account_url) return;
    accounts_.erase(found);
    lost_[key] = account_url;
  }
  for (const Listener& listener : lost_listeners_) listener(key);
}

std::string Accounts::take_lost(const IssuerKey& key) {
  const std::lock_guard lock(mutex_);
  const auto found = lost_.find(key);
  if (found == lost_.end()) return {};
  std::string url = std::move(found->second);
  lost_.erase(found);
  return url;
}

void Accounts::report_doubtful(const IssuerKey& key) {
  {
    const std::lock_guard lock(mutex_);
    if (accounts_.count(key) == 0 || !doubtful_.insert(key).second) return;
  }
  for (const Listener& listener : lost_listeners_) listener(key);
}

bool Accounts::take_doubtful(const IssuerKey& key) {
  const std::lock_guard lock(mutex_);
  return doubtful_.erase(key) != 0;
}

}  // namespace issuer
