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

// When to offer again what found no room: longer than it takes to write what waits before it, so
// that it is not offered in a circle.
inline constexpr std::chrono::seconds kTellAgain{1};

// Where occurrences go. Never blocks and never fails its caller: an Event is a courtesy.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // What finds no room is dropped, and counted.
  virtual void record(Occurrence occurrence) = 0;
  // For whoever can say it again: false when there is no room, and it is as if it had not been
  // said.
  virtual bool offer(Occurrence occurrence) {
    record(std::move(occurrence));
    return true;
  }

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
  // What waits to be written: of all objects 20,000 Events of the usual size, of which Normal ones
  // have a quarter and one namespace three; and of each object so many.
  std::size_t bytes_max = 16u << 20;
  std::size_t per_object_max = 16;
  // The same (object, type, reason, action, note) again within this is the same Event: its series
  // counts, and a new object is not made. Longer than the half of an hour after which what goes on
  // is told again (ingress::ComplaintLog), and less than the hour after which the API server
  // forgets; each write begins that anew.
  std::chrono::minutes series_window{35};
  // Writes of one series: the first repetition, then at most one in this time.
  std::chrono::seconds series_interval{60};
  std::size_t series_max = 4096;  // remembered at once
  // New Events of one object: so many at once, then one each so often; client-go's filter has 25
  // and five minutes. The last are for Warnings of a reason that was not told yet.
  int object_burst = 10;
  int object_reserve = 4;
  std::chrono::seconds object_one_each{60};
  // Writes of all objects: so many at once, then one each so often.
  int burst = 400;
  std::chrono::milliseconds one_each{5};
  std::shared_ptr<prometheus::Registry> registry{};  // null: no metrics
};

// Writes Events (events.k8s.io/v1) from a thread of its own, Warnings first, object by object
// (event_lines.h), few for one object (event_series.h). What was accepted is written, however long
// the API server refuses for a while; it is dropped, and counted, where the API server refuses the
// Event itself, and where the namespace is deleted there is nobody left to tell. An Event about a
// cluster-scoped object lives in namespace "default".
class EventRecorder final : public EventSink {
 public:
  // client and clock must outlive it.
  EventRecorder(Client& client, const base::Clock& clock, EventRecorderOptions options);
  ~EventRecorder() override;  // stops; what is queued is written within two seconds or dropped

  void record(Occurrence occurrence) override;
  bool offer(Occurrence occurrence) override;
  std::uint64_t dropped_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kube
