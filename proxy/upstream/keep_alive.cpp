#include "proxy/upstream/keep_alive.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "proxy/http/field.h"
#include "proxy/upstream/connection.h"

namespace proxy::upstream {
namespace {

// More than a request takes to an endpoint anywhere in a cluster; half of a time that is shorter.
constexpr std::chrono::milliseconds kMargin{1'000};
// Nobody keeps a connection for longer than a day, and milliseconds of it fit.
constexpr std::uint64_t kSecondsMax = 86'400;

// The value of name=value or name="value"; nothing when it is another name, or no number.
std::optional<std::uint64_t> number_of(std::string_view parameter, std::string_view name) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos ||
      !http::equals_ignoring_case(http::trimmed(parameter.substr(0, equals)), name)) {
    return std::nullopt;
  }
  std::string_view text = http::trimmed(parameter.substr(equals + 1));
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return kSecondsMax;
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::chrono::milliseconds rest_allowed_by(std::string_view keep_alive) {
  std::chrono::milliseconds rest = Connection::kRestAsConfigured;
  while (!keep_alive.empty()) {
    const std::size_t comma = std::min(keep_alive.find(','), keep_alive.size());
    const std::string_view parameter = keep_alive.substr(0, comma);
    if (const auto left = number_of(parameter, "max"); left == 0u) return Connection::kNotReusable;
    if (const auto seconds = number_of(parameter, "timeout")) {
      const std::chrono::milliseconds timeout =
          std::chrono::seconds(std::min(*seconds, kSecondsMax));
      rest = std::min(rest, timeout - std::min(kMargin, timeout / 2));
    }
    keep_alive.remove_prefix(std::min(comma + 1, keep_alive.size()));
  }
  return rest;
}

}  // namespace proxy::upstream
