#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "kube/event_recorder.h"

namespace kube {

// The occurrences that wait to be told, and who is next. No I/O, no threads, no clock of its own.
//   - Warnings go before Normal ones.
//   - Objects take turns: whoever has much to say waits in a line of its own, which has an end.
//   - What was accepted is never dropped for something else; there is room for so many bytes, of
//     which Normal ones have a part.
//   - A namespace in which nothing can be written is left alone for longer each time, and holds up
//     no other: it has a quarter of the room at most, and any namespace three quarters; of the part
//     for Normal ones as well.
class EventLines {
 public:
  struct Limits {
    std::size_t per_object = 16;  // Warnings, and as many Normal ones
    std::size_t bytes = 0;
    std::size_t bytes_of_normal = 0;
  };
  struct Waiting {
    Occurrence occurrence;
    base::WallTime at;  // when it happened last
    int times = 1;
  };

  explicit EventLines(Limits limits) : limits_(limits) {}

  // False: there is no room for it. The same that waits already is counted there, and where the
  // line of its object is full, it is counted with one of its reason.
  bool add(Occurrence occurrence, base::WallTime at);
  // The next whose time has come; nothing when there is none.
  std::optional<Waiting> take(base::SteadyTime now);
  // To the front of its object's line, which waits until then.
  void put_back(Waiting waiting, base::SteadyTime until);

  // Nothing could be written in this namespace, or something could.
  void note_failure(const std::string& namespace_, base::SteadyTime now);
  void note_success(const std::string& namespace_) { holds_.erase(namespace_); }
  bool is_held(const std::string& namespace_) const { return holds_.count(namespace_) != 0; }
  // Nobody will read there any more. How many waited.
  std::size_t drop_namespace(const std::string& namespace_);

  // When take() has something, after it had nothing; nothing when nobody waits.
  std::optional<base::SteadyTime> next_ready() const;
  std::size_t size() const { return size_; }

 private:
  struct LineKey {
    ObjectReference regarding;  // without its resourceVersion
    EventType type = EventType::normal;
    auto operator<=>(const LineKey&) const = default;
  };
  struct Line {
    std::deque<Waiting> waiting;
    base::SteadyTime not_before{};
  };
  // Each line is in exactly one of ready_ and delayed_, an empty one until its turn comes.
  using Lines = std::map<LineKey, Line>;
  struct Hold {
    base::SteadyTime until;
    base::SteadyTime::duration delay;
  };
  struct Bytes {
    std::size_t all = 0;
    std::size_t normal = 0;  // among them
  };

  static LineKey line_of(const Occurrence& occurrence);
  static std::size_t bytes_of(const Occurrence& occurrence);
  Lines::iterator open_line(const LineKey& key);
  bool has_room(const Occurrence& occurrence) const;
  bool has_room_in_namespace(const Occurrence& occurrence, std::size_t more) const;
  void account(const Occurrence& occurrence, bool is_added);
  base::SteadyTime ready_at(const Lines::value_type& line) const;

  const Limits limits_;
  Lines lines_;
  std::array<std::deque<Lines::iterator>, 2> ready_;  // Warnings, Normal ones
  std::multimap<base::SteadyTime, Lines::iterator> delayed_;
  std::map<std::string, Hold> holds_;
  std::size_t size_ = 0;
  Bytes bytes_;
  std::map<std::string, Bytes> bytes_of_namespaces_;  // none has none
};

}  // namespace kube
