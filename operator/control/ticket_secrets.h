#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace control {

// How long a key seals session tickets. A ticket opens for at least twice as long after that.
inline constexpr std::chrono::hours kTicketKeyLife{1};

// What proxies seal session tickets with (RFC 5077 §4), so that what one has sealed every other
// opens. Nothing is stored or agreed upon: each operator replica derives the same keys from the
// same secret, another for each hour. The first seals; the hour to come and the last two only open,
// since clocks differ, proxies do not ask at one moment, and clients are told two hours. 80 bytes
// each: name, cipher's key, MAC's key. `secret` has the strength of a key; who holds it can open
// all of these.
std::vector<std::string> ticket_keys_at(std::string_view secret, base::WallTime now);

}  // namespace control
