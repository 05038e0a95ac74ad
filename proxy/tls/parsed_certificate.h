#pragma once

#include "base/openssl.h"
#include "base/result.h"
#include "base/x509.h"
#include "proxy/config/model.h"

namespace proxy::tls {

using X509StackPtr = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;

// A certificate as a handshake needs it. Immutable; OpenSSL counts references to its parts.
struct ParsedCertificate {
  base::X509Ptr leaf;
  X509StackPtr chain;  // without the leaf
  base::EvpPkeyPtr key;
  base::CertificateInfo info;
};

// invalid: unreadable, the key is not the leaf's, or no handshake could use it
// (base::check_tls_chain); the message says which and why.
base::Result<ParsedCertificate> parse_certificate(const config::Certificate& source);

}  // namespace proxy::tls
