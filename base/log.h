#pragma once

#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/result.h"

namespace base {

// Sets up spdlog's default logger to standard error. A log line is a full sentence that names the
// object and the action: spdlog::info("issuing certificate {}: order placed", key).
//   format: "text" | "json" (one object a line: time, level, message)
//   level:  "debug" | "info" | "warn" | "error"
// invalid: says what is allowed.
Status configure_log(const std::string& format, const std::string& level);

// One line of the json format, line break included; one object whatever bytes the message has.
std::string json_log_line(WallTime time, std::string_view level, std::string_view message);

}  // namespace base
