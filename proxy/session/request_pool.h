#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "proxy/admin/counters.h"

namespace proxy::session {

// What requests are made of, kept for the next ones, so that a request makes none. What was given
// back is used again from the next turn on, when nobody on the stack is in it any more. T is made
// of its Means, and has kept_bytes() and reset(). One worker's thread only.
template <class T>
class RequestPool {
 public:
  static constexpr std::size_t kMax = 512;

  // Both outlive it. `account`: of the memory that is kept.
  RequestPool(const typename T::Means& means, admin::Counter& account)
      : means_(means), account_(account) {}
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  std::unique_ptr<T> take() {
    if (free_.empty()) return std::make_unique<T>(means_);
    std::unique_ptr<T> taken = std::move(free_.back());
    free_.pop_back();
    account_.subtract(taken->kept_bytes());
    return taken;
  }
  void give_back(std::unique_ptr<T> spent) { spent_.push_back(std::move(spent)); }

  void on_turn_end() {
    for (auto& spent : spent_) {
      spent->reset();
      if (free_.size() == kMax) continue;
      account_.add(spent->kept_bytes());
      free_.push_back(std::move(spent));
    }
    spent_.clear();
  }
  // Of what is not in use.
  void give_memory_back() {
    for (const auto& kept : free_) account_.subtract(kept->kept_bytes());
    free_.clear();
  }

 private:
  const typename T::Means& means_;
  admin::Counter& account_;
  std::vector<std::unique_ptr<T>> spent_;  // since this turn began
  std::vector<std::unique_ptr<T>> free_;
};

}  // namespace proxy::session
