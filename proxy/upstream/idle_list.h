#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace proxy::upstream {

// What T has of the list that it is in.
template <class T>
struct IdleLinks {
  T* newer = nullptr;
  T* older = nullptr;
};

// Owns what rests, from the newest to the oldest; anything in it is taken out in constant time, and
// nothing is allocated. T has a member `IdleLinks<T> idle_links`. Whoever has a T must know whether
// it is in.
template <class T>
class IdleList {
 public:
  IdleList() = default;
  ~IdleList() { assert(empty()); }
  IdleList(const IdleList&) = delete;
  IdleList& operator=(const IdleList&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& newest() const { return *newest_; }
  T& oldest() const { return *oldest_; }

  void put(std::unique_ptr<T> item) {
    T* const added = item.release();
    added->idle_links = {nullptr, newest_};
    (newest_ != nullptr ? newest_->idle_links.newer : oldest_) = added;
    newest_ = added;
    ++size_;
  }

  std::unique_ptr<T> take(T& item) {
    assert(size_ > 0);
    const IdleLinks<T> links = std::exchange(item.idle_links, {});
    (links.newer != nullptr ? links.newer->idle_links.older : newest_) = links.older;
    (links.older != nullptr ? links.older->idle_links.newer : oldest_) = links.newer;
    --size_;
    return std::unique_ptr<T>(&item);
  }

 private:
  T* newest_ = nullptr;
  T* oldest_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace proxy::upstream
