#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "proxy/config/limits.h"
#include "proxy/config/size.h"

namespace routing {

// What a claimant adds to the configuration of all proxies at most, whoever else is there. A
// value; sums of it are compared with bounds.
class Load {
 public:
  enum Kind : std::size_t {
    hosts,              // of rules and annotations; one at least, for what a claimant has once
    names,              // that a certificate may be shown for
    backends,           // its clusters
    values,             // of JSON, in a document
    bytes,              // of a document
    certificate_bytes,  // which travel and are held by themselves
    kinds,
  };

  constexpr std::uint64_t& operator[](Kind kind) { return of_.at(kind); }
  constexpr std::uint64_t operator[](Kind kind) const { return of_.at(kind); }
  void add(const proxy::config::Size& size) {
    of_[values] += size.values;
    of_[bytes] += size.bytes;
  }

  Load& operator+=(const Load& more) {
    for (std::size_t i = 0; i < kinds; ++i) of_.at(i) += more.of_.at(i);
    return *this;
  }
  Load& operator-=(const Load& less) {
    for (std::size_t i = 0; i < kinds; ++i) of_.at(i) -= less.of_.at(i);
    return *this;
  }
  friend Load operator+(Load one, const Load& more) { return one += more; }
  // The first kind of which there is more than `most` has; nothing: it fits.
  std::optional<Kind> beyond(const Load& most) const {
    for (std::size_t i = 0; i < kinds; ++i) {
      if (of_.at(i) > most.of_.at(i)) return static_cast<Kind>(i);
    }
    return std::nullopt;
  }
  bool operator==(const Load&) const = default;

  static constexpr Load of(std::uint64_t hosts, std::uint64_t names, std::uint64_t backends,
                           std::uint64_t values, std::uint64_t bytes,
                           std::uint64_t certificate_bytes) {
    Load load;
    load.of_ = {hosts, names, backends, values, bytes, certificate_bytes};
    return load;
  }

 private:
  std::array<std::uint64_t, kinds> of_{};
};

// How much there may be. What is within the last of these keeps the limits of the proxies' contract
// (proxy/config/limits.h), so nobody can bring it about that a configuration is refused as a whole.
struct LoadBounds {
  // Of one claimant. An object is 1.5 MiB at most (etcd), which has room for 100,000 rules without
  // a path; whoever writes so many can write several objects.
  Load claimant = Load::of(10'000, 10'000, 10'000, 400'000, 24u << 20, 64u << 20);
  // Of the claimants of one namespace: half of all there is.
  Load namespace_ = Load::of(100'000, 100'000, 100'000, 1'900'000, 100u << 20, 512u << 20);
  // Of all. Challenges have the rest (challenge_answers.cpp).
  Load all = Load::of(proxy::config::kEntriesMax, proxy::config::kEntriesMax,
                      proxy::config::kEntriesMax, 3'800'000, 200u << 20, 1024u << 20);
};
static_assert(LoadBounds{}.all[Load::values] + 200'000 <= proxy::config::kValuesMax);
static_assert(LoadBounds{}.all[Load::bytes] + (56u << 20) <= proxy::config::kDocumentBytesMax);

// "100000 hosts", "24 MiB of configuration"
std::string amount_text(Load::Kind kind, std::uint64_t amount);

}  // namespace routing
