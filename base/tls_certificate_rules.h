#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

struct x509_st;  // OpenSSL's X509

// Which certificates our TLS servers can show, and what they offer to clients: one rule for whoever
// accepts a certificate and for whoever serves it, so that none is accepted that handshakes would
// fail with. Pure; any thread.
namespace base {

// OpenSSL's level 2 (SSL_CTX_set_security_level(3)): 112 bits of security, so no RSA below 2048
// bits and no signature by SHA-1. Debian's default, set by us so that it does not depend on one.
inline constexpr int kTlsSecurityLevel = 2;

// Short lists: what browsers of this decade and every TLS library speak, the cheapest first.
inline constexpr const char* kTlsGroups = "X25519:P-256:P-384";
// The same with the hybrid that no later quantum computer opens (RFC 9794), which OpenSSL has from
// 3.5 on. It comes first for who sends a share for it; nobody is asked for one in another round.
inline constexpr const char* kHybridTlsGroups = "X25519MLKEM768:X25519:P-256:P-384";
inline constexpr const char* kTlsSignatures =
    "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ed25519:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:"
    "ECDSA+SHA512:RSA-PSS+SHA512:RSA+SHA512";

// Nothing when a server can show this chain, leaf first (not empty). invalid: a clause about the
// certificate that cannot be shown and why. Names, times and trust are not judged.
Status check_tls_chain(std::span<x509_st* const> chain);

// How long keys on this curve (an NID of OpenSSL's) are; nothing: TLS is not served with it.
std::optional<int> bits_of_tls_curve(int curve);
// The same as check_tls_chain() of a chain whose leaf was parsed without its key
// (parse_without_key()), where that is on such a curve: they are strong enough for
// kTlsSecurityLevel.
Status check_tls_chain_of_curve(std::span<x509_st* const> chain);

// The same for PEM, and the key is the leaf's.
Status check_tls_pair(std::string_view chain_pem, std::string_view key_pem);

}  // namespace base
