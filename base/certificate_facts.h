#pragma once

#include <cstddef>
#include <string_view>

#include "base/certificate_view.h"
#include "base/openssl.h"
#include "base/result.h"
#include "base/x509.h"

// Parts of reading a chain, for those who hold OpenSSL's own objects: a certificate is parsed once
// and then asked. Parsing is what costs, most of it to decode the public key.
namespace base {

// Chains have 2 to 4; a bundle of CAs is not a chain.
inline constexpr std::size_t kChainMax = 100;

using AuthorityKeyIdPtr = OpensslPtr<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;

// The certificate of this DER; invalid: it is the index-th of its chain, and why it is none.
Result<X509Ptr> parse_certificate(std::string_view der, std::size_t index);

// The same without its public key, whose decoder takes nine tenths of what parsing takes: OpenSSL
// says of such a certificate that it has no key, and makes no digest of it, so it tells of nobody
// whether he issued it. Names, times and extensions are there, and the key's bytes.
Result<X509Ptr> parse_without_key(std::string_view der, std::size_t index);

// How many this thread has parsed in one way or the other, to be counted in tests.
std::size_t parsed_certificates();

// Of one that parse_certificate() gave; der is what it was read from.
CertificateInfo facts_of(X509* certificate, std::string_view der);
CertificateView view_of(X509* certificate);

}  // namespace base
