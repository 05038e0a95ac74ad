#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace base {

// One answer of DNS about a name.
struct NameAnswer {
  enum class Kind {
    found,   // addresses, for as long as `ttl`
    none,    // there are none, says who should know
    failed,  // nobody could say
  };
  Kind kind = Kind::failed;
  std::vector<std::string> addresses{};  // literals, at most kAddressesMax, in any order
  std::chrono::seconds ttl{0};
  std::string problem{};  // a clause, unless found

  static constexpr std::size_t kAddressesMax = 256;  // what fits in an answer of 4 KiB
};

// Asks the servers of /etc/resolv.conf, by the C library: UDP, and TCP where an answer does not
// fit. Names are taken as they are, without the search list. IPv4 where there is any, else IPv6: of
// a name with both the same hosts stand behind them, and few clusters have both. Blocks, for some
// eight seconds at most. Any thread.
NameAnswer look_up_name(const std::string& name);
// The same at another server, on this port of 127.0.0.1; for tests.
NameAnswer look_up_name_at(std::uint16_t port, const std::string& name);

}  // namespace base
