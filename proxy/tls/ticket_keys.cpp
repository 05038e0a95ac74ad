#include "proxy/tls/ticket_keys.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string_view>

#include <openssl/rand.h>

namespace proxy::tls {
namespace {

base::Result<TicketKey> random_key() {
  TicketKey key;
  if (RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) != 1 ||
      RAND_bytes(key.encryption.data(), static_cast<int>(key.encryption.size())) != 1 ||
      RAND_bytes(key.mac.data(), static_cast<int>(key.mac.size())) != 1) {
    return base::failure(base::ErrorKind::unavailable,
                         "making a session ticket key: no random bytes");
  }
  return key;
}

TicketKey read_key(std::string_view bytes) {
  TicketKey key;
  const auto take = [&](auto& part) {
    std::memcpy(part.data(), bytes.data(), part.size());
    bytes.remove_prefix(part.size());
  };
  take(key.name);
  take(key.encryption);
  take(key.mac);
  return key;
}

}  // namespace

TicketKeys::TicketKeys(std::vector<TicketKey> newest_first) : keys_(std::move(newest_first)) {
  assert(!keys_.empty());
  if (keys_.size() > kGenerations) keys_.resize(kGenerations);
}

base::Result<std::shared_ptr<const TicketKeys>> TicketKeys::generate() {
  const auto key = random_key();
  if (!key) return base::failure(key.error());
  return std::make_shared<const TicketKeys>(std::vector<TicketKey>{*key});
}

base::Result<std::shared_ptr<const TicketKeys>> TicketKeys::from_bytes(
    const std::vector<std::string>& newest_first) {
  if (newest_first.empty()) {
    return base::failure(base::ErrorKind::invalid, "there is no session ticket key");
  }
  std::vector<TicketKey> keys;
  for (const std::string& bytes : newest_first) {
    // Not a word of the bytes in these messages: they are secret.
    const std::string which = "session ticket key " + std::to_string(keys.size() + 1);
    if (bytes.size() != kKeyBytes) {
      return base::failure(base::ErrorKind::invalid,
                           which + " has " + std::to_string(bytes.size()) + " bytes instead of " +
                               std::to_string(kKeyBytes));
    }
    const TicketKey key = read_key(bytes);
    const bool is_known = std::any_of(
        keys.begin(), keys.end(), [&](const TicketKey& other) { return other.name == key.name; });
    if (is_known) {
      return base::failure(base::ErrorKind::invalid, which + " has the name of one before it");
    }
    keys.push_back(key);
  }
  return std::make_shared<const TicketKeys>(std::move(keys));
}

base::Result<std::shared_ptr<const TicketKeys>> TicketKeys::rotated() const {
  const auto key = random_key();
  if (!key) return base::failure(key.error());
  std::vector<TicketKey> keys{*key};
  keys.insert(keys.end(), keys_.begin(), keys_.end());
  return std::make_shared<const TicketKeys>(std::move(keys));
}

const TicketKey* TicketKeys::find(std::span<const unsigned char, 16> name) const {
  for (const TicketKey& key : keys_) {
    if (std::equal(key.name.begin(), key.name.end(), name.begin())) return &key;
  }
  return nullptr;
}

}  // namespace proxy::tls
