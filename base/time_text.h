#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace base {

// What lies before or after becomes the nearest of the two (Go's zero time is the year 1, "no end"
// of a certificate the year 9999): a difference of two times in nanoseconds spans 292 years.
inline constexpr WallTime kEarliestTime =
    std::chrono::sys_days{std::chrono::year{1950} / std::chrono::January / 1};
inline constexpr WallTime kLatestTime =
    std::chrono::sys_days{std::chrono::year{2200} / std::chrono::January / 1};

// RFC 3339 in UTC: "2026-11-21T12:00:00Z"; with microseconds for Lease and Event times.
std::string to_rfc3339(WallTime time);
std::string to_rfc3339_micros(WallTime time);
// A far time is read as the nearest of the two above.
std::optional<WallTime> from_rfc3339(std::string_view text);

// Retry-After in both forms, seconds and HTTP-date (RFC 9110 §10.2.3), as a delay from now; never
// negative. Nothing when it is neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, WallTime now);

// Go's duration text as Kubernetes fields have it: "2160h", "1h30m", "15s", "100ms". Nothing when
// it is not one, or negative.
std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text);
std::string to_go_duration(std::chrono::seconds duration);  // "2160h0m0s"

}  // namespace base
