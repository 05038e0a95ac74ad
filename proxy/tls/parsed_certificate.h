#pragma once

#include <array>
#include <memory>
#include <mutex>

#include "base/openssl.h"
#include "base/result.h"
#include "base/x509.h"
#include "proxy/config/model.h"

namespace proxy::tls {

class IssuerCertificates;

using X509StackPtr = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;

// A certificate as a handshake needs it. Immutable; OpenSSL counts references to its parts. Any
// thread.
struct ParsedCertificate {
  ParsedCertificate();

  base::X509Ptr leaf;
  X509StackPtr chain;  // without the leaf
  base::EvpPkeyPtr key;
  std::array<unsigned char, 32> fingerprint{};  // SHA-256 of the leaf

  // What the leaf says, read when somebody asks for it first: a handshake does not.
  const base::CertificateInfo& info() const;

 private:
  mutable std::once_flag once_;
  mutable std::unique_ptr<const base::CertificateInfo> info_;
};

// invalid: unreadable, the key is not the leaf's, or no handshake could use it
// (base::check_tls_chain); the message says which and why. What stands behind the leaf is shared
// with other chains by `issuers`; nullptr: with none.
base::Result<std::shared_ptr<const ParsedCertificate>> parse_certificate(
    const config::Certificate& source, IssuerCertificates* issuers = nullptr);

}  // namespace proxy::tls
