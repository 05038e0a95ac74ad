#pragma once

#include "proxy/net/queue.h"
#include "proxy/net/turn_slice.h"

namespace proxy::session {

// Those who are served at the end of a turn, once each, in the order in which they came: as many as
// a turn has time for. Pure; owns nobody, see net::Queue.
template <class T, class Tag>
class TurnLine {
 public:
  bool empty() const { return waiting_.empty(); }
  // Adding twice is adding once.
  void add(T& item) {
    if (!waiting_.is_waiting(item)) waiting_.push_back(item);
  }
  void leave(T& item) { waiting_.leave(item); }

  // Some wait since an earlier turn: who is served without waiting would overtake them.
  bool is_behind() const { return is_behind_ && !waiting_.empty(); }

  // `serve`: whether there is more to do for that one. True: somebody waits for the next turn.
  template <class Serve>
  bool serve_some(int most, const net::TurnSlice& slice, Serve serve) {
    net::Queue<T, Tag> serving;
    serving.take_all(waiting_);
    for (int i = 0; i < most; ++i) {
      T* const item = serving.take_front();
      if (item == nullptr) break;
      if (serve(*item)) add(*item);
      if (slice.is_over()) break;
    }
    is_behind_ = !serving.empty();
    waiting_.take_all(serving);  // the rest comes first in the next turn
    return !waiting_.empty();
  }

 private:
  net::Queue<T, Tag> waiting_;
  bool is_behind_ = false;  // some were left in the last turn
};

}  // namespace proxy::session
