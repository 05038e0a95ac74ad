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

namespace kube {

// Decides which occurrences become new Events, which only make a series longer, and when a series
// is written. No I/O, no threads.
class EventSeriesRules {
 public:
  explicit EventSeriesRules(EventRecorderOptions options) : options_(std::move(options)) {}

  struct Write {
    Event event;
    bool is_new = true;  // create it; else write its series
  };

  // Nothing when it is counted for now, and written by a later overdue().
  std::optional<Write> on_occurrence(const Occurrence& occurrence, base::SteadyTime now,
                                     base::WallTime wall);
  // Series with unwritten counts that have waited for series_interval; forgets ended ones.
  std::vector<Write> overdue(base::SteadyTime now);
  // When overdue() has something next.
  std::optional<base::SteadyTime> next_due() const;

  std::size_t series_count() const { return series_.size(); }

 private:
  using Key = std::tuple<ObjectReference, EventType, std::string, std::string, std::string>;
  struct Series {
    Event event;
    int count = 1;
    int written_count = 1;
    base::SteadyTime last_seen;
    base::SteadyTime last_written;
  };

  Event make_event(const Occurrence& occurrence, base::WallTime wall) const;
  static Write write_of(Series& series, base::SteadyTime now);
  void make_room();

  const EventRecorderOptions options_;
  std::map<Key, Series> series_;
};

// At most bytes_max bytes, cut between characters (UTF-8), with "..." when cut.
std::string shortened(std::string text, std::size_t bytes_max);

}  // namespace kube
