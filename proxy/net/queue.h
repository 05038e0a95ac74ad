#pragma once

#include <cassert>

namespace proxy::net {

// A place in a Queue, part of what waits there; the tag tells the queues apart that one thing may
// wait in at the same time.
template <class Tag>
class QueuePlace {
 public:
  QueuePlace() = default;
  QueuePlace(const QueuePlace&) = delete;
  QueuePlace& operator=(const QueuePlace&) = delete;
  ~QueuePlace() { unlink(); }

 private:
  template <class T, class QueueTag>
  friend class Queue;

  bool is_linked() const { return next_ != this; }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }
  void link_before(QueuePlace& place) {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = this;
    place.previous_ = this;
  }

  QueuePlace* previous_ = this;
  QueuePlace* next_ = this;
};

// Who waits for something, in the order in which they came. Owns nobody: T derives from
// QueuePlace<Tag>, so that entering takes no memory, leaving takes no search, and whoever is
// destroyed has left. One thread.
template <class T, class Tag>
class Queue {
 public:
  bool empty() const { return !head_.is_linked(); }
  // In at most one queue of a tag at a time.
  static bool is_waiting(const T& item) { return place_of(item).is_linked(); }

  void push_back(T& item) {
    assert(!is_waiting(item));
    place_of(item).link_before(head_);
  }
  // Does nothing when it waits nowhere.
  static void leave(T& item) { place_of(item).unlink(); }

  // nullptr: nobody waits.
  T* front() { return empty() ? nullptr : item_of(*head_.next_); }
  T* take_front() {
    T* const first = front();
    if (first != nullptr) leave(*first);
    return first;
  }
  // Takes over all of the other's, which is then empty, before its own.
  void take_all(Queue& other) {
    if (other.empty()) return;
    QueuePlace<Tag>& first = *other.head_.next_;
    QueuePlace<Tag>& last = *other.head_.previous_;
    other.head_.unlink();
    first.previous_ = &head_;
    last.next_ = head_.next_;
    head_.next_->previous_ = &last;
    head_.next_ = &first;
  }

 private:
  static QueuePlace<Tag>& place_of(T& item) { return item; }
  static const QueuePlace<Tag>& place_of(const T& item) { return item; }
  static T* item_of(QueuePlace<Tag>& place) { return static_cast<T*>(&place); }

  QueuePlace<Tag> head_;  // a ring: its next is the first, its previous the last
};

}  // namespace proxy::net
