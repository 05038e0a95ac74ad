#include "operator/certificate/order_schedule.h"

#include <algorithm>
#include <string>

namespace certificate {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A wait shorter than this is not worth a word in status, and none is said more often.
constexpr seconds kWaitUnsaid{3};
constexpr seconds kWordsApart{10};
constexpr milliseconds kLookFirst{20};
constexpr milliseconds kLookMax{2000};
constexpr milliseconds kLookAfterIssuanceMax{500};
constexpr int kSilentSetbacksMax = 2;
constexpr milliseconds kSilentRetryFirst{250};
constexpr seconds kSilentRetryMax{2};
// An order that does not move for so long is given up; Let's Encrypt validates within seconds, and
// a CA with people behind it within minutes.
constexpr minutes kStandstillMax{60};
constexpr minutes kAnswerAgainAfter{30};
constexpr minutes kOrderOld{1};
constexpr seconds kAdviceMax{30};

bool is_quick_to_pass(acme::ErrorClass error_class) {
  switch (error_class) {
    case acme::ErrorClass::network:
    case acme::ErrorClass::server_internal:
    case acme::ErrorClass::bad_nonce:
    case acme::ErrorClass::order_not_ready:
      return true;
    default:
      return false;
  }
}

milliseconds doubled(int times, milliseconds limit) {
  return std::min(kLookFirst * (1 << std::clamp(times, 0, 10)), limit);
}

}  // namespace

bool loses_order(const acme::AcmeError& error) {
  return error.problem && !is_quick_to_pass(error.error_class) &&
         error.error_class != acme::ErrorClass::rate_limited;
}

// Let's Encrypt's words for its limits of one set of names, or of one name; others name them in
// subproblems (RFC 8555 §6.7.1). What says nothing of names is about the account.
bool is_about_names(const acme::AcmeError& error) {
  if (!error.problem) return false;
  if (!error.problem->subproblems.empty()) return true;
  const std::string& detail = error.problem->detail;
  return detail.find("exact set of") != std::string::npos ||
         detail.find("registered domain") != std::string::npos ||
         detail.find("already issued for") != std::string::npos ||
         detail.find("failed authorizations") != std::string::npos;
}

std::optional<milliseconds> silent_retry_delay(const acme::AcmeError& error, int setbacks,
                                               int failures) {
  const seconds asked = error.error.retry_after.value_or(seconds(0));
  const bool is_silent = !loses_order(error) && is_quick_to_pass(error.error_class) &&
                         asked <= kSilentRetryMax && failures == 0 && setbacks < kSilentSetbacksMax;
  if (!is_silent) return std::nullopt;
  return std::max<milliseconds>(kSilentRetryFirst * (1 << setbacks), asked);
}

bool may_ask_proxies(Given given, std::chrono::steady_clock::duration waited) {
  return given == Given::taken_over || waited >= kTakeOverMax;
}

bool is_enough_to_ask_the_server(const ProxyAnswers& answers,
                                 std::chrono::steady_clock::duration waited) {
  return answers.is_all() || (answers.is_all_heard() && answers.is_most()) ||
         (answers.ready > 0 && waited >= kAdviceMax);
}

milliseconds until_next_challenge_look(int looks) {
  return doubled(looks, kLookMax);
}

milliseconds until_next_look_after_issuance(int looks) {
  return doubled(looks, kLookAfterIssuanceMax);
}

Standstill standstill_of(const Memory::Order& order, base::WallTime now,
                         base::SteadyTime steady_now) {
  const bool is_expired = order.order.expires && now >= *order.order.expires;
  if (is_expired && !order.was_born_expired) return Standstill::expired;
  const auto still = steady_now - order.changed_at;
  if (still >= kStandstillMax) return Standstill::too_long;
  const bool is_for_us_to_say_again =
      order.order.status == acme::OrderStatus::pending ||
      (order.order.status == acme::OrderStatus::processing && order.is_ready_again);
  const bool may_be_unheard = is_for_us_to_say_again && !order.is_answered_again;
  return may_be_unheard && still >= kAnswerAgainAfter ? Standstill::answer_again : Standstill::none;
}

bool is_given_up(const Memory::Order& order, acme::ErrorClass error_class,
                 base::SteadyTime steady_now) {
  const bool says_nothing_of_it =
      error_class == acme::ErrorClass::rate_limited ||
      (is_quick_to_pass(error_class) && error_class != acme::ErrorClass::order_not_ready);
  return !says_nothing_of_it && steady_now - order.changed_at >= kStandstillMax;
}

bool is_word_due(const Memory::Wait& wait, base::SteadyTime now) {
  return wait.since && now - *wait.since >= kWaitUnsaid && now >= wait.next_word;
}

base::SteadyTime next_word_after(base::SteadyTime now) {
  return now + kWordsApart;
}

bool may_give_up_for_a_wish(const std::optional<base::WallTime>& placed_at, base::WallTime now) {
  // Placed by a clock that was ahead: nobody knows when.
  return !placed_at || now - *placed_at >= kOrderOld || *placed_at - now >= kOrderOld;
}

}  // namespace certificate
