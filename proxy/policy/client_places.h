#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "proxy/config/network.h"
#include "proxy/policy/keyed_hash.h"
#include "proxy/policy/zeroed_words.h"

namespace proxy::policy {

// Which endpoint each client had, for however many clients and clusters there are, in as much
// memory as a table of fixed size takes, for all workers together and without a lock. A client is
// an IPv4 address, or the /64 of an IPv6 one.
//
// A place is one of kWays for a client of a cluster. When they are all taken, whoever asked for
// nothing for longest is forgotten: he is a new client the next time
// (docs/decisions/0115-clients-that-stay.md).
//
// Any number of threads. Times are seconds of one steady clock.
class ClientPlaces {
 public:
  static constexpr std::size_t kWays = 8;
  // 8 MiB when all of them are used.
  static constexpr std::size_t kPlaces = std::size_t{1} << 19;

  // A client of a cluster.
  class Key {
   private:
    friend class ClientPlaces;
    explicit Key(std::uint64_t value) : value_(value) {}
    std::uint64_t value_;
  };

  // `places` is a power of 2, and at least kWays.
  explicit ClientPlaces(std::size_t places = kPlaces);

  Key key_of(std::uint64_t cluster, const config::IpAddress& client) const;

  // The endpoint (upstream::Endpoint::place_number()) that it had not longer ago than so many
  // seconds, which begin again with this. Nothing: it is new.
  std::optional<std::uint32_t> find(Key key, std::uint64_t stay_seconds, std::uint64_t now);
  // From now on it has this one.
  void put(Key key, std::uint32_t endpoint, std::uint64_t now);

 private:
  // Two words: the key, 0 when there never was one; and who it has, and since when it was silent.
  std::uint64_t* set_of(Key key);

  std::size_t sets_;
  unsigned shift_;
  ZeroedWords words_;
  KeyedHash hash_;
};

}  // namespace proxy::policy
