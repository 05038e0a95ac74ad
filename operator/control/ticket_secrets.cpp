#include "operator/control/ticket_secrets.h"

#include <cstdint>

#include "base/hkdf.h"

namespace control {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::size_t kSealBytes = 32 + 32;

// The name goes over the wire in each ticket, so it is derived apart from what seals.
std::string key_of(std::string_view secret, std::int64_t hour) {
  constexpr std::string_view kSalt = "gatehouse session tickets v1";
  const std::string at = std::to_string(hour);
  return base::hkdf_sha256(secret, kSalt, "name " + at, kNameBytes) +
         base::hkdf_sha256(secret, kSalt, "seal " + at, kSealBytes);
}

}  // namespace

std::vector<std::string> ticket_keys_at(std::string_view secret, base::WallTime now) {
  const std::int64_t hour = std::chrono::floor<std::chrono::hours>(now.time_since_epoch()).count() /
                            kTicketKeyLife.count();
  return {key_of(secret, hour), key_of(secret, hour + 1), key_of(secret, hour - 1),
          key_of(secret, hour - 2)};
}

}  // namespace control
