#include "base/log.h"

#include <array>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/time_text.h"

namespace base {
namespace {

std::string_view to_view(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string line =
        json_log_line(message.time, to_view(spdlog::level::to_string_view(message.level)),
                      to_view(message.payload));
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

struct Level {
  const char* name;
  spdlog::level::level_enum value;
};
constexpr std::array<Level, 4> kLevels = {{{"debug", spdlog::level::debug},
                                           {"info", spdlog::level::info},
                                           {"warn", spdlog::level::warn},
                                           {"error", spdlog::level::err}}};

std::optional<spdlog::level::level_enum> level_of(const std::string& name) {
  for (const Level& level : kLevels) {
    if (name == level.name) return level.value;
  }
  return std::nullopt;
}

std::unique_ptr<spdlog::formatter> formatter_of(const std::string& format) {
  if (format == "json") return std::make_unique<JsonFormatter>();
  return std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                     spdlog::pattern_time_type::utc);
}

}  // namespace

std::string json_log_line(WallTime time, std::string_view level, std::string_view message) {
  nlohmann::ordered_json line;
  line["time"] = to_rfc3339_micros(time);
  line["level"] = level == "warning" ? "warn" : level;
  line["message"] = message;
  // Bytes of others may be in a message; what is not UTF-8 is replaced, and the line stays JSON.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Status configure_log(const std::string& format, const std::string& level) {
  if (format != "text" && format != "json") {
    return failure(ErrorKind::invalid,
                   "the log format \"" + format + "\" is unknown; there are text and json");
  }
  const auto threshold = level_of(level);
  if (!threshold) {
    return failure(ErrorKind::invalid, "the log level \"" + level +
                                           "\" is unknown; there are debug, info, warn and error");
  }
  auto logger =
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(formatter_of(format));
  logger->set_level(*threshold);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

}  // namespace base
