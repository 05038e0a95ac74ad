#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "operator/routing/complaint.h"

namespace routing {

// Tells transitions from repetitions: which of the standing complaints are news. One is news once,
// when it has stood for a moment, so that a route applied a second before its Service, or the
// turn of a roll-out, is no Event. A warning that goes on is told again now and then in the same
// words, or describe would fall silent when the API server forgets the Event. When it is gone it is
// forgotten silently. Pure but for memory.
class ComplaintLog {
 public:
  enum class Telling { news, reminder };
  // Twice in the life of an Event, which is an hour (kube-apiserver --event-ttl); client-go
  // refreshes its series as often.
  static constexpr std::chrono::minutes kReminded{30};

  explicit ComplaintLog(std::chrono::milliseconds settling = std::chrono::seconds(2))
      : settling_(settling) {}

  // Says one piece; false when it found no ear, and it is due again a second later.
  using Tell = std::function<bool(const Complaint& complaint, Telling telling)>;

  // routes, certificates: all complaints there are now, of who compiles and of who plans
  // Certificates, as bounded() has them. Pending ones never are news; what is news at once of one
  // reason to one claimant is told as one. When another may be due; ask again then. Costs what has
  // changed since the last call, and what is due.
  std::optional<base::SteadyTime> update(const ComplaintsByKey& routes,
                                         const ComplaintsByKey& certificates, base::SteadyTime now,
                                         const Tell& tell);

 private:
  struct Entry {
    base::SteadyTime since;
    std::optional<base::SteadyTime> told;
    std::optional<base::SteadyTime> due;  // where it stands in due_; nothing: all is said
    std::size_t standing = 0;             // how many times it is said now
  };
  using Entries = std::map<Complaint, Entry>;

  // left: those that are said fewer times.
  void follow(const ComplaintsByKey& before, const ComplaintsByKey& now, base::SteadyTime time,
              std::set<const Complaint*>& left);
  void schedule(Entries::value_type& entry, std::optional<base::SteadyTime> due);
  std::optional<base::SteadyTime> due_at(const Complaint& complaint, const Entry& entry) const;

  const std::chrono::milliseconds settling_;
  ComplaintsByKey routes_, certificates_;  // at the last call
  Entries entries_;
  std::set<std::pair<base::SteadyTime, const Complaint*>> due_;  // of entries_
};

}  // namespace routing
