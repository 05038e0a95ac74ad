#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace acme {

// Nonces of one server that nobody used yet (RFC 8555 §6.5). Each is handed out once, the newest
// first, and never after it grew old: servers forget them, and a badNonce costs a round trip.
// Thread-safe, never blocks on I/O.
class NoncePool {
 public:
  struct Limits {
    std::size_t nonces_max = 64;
    std::chrono::seconds age_max = std::chrono::minutes(5);
  };

  explicit NoncePool(const base::Clock& clock) : NoncePool(clock, Limits()) {}
  NoncePool(const base::Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

  // Ignored unless it is base64url of a sane length (§6.5.1).
  void put(std::string_view nonce);
  std::optional<std::string> take();
  std::size_t size() const;

 private:
  struct Entry {
    std::string nonce;
    base::SteadyTime received;
  };

  const base::Clock& clock_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<Entry> nonces_;  // oldest first
};

// §6.5.1: base64url, not empty, at most 256 characters.
bool is_nonce(std::string_view text);

}  // namespace acme
