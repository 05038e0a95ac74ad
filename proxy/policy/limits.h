#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/config/model.h"
#include "proxy/policy/access_list.h"
#include "proxy/policy/in_flight.h"
#include "proxy/policy/keyed_hash.h"
#include "proxy/policy/rate_buckets.h"
#include "proxy/policy/verdict.h"

namespace proxy::policy {

// What all workers know together of the clients of all limits. It outlives configurations: a limit
// that is the same in the next one goes on where it was. Any number of threads.
struct LimitTables {
  KeyedHash hash{};
  RateBuckets rates{};
  InFlight in_flight{};

  // Proxies that are ready, this one among them, each of which lets its share pass.
  std::uint32_t proxies() const { return proxies_.load(std::memory_order_relaxed); }
  void share_among(std::uint32_t proxies);

 private:
  std::atomic<std::uint32_t> proxies_{1};
};

// The limits that let one request pass, each of which has counted it. A request is asked about
// again, when a guard behind the limits needed time: it is counted once. One thread.
class CountedIn {
 public:
  // Of its own guards, and of those that its path is theirs in another reading. What would be more
  // does not pass.
  static constexpr std::size_t kMax = 4;

  // It is not under way any more. No cost where it was not counted.
  void leave() {
    while (size_ > 0) entries_[--size_] = {};
  }

 private:
  friend class Limits;
  struct Entry {
    std::uint64_t limits = 0;  // their name
    InFlight::Place place{};
  };
  std::array<Entry, kMax> entries_{};
  std::size_t size_ = 0;
};

// A place for one more connection of the client with this address, for all routes and workers
// together; none: it has `max`, or the address is none.
InFlight::Place enter_connection(std::string_view client_address, std::uint64_t max,
                                 LimitTables& tables);

// config::Limits, made ready to be asked: limit-rps, limit-rpm, limit-connections. A client is an
// IPv4 address, or the /64 of an IPv6 one: whoever has one of its addresses can have them all
// (RFC 6177 §2). Immutable.
class Limits {
 public:
  explicit Limits(const config::Limits& config);

  // Counts the request when it may pass, and as one that is under way until it leaves `counted`.
  // One that may not is counted nowhere. An address that is none does not pass.
  Verdict enter(std::string_view client_address, base::SteadyTime now, LimitTables& tables,
                CountedIn& counted) const;

 private:
  struct Rate {
    std::uint64_t name = 0;    // of the limit, for the hash
    std::uint64_t period = 0;  // ns in which `count` may pass
    std::uint64_t count = 1;
    std::uint64_t burst = 0;  // and so many beyond that at once

    RateBuckets::Rate share(std::uint32_t proxies) const;
  };

  Verdict count(const config::IpAddress& client, base::SteadyTime now, LimitTables& tables,
                InFlight::Place& place) const;

  std::uint64_t name_;  // of all of them together
  AddressSet exempt_;
  std::array<std::optional<Rate>, 2> rates_;  // the longer period first
  std::uint64_t connections_ = 0;             // 0: no limit
  std::uint64_t connections_name_ = 0;
  int status_;  // of who may not pass
};

}  // namespace proxy::policy
