#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "kube/event_recorder.h"
#include "kube/resources/event.h"
#include "kube/token_bucket.h"

namespace kube {

// Decides which occurrences become new Events, which only make a series longer, and when a series
// is written. No I/O, no threads.
//   - The same again is the same Event, whose series counts.
//   - An object has so many new Events at once, and one more each so often. What has the reason of
//     one that is told already leaves the last of them to others, and where there are no more it
//     counts in the series of that one: the API server lets nobody change the note of an Event.
//   - A Warning of another reason is told with the last; where there is none, it waits for one.
class EventSeriesRules {
 public:
  explicit EventSeriesRules(EventRecorderOptions options) : options_(std::move(options)) {}

  using Key = std::tuple<ObjectReference, EventType, std::string, std::string, std::string>;
  struct Write {
    Event event;
    bool is_new = true;  // create it; else write its series
    Key key;
  };
  struct Step {
    // Nothing when it is counted for now, and written by a later overdue(), or is to wait.
    std::optional<Write> write;
    // The object has had its share: as if it had not happened, ask again then.
    std::optional<base::SteadyTime> wait_until;
  };

  Step on_occurrence(const Occurrence& occurrence, base::SteadyTime now, base::WallTime wall,
                     int times = 1);
  // Series with unwritten counts that have waited for series_interval; forgets ended ones.
  std::vector<Write> overdue(base::SteadyTime now);
  // When overdue() has something next.
  std::optional<base::SteadyTime> next_due() const { return next_due_; }
  // It could not be written: a new Event is as if it had not happened, a series is written later.
  void take_back(const Write& write, base::SteadyTime now);

  std::size_t series_count() const { return series_.size(); }

 private:
  struct Series {
    Event event;
    int count = 1;
    int written_count = 1;
    base::SteadyTime last_seen;
    base::SteadyTime last_written;
  };

  Event make_event(const Occurrence& occurrence, base::WallTime wall) const;
  static Write write_of(const Key& key, Series& series, base::SteadyTime now);
  std::optional<Write> count(const Key& key, Series& series, int times, base::SteadyTime now,
                             base::WallTime wall);
  std::map<Key, Series>::iterator newest_of_reason(const Key& key, base::SteadyTime now);
  TokenBucket& budget_of(const ObjectReference& object, base::SteadyTime now);
  void note_due(const Series& series);
  void make_room();

  const EventRecorderOptions options_;
  std::map<Key, Series> series_;
  std::map<ObjectReference, TokenBucket> budgets_;  // of objects that have used some of it
  std::optional<base::SteadyTime> next_due_;        // not later
  base::SteadyTime next_sweep_{};
};

// The API server's own limit of a note (events.k8s.io/v1 validation).
inline constexpr std::size_t kEventNoteBytesMax = 1024;

// At most bytes_max bytes, cut between characters (UTF-8), with "..." when cut.
std::string shortened(std::string text, std::size_t bytes_max);

}  // namespace kube
