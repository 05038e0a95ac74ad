#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"
#include "operator/api/certificate.h"
#include "operator/routing/challenge_answers.h"
#include "operator/routing/host_owners.h"
#include "proxy/config/model.h"

namespace routing {

// challenge_answers() of all Certificates, kept up to date by what changes: an order that goes on,
// or a host that comes to have another owner, costs a look at its tokens, whatever other orders are
// under way or have failed. challenge_answers() is the specification, and says the same after each
// update(). While more are asked for than find room each depends on all, and it is asked itself.
// Not thread-safe.
class ChallengeTable {
 public:
  using Answers = proxy::config::ProxyConfig::Section<proxy::config::ChallengeAnswer>;

  explicit ChallengeTable(std::size_t answers_max = kAnswersMax) : answers_max_(answers_max) {}

  // In place of what was there. One without an order is as none.
  void put(std::shared_ptr<const api::Certificate> certificate);
  void erase(const kube::ObjectKey& certificate);
  void clear();
  // There is no order.
  bool empty() const { return orders_.empty(); }

  // Returns how many tokens it has looked at.
  std::size_t update(const HostOwners& owners);
  // As of the last update(). An entry that stays equal keeps its address.
  const Answers& answers() const { return answers_; }

 private:
  struct Order {
    std::shared_ptr<const api::Certificate> certificate;
    std::vector<OpenAnswer> open;
  };

  void mark_order(const Order& order);
  void note_owners(const HostOwners& owners);
  void answer(const std::string& token, const HostOwners& owners);
  void answer_all(const HostOwners& owners);

  const std::size_t answers_max_;
  std::map<kube::ObjectKey, Order> orders_;
  std::uint64_t wanted_ = 0;  // authorizations of all orders
  std::map<std::string, std::set<CertificateAge>> by_token_;
  std::map<std::string, std::set<kube::ObjectKey>> by_host_;  // and by the wildcard over it
  std::set<std::string> marked_;                              // tokens to be looked at again
  std::optional<HostOwners> owners_;  // that answers_ go by; nothing: there was no order
  bool is_cut_ = false;               // answers_ are not all that are wanted
  Answers answers_;
};

}  // namespace routing
