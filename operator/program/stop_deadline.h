#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace program {

// The last resort of stopping: unless it is destroyed in time it calls `on_missed`, once, from a
// thread of its own.
class StopDeadline {
 public:
  StopDeadline(std::chrono::milliseconds time, std::function<void()> on_missed)
      : thread_([this, time, on_missed = std::move(on_missed)](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          ended_.wait_for(lock, stop, time, [] { return false; });
          if (!stop.stop_requested()) on_missed();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace program
