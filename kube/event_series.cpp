#include "kube/event_series.h"

#include <algorithm>

#include "base/digest.h"
#include "base/time_text.h"

namespace kube {

namespace {

// The API server's own limits (events.k8s.io/v1 validation).
constexpr std::size_t kNoteBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 128;
// A DNS subdomain has at most 253 characters; ours ends in "." and 16 hex digits.
constexpr std::size_t kNameBytesMax = 253 - 17;

}  // namespace

std::string shortened(std::string text, std::size_t bytes_max) {
  static constexpr std::string_view kMark = "...";
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max - kMark.size();
  const auto continues = [&text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  while (end > 0 && continues(end)) --end;
  text.resize(end);
  return text.append(kMark);
}

std::optional<EventSeriesRules::Write> EventSeriesRules::on_occurrence(const Occurrence& occurrence,
                                                                       base::SteadyTime now,
                                                                       base::WallTime wall) {
  // The resourceVersion moves with every write of ours; it is still the same object.
  ObjectReference regarding = occurrence.regarding;
  regarding.resource_version.clear();
  const Key key{regarding, occurrence.type, occurrence.reason, occurrence.action, occurrence.note};
  const auto found = series_.find(key);
  if (found == series_.end() || now - found->second.last_seen > options_.series_window) {
    if (found == series_.end()) make_room();
    Event event = make_event(occurrence, wall);
    series_.insert_or_assign(key, Series{event, 1, 1, now, now});
    return Write{std::move(event), true};
  }
  Series& series = found->second;
  ++series.count;
  series.last_seen = now;
  series.event.series = EventSeries{series.count, wall};
  const bool is_first_repetition = series.written_count == 1;
  if (!is_first_repetition && now - series.last_written < options_.series_interval) {
    return std::nullopt;
  }
  return write_of(series, now);
}

std::vector<EventSeriesRules::Write> EventSeriesRules::overdue(base::SteadyTime now) {
  std::vector<Write> writes;
  for (auto one = series_.begin(); one != series_.end();) {
    Series& series = one->second;
    const bool has_unwritten = series.count > series.written_count;
    if (has_unwritten && now - series.last_written >= options_.series_interval) {
      writes.push_back(write_of(series, now));
    }
    const bool has_ended = now - series.last_seen > options_.series_window;
    one = has_ended ? series_.erase(one) : std::next(one);
  }
  return writes;
}

std::optional<base::SteadyTime> EventSeriesRules::next_due() const {
  std::optional<base::SteadyTime> first;
  for (const auto& [key, series] : series_) {
    if (series.count == series.written_count) continue;
    const base::SteadyTime due = series.last_written + options_.series_interval;
    if (!first || due < *first) first = due;
  }
  return first;
}

Event EventSeriesRules::make_event(const Occurrence& occurrence, base::WallTime wall) const {
  Event event;
  event.regarding = occurrence.regarding;
  event.type_name = occurrence.type == EventType::warning ? "Warning" : "Normal";
  event.reason = shortened(occurrence.reason, kWordBytesMax);
  event.action = shortened(occurrence.action, kWordBytesMax);
  event.note = shortened(occurrence.note, kNoteBytesMax);
  event.reporting_controller = options_.controller;
  event.reporting_instance = shortened(options_.instance, kWordBytesMax);
  event.event_time = wall;
  // An Event about a cluster-scoped object lives in "default"; the API server insists.
  event.metadata.namespace_ =
      event.regarding.namespace_.empty() ? "default" : event.regarding.namespace_;
  const std::string everything = event.regarding.uid + "\n" + event.type_name + "\n" +
                                 event.reason + "\n" + event.action + "\n" + event.note + "\n" +
                                 event.reporting_instance + "\n" + base::to_rfc3339_micros(wall);
  event.metadata.name = event.regarding.name.substr(0, kNameBytesMax) + "." +
                        base::sha256_hex(everything).substr(0, 16);
  return event;
}

EventSeriesRules::Write EventSeriesRules::write_of(Series& series, base::SteadyTime now) {
  series.written_count = series.count;
  series.last_written = now;
  return {series.event, false};
}

void EventSeriesRules::make_room() {
  if (series_.size() < options_.series_max) return;
  const auto oldest = std::min_element(
      series_.begin(), series_.end(),
      [](const auto& a, const auto& b) { return a.second.last_seen < b.second.last_seen; });
  series_.erase(oldest);
}

}  // namespace kube
