#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

// What a browser's certificate viewer shows of a leaf beside base::CertificateInfo, so that people
// can compare. A value.
struct CertificateView {
  std::string subject;            // RFC 2253 text; empty: modern CAs leave it out
  std::string public_key_sha256;  // of the SubjectPublicKeyInfo; lower-case hex pairs with colons
};

// Of the first CERTIFICATE block.
Result<CertificateView> view_certificate(std::string_view pem);

}  // namespace base
