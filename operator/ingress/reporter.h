#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "kube/event_recorder.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/findings.h"
#include "operator/ingress/programmed_log.h"
#include "operator/routing/complaint_log.h"

namespace ingress {

// Tells the users of Ingresses what became of them: an Event and a log line for each transition,
// Warnings first; of a Warning that goes on the Event is kept alive, without a log line. What finds
// no room among the Events that wait is told when there is some. One of the operator's replicas
// speaks, the leader. Thread-safe.
class Reporter {
 public:
  // events and clock must outlive it.
  Reporter(kube::EventSink& events, const base::Clock& clock);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  ~Reporter();  // ends its thread

  // What is so now; each call replaces the last. revision: of the configuration that proxies are
  // told; nothing: this is not what they are told, so nobody has come to be served by it.
  void report(const Findings& findings, std::optional<std::string> revision);
  // From now on this replica is the one that speaks.
  void start_speaking();

 private:
  struct Report {
    Findings findings;
    std::optional<std::string> revision;
  };

  void run(const std::stop_token& stop);
  // When there may be more to tell.
  std::optional<base::SteadyTime> tell(const Report& report);
  bool tell(const kube::ObjectReference& ingress, const routing::Complaint& complaint,
            routing::ComplaintLog::Telling telling);
  bool tell(const Summary& programmed, const std::string& revision);

  kube::EventSink& events_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Report> report_;  // nothing: none yet
  bool is_new_ = false;
  bool speaks_ = false;
  routing::ComplaintLog complaint_log_;  // its thread's alone
  ProgrammedLog programmed_log_;         // its thread's alone
  std::jthread thread_;
};

}  // namespace ingress
