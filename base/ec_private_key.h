#pragma once

#include <optional>
#include <string>

#include "base/openssl.h"
#include "base/pem.h"

namespace base {

// Reads an unencrypted P-256, P-384 or P-521 key, PKCS#8 (RFC 5208) or SEC1 (RFC 5915), without
// OpenSSL's decoders: they search for the form anew for every key, and that is most of what reading
// one costs. nullptr: it is something else, is broken, or leaves its public key out; the decoders
// will know. Any thread.
EvpPkeyPtr read_ec_private_key(const PemBlock& block);

// What such a key says about its public half. Whether that is a point of the curve, and the one
// that belongs to the private half, is not looked at.
struct EcPublicHalf {
  int curve = 0;      // an NID of OpenSSL's
  std::string point;  // SEC 1 §2.3.3
};

// Without making a key, which costs some ten times as much. Nothing: as nullptr above.
std::optional<EcPublicHalf> read_ec_public_half(const PemBlock& block);

}  // namespace base
