#include "operator/ingress/annotations/values.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <string>

#include "base/ascii_text.h"

namespace ingress::annotations {
namespace {

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

std::string_view trimmed(std::string_view text) {
  return base::trimmed(text, " \t\r\n");
}

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

bool says_no(std::string_view text) {
  return is_zero(text) || read_bool(text) == false;
}

NetworkList read_networks(std::string_view text) {
  constexpr std::string_view kBetween = ", \t\r\n";
  NetworkList list;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
    const std::string_view entry = text.substr(begin, end - begin);
    begin = end + 1;
    if (entry.empty()) continue;
    const auto network = proxy::config::Network::parse(entry);
    if (!network) {
      list.broken = entry;
      break;
    }
    list.networks.push_back(*network);
  }
  std::sort(list.networks.begin(), list.networks.end());
  list.networks.erase(std::unique(list.networks.begin(), list.networks.end()), list.networks.end());
  return list;
}

bool admits_everybody(std::string_view text) {
  const NetworkList list = read_networks(text);
  const auto is_whole = [&](bool is_ipv6) {
    return std::any_of(list.networks.begin(), list.networks.end(), [is_ipv6](const auto& network) {
      return network.bits == 0 && network.address.is_ipv6 == is_ipv6;
    });
  };
  return list.broken.empty() && is_whole(false) && is_whole(true);
}

std::optional<std::uint64_t> read_whole_number(std::string_view text, std::uint64_t max) {
  text = trimmed(text);
  const auto number = take_number(text);
  const bool is_whole = number && text.empty() && *number <= max;
  return is_whole ? number : std::nullopt;
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
