#include "kube/event_series.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/digest.h"
#include "base/time_text.h"

namespace kube {

namespace {

// The API server's own limits (events.k8s.io/v1 validation).
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

EventSeriesRules::Step EventSeriesRules::on_occurrence(const Occurrence& occurrence,
                                                       base::SteadyTime now, base::WallTime wall,
                                                       int times) {
  // The resourceVersion moves with every write of ours; it is still the same object.
  ObjectReference regarding = occurrence.regarding;
  regarding.resource_version.clear();
  const Key key{regarding, occurrence.type, occurrence.reason, occurrence.action, occurrence.note};
  const auto found = series_.find(key);
  if (found != series_.end() && now - found->second.last_seen <= options_.series_window) {
    return {count(key, found->second, times, now, wall), std::nullopt};
  }
  const auto like = newest_of_reason(key, now);
  const bool is_first_warning = like == series_.end() && occurrence.type == EventType::warning;
  const int left_to_others = is_first_warning ? 0 : options_.object_reserve;
  TokenBucket& budget = budget_of(regarding, now);
  if (!budget.take(now, left_to_others)) {
    if (like == series_.end()) return {std::nullopt, budget.ready_at(now, left_to_others)};
    return {count(like->first, like->second, times, now, wall), std::nullopt};
  }
  if (found == series_.end()) make_room();
  Event event = make_event(occurrence, wall);
  if (times > 1) event.series = EventSeries{times, wall};
  series_.insert_or_assign(key, Series{event, times, times, now, now});
  return {Write{std::move(event), true, key}, std::nullopt};
}

std::optional<EventSeriesRules::Write> EventSeriesRules::count(const Key& key, Series& series,
                                                               int times, base::SteadyTime now,
                                                               base::WallTime wall) {
  series.count += times;
  series.last_seen = now;
  series.event.series = EventSeries{series.count, wall};
  const bool is_first_repetition = series.written_count == 1;
  if (!is_first_repetition && now - series.last_written < options_.series_interval) {
    note_due(series);
    return std::nullopt;
  }
  return write_of(key, series, now);
}

// The one that was told last; the end when there is none.
std::map<EventSeriesRules::Key, EventSeriesRules::Series>::iterator
EventSeriesRules::newest_of_reason(const Key& key, base::SteadyTime now) {
  const auto reason_of = [](const Key& one) {
    const auto& [regarding, type, reason, action, note] = one;
    return std::tie(regarding, type, reason);
  };
  auto newest = series_.end();
  for (auto one = series_.lower_bound(std::tuple_cat(reason_of(key), std::tuple("", "")));
       one != series_.end() && reason_of(one->first) == reason_of(key); ++one) {
    if (now - one->second.last_seen > options_.series_window) continue;
    if (newest == series_.end() || one->second.last_seen >= newest->second.last_seen) newest = one;
  }
  return newest;
}

TokenBucket& EventSeriesRules::budget_of(const ObjectReference& object, base::SteadyTime now) {
  const auto found = budgets_.find(object);
  if (found != budgets_.end()) return found->second;
  if (budgets_.size() >= options_.series_max) {
    std::erase_if(budgets_, [now](const auto& entry) { return entry.second.is_full(now); });
  }
  // Whoever is forgotten for others has all of it again; the overall bucket still holds. A quarter
  // at once, so that a flood does not search for each.
  if (budgets_.size() >= options_.series_max) {
    const auto quarter = static_cast<std::ptrdiff_t>(budgets_.size() / 4 + 1);
    budgets_.erase(budgets_.begin(), std::next(budgets_.begin(), quarter));
  }
  return budgets_.emplace(object, TokenBucket(options_.object_burst, options_.object_one_each, now))
      .first->second;
}

std::vector<EventSeriesRules::Write> EventSeriesRules::overdue(base::SteadyTime now) {
  std::vector<Write> writes;
  if ((!next_due_ || now < *next_due_) && now < next_sweep_) return writes;
  next_due_.reset();
  next_sweep_ = now + options_.series_interval;
  for (auto one = series_.begin(); one != series_.end();) {
    Series& series = one->second;
    const bool has_unwritten = series.count > series.written_count;
    if (has_unwritten && now - series.last_written >= options_.series_interval) {
      writes.push_back(write_of(one->first, series, now));
    } else if (has_unwritten) {
      note_due(series);
    }
    const bool has_ended = now - series.last_seen > options_.series_window;
    one = has_ended ? series_.erase(one) : std::next(one);
  }
  return writes;
}

void EventSeriesRules::note_due(const Series& series) {
  const base::SteadyTime due = series.last_written + options_.series_interval;
  next_due_ = next_due_ ? std::min(*next_due_, due) : due;
}

void EventSeriesRules::take_back(const Write& write, base::SteadyTime now) {
  const auto found = series_.find(write.key);
  if (found == series_.end()) return;
  if (write.is_new) {
    budget_of(std::get<0>(write.key), now).give_back();
    series_.erase(found);
    return;
  }
  Series& series = found->second;
  series.written_count = std::min(series.written_count, series.count - 1);
  series.last_written = now;
  note_due(series);
}

Event EventSeriesRules::make_event(const Occurrence& occurrence, base::WallTime wall) const {
  Event event;
  event.regarding = occurrence.regarding;
  event.type_name = occurrence.type == EventType::warning ? "Warning" : "Normal";
  event.reason = shortened(occurrence.reason, kWordBytesMax);
  event.action = shortened(occurrence.action, kWordBytesMax);
  event.note = shortened(occurrence.note, kEventNoteBytesMax);
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

EventSeriesRules::Write EventSeriesRules::write_of(const Key& key, Series& series,
                                                   base::SteadyTime now) {
  series.written_count = series.count;
  series.last_written = now;
  return {series.event, false, key};
}

// A quarter at once, so that a flood does not search for each: the oldest, and those that count
// what is not written yet last of all.
void EventSeriesRules::make_room() {
  if (series_.size() < options_.series_max) return;
  const auto rank = [](const Series& series) {
    return std::pair(series.count > series.written_count, series.last_seen);
  };
  std::vector<std::pair<bool, base::SteadyTime>> ranks;
  ranks.reserve(series_.size());
  for (const auto& [key, series] : series_) ranks.push_back(rank(series));
  std::size_t left = std::max<std::size_t>(series_.size() / 4, 1);
  const auto last = ranks.begin() + static_cast<std::ptrdiff_t>(left - 1);
  std::nth_element(ranks.begin(), last, ranks.end());
  for (auto one = series_.begin(); one != series_.end() && left > 0;) {
    const bool goes = rank(one->second) <= *last;
    if (goes) --left;
    one = goes ? series_.erase(one) : std::next(one);
  }
}

}  // namespace kube
