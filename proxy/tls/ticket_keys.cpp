#include "proxy/tls/ticket_keys.h"

#include <algorithm>

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

}  // namespace

TicketKeys::TicketKeys(std::vector<TicketKey> newest_first) : keys_(std::move(newest_first)) {
  if (keys_.size() > kGenerations) keys_.resize(kGenerations);
}

base::Result<std::shared_ptr<const TicketKeys>> TicketKeys::generate() {
  const auto key = random_key();
  if (!key) return base::failure(key.error());
  return std::make_shared<const TicketKeys>(std::vector<TicketKey>{*key});
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
