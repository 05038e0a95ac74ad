#include "operator/certificate/permission.h"

#include <chrono>
#include <string>

#include <spdlog/spdlog.h>

#include "acme/order_flow.h"
#include "base/time_text.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/status_report.h"
#include "operator/issuer/attempt_text.h"

namespace certificate {

namespace {

using std::chrono::seconds;

// An issuer that is just being registered is not worth a word in status.
constexpr seconds kIssuerGrace{3};
// A place in the line is told after this long.
constexpr seconds kLineUnsaid{3};

std::string class_text(const std::string& ingress_class) {
  return ingress_class.empty() ? "no IngressClass" : "IngressClass " + ingress_class;
}

}  // namespace

std::optional<End> Permission::to_begin(const Verdict& verdict) {
  if (const base::Status names = acme::check_identifiers(record_.identifiers()); !names) {
    return record_.block("InvalidNames", names.error().message, verdict);
  }
  if (auto end = of_hosts(verdict)) return end;
  if (auto end = of_issuer(verdict)) return end;
  if (auto end = of_back_off()) return end;
  if (auto end = of_budget()) return end;
  return of_turn(issuer::Turns::Purpose::beginning);
}

// The proxies answer no challenge for a host of another namespace, and a tenant's ACME server is
// not to be asked for every name.
std::optional<End> Permission::of_hosts(const std::optional<Verdict>& verdict) {
  if (!context_.options.hold_back) return std::nullopt;
  const auto held = context_.options.hold_back(record_.certificate());
  if (!held) return std::nullopt;
  return record_.block(held->reason, held->message, verdict);
}

// Those of the same account: another CA counts for itself.
OrderHistory::OfOthers Permission::of_others() const {
  const api::Certificate& certificate = record_.certificate();
  const std::string& account_url = issuer_.account().session.account_url;
  auto living = context_.stores.certificates.find(kByNames, names_digest(certificate));
  std::erase_if(living, [&](const auto& one) {
    const auto account =
        context_.accounts.find(issuer::resolve(one->metadata.namespace_, one->spec.issuer_ref));
    return !account || account->session.account_url != account_url;
  });
  return context_.order_history.of_others(account_url, certificate, living, context_.now());
}

std::optional<End> Permission::to_order(const Verdict& verdict) {
  api::CertificateStatus& status = record_.status();
  const bool is_in_doubt = memory_.past == Memory::Past::unknown && has_order_in_doubt(status);
  if (is_in_doubt) {
    status.begun_orders = with_time(std::move(status.begun_orders), context_.now());
  }
  const auto brake = brake_for(status, of_others(), context_.now(), record_.chance());
  if (!brake) return std::nullopt;
  const kube::Condition* before = kube::find_condition(record_.written().conditions, api::kIssuing);
  const bool is_new = !before || before->reason != brake->reason;
  show_held_back(record_.certificate(), *brake, verdict, context_.now());
  const base::Status written = record_.write_status();
  // Counted once: where status does not keep it, it would be counted and waited for again and
  // again.
  if (written && is_in_doubt) memory_.past = Memory::Past::spent;
  if (written && is_new) {
    record_.warn(brake->reason,
                 kube::find_condition(record_.status().conditions, api::kIssuing)->message);
  }
  return Record::after_write(
      written, kube::Outcome::requeue(std::chrono::ceil<Delay>(brake->until - context_.now())));
}

std::optional<End> Permission::of_issuer(const std::optional<Verdict>& verdict) {
  const issuer::IssuerKey key = issuer_.key();
  if (issuer_.find_account()) {
    memory_.without_issuer_since.reset();
    return std::nullopt;
  }
  if (!memory_.without_issuer_since) memory_.without_issuer_since = context_.steady_now();
  const auto waited = context_.steady_now() - *memory_.without_issuer_since;
  if (waited < kIssuerGrace) {
    return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(kIssuerGrace - waited)));
  }
  if (key.is_cluster_issuer && !context_.options.has_cluster_issuers) {
    return record_.block(
        "IssuerNotFound",
        "a release for some namespaces (--watch-namespaces) has no ClusterIssuers; "
        "remedy: name an Issuer of this namespace",
        verdict);
  }
  const auto issuer =
      (key.is_cluster_issuer ? context_.stores.cluster_issuers : context_.stores.issuers)
          .get(key.key);
  if (!issuer) return record_.block("IssuerNotFound", key.text() + " does not exist", verdict);
  if (context_.options.is_ours && !context_.options.is_ours(issuer->ingress_class)) {
    return record_.block("IssuerOfAnotherClass",
                         key.text() + " is for " + class_text(issuer->ingress_class) +
                             ", and this Certificate for " +
                             class_text(record_.certificate().spec.ingress_class) +
                             "; remedy: name an issuer whose spec.ingressClassName is the same",
                         verdict);
  }
  const kube::Condition* ready = kube::find_condition(issuer->conditions, "Ready");
  // Without the time of its next attempt, or each of them would be a write to every Certificate.
  const std::string why = ready && ready->status == kube::ConditionStatus::is_false
                              ? issuer::without_time(ready->message)
                              : "its account is not registered yet";
  return record_.block("IssuerNotReady", key.text() + " is not ready: " + why, verdict);
}

std::optional<End> Permission::of_back_off() {
  if (take_back(record_.status(), context_.now())) {
    const api::CertificateStatus& status = record_.status();
    show_attempt_moved(record_.certificate(), context_.now());
    spdlog::warn("{}: the clock was set back; trying again at {}", record_.name(),
                 base::to_rfc3339(*status.next_attempt_time));
    const base::Status written = record_.write_status();
    if (!written) return Record::after_write(written, kube::Outcome::await_change());
  }
  const auto until = attempt_time();
  if (!until) return std::nullopt;
  return End(kube::Outcome::requeue(std::chrono::ceil<Delay>(*until - context_.now())));
}

// A back-off that came from a server that did not answer ends when it does.
std::optional<base::WallTime> Permission::attempt_time() const {
  const auto until =
      wait_until(record_.certificate(), context_.now(), issuer_.account().session.account_url);
  const api::CertificateStatus& status = record_.status();
  if (!until || !status.last_failure_time) return until;
  const bool is_of_the_server =
      status.last_failure_class == acme::name_of(acme::ErrorClass::network);
  if (is_of_the_server &&
      context_.issuer_health.is_well_since(issuer_.key(), *status.last_failure_time)) {
    return std::nullopt;
  }
  return until;
}

std::optional<End> Permission::of_budget() {
  is_in_line_ = !context_.orders.admit(issuer_.key().text(), record_.key(), context_.steady_now());
  if (!is_in_line_) return std::nullopt;
  return wait_in_line(issuer_.key().text() + ": orders that were begun before are finished first");
}

std::optional<End> Permission::of_turn(issuer::Turns::Purpose purpose) {
  if (issuer_.take_turn(record_.key(), purpose)) {
    memory_.in_line_since.reset();
    return std::nullopt;
  }
  const std::string issuer = issuer_.key().text();
  if (context_.turns.is_silent(issuer)) {
    return wait_in_line(issuer +
                        ": its server did not answer, so it is asked for one certificate at a "
                        "time");
  }
  return wait_in_line(issuer + (issuer_.key().is_cluster_issuer
                                    ? ": its server is busy with other certificates"
                                    : ": certificates of it, or of other Issuers, come first"));
}

// what_for: without a number. It would be a write of every certificate in the line for each that
// leaves it.
End Permission::wait_in_line(const std::string& what_for) {
  if (!memory_.in_line_since) memory_.in_line_since = context_.steady_now();
  const auto waited = context_.steady_now() - *memory_.in_line_since;
  if (waited < kLineUnsaid) return kube::Outcome::requeue(kLineUnsaid);
  show_waiting(record_.certificate(), what_for, context_.now());
  return Record::after_write(record_.write_status(),
                             kube::Outcome::requeue(issuer::Turns::kLookAgain));
}

}  // namespace certificate
