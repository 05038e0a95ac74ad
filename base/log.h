#pragma once

#include <string>

#include <spdlog/spdlog.h>

#include "base/result.h"

namespace base {

// Sets up spdlog's default logger to standard error. A log line is a full sentence that names the
// object and the action: spdlog::info("issuing certificate {}: order placed", key).
//   format: "text" | "json" (one object a line: time, level, message)
//   level:  "debug" | "info" | "warn" | "error"
// invalid: says what is allowed.
Status configure_log(const std::string& format, const std::string& level);

}  // namespace base
