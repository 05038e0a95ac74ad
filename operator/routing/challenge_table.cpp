#include "operator/routing/challenge_table.h"

#include <algorithm>
#include <utility>

#include "operator/routing/host_name.h"
#include "operator/routing/remove_from.h"
#include "operator/routing/resources.h"

namespace routing {
namespace {

using proxy::config::ChallengeAnswer;

}  // namespace

void ChallengeTable::put(std::shared_ptr<const api::Certificate> certificate) {
  const kube::ObjectKey key = certificate->metadata.key();
  erase(key);
  if (!certificate->status.order) return;
  Order order{std::move(certificate), {}};
  order.open = open_answers(*order.certificate);
  // A tenant may write many into a status: those of one token are found, and keep their order.
  std::ranges::stable_sort(order.open, {}, &OpenAnswer::token);
  wanted_ += order.certificate->status.order->authorizations.size();
  for (const OpenAnswer& open : order.open) {
    by_token_[open.token].insert(age_of(*order.certificate));
    by_host_[open.host].insert(key);
    by_host_[covering_wildcard(open.host)].insert(key);
  }
  mark_order(order);
  orders_.emplace(key, std::move(order));
}

void ChallengeTable::erase(const kube::ObjectKey& certificate) {
  const auto at = orders_.find(certificate);
  if (at == orders_.end()) return;
  const Order& order = at->second;
  wanted_ -= order.certificate->status.order->authorizations.size();
  for (const OpenAnswer& open : order.open) {
    remove_from(by_token_, open.token, age_of(*order.certificate));
    remove_from(by_host_, open.host, certificate);
    remove_from(by_host_, covering_wildcard(open.host), certificate);
  }
  mark_order(order);
  orders_.erase(at);
}

void ChallengeTable::clear() {
  while (!orders_.empty()) erase(kube::ObjectKey(orders_.begin()->first));
}

std::size_t ChallengeTable::update(const HostOwners& owners) {
  std::size_t looked_at = 0;
  if (is_cut_ || wanted_ > answers_max_) {
    answer_all(owners);
    looked_at = by_token_.size();
  } else {
    note_owners(owners);
    looked_at = marked_.size();
    for (const std::string& token : marked_) answer(token, owners);
  }
  marked_.clear();
  // Whoever has an order later is marked, so that the owners of before say nothing more.
  owners_ = orders_.empty() ? std::nullopt : std::optional(owners);
  return looked_at;
}

void ChallengeTable::mark_order(const Order& order) {
  for (const OpenAnswer& open : order.open) marked_.insert(open.token);
}

// A host may be owned by who owns the wildcard over it.
void ChallengeTable::note_owners(const HostOwners& owners) {
  if (!owners_) return;
  if (owners_->may_be_shared() != owners.may_be_shared()) {
    for (const auto& [key, order] : orders_) mark_order(order);
    return;
  }
  HostOwners::visit_differences(*owners_, owners, [this](const std::string& host) {
    const auto concerned = by_host_.find(host);
    if (concerned == by_host_.end()) return;
    for (const kube::ObjectKey& key : concerned->second) mark_order(orders_.at(key));
  });
}

void ChallengeTable::answer(const std::string& token, const HostOwners& owners) {
  ChallengeAnswer made;
  const auto asking = by_token_.find(token);
  if (asking != by_token_.end()) {
    for (const auto& [created, key] : asking->second) {
      const std::vector<OpenAnswer>& all = orders_.at(key).open;
      for (auto open = std::ranges::lower_bound(all, token, {}, &OpenAnswer::token);
           open != all.end() && open->token == token; ++open) {
        if (owners.admits(open->host, key.namespace_)) add(*open, made);
      }
    }
  }
  if (made.host.empty()) {
    answers_.erase(token);
    return;
  }
  const auto known = answers_.find(token);
  if (known != answers_.end() && *known->second == made) return;
  answers_.insert_or_assign(token, std::make_shared<const ChallengeAnswer>(std::move(made)));
}

void ChallengeTable::answer_all(const HostOwners& owners) {
  is_cut_ = wanted_ > answers_max_;
  Resources all;
  for (const auto& [key, order] : orders_) all.certificates.push_back(order.certificate);
  const Answers before = answers_;
  answers_ = challenge_answers(all, owners, answers_max_);
  for (const auto& [token, known] : before) {
    const auto now = answers_.find(token);
    if (now != answers_.end() && *now->second == *known) answers_.insert_or_assign(token, known);
  }
}

}  // namespace routing
