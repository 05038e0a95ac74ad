#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace proxy::policy {

// SipHash-2-4 (Aumasson and Bernstein, 2012) under a key that nobody outside this process knows, so
// that no client can choose addresses that fall on one place of a table. Immutable.
class KeyedHash {
 public:
  using Key = std::array<std::uint64_t, 2>;

  KeyedHash();  // under a key of its own
  explicit KeyedHash(const Key& key) : key_(key) {}

  std::uint64_t of(std::string_view bytes) const;

 private:
  Key key_;
};

}  // namespace proxy::policy
