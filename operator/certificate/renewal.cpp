#include "operator/certificate/renewal.h"

#include "acme/renewal_time.h"

namespace certificate {

base::WallTime renewal_time(const api::Certificate& certificate,
                            const base::CertificateInfo& leaf) {
  const auto& info = certificate.status.renewal_info;
  if (info && certificate.status.serial_number == leaf.serial) {
    const acme::RenewalInfo window{info->window_start, info->window_end, {}};
    const base::WallTime chosen =
        acme::renewal_time_in(window, acme::chance_of(leaf.fingerprint_sha256));
    // A window after the end helps nobody.
    if (chosen < leaf.not_after) return chosen;
  }
  const acme::RenewalRule rule{certificate.spec.renew_before,
                               certificate.spec.renew_before_percentage};
  return acme::renewal_time(leaf.not_before, leaf.not_after, rule);
}

}  // namespace certificate
