#include "kube/pause.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

namespace kube {

Pause real_pause() {
  return [](std::chrono::milliseconds delay, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, delay, [] { return false; });
    return !stop.stop_requested();
  };
}

Random real_random() {
  return [] {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
  };
}

std::chrono::milliseconds Backoff::next() {
  auto delay = first_;
  for (int i = 0; i < failures_ && delay < limit_; ++i) delay *= 2;
  delay = std::min(delay, limit_);
  ++failures_;
  return delay + std::chrono::duration_cast<std::chrono::milliseconds>(delay * (random_() / 2));
}

}  // namespace kube
