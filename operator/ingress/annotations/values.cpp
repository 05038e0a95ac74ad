#include "operator/ingress/annotations/values.h"

#include <array>
#include <charconv>
#include <limits>

namespace ingress::annotations {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// The leading digits as a number, and what follows them.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::uint64_t> multiplied(std::uint64_t number, std::uint64_t factor) {
  if (number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

std::optional<std::uint64_t> seconds_in(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<bool> read_bool(std::string_view text) {
  constexpr std::array kTrue = {"1", "t", "T", "true", "True", "TRUE"};
  constexpr std::array kFalse = {"0", "f", "F", "false", "False", "FALSE"};
  text = trimmed(text);
  for (const std::string_view word : kTrue) {
    if (text == word) return true;
  }
  for (const std::string_view word : kFalse) {
    if (text == word) return false;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> read_size(std::string_view text) {
  text = trimmed(text);
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  if (text.empty()) return multiplied(*number, 1);
  if (text == "k" || text == "K") return multiplied(*number, std::uint64_t{1} << 10);
  if (text == "m" || text == "M") return multiplied(*number, std::uint64_t{1} << 20);
  if (text == "g" || text == "G") return multiplied(*number, std::uint64_t{1} << 30);
  return std::nullopt;
}

std::optional<std::chrono::seconds> read_seconds(std::string_view text) {
  text = trimmed(text);
  const auto number = take_number(text);
  if (!number || text.size() > 1) return std::nullopt;
  const auto unit = text.empty() ? 1 : seconds_in(text.front());
  if (!unit) return std::nullopt;
  const auto total = multiplied(*number, *unit);
  if (!total) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(*total));
}

}  // namespace ingress::annotations
