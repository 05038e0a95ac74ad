#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "proxy/config/model.h"

namespace proxy::config {

// What TLS a host speaks, by names that people know from elsewhere; the later ones are stricter. It
// is also what a connection is good for: a host's requests come over one that is as strict as the
// host, or stricter.
//   modern        TLS 1.3
//   intermediate  ... and 1.2 with ciphers that have forward secrecy and are authenticated (AEAD);
//                 what every host speaks that says nothing
//   old           ... and 1.2 with those that have forward secrecy, and no more (CBC)
// Nothing below TLS 1.2 is spoken (RFC 8996).
enum class TlsPolicy : std::uint8_t { old, intermediate, modern };

constexpr const char* name_of(TlsPolicy policy) {
  constexpr std::array<const char*, 3> kNames{"old", "intermediate", "modern"};
  return kNames[static_cast<std::size_t>(policy)];
}

inline TlsPolicy tls_policy_of(const VirtualHost& host) {
  if (host.tls13_only) return TlsPolicy::modern;
  return host.takes_old_ciphers ? TlsPolicy::old : TlsPolicy::intermediate;
}

}  // namespace proxy::config
