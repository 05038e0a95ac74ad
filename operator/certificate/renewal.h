#pragma once

#include <optional>

#include "base/clock.h"
#include "base/x509.h"
#include "operator/api/certificate.h"

namespace certificate {

// When this leaf is to be renewed. The window that the server suggested (RFC 9773) wins when it
// belongs to this very leaf and lies before its end; else what spec asks for. Pure.
base::WallTime renewal_time(const api::Certificate& certificate, const base::CertificateInfo& leaf);

}  // namespace certificate
