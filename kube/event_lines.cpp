#include "kube/event_lines.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "kube/event_series.h"

namespace kube {

namespace {

constexpr std::chrono::seconds kHoldFirst{1};
constexpr std::chrono::seconds kHoldMax{30};
constexpr std::size_t kWarnings = 0;
constexpr std::size_t kNormal = 1;

}  // namespace

EventLines::LineKey EventLines::line_of(const Occurrence& occurrence) {
  LineKey key{occurrence.regarding, occurrence.type};
  // It moves with every write of ours; it is still the same object.
  key.regarding.resource_version.clear();
  return key;
}

std::size_t EventLines::bytes_of(const Occurrence& occurrence) {
  const ObjectReference& object = occurrence.regarding;
  return sizeof(Waiting) + object.api_version.size() + object.kind.size() +
         object.namespace_.size() + object.name.size() + object.uid.size() +
         occurrence.reason.size() + occurrence.action.size() + occurrence.note.size();
}

bool EventLines::has_room_in_namespace(const Occurrence& occurrence, std::size_t more) const {
  const std::string& namespace_ = occurrence.regarding.namespace_;
  const auto found = bytes_of_namespaces_.find(namespace_);
  const Bytes has = found == bytes_of_namespaces_.end() ? Bytes() : found->second;
  const bool is_left_alone = is_held(namespace_);
  const auto share_of = [is_left_alone](std::size_t room) {
    return is_left_alone ? room / 4 : room / 4 * 3;
  };
  if (has.all + more > share_of(limits_.bytes)) return false;
  return occurrence.type == EventType::warning ||
         has.normal + more <= share_of(limits_.bytes_of_normal);
}

bool EventLines::has_room(const Occurrence& occurrence) const {
  const std::size_t more = bytes_of(occurrence);
  if (bytes_.all + more > limits_.bytes) return false;
  if (!has_room_in_namespace(occurrence, more)) return false;
  return occurrence.type == EventType::warning || bytes_.normal + more <= limits_.bytes_of_normal;
}

void EventLines::account(const Occurrence& occurrence, bool is_added) {
  const std::size_t bytes = bytes_of(occurrence);
  const std::size_t normal = occurrence.type == EventType::normal ? bytes : 0;
  const auto count_in = [&](Bytes& sum) {
    sum.all = is_added ? sum.all + bytes : sum.all - bytes;
    sum.normal = is_added ? sum.normal + normal : sum.normal - normal;
  };
  size_ = is_added ? size_ + 1 : size_ - 1;
  count_in(bytes_);
  const auto place = bytes_of_namespaces_.try_emplace(occurrence.regarding.namespace_).first;
  count_in(place->second);
  if (place->second.all == 0) bytes_of_namespaces_.erase(place);
}

EventLines::Lines::iterator EventLines::open_line(const LineKey& key) {
  const auto [line, is_new] = lines_.try_emplace(key);
  if (is_new) ready_[key.type == EventType::warning ? kWarnings : kNormal].push_back(line);
  return line;
}

bool EventLines::add(Occurrence occurrence, base::WallTime at) {
  occurrence.note = shortened(std::move(occurrence.note), kEventNoteBytesMax);
  const LineKey key = line_of(occurrence);
  const auto line = lines_.find(key);
  if (line != lines_.end()) {
    auto& waiting = line->second.waiting;
    const auto count_with = [&](auto&& is_like_it) {
      const auto like = std::find_if(waiting.rbegin(), waiting.rend(), is_like_it);
      if (like == waiting.rend()) return false;
      ++like->times;
      like->at = at;
      return true;
    };
    if (count_with([&](const Waiting& other) {
          return other.occurrence.reason == occurrence.reason &&
                 other.occurrence.action == occurrence.action &&
                 other.occurrence.note == occurrence.note;
        })) {
      return true;
    }
    if (waiting.size() >= limits_.per_object) {
      return count_with(
          [&](const Waiting& other) { return other.occurrence.reason == occurrence.reason; });
    }
  }
  if (!has_room(occurrence)) return false;
  account(occurrence, true);
  open_line(key)->second.waiting.push_back({std::move(occurrence), at, 1});
  return true;
}

base::SteadyTime EventLines::ready_at(const Lines::value_type& line) const {
  const auto hold = holds_.find(line.first.regarding.namespace_);
  return hold == holds_.end() ? line.second.not_before
                              : std::max(line.second.not_before, hold->second.until);
}

std::optional<EventLines::Waiting> EventLines::take(base::SteadyTime now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const auto line = delayed_.begin()->second;
    ready_[line->first.type == EventType::warning ? kWarnings : kNormal].push_back(line);
    delayed_.erase(delayed_.begin());
  }
  for (auto& ring : ready_) {
    while (!ring.empty()) {
      const auto line = ring.front();
      ring.pop_front();
      if (line->second.waiting.empty()) {
        lines_.erase(line);
        continue;
      }
      if (const base::SteadyTime at = ready_at(*line); at > now) {
        delayed_.emplace(at, line);
        continue;
      }
      Waiting next = std::move(line->second.waiting.front());
      line->second.waiting.pop_front();
      ring.push_back(line);
      account(next.occurrence, false);
      return next;
    }
  }
  return std::nullopt;
}

void EventLines::put_back(Waiting waiting, base::SteadyTime until) {
  account(waiting.occurrence, true);
  Line& line = open_line(line_of(waiting.occurrence))->second;
  line.not_before = until;
  line.waiting.push_front(std::move(waiting));
}

void EventLines::note_failure(const std::string& namespace_, base::SteadyTime now) {
  std::erase_if(holds_, [now](const auto& hold) { return hold.second.until + kHoldMax < now; });
  Hold& hold = holds_[namespace_];
  hold.delay = std::clamp<base::SteadyTime::duration>(hold.delay * 2, kHoldFirst, kHoldMax);
  hold.until = now + hold.delay;
}

std::size_t EventLines::drop_namespace(const std::string& namespace_) {
  std::size_t dropped = 0;
  for (auto& [key, line] : lines_) {
    if (key.regarding.namespace_ != namespace_) continue;
    for (const Waiting& waiting : line.waiting) account(waiting.occurrence, false);
    dropped += line.waiting.size();
    line.waiting.clear();
  }
  return dropped;
}

std::optional<base::SteadyTime> EventLines::next_ready() const {
  for (const auto& ring : ready_) {
    if (!ring.empty()) return base::SteadyTime::min();
  }
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace kube
