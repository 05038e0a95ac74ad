#pragma once

#include <cstddef>

#include "proxy/net/queue.h"

namespace proxy::session {

// Clients that wait for the next step of their handshake, in two rows: those that begin, whose step
// mostly costs a signature, and those that were answered and say the rest. The rows take turns, and
// each keeps the order in which its own came. So a client that was answered does not wait behind a
// flood of others that begin a second time, and what many say of the rest in small pieces holds
// nobody up who begins. Pure; owns nobody, see net::Queue.
template <class T, class Tag>
class HandshakeLine {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  static bool is_waiting(const T& item) { return Row::is_waiting(item); }

  // `was_answered`: of a handshake that has begun. It must not wait already.
  void add(T& item, bool was_answered) {
    (was_answered ? answered_ : beginning_).push_back(item);
    ++size_;
  }
  // Does nothing when it does not wait.
  void leave(T& item) {
    if (!is_waiting(item)) return;
    Row::leave(item);
    --size_;
  }
  // nullptr: nobody waits.
  T* take() {
    takes_answered_ = !answered_.empty() && (beginning_.empty() || !takes_answered_);
    T* const next = (takes_answered_ ? answered_ : beginning_).take_front();
    if (next != nullptr) --size_;
    return next;
  }

 private:
  using Row = net::Queue<T, Tag>;

  Row beginning_, answered_;
  std::size_t size_ = 0;         // of both
  bool takes_answered_ = false;  // as take() did last
};

}  // namespace proxy::session
