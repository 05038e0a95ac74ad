#include "operator/certificate/pace.h"

#include <algorithm>
#include <array>

#include "acme/renewal_time.h"
#include "kube/conditions.h"
#include "operator/issuer/attempt_text.h"

namespace certificate {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr hours kCounted{24};
constexpr minutes kPauseLeast{10};   // however short a life is: at most 144 orders a day
constexpr std::size_t kKeptMax = 6;  // one more than the schedule has steps
// So many failed wishes in a row are no person's any more, and the next ones wait as the attempts
// after a failure do. An hour at most: who mends a spec that has failed for days waits for little.
constexpr std::size_t kWishesAtOnce = 3;
constexpr std::array kWishesApart{minutes(1), minutes(10), minutes(60)};

// The longest pause after an order of a certificate that lives so long.
base::WallTime::duration pause_max(base::WallTime::duration life) {
  return std::max<base::WallTime::duration>(life / 3, kPauseLeast);
}

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

// Set while our clock was ahead: no brake holds for so long. What it is to wait for is then found
// out afresh.
bool is_beyond_any_brake(const api::CertificateStatus& status, base::WallTime now) {
  constexpr hours kOfOrdersMax{25};
  constexpr hours kOfFailuresMax{7 * 24 + 1};  // the server's own limit of others' orders
  const kube::Condition* issuing = kube::find_condition(status.conditions, api::kIssuing);
  if (!issuing) return false;
  const auto ahead = *status.next_attempt_time - now;
  if (issuing->reason == kFailedTooOften) return ahead > kOfFailuresMax + kClockStepMax;
  const bool is_of_orders =
      issuing->reason == kIssuedTooOften || issuing->reason == kOrderedTooOften;
  return is_of_orders && ahead > kOfOrdersMax + kClockStepMax;
}

// When the next wish after so many that failed may be tried, if it has to wait at all.
std::optional<base::WallTime> wish_until(std::size_t failed, base::WallTime last) {
  if (failed < kWishesAtOnce) return std::nullopt;
  return last + kWishesApart[std::min(failed - kWishesAtOnce, kWishesApart.size() - 1)];
}

// All that counts of what a Certificate cost its CA; the oldest first.
std::vector<base::WallTime> ordered_times(const api::CertificateStatus& status,
                                          base::WallTime now) {
  std::vector<base::WallTime> all = status.recent_issuances;
  all.insert(all.end(), status.begun_orders.begin(), status.begun_orders.end());
  std::erase_if(all, [now](base::WallTime one) { return !is_counted(one, now); });
  std::sort(all.begin(), all.end());
  return all;
}

// Somewhat earlier than the others themselves, or one that is renewed as often as it may be would
// always come first.
std::optional<base::WallTime> others_until(const OrderHistory::OfOthers& others, base::WallTime now,
                                           double chance01) {
  const auto until = paced_until(others.ordered, now, chance01);
  if (!until || !others.life) return until;
  const base::WallTime newest = std::min(others.ordered.back(), now);
  const base::WallTime at_latest = newest + pause_max(*others.life) * 3 / 4;
  return at_latest > now ? std::optional(std::min(*until, at_latest)) : std::nullopt;
}

std::string count_text(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? " was" : "s were");
}

Brake brake_of_its_own(const api::CertificateStatus& status, base::WallTime until,
                       base::WallTime now) {
  const std::vector<base::WallTime> all = ordered_times(status, now);
  const auto issued = static_cast<std::size_t>(
      std::count_if(status.recent_issuances.begin(), status.recent_issuances.end(),
                    [now](base::WallTime one) { return is_counted(one, now); }));
  const std::string last = ", the last at " + issuer::clock_text(all.back(), now);
  if (issued == all.size()) {
    return {until, kIssuedTooOften,
            count_text(issued, "certificate") + " issued within a day" + last,
            "find out who wants a new one so often"};
  }
  std::string why =
      count_text(all.size() - issued, "order") + " begun within a day that led to no certificate";
  if (issued != 0) why += ", and " + count_text(issued, "certificate") + " issued";
  return {
      until, kOrderedTooOften, why + last,
      "find out what ends orders: an operator that is restarted again and again, or who changes "
      "the Certificate"};
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
  const std::vector<base::WallTime> ordered = ordered_times(status, now);
  const auto until = paced_until(ordered, now, chance01);
  if (!until || !status.not_after) return until;
  const base::WallTime newest = std::min(ordered.back(), now);
  const base::WallTime at_latest = newest + pause_max(*status.not_after - newest);
  return at_latest > now ? std::optional(std::min(*until, at_latest)) : std::nullopt;
}

std::optional<Brake> brake_for(const api::CertificateStatus& status,
                               const OrderHistory::OfOthers& others, base::WallTime now,
                               double chance01) {
  const auto at = [now](base::WallTime time) { return issuer::clock_text(time, now); };
  if (const auto until = paced_until(status, now, chance01)) {
    return brake_of_its_own(status, *until, now);
  }
  if (status.revision != 0) return std::nullopt;
  const std::string whose = others.is_of_its_own
                                ? "this Certificate, whose status tells of it no more, or others"
                                : "other Certificates";
  const std::string who_empties = "find out who empties the status of this Certificate";
  if (const auto until = others_until(others, now, chance01)) {
    return Brake{*until, kIssuedTooOften,
                 std::to_string(others.ordered.size()) +
                     " certificates for these names were issued or begun within a day for " +
                     whose + ", the last at " + at(others.ordered.back()),
                 others.is_of_its_own ? who_empties : "keep one secretName for them"};
  }
  const std::string remedy =
      others.is_of_its_own ? who_empties : "mend what the Events of the other Certificates tell";
  if (others.limited_until > now) {
    return Brake{*others.limited_until, kFailedTooOften,
                 "the server limited orders for these names when they were asked for by " + whose,
                 remedy};
  }
  if (others.failed.empty()) return std::nullopt;
  const auto until = wish_until(others.failed.size(), others.failed.back());
  if (!until || *until <= now) return std::nullopt;
  return Brake{*until, kFailedTooOften,
               std::to_string(others.failed.size()) +
                   " orders for these names failed within an hour for " + whose + ", the last at " +
                   at(others.failed.back()),
               remedy};
}

bool take_back(api::CertificateStatus& status, base::WallTime now) {
  if (!status.last_failure_time || !status.next_attempt_time) return false;
  const auto ahead = *status.last_failure_time - now;
  if (ahead <= kClockStepMax) return false;
  *status.last_failure_time -= ahead;
  *status.next_attempt_time -= ahead;
  return true;
}

std::vector<base::WallTime> with_time(std::vector<base::WallTime> times, base::WallTime now) {
  std::erase_if(times, [now](base::WallTime one) { return !is_counted(one, now); });
  // As status keeps it: what is read back must lead to the same renewal time, or it is a write.
  times.push_back(std::chrono::floor<std::chrono::seconds>(now));
  if (times.size() > kKeptMax) times.erase(times.begin(), times.end() - kKeptMax);
  return times;
}

bool has_order_in_doubt(const api::CertificateStatus& status) {
  if (status.failed_issuance_attempts > 0) return false;
  if (status.begun_orders.empty()) return true;
  return !status.recent_issuances.empty() &&
         status.recent_issuances.back() > status.begun_orders.back();
}

std::optional<base::WallTime> wait_until(const api::Certificate& certificate, base::WallTime now,
                                         const std::string& account_url) {
  const api::CertificateStatus& status = certificate.status;
  if (!status.next_attempt_time || *status.next_attempt_time <= now) return std::nullopt;
  if (is_of_another_account(status, account_url)) return std::nullopt;
  if (is_beyond_any_brake(status, now)) return std::nullopt;
  const bool is_rate_limited =
      status.last_failure_class == acme::name_of(acme::ErrorClass::rate_limited) &&
      (status.last_failure_names.empty() || status.last_failure_names == certificate.all_names());
  if (is_rate_limited || !is_new_wish(certificate)) return status.next_attempt_time;
  if (!status.last_failure_time) return std::nullopt;
  const auto until = wish_until(static_cast<std::size_t>(status.failed_issuance_attempts),
                                *status.last_failure_time);
  if (!until || *until <= now) return std::nullopt;
  return std::min(*until, *status.next_attempt_time);
}

}  // namespace certificate
