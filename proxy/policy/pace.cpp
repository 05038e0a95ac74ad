#include "proxy/policy/pace.h"

#include <algorithm>
#include <limits>

namespace proxy::policy {
namespace {

constexpr std::uint64_t kMillisPerSecond = 1'000;
// Above it nothing waits, and no product below overflows: config::kBodyBytesMax is 2^50.
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 60;
// A slow response wakes up some times a second, a fast one for as much as a read takes.
constexpr std::uint64_t kReadsPerSecond = 8;
constexpr std::uint64_t kReadBytesMax = 16u << 10;

std::uint64_t product(std::uint64_t rate, std::uint64_t millis) {
  const std::uint64_t seconds = millis / kMillisPerSecond;
  if (rate == 0) return 0;
  if (seconds >= kBytesMax / rate) return kBytesMax;
  // Less than 2^50 and less than 1000.
  return rate * seconds + rate * (millis % kMillisPerSecond) / kMillisPerSecond;
}

}  // namespace

std::uint64_t Pace::budget(base::SteadyTime now) const {
  const auto taken_time = std::chrono::duration_cast<std::chrono::milliseconds>(now - begin_);
  const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(taken_time.count(), 0));
  // A second at once, or a response shorter than that would crawl.
  return config_.free_bytes + config_.bytes_per_second + product(config_.bytes_per_second, millis);
}

std::uint64_t Pace::worth_a_read() const {
  return std::clamp<std::uint64_t>(config_.bytes_per_second / kReadsPerSecond, 1, kReadBytesMax);
}

std::size_t Pace::allowed(std::uint64_t taken, base::SteadyTime now) const {
  const std::uint64_t all = budget(now);
  if (all < taken || all - taken < worth_a_read()) return 0;
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(all - taken, std::numeric_limits<std::size_t>::max()));
}

std::chrono::milliseconds Pace::wait(std::uint64_t taken, base::SteadyTime now) const {
  const std::uint64_t all = budget(now);
  const std::uint64_t wanted = taken + worth_a_read();
  const std::uint64_t missing = wanted > all ? wanted - all : 0;
  const std::uint64_t rate = std::max<std::uint64_t>(config_.bytes_per_second, 1);
  // At least a millisecond: time that has not passed gives nothing.
  const std::uint64_t millis =
      missing / rate * kMillisPerSecond + missing % rate * kMillisPerSecond / rate + 1;
  constexpr std::uint64_t kLongest = 24ull * 3600 * kMillisPerSecond;
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(millis, kLongest)));
}

}  // namespace proxy::policy
