#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "proxy/admin/counters.h"
#include "proxy/policy/keyed_hash.h"

namespace proxy::session {

// The memory of one worker for requests whose bodies are gathered, and how much of it one client
// may have: some part of it, and of what others left once they are there, so that there is always
// room for the next one. Who may have more by what is free needs neither a list of those who wait
// nor to take anything back: a client alone may have three quarters, each of two three sevenths. Of
// its requests the small ones may have more than the large ones: a sender of large bodies leaves
// room for them even where all clients have one address.
//
// Clients are counted in a table of fixed size by the hash of their address (IPv6 by /64). Two that
// fall on one place share what one could have. One worker's thread only.
class GatheredShares {
 public:
  // A request that holds no more is a small one: one that is small for those who inspect it
  // (Inspectors::kSmallBytesMax), with its head.
  static constexpr std::size_t kSmallBytes = 32u << 10;
  // For each byte that is free its client may hold so many.
  static constexpr std::size_t kForSmall = 7;
  static constexpr std::size_t kForLarge = 3;

  // `account`: what all hold, for who looks at the metrics.
  GatheredShares(admin::Counter& account, std::size_t max) : account_(account), max_(max) {}

  // Where the client with this address is counted.
  std::size_t place_of(std::string_view client_address) const;
  // A request of the client at this place held so much, and holds so much now. False: that is too
  // much, and it should let go of it.
  bool change(std::size_t place, std::size_t before, std::size_t now);

 private:
  static constexpr std::size_t kPlaces = 4096;  // 32 KiB of memory

  admin::Counter& account_;
  std::size_t max_;
  policy::KeyedHash hash_;
  std::array<std::size_t, kPlaces> of_client_{};
};

}  // namespace proxy::session
