#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/network.h"

namespace ingress::annotations {

// Without the space around it.
std::string_view trimmed(std::string_view text);

// Nothing, or nothing but space.
bool is_blank(std::string_view text);

// Whether both are one word, whatever its case and the space around it.
bool is_same_word(std::string_view a, std::string_view b);

// The spellings that ingress-nginx accepts (1 t true, 0 f false) and nginx's own (on, off), in any
// case.
std::optional<bool> read_bool(std::string_view text);

// A number that is 0, with or without a unit: "0", "0k", "0r/s".
bool is_zero(std::string_view text);

// What asks for nothing where something is named or counted: a switch that is off, or 0.
bool says_no(std::string_view text);

// Networks and addresses, by commas or space: sorted and unique. The first entry that is neither
// is `broken`; empty: all are.
struct NetworkList {
  std::vector<proxy::config::Network> networks;
  std::string broken;
};
NetworkList read_networks(std::string_view text);

// A list of networks, by commas or space, that are let in: true when every one is a network and
// both every IPv4 and every IPv6 address is among them ("0.0.0.0/0,::/0").
bool admits_everybody(std::string_view networks);

// Bytes with an optional unit of 1024s as nginx writes them: "0", "512k", "8m", "1g". Nothing when
// it is something else or does not fit.
std::optional<std::uint64_t> read_size(std::string_view text);

// Digits, and nothing beside them but blanks around. Nothing also when the number is above `max`.
std::optional<std::uint64_t> read_whole_number(
    std::string_view text, std::uint64_t max = std::numeric_limits<std::uint64_t>::max());

// Seconds, bare ("60") or with a unit ("60s", "5m", "1h").
std::optional<std::chrono::seconds> read_seconds(std::string_view text);

}  // namespace ingress::annotations
