#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>

namespace proxy::support {

// What is done on threads beside the workers (a hash, an inspection), which a test holds up to see
// who goes on meanwhile. Any thread. Whoever holds it releases it before those threads are joined.
class HeldWork {
 public:
  // On the thread that works, at the beginning: returns when the work may be done. It is about so
  // many bytes.
  void begin(std::size_t bytes = 0) {
    std::unique_lock lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held_ || (passes_up_to_ && bytes <= *passes_up_to_); });
  }
  void hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void hold_larger_than(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
    passes_up_to_ = bytes;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  int begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  void wait_until_begun(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_ >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  std::optional<std::size_t> passes_up_to_{};
  int begun_ = 0;
};

}  // namespace proxy::support
