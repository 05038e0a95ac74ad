#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ingress::annotations {

// The spellings that ingress-nginx accepts: 1 t T true True TRUE, 0 f F false False FALSE.
std::optional<bool> read_bool(std::string_view text);

// Bytes with an optional unit of 1024s as nginx writes them: "0", "512k", "8m", "1g". Nothing when
// it is something else or does not fit.
std::optional<std::uint64_t> read_size(std::string_view text);

// Seconds, bare ("60") or with a unit ("60s", "5m", "1h").
std::optional<std::chrono::seconds> read_seconds(std::string_view text);

}  // namespace ingress::annotations
