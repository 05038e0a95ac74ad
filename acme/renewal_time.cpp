#include "acme/renewal_time.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/digest.h"

namespace acme {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Duration = base::WallTime::duration;

constexpr minutes kGuard{5};
constexpr hours kShortLife{10 * 24};               // Let's Encrypt: half of the life for these
constexpr seconds kRetryAfterMax = hours(7 * 24);  // the longest window of a public CA's limits

Duration default_left(Duration life) {
  return life < kShortLife ? life / 2 : life / 3;
}

Duration left_at_renewal(Duration life, const RenewalRule& rule) {
  if (rule.renew_before) {
    if (*rule.renew_before < life - kGuard) return *rule.renew_before;
    return default_left(life);
  }
  if (rule.renew_before_percentage) {
    const int percent = *rule.renew_before_percentage;
    if (percent >= 1 && percent <= 99) return life / 100 * percent;
  }
  return default_left(life);
}

bool is_quick(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::network:
    case ErrorClass::server_internal:
    case ErrorClass::bad_nonce:
    case ErrorClass::order_not_ready:
      return true;
    default:
      return false;
  }
}

bool needs_a_person(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::rejected_identifier:
    case ErrorClass::caa:
    case ErrorClass::user_action_required:
    case ErrorClass::external_account_required:
    case ErrorClass::invalid_profile:
    case ErrorClass::invalid_contact:
    case ErrorClass::bad_csr:
      return true;
    default:
      return false;
  }
}

template <std::size_t N>
seconds at(const std::array<seconds, N>& schedule, int failures) {
  return schedule[static_cast<std::size_t>(std::clamp<int>(failures - 1, 0, N - 1))];
}

// The limits of public CAs are counted in hours; who says how long knows better.
bool is_slow(ErrorClass error_class, bool has_retry_after) {
  return needs_a_person(error_class) ||
         (error_class == ErrorClass::rate_limited && !has_retry_after);
}

seconds scheduled_delay(ErrorClass error_class, bool has_retry_after, int failures) {
  static constexpr std::array<seconds, 4> kOrdinary = {minutes(1), minutes(10), minutes(100),
                                                       hours(24)};
  static constexpr std::array<seconds, 3> kSlow = {hours(1), hours(6), hours(24)};
  if (is_quick(error_class)) {
    const int doublings = std::clamp(failures - 1, 0, 11);
    return std::min<seconds>(seconds(2) * (1 << doublings), hours(1));
  }
  return is_slow(error_class, has_retry_after) ? at(kSlow, failures) : at(kOrdinary, failures);
}

}  // namespace

base::WallTime renewal_time(base::WallTime not_before, base::WallTime not_after,
                            const RenewalRule& rule) {
  const Duration life = not_after - not_before;
  if (life <= 2 * kGuard) return not_before + std::max(life, Duration::zero()) / 2;
  const base::WallTime at = not_after - left_at_renewal(life, rule);
  return std::clamp<base::WallTime>(at, not_before + kGuard, not_after - kGuard);
}

base::WallTime renewal_time_in(const RenewalInfo& info, double chance01) {
  const Duration width = info.window_end - info.window_start;
  const double part = std::clamp(chance01, 0.0, 1.0) * static_cast<double>(width.count());
  const Duration offset(static_cast<Duration::rep>(part));
  return std::min(info.window_start + offset, info.window_end);
}

double chance_of(std::string_view text) {
  const std::string digest = base::sha256(text);
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) bits = bits << 8 | static_cast<unsigned char>(digest[i]);
  return static_cast<double>(bits >> 11) * 0x1p-53;  // what a double holds exactly
}

seconds renewal_info_refetch_delay(std::optional<seconds> retry_after) {
  if (!retry_after) return hours(6);
  return std::clamp<seconds>(*retry_after, minutes(1), hours(24));
}

seconds next_attempt_delay(ErrorClass error_class, std::optional<seconds> retry_after,
                           int consecutive_failures, double chance01) {
  const double chance = std::clamp(chance01, 0.0, 1.0);
  seconds delay = scheduled_delay(error_class, retry_after.has_value(), consecutive_failures);
  // A server that says "at once" to everybody is still asked at our pace.
  if (retry_after) delay = std::max(delay, std::min(*retry_after, kRetryAfterMax));
  const seconds spread = std::min<seconds>(delay / 10, hours(1));
  return delay + seconds(static_cast<seconds::rep>(chance * static_cast<double>(spread.count())));
}

}  // namespace acme
