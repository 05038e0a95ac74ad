#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace issuer {

// "12:40:00 UTC" for a time of the next day at most, else "2026-11-23 12:40:00 UTC".
std::string clock_text(base::WallTime time, base::WallTime now);

// "WHAT; trying again at 12:40:00 UTC; remedy: REMEDY". An empty remedy is left out.
std::string failure_text(std::string_view what, base::WallTime next_attempt,
                         std::string_view remedy, base::WallTime now);

// A failure_text() without the time of the next attempt: "WHAT; remedy: REMEDY". Any other text as
// it is.
std::string without_time(std::string_view failure_text);

}  // namespace issuer
