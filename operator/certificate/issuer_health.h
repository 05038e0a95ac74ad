#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/clock.h"
#include "operator/issuer/accounts.h"

namespace certificate {

// Since when the servers of issuers are known to be well: a back-off that came from a server that
// did not answer ends when it does. A mere answer is no such sign, it may be the next request that
// hangs. Thread-safe; the listener is called without a lock held.
class IssuerHealth {
 public:
  explicit IssuerHealth(const base::Clock& clock) : clock_(clock) {}

  // Set once, before anything runs: those that wait because of this issuer may look at once.
  void on_well(std::function<void(const issuer::IssuerKey&)> listener) {
    listener_ = std::move(listener);
  }

  void note_unwell(const issuer::IssuerKey& issuer);
  // It has issued a certificate: news only of one that was unwell. Three times at once, and then
  // each ten minutes: of a server that answers some and not others it would be news with each
  // certificate, and whom it does not answer would order with each.
  void note_issued(const issuer::IssuerKey& issuer);
  void note_well(const issuer::IssuerKey& issuer);
  // The issuer is gone: what was noted of its server says nothing of a later one of its name.
  void forget(const issuer::IssuerKey& issuer);
  // time: with whole seconds, as status has it. What was noted by a clock that was ahead is no
  // sign: each failure until then would be older than it, and nobody would wait.
  bool is_well_since(const issuer::IssuerKey& issuer, base::WallTime time) const;

 private:
  bool is_believed(const issuer::IssuerKey& issuer);

  const base::Clock& clock_;
  std::function<void(const issuer::IssuerKey&)> listener_;
  mutable std::mutex mutex_;
  std::map<issuer::IssuerKey, base::WallTime> well_since_;
  std::set<issuer::IssuerKey> unwell_;
  // When issuances were news, within an hour; the oldest first.
  std::map<issuer::IssuerKey, std::vector<base::SteadyTime>> recovered_at_;
};

}  // namespace certificate
