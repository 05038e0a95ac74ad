#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace proxy::tls {

// What one generation of session tickets is sealed with (RFC 5077 §4).
struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> encryption{};  // AES-256-CBC
  std::array<unsigned char, 32> mac{};         // HMAC-SHA-256
};

// The keys of all workers, newest first: the first seals, all of them open. Immutable; a rotation
// makes a new one. Tickets sealed with a key that is gone only cost a full handshake.
class TicketKeys {
 public:
  static constexpr std::size_t kGenerations = 4;

  // What a key is as bytes: its name, then the key of the cipher, then that of the MAC.
  static constexpr std::size_t kKeyBytes = 16 + 32 + 32;

  // At least one; at most kGenerations are kept.
  explicit TicketKeys(std::vector<TicketKey> newest_first);
  // Keys that several proxies share, kKeyBytes each, so that the ticket of one opens on all. They
  // are rotated by whoever gives them: the new key first, the ones before behind it. invalid: there
  // is none, one has another length, or two have one name.
  static base::Result<std::shared_ptr<const TicketKeys>> from_bytes(
      const std::vector<std::string>& newest_first);
  // One random key. unavailable: the system gives no random bytes.
  static base::Result<std::shared_ptr<const TicketKeys>> generate();
  // A new random key before the others.
  base::Result<std::shared_ptr<const TicketKeys>> rotated() const;

  const TicketKey& newest() const { return keys_.front(); }
  const TicketKey* find(std::span<const unsigned char, 16> name) const;
  bool is_newest(const TicketKey& key) const { return &key == &keys_.front(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<TicketKey> keys_;
};

}  // namespace proxy::tls
