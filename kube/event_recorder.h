#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/resources/event.h"

namespace kube {

enum class EventType { normal, warning };

// Something that happened to an object, told to whoever runs `kubectl describe`.
struct Occurrence {
  ObjectReference regarding;
  EventType type = EventType::normal;
  std::string reason;  // CamelCase, at most 128 bytes: "CertificateIssued"
  std::string action;  // what we were doing, CamelCase, at most 128 bytes: "Issuing"
  std::string note;    // a sentence; longer than 1 KiB is cut with "..."
  bool operator==(const Occurrence&) const = default;
};

// Where occurrences go. Never blocks and never fails its caller: an Event is a courtesy.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void record(Occurrence occurrence) = 0;

  void normal(const ObjectReference& regarding, std::string reason, std::string action,
              std::string note) {
    record({regarding, EventType::normal, std::move(reason), std::move(action), std::move(note)});
  }
  void warning(const ObjectReference& regarding, std::string reason, std::string action,
               std::string note) {
    record({regarding, EventType::warning, std::move(reason), std::move(action), std::move(note)});
  }
};

struct EventRecorderOptions {
  std::string controller{};  // reportingController: "gatehouse.dev/operator"
  std::string instance{};    // reportingInstance: the Pod's name
  std::size_t queue_max = 1000;
  // The same (object, type, reason, action, note) again within this is the same Event: its series
  // counts, and a new object is not made.
  std::chrono::minutes series_window{6};
  // Writes of one series: the first repetition, then at most one in this time.
  std::chrono::seconds series_interval{60};
  std::size_t series_max = 4096;                     // remembered at once
  std::shared_ptr<prometheus::Registry> registry{};  // null: no metrics
};

// Writes Events (events.k8s.io/v1) from a thread of its own. When the queue is full, occurrences
// are dropped and counted. An Event about a cluster-scoped object lives in namespace "default".
class EventRecorder final : public EventSink {
 public:
  // client and clock must outlive it.
  EventRecorder(Client& client, const base::Clock& clock, EventRecorderOptions options);
  ~EventRecorder() override;  // stops; what is queued is written within two seconds or dropped

  void record(Occurrence occurrence) override;
  std::uint64_t dropped_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kube
