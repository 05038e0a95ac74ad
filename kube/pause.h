#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

namespace kube {

// Waits; false when stop was requested first. Tests pass one that notes the delay and returns.
using Pause = std::function<bool(std::chrono::milliseconds, const std::stop_token&)>;
Pause real_pause();

// A number in [0, 1). Tests pass a constant. Must be safe to call from any thread.
using Random = std::function<double()>;
Random real_random();

// Doubling delays with jitter, for one loop that talks to the API server.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds limit, Random random)
      : first_(first), limit_(limit), random_(std::move(random)) {}

  // The next delay: the doubled one, up to a half more by chance, so that many clients that failed
  // together do not come back together.
  std::chrono::milliseconds next();
  void reset() { failures_ = 0; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds limit_;
  Random random_;
  int failures_ = 0;
};

}  // namespace kube
