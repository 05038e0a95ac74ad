#include "proxy/upstream/retry.h"

namespace proxy::upstream {

bool is_idempotent(http::Method method) {
  switch (method) {
    case http::Method::get:
    case http::Method::head:
    case http::Method::put:
    case http::Method::delete_:
    case http::Method::options:
    case http::Method::trace:
      return true;
    case http::Method::post:
    case http::Method::patch:
    case http::Method::other:  // it may be
      return false;
  }
  return false;
}

namespace {

bool is_asked_for(FailureKind kind, const config::NextUpstream& rules) {
  switch (kind) {
    case FailureKind::error:
      return rules.error;
    case FailureKind::timeout:
      return rules.timeout;
    case FailureKind::invalid_answer:
      return rules.invalid_answer;
  }
  return false;
}

bool is_asked_for(int status, const config::NextUpstream& rules) {
  switch (status) {
    case 403:
      return rules.status_403;
    case 404:
      return rules.status_404;
    case 429:
      return rules.status_429;
    case 500:
      return rules.status_500;
    case 502:
      return rules.status_502;
    case 503:
      return rules.status_503;
    case 504:
      return rules.status_504;
    default:
      return false;
  }
}

// There is another endpoint, and room for it in tries and time.
bool has_another(const Attempt& attempt, const config::NextUpstream& rules) {
  const bool has_tries = rules.tries == 0 || attempt.endpoints_tried < rules.tries;
  const bool has_time = rules.seconds == 0 || attempt.taken < std::chrono::seconds(rules.seconds);
  return attempt.has_untried_endpoint && has_tries && has_time;
}

bool may_be_repeated(const Attempt& attempt, const config::NextUpstream& rules) {
  if (!attempt.has_budget) return false;
  return attempt.is_idempotent || attempt.was_left_unread || rules.non_idempotent;
}

// The endpoint has done nothing for it.
bool had_no_effect(const Failure& failure) {
  return failure.retry == Retry::always || failure.retry == Retry::not_processed;
}

Next choose_next_by(const config::NextUpstream& rules, const Failure& failure,
                    const Attempt& attempt) {
  const bool is_harmless = had_no_effect(failure) || may_be_repeated(attempt, rules);
  return is_asked_for(failure.kind, rules) && is_harmless && has_another(attempt, rules)
             ? Next::other_endpoint
             : Next::give_up;
}

// Whether only the connection was at fault, so that another one may do.
bool is_of_the_connection(const Failure& failure, const Attempt& attempt) {
  if (attempt.was_replayed) return false;
  if (failure.retry == Retry::not_processed) return true;
  // §9.2.2: a request whose method is not idempotent is not repeated without "some means to detect
  // that the original request was never applied".
  return failure.retry == Retry::if_connection_was_reused && attempt.connection_was_reused &&
         (attempt.is_idempotent || attempt.was_left_unread);
}

}  // namespace

bool passes_on(int status, const Attempt& attempt, const config::NextUpstream& rules) {
  return attempt.can_replay && is_asked_for(status, rules) && may_be_repeated(attempt, rules) &&
         has_another(attempt, rules);
}

Next choose_next(const Failure& failure, const Attempt& attempt,
                 const config::NextUpstream* rules) {
  if (attempt.response_has_begun || !attempt.can_replay) return Next::give_up;
  if (is_of_the_connection(failure, attempt)) return Next::fresh_connection;
  if (rules != nullptr) return choose_next_by(*rules, failure, attempt);
  return had_no_effect(failure) && attempt.has_untried_endpoint ? Next::other_endpoint
                                                                : Next::give_up;
}

}  // namespace proxy::upstream
