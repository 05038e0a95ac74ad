#pragma once

#include <optional>

#include "base/clock.h"
#include "base/x509.h"
#include "operator/api/certificate.h"

namespace certificate {

// When this leaf is to be renewed. The window that the server suggested (RFC 9773) wins when it
// belongs to this very leaf and lies before its end; else what spec asks for, earlier by up to 3 %
// of the life, so that what was issued together does not renew together.
//
// Judged from the moment of issuance where it is known: a certificate that is to be renewed when it
// is issued would be issued in a loop. So the time lies a tenth of the life after it, and a day
// where the server's window was over before: it may mean it (a CA that revokes a batch).
// Pure.
base::WallTime renewal_time(const api::Certificate& certificate, const base::CertificateInfo& leaf);

}  // namespace certificate
