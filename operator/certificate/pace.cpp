#include "operator/certificate/pace.h"

#include <algorithm>
#include <array>

#include "acme/renewal_time.h"

namespace certificate {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr hours kCounted{24};
constexpr minutes kPauseLeast{10};   // however short a life is: at most 144 orders a day
constexpr std::size_t kKeptMax = 6;  // one more than the schedule has steps
// So many failed wishes in a row are no person's any more, and the next ones wait as the attempts
// after a failure do. An hour at most: who mends a spec that has failed for days waits for little.
constexpr int kWishesAtOnce = 3;
constexpr std::array kWishesApart{minutes(1), minutes(10), minutes(60)};

// A clock that was ahead leaves times in the future; they count as now and not for longer.
bool is_counted(base::WallTime issued, base::WallTime now) {
  return issued > now - kCounted && issued < now + kCounted;
}

// A wish that the failed attempt did not know of.
bool is_new_wish(const api::Certificate& certificate) {
  const api::CertificateStatus& status = certificate.status;
  if (status.observed_generation != certificate.metadata.generation) return true;
  const std::string request = certificate.metadata.annotation(api::kRenewRequestedAnnotation);
  if (request.empty() || request == status.last_renewal_request) return false;
  return status.order && status.order->renewal_request != request;
}

bool is_of_another_account(const api::CertificateStatus& status, const std::string& account_url) {
  return !account_url.empty() && !status.last_failure_account.empty() &&
         status.last_failure_account != account_url;
}

}  // namespace

std::optional<base::WallTime> paced_until(const std::vector<base::WallTime>& issued,
                                          base::WallTime now, double chance01) {
  std::size_t count = 0;
  base::WallTime newest{};
  for (const base::WallTime one : issued) {
    if (!is_counted(one, now)) continue;
    ++count;
    newest = std::max(newest, std::min(one, now));
  }
  if (count < kIssuancesAtOnce) return std::nullopt;
  const auto delay =
      acme::next_attempt_delay(acme::ErrorClass::other, std::nullopt,
                               static_cast<int>(count + 1 - kIssuancesAtOnce), chance01);
  const base::WallTime until = newest + delay;
  return until > now ? std::optional(until) : std::nullopt;
}

std::optional<base::WallTime> paced_until(const api::CertificateStatus& status, base::WallTime now,
                                          double chance01) {
  const auto until = paced_until(status.recent_issuances, now, chance01);
  if (!until || !status.not_after) return until;
  const base::WallTime newest = std::min(status.recent_issuances.back(), now);
  const auto pause_max =
      std::max<base::WallTime::duration>((*status.not_after - newest) / 3, kPauseLeast);
  const base::WallTime at_latest = newest + pause_max;
  return at_latest > now ? std::optional(std::min(*until, at_latest)) : std::nullopt;
}

std::vector<base::WallTime> with_issuance(std::vector<base::WallTime> issued, base::WallTime now) {
  std::erase_if(issued, [now](base::WallTime one) { return !is_counted(one, now); });
  // As status keeps it: what is read back must lead to the same renewal time, or it is a write.
  issued.push_back(std::chrono::floor<std::chrono::seconds>(now));
  if (issued.size() > kKeptMax) issued.erase(issued.begin(), issued.end() - kKeptMax);
  return issued;
}

std::optional<base::WallTime> wait_until(const api::Certificate& certificate, base::WallTime now,
                                         const std::string& account_url) {
  const api::CertificateStatus& status = certificate.status;
  if (!status.next_attempt_time || *status.next_attempt_time <= now) return std::nullopt;
  if (is_of_another_account(status, account_url)) return std::nullopt;
  const bool is_rate_limited =
      status.last_failure_class == acme::name_of(acme::ErrorClass::rate_limited) &&
      (status.last_failure_names.empty() || status.last_failure_names == certificate.all_names());
  if (is_rate_limited || !is_new_wish(certificate)) return status.next_attempt_time;
  if (status.failed_issuance_attempts < kWishesAtOnce || !status.last_failure_time) {
    return std::nullopt;
  }
  const auto beyond = static_cast<std::size_t>(status.failed_issuance_attempts - kWishesAtOnce);
  const base::WallTime until =
      *status.last_failure_time + kWishesApart[std::min(beyond, kWishesApart.size() - 1)];
  if (until <= now) return std::nullopt;
  return std::min(until, *status.next_attempt_time);
}

}  // namespace certificate
