#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "acme/problem.h"
#include "acme/renewal_info.h"
#include "base/clock.h"

// When to renew and when to try again. Pure: times, and chance as a number in [0, 1).
namespace acme {

// What the user asked for; renew_before wins over the percentage. Nothing set: a third of the
// certificate's actual lifetime is left, half when it lives less than 10 days.
struct RenewalRule {
  std::optional<std::chrono::seconds> renew_before{};
  std::optional<int> renew_before_percentage{};  // 1..99, of the lifetime, that must be left
};

// Never nearer than 5 minutes to not_before or to not_after: a rule that asks for more than the
// whole lifetime falls back to the default, so that a short certificate causes no request storm.
base::WallTime renewal_time(base::WallTime not_before, base::WallTime not_after,
                            const RenewalRule& rule);

// An instant inside the window (RFC 9773 §4.2). chance01 comes from chance_of(certificate id), so
// every replica and every restart agrees.
base::WallTime renewal_time_in(const RenewalInfo& info, double chance01);

// A number in [0, 1), the same for the same text, spread evenly.
double chance_of(std::string_view text);

// When to fetch RenewalInfo again: Retry-After held to 1 min .. 1 day (RFC 9773 §4.3), 6 h without.
std::chrono::seconds renewal_info_refetch_delay(std::optional<std::chrono::seconds> retry_after);

// How long to wait after a failure. consecutive_failures counts this one (1 = the first).
//   Retry-After   the longer of it, up to 7 days, and the schedule;
//   network, serverInternal, badNonce, orderNotReady: 2 s, doubling to 1 h;
//   rejectedIdentifier, caa, userActionRequired, externalAccountRequired, invalidProfile,
//   invalidContact, badCSR, and rateLimited without Retry-After: 1 h, 6 h, 1 day;
//   others, and rateLimited with Retry-After: 1 min, 10 min, 100 min, 1 day (Let's Encrypt's
//   advice).
// chance01 spreads the wait by up to a tenth, and an hour; only ever later.
std::chrono::seconds next_attempt_delay(ErrorClass error_class,
                                        std::optional<std::chrono::seconds> retry_after,
                                        int consecutive_failures, double chance01);

}  // namespace acme
