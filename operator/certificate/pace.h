#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "operator/api/certificate.h"
#include "operator/certificate/order_history.h"

// How often a Certificate may cost its CA an order, whatever the reason. Pure: recorded times in,
// times out.
//
// Failures have their schedule (acme::next_attempt_delay). Success has one, too: whatever wants a
// certificate again right after it was issued (a renewal window in the past, a clock that is off,
// another controller at the same Secret, a renewBefore beyond the life) would else order in a loop,
// and a public CA stops issuing for days after five for one set of names.
namespace certificate {

// Within a day one certificate and one more are issued at once; the next ones wait as after the
// first, second, ... failure: 1 min, 10 min, 100 min, a day.
inline constexpr std::size_t kIssuancesAtOnce = 2;

// When the next order may be placed; nothing: now. issued: status.recentIssuances. chance01 spreads
// the wait, only ever later.
std::optional<base::WallTime> paced_until(const std::vector<base::WallTime>& issued,
                                          base::WallTime now, double chance01);

// The same of one Certificate: what was issued, and what was begun and led to nothing, for that
// cost the CA an order, too. No pause is longer than a third of the life that was left at the
// last of them, for a CA that issues for hours means it to be asked so often; but ten minutes at
// least.
std::optional<base::WallTime> paced_until(const api::CertificateStatus& status, base::WallTime now,
                                          double chance01);

// Why an order is to wait until then, whatever wants it.
struct Brake {
  base::WallTime until;
  std::string reason;  // of Issuing
  std::string why;     // the rest of a sentence
  std::string remedy;
};
inline constexpr const char* kIssuedTooOften = "IssuedTooOften";
inline constexpr const char* kOrderedTooOften = "OrderedTooOften";
inline constexpr const char* kFailedTooOften = "FailedTooOften";

// The pace of the Certificate itself; and, while it has got nothing yet, what others got for the
// same names: after two certificates, or three failures, as for one that had them itself. But it
// does not wait for ever beside one that is renewed every few hours: a quarter of that one's life
// after its last order, and no sooner than after some minutes, its turn has come.
std::optional<Brake> brake_for(const api::CertificateStatus& status,
                               const OrderHistory::OfOthers& others, base::WallTime now,
                               double chance01);

// The times to be kept, with this one: the newest first of all, and of the others those that
// paced_until() still counts.
std::vector<base::WallTime> with_time(std::vector<base::WallTime> times, base::WallTime now);

// An order may have been placed by an operator that did not live to say so: whoever finds one
// wanted, and has not seen the Certificate before, cannot know. One alone, for what is begun later
// or has failed is in status.
bool has_order_in_doubt(const api::CertificateStatus& status);

// When the next attempt after a failure may be made; nothing: now. A change of spec, or another
// value of the renew-requested annotation, does not wait for what was wanted before; wishes that
// come and fail in a row wait longer each time, an hour at most. A rate limit belongs to an
// account, and to the names when it said so: with another account, or other names, it is not waited
// for. account_url: of the issuer as it is now; empty: not known.
std::optional<base::WallTime> wait_until(const api::Certificate& certificate, base::WallTime now,
                                         const std::string& account_url = {});

// A failure that lies in the future was noted while our clock was ahead: it is moved to now, with
// the attempt that is to follow, which would else be waited for as long as the clock was wrong.
// Whether there was something to move.
bool take_back(api::CertificateStatus& status, base::WallTime now);

}  // namespace certificate
