#include "operator/certificate/renewal.h"

#include <algorithm>

#include "acme/renewal_time.h"

namespace certificate {

namespace {

using Duration = base::WallTime::duration;
using std::chrono::hours;

constexpr double kJitter = 0.03;  // of the life: 2.7 days of 90

// The beginning of the life that matters: a clock that is off, or a CA that backdates, makes the
// written one a bad judge.
base::WallTime issued_at(const api::CertificateStatus& status, const base::CertificateInfo& leaf) {
  if (status.recent_issuances.empty() || status.serial_number != leaf.serial) {
    return leaf.not_before;
  }
  const base::WallTime issued = status.recent_issuances.back();
  return issued < leaf.not_after ? issued : leaf.not_before;
}

Duration part_of(Duration life, double part) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(life.count()) * part));
}

}  // namespace

base::WallTime renewal_time(const api::Certificate& certificate,
                            const base::CertificateInfo& leaf) {
  const api::CertificateStatus& status = certificate.status;
  const base::WallTime issued = issued_at(status, leaf);
  const Duration life = std::max(leaf.not_after - issued, Duration::zero());
  const auto& info = status.renewal_info;
  if (info && status.serial_number == leaf.serial) {
    const acme::RenewalInfo window{info->window_start, info->window_end, {}};
    const base::WallTime chosen =
        acme::renewal_time_in(window, acme::chance_of(leaf.fingerprint_sha256));
    const bool is_over = chosen <= issued;
    const base::WallTime least =
        issued + std::min<Duration>(life / 3, is_over ? hours(24) : hours(1));
    // A window after the end helps nobody.
    if (chosen < leaf.not_after) return std::max(chosen, least);
  }
  const acme::RenewalRule rule{certificate.spec.renew_before,
                               certificate.spec.renew_before_percentage};
  const base::WallTime by_rule = acme::renewal_time(issued, leaf.not_after, rule);
  const Duration earlier = part_of(life, kJitter * acme::chance_of(certificate.metadata.uid));
  return std::max(by_rule - earlier, issued + life / 10);
}

}  // namespace certificate
