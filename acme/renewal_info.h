#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/x509.h"

// ACME Renewal Information, RFC 9773.
namespace acme {

// §4.2. The window is never empty or reversed: such an answer is an error.
struct RenewalInfo {
  base::WallTime window_start;
  base::WallTime window_end;
  std::string explanation_url;  // for the human: https, or empty
};

// protocol: not the object of §4.2, or end <= start, which a client treats as no answer.
base::Result<RenewalInfo> parse_renewal_info(std::string_view json);

// §4.1: base64url(authority key identifier) "." base64url(serial number). invalid: the certificate
// carries no authority key identifier.
base::Result<std::string> certificate_id(const base::CertificateInfo& certificate);

}  // namespace acme
