#include <algorithm>
#include <chrono>
#include <memory>

#include <spdlog/spdlog.h>

#include "acme/order_flow.h"
#include "base/time_text.h"
#include "operator/certificate/issuance.h"
#include "operator/certificate/order_schedule.h"
#include "operator/certificate/renewal.h"

namespace certificate {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::chrono::hours kLookAtLeast{24};
constexpr milliseconds kLookAtMost{100};
// Clocks that are kept by NTP are nearer to each other.
constexpr std::chrono::minutes kClocksApart{5};

}  // namespace

End Issuance::conclude(const SecretContent& content) {
  const base::CertificateInfo& leaf = *content.leaf;
  if (!memory_.stored_at) memory_.stored_at = steady_now();
  serving_.look_soon();
  show_issued(certificate(), leaf, now());
  show_view(certificate(), content);
  serving_.look(leaf);
  if (serving_.is_awaited() && steady_now() - *memory_.stored_at < context_.options.serving_wait) {
    context_.proxy_waiters.add(record_.key());
    return kube::Outcome::requeue(until_next_look_after_issuance(memory_.wait.looks++));
  }
  renewal_info_.look(leaf);
  if (const base::Status written = record_.write_status(); !written) {
    return Record::after_write(written, kube::Outcome::await_change());
  }
  memory_.past = Memory::Past::at_rest;
  serving_.end_quick_looks();
  if (memory_.secret.present) {
    memory_.secret.kept = std::make_shared<const kube::Secret>(*memory_.secret.present);
  }
  forget();
  context_.issuer_health.note_issued(issuer_.key());
  if (issuer_.has_account()) {
    context_.order_history.note_issued(account().session.account_url, certificate(),
                                       status().recent_issuances.back());
  }
  context_.metrics.count_issued();
  spdlog::info("{}: issued serial {}, valid until {}", record_.name(), leaf.serial,
               base::to_rfc3339(leaf.not_after));
  if (leaf.not_before > now() + kClocksApart) {
    record_.warn("NotYetValid", "the certificate is valid only from " +
                                    base::to_rfc3339(leaf.not_before) +
                                    ", so either the server's clock or ours is wrong");
  }
  context_.events.normal(kube::reference_to(api::Certificate::type(), certificate().metadata),
                         "Issued", "Issuing",
                         "issued a certificate into Secret " + record_.secret_key().text() +
                             ", serial " + leaf.serial);
  return kube::Outcome::requeue(until_next_look(leaf));
}

Delay Issuance::until_next_look(const base::CertificateInfo& leaf) const {
  milliseconds delay = kLookAtLeast;
  const auto by_steady = [&](const std::optional<base::SteadyTime>& time) {
    if (time) delay = std::min(delay, std::chrono::ceil<milliseconds>(*time - steady_now()));
  };
  delay = std::min(
      delay, std::chrono::ceil<milliseconds>(renewal_time(record_.certificate(), leaf) - now()));
  by_steady(renewal_info_.next_look());
  by_steady(serving_.next_look());
  return std::max(delay, kLookAtMost);
}

// ---- Waiting

void Issuance::note_waiting(const std::string& what_for) {
  Memory::Wait& wait = memory_.wait;
  if (!wait.since) wait.since = steady_now();
  if (!is_word_due(wait, steady_now())) return;
  wait.next_word = next_word_after(steady_now());
  show_waiting(certificate(), what_for, now());
}

End Issuance::wait_for_proxies(const std::string& what_for) {
  context_.proxy_waiters.add(record_.key());
  note_waiting(what_for);
  return Record::after_write(
      record_.write_status(),
      kube::Outcome::requeue(until_next_challenge_look(memory_.wait.looks++)));
}

// ---- What went wrong

End Issuance::set_back(const acme::AcmeError& error) {
  if (error.error.kind == base::ErrorKind::cancelled) return base::failure(error.error);
  if (error.error_class == acme::ErrorClass::account_does_not_exist) {
    spdlog::warn("{}: {}", record_.name(), error.error.message);
    issuer_.report_lost();
    return kube::Outcome::requeue(seconds(60));  // woken when the issuer has made it good
  }
  if (auto end = look_at_account(error)) return *std::move(end);
  // Whatever was lost on the way, the server knows how far it got.
  if (memory_.order) {
    order().is_stale = true;
    order().next_poll = steady_now();
  }
  if (const auto delay =
          silent_retry_delay(error, memory_.setbacks, status().failed_issuance_attempts)) {
    ++memory_.setbacks;
    spdlog::info("{}: {}; trying again in {} ms", record_.name(), error.error.message,
                 delay->count());
    memory_.next_try = steady_now() + *delay;
    return kube::Outcome::requeue(*delay);
  }
  const bool is_given_up =
      memory_.order && certificate::is_given_up(order(), error.error_class, steady_now());
  return fail({error.error_class,
               error.error.message +
                   (is_given_up ? "; for an hour nothing moved, so the order is given up" : ""),
               error.error.retry_after,
               loses_order(error) || is_given_up || !has_order_under_way(status()),
               account().session.account_url, is_about_names(error)});
}

End Issuance::set_back(const base::Error& error) {
  const bool needs_a_person =
      error.kind == base::ErrorKind::invalid || error.kind == base::ErrorKind::denied;
  if (!needs_a_person) return base::failure(error);
  return fail({acme::ErrorClass::other, error.message, std::nullopt, false});
}

// What is lost behind the CSR has cost a certificate, and stays among what was begun.
End Issuance::fail(Failure failure) {
  failure.is_spent = memory_.order &&
                     acme::is_step_back(order().order.status, acme::OrderStatus::ready) &&
                     order().order.status != acme::OrderStatus::invalid;
  const api::CertificateStatus& written = record_.written();
  const bool is_new = written.failed_issuance_attempts == 0 ||
                      written.last_failure_class != acme::name_of(failure.error_class);
  show_failure(certificate(), failure, verdict_, now());
  if (failure.is_order_lost) forget();
  if (failure.error_class == acme::ErrorClass::network) {
    context_.issuer_health.note_unwell(issuer_.key());
  }
  if (const base::Status done = record_.write_status(); !done) {
    return Record::after_write(done, kube::Outcome::await_change());
  }
  memory_.setbacks = 0;
  context_.metrics.count_failed();
  const std::string account_url = failure.account_url.empty() && issuer_.has_account()
                                      ? account().session.account_url
                                      : failure.account_url;
  if (!account_url.empty()) {
    context_.order_history.note_failed(account_url, certificate(), *status().last_failure_time,
                                       failure.error_class == acme::ErrorClass::rate_limited
                                           ? status().next_attempt_time
                                           : std::nullopt,
                                       failure.is_spent);
  }
  const kube::Condition* issuing = kube::find_condition(status().conditions, api::kIssuing);
  if (is_new) {
    record_.warn("Failed", issuing->message);
  } else {
    spdlog::warn("{}: {}", record_.name(), issuing->message);
  }
  return kube::Outcome::requeue(std::chrono::ceil<Delay>(*status().next_attempt_time - now()));
}

}  // namespace certificate
