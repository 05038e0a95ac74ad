#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/findings.h"
#include "operator/routing/complaint.h"

namespace ingress {

// Tells transitions from repetitions: which of the standing complaints are news. One is news once,
// when it has stood for a moment, so that an Ingress applied a second before its Service, or the
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
  using Tell = std::function<bool(const routing::Complaint& complaint, Telling telling)>;

  // findings: with all complaints there are now, as bounded() has them. Pending ones never are
  // news; what is news at once of one reason about one Ingress is told as one. When another may be
  // due; ask again then. Costs what has changed since the last call, and what is due.
  std::optional<base::SteadyTime> update(const Findings& findings, base::SteadyTime now,
                                         const Tell& tell);

 private:
  using ByIngress = Findings::ByKey<routing::Complaints>;
  struct Entry {
    base::SteadyTime since;
    std::optional<base::SteadyTime> told;
    std::optional<base::SteadyTime> due;  // where it stands in due_; nothing: all is said
    std::size_t standing = 0;             // how many times it is said now
  };
  using Entries = std::map<routing::Complaint, Entry>;

  // left: those that are said fewer times.
  void follow(const ByIngress& before, const ByIngress& now, base::SteadyTime time,
              std::set<const routing::Complaint*>& left);
  void schedule(Entries::value_type& entry, std::optional<base::SteadyTime> due);
  std::optional<base::SteadyTime> due_at(const routing::Complaint& complaint,
                                         const Entry& entry) const;

  const std::chrono::milliseconds settling_;
  ByIngress complaints_, plan_complaints_;  // at the last call
  Entries entries_;
  std::set<std::pair<base::SteadyTime, const routing::Complaint*>> due_;  // of entries_
};

// Which Ingresses have come to be served in full, or in another way than before: every path reaches
// a cluster, every name under tls has its certificate. What is so at the first look is no news: it
// was so before we came.
class ProgrammedLog {
 public:
  using Tell = std::function<bool(const Summary& news)>;

  // As ComplaintLog has it. is_live: it is what the proxies are told; else nobody has come to be
  // served by it, and nothing is said.
  std::optional<base::SteadyTime> update(const Findings& findings, base::SteadyTime now,
                                         const Tell& tell, bool is_live = true);

 private:
  bool has_looked_ = false;
  Findings::ByKey<Summary> summaries_;  // at the last call
  // As they were when they were told, by their keys. Mostly those that the stores hold, too.
  struct Told {
    std::shared_ptr<const kube::Ingress> ingress;
    std::shared_ptr<const api::EdgeParameters> parameters;  // of its class
  };
  static bool is_known(const Told& told, const Summary& now);
  std::map<std::string, Told> served_;
  std::set<std::string> untold_;
};

bool is_served_in_full(const Summary& summary);

// "2 paths on a.example, b.example, with TLS for a.example, b.example (Secret shop/a-tls), with
// passwords, limits"
std::string served_text(const Summary& summary);

}  // namespace ingress
