#include "proxy/policy/split.h"

#include <algorithm>

namespace proxy::policy {
namespace {

// Longer values are compared with no pattern: see config::kExpressionInstructionsMax.
constexpr std::size_t kComparedBytesMax = 4096;

std::optional<bool> read_choice(std::string_view value) {
  if (value == "always") return true;
  if (value == "never") return false;
  return std::nullopt;
}

// Of a field that came once; of several nobody can tell which is meant.
std::optional<std::string_view> only_value(const std::vector<http::Field>& fields,
                                           std::string_view name) {
  std::optional<std::string_view> value;
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    if (value) return std::nullopt;
    value = field.value;
  }
  return value;
}

}  // namespace

Split::Split(const config::Split& config, std::uint32_t cluster)
    : config_(config), cluster_(cluster) {
  if (config_.header_pattern.empty()) return;
  auto pattern =
      config::Expression::compile(config_.header_pattern, config::Expression::Use::value);
  if (pattern) {
    pattern_ = std::move(*pattern);
  } else {
    config_.header.clear();  // nobody has what cannot be compared
  }
}

bool Split::takes(const std::vector<http::Field>& fields, std::uint64_t draw) const {
  if (const auto said = said_by_header(fields)) return *said;
  if (const auto said = said_by_cookie(fields)) return *said;
  return config_.weight_total > 0 && draw % config_.weight_total < config_.weight;
}

std::optional<bool> Split::said_by_header(const std::vector<http::Field>& fields) const {
  if (config_.header.empty()) return std::nullopt;
  const auto value = only_value(fields, config_.header);
  if (!value) return std::nullopt;
  if (!config_.header_value.empty()) {
    return *value == config_.header_value ? std::optional(true) : std::nullopt;
  }
  if (pattern_) {
    const bool matches = value->size() <= kComparedBytesMax && pattern_->matches(*value);
    return matches ? std::optional(true) : std::nullopt;
  }
  return read_choice(*value);
}

std::optional<bool> Split::said_by_cookie(const std::vector<http::Field>& fields) const {
  if (config_.cookie.empty()) return std::nullopt;
  const auto value = find_cookie(fields, config_.cookie);
  return value ? read_choice(*value) : std::nullopt;
}

std::optional<std::string_view> find_cookie(const std::vector<http::Field>& fields,
                                            std::string_view name) {
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = http::trimmed(rest.substr(0, end));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
        return pair.substr(equals + 1);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

}  // namespace proxy::policy
