#pragma once

#include "base/openssl.h"
#include "base/pem.h"

namespace base {

// Reads an unencrypted P-256, P-384 or P-521 key, PKCS#8 (RFC 5208) or SEC1 (RFC 5915), without
// OpenSSL's decoders: they search for the form anew for every key, and that is most of what reading
// one costs. nullptr: it is something else, is broken, or leaves its public key out; the decoders
// will know. Any thread.
EvpPkeyPtr read_ec_private_key(const PemBlock& block);

}  // namespace base
