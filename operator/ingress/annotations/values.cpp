#include "operator/ingress/annotations/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <string>

#include <arpa/inet.h>

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

bool is_blank(std::string_view text) {
  return trimmed(text).empty();
}

bool is_same_word(std::string_view a, std::string_view b) {
  a = trimmed(a);
  b = trimmed(b);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::optional<bool> read_bool(std::string_view text) {
  constexpr std::array kTrue = {"1", "t", "true", "on"};
  constexpr std::array kFalse = {"0", "f", "false", "off"};
  for (const std::string_view word : kTrue) {
    if (is_same_word(text, word)) return true;
  }
  for (const std::string_view word : kFalse) {
    if (is_same_word(text, word)) return false;
  }
  return std::nullopt;
}

bool is_zero(std::string_view text) {
  text = trimmed(text);
  const auto number = take_number(text);
  const auto is_in_unit = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) || c == '/';
  };
  return number == 0u && std::all_of(text.begin(), text.end(), is_in_unit);
}

bool admits_everybody(std::string_view networks) {
  bool every_ipv4 = false;
  bool every_ipv6 = false;
  constexpr std::string_view kBetween = ", \t\r\n";
  for (std::size_t begin = 0; begin < networks.size();) {
    const std::size_t end = std::min(networks.find_first_of(kBetween, begin), networks.size());
    const std::string network(networks.substr(begin, end - begin));
    begin = end + 1;
    if (network.empty()) continue;
    const std::size_t slash = std::min(network.find('/'), network.size());
    const std::string address = network.substr(0, slash);
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    const bool is_ipv4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
    const bool is_ipv6 = inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
    if (!is_ipv4 && !is_ipv6) return false;
    const bool is_whole = network.substr(slash) == "/0";
    every_ipv4 = every_ipv4 || (is_ipv4 && is_whole);
    every_ipv6 = every_ipv6 || (is_ipv6 && is_whole);
  }
  return every_ipv4 && every_ipv6;
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
