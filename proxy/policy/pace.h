#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "proxy/config/model.h"

namespace proxy::policy {

// How much of one response may have been taken from its endpoint by now: what is free, and the rate
// for each second that has begun, as nginx counts. Whoever may take little waits until it is worth
// a read.
class Pace {
 public:
  Pace(const config::Pace& config, base::SteadyTime begin) : config_(config), begin_(begin) {}

  // Bytes that may be taken now, when so many were; 0: not before wait().
  std::size_t allowed(std::uint64_t taken, base::SteadyTime now) const;
  std::chrono::milliseconds wait(std::uint64_t taken, base::SteadyTime now) const;

 private:
  std::uint64_t budget(base::SteadyTime now) const;
  std::uint64_t worth_a_read() const;

  config::Pace config_;
  base::SteadyTime begin_;
};

}  // namespace proxy::policy
