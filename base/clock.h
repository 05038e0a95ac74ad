#pragma once

#include <chrono>

namespace base {

using WallTime = std::chrono::system_clock::time_point;  // certificates, leases, Retry-After dates
using SteadyTime = std::chrono::steady_clock::time_point;  // back-off, deadlines

// The only source of time outside main() and the proxy's event loop. Tests pass fakes::FakeClock
// and move it by hand. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
  virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  WallTime now() const override { return std::chrono::system_clock::now(); }
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace base
