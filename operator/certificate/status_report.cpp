#include "operator/certificate/status_report.h"

#include <algorithm>

#include "acme/order_flow.h"
#include "acme/renewal_time.h"
#include "base/ip_text.h"
#include "base/time_text.h"
#include "operator/certificate/pace.h"
#include "operator/certificate/renewal.h"
#include "operator/issuer/attempt_text.h"

namespace certificate {

namespace {

// The CRD bounds these texts; a server's words, and the names in a certificate, are not ours to
// trust in length: a status that is refused as a whole would tell nothing and end nothing.
constexpr std::size_t kTextBytesMax = 4096;

std::string bounded(std::string text) {
  if (text.size() <= kTextBytesMax) return text;
  std::size_t end = kTextBytesMax;
  // Not in the middle of a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

void set(api::Certificate& certificate, const char* type, kube::ConditionStatus status,
         std::string reason, std::string message, base::WallTime now) {
  kube::Condition condition;
  condition.type = type;
  condition.status = status;
  condition.reason = std::move(reason);
  condition.message = bounded(std::move(message));
  condition.observed_generation = certificate.metadata.generation;
  kube::set_condition(certificate.status.conditions, std::move(condition), now);
}

bool is_usable(const std::optional<Verdict>& verdict) {
  return !verdict || verdict->is_usable_meanwhile;
}

// As all_names() has it.
std::string canonical_name(std::string name) {
  if (const auto bytes = base::ip_bytes_from_text(name)) {
    return base::ip_text_from_bytes(*bytes).value_or(name);
  }
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name;
}

api::AuthorizationStatus report(const acme::Authorization& authorization,
                                const acme::AccountKey& key) {
  api::AuthorizationStatus status;
  status.identifier = canonical_name(authorization.identifier.value);
  status.url = authorization.url;
  status.state = acme::name_of(authorization.status);
  if (const auto challenge = acme::http_challenge(authorization)) {
    status.challenge_url = challenge->challenge_url;
    status.token = challenge->token;
    status.key_authorization = key.key_authorization(challenge->token);
  }
  return status;
}

std::string problem_of(const acme::Authorization& authorization) {
  for (const acme::Challenge& challenge : authorization.challenges) {
    if (challenge.error) return bounded(challenge.error->text());
  }
  return {};
}

void show_issuing(api::Certificate& certificate, const Verdict& verdict, base::WallTime now) {
  certificate.status.next_attempt_time.reset();
  certificate.status.next_attempt_reason.clear();
  certificate.status.observed_generation = certificate.metadata.generation;
  set(certificate, api::kIssuing, kube::ConditionStatus::is_true, verdict.reason,
      "issuing: " + verdict.message, now);
  if (verdict.is_usable_meanwhile) return;
  set(certificate, api::kReady, kube::ConditionStatus::is_false, verdict.reason,
      "issuing: " + verdict.message, now);
}

// What the newest order led to is in status now.
void end_begun(api::CertificateStatus& status) {
  if (!status.begun_orders.empty()) status.begun_orders.pop_back();
}

void clear_failure(api::CertificateStatus& status) {
  status.failed_issuance_attempts = 0;
  status.last_failure_time.reset();
  status.last_failure_class.clear();
  status.last_failure_account.clear();
  status.last_failure_names.clear();
  status.last_failure.clear();
  status.next_attempt_time.reset();
  status.next_attempt_reason.clear();
}

}  // namespace

bool has_order_under_way(const api::CertificateStatus& status) {
  return status.order && !status.order->url.empty() && status.order->state != "invalid";
}

void show_begun(api::Certificate& certificate, const Verdict& verdict, base::WallTime at) {
  api::CertificateStatus& status = certificate.status;
  status.begun_orders = with_time(std::move(status.begun_orders), at);
  show_issuing(certificate, verdict, at);
}

void show_order(api::Certificate& certificate, const Verdict& verdict, const acme::Order& order,
                const std::vector<acme::Authorization>& authorizations, const acme::AccountKey& key,
                const std::string& account_url, base::WallTime now) {
  api::OrderStatus status;
  status.url = order.url;
  status.account_url = account_url;
  status.state = acme::name_of(order.status);
  status.finalize_url = order.finalize_url;
  status.renewal_request = certificate.metadata.annotation(api::kRenewRequestedAnnotation);
  status.placed_at = now;
  status.expires = order.expires;
  const std::vector<std::string> names = certificate.all_names();
  for (const acme::Authorization& authorization : authorizations) {
    api::AuthorizationStatus shown = report(authorization, key);
    // What stands here is answered by the proxies: nothing for a name that spec does not have.
    if (std::find(names.begin(), names.end(), shown.identifier) == names.end()) continue;
    status.authorizations.push_back(std::move(shown));
  }
  certificate.status.order = std::move(status);
  show_issuing(certificate, verdict, now);
}

void show_waiting(api::Certificate& certificate, const std::string& what_for, base::WallTime now) {
  const kube::Condition* issuing =
      kube::find_condition(certificate.status.conditions, api::kIssuing);
  const bool is_of_the_order = issuing && issuing->reason != kKubernetesApi;
  const std::string reason = is_of_the_order ? issuing->reason : "Issuing";
  set(certificate, api::kIssuing, kube::ConditionStatus::is_true, reason, "waiting for " + what_for,
      now);
}

void show_progress(api::Certificate& certificate, const acme::Order& order,
                   const std::vector<acme::Authorization>& authorizations) {
  if (!certificate.status.order) return;
  api::OrderStatus& status = *certificate.status.order;
  status.state = acme::name_of(order.status);
  if (order.error) status.problem = bounded(order.error->text());
  for (const acme::Authorization& authorization : authorizations) {
    const auto shown =
        std::find_if(status.authorizations.begin(), status.authorizations.end(),
                     [&](const api::AuthorizationStatus& s) { return s.url == authorization.url; });
    if (shown == status.authorizations.end()) continue;
    shown->state = acme::name_of(authorization.status);
    shown->problem = problem_of(authorization);
  }
}

void show_failure(api::Certificate& certificate, const Failure& failure,
                  const std::optional<Verdict>& verdict, base::WallTime now) {
  api::CertificateStatus& status = certificate.status;
  ++status.failed_issuance_attempts;
  const auto delay = acme::next_attempt_delay(failure.error_class, failure.retry_after,
                                              status.failed_issuance_attempts,
                                              acme::chance_of(certificate.metadata.uid));
  status.last_failure_time = now;
  status.last_failure_class = acme::name_of(failure.error_class);
  status.last_failure_account = failure.account_url;
  status.last_failure_names.clear();
  if (failure.is_about_names) status.last_failure_names = certificate.all_names();
  status.last_failure = bounded(failure.text);
  status.next_attempt_time = now + delay;
  status.next_attempt_reason = failure.retry_after ? "the server asked to wait" : "back-off";
  status.observed_generation = certificate.metadata.generation;
  const std::string message =
      issuer::failure_text(status.last_failure, *status.next_attempt_time,
                           acme::remedy_for(failure.error_class, failure.text), now);
  if (failure.is_order_lost) {
    if (!failure.is_spent) end_begun(status);
    if (!status.order) status.order.emplace();
    status.order->state = "invalid";
    // The tokens of a lost order must not stay published.
    for (api::AuthorizationStatus& authorization : status.order->authorizations) {
      authorization.token.clear();
      authorization.key_authorization.clear();
    }
    if (status.order->problem.empty()) status.order->problem = status.last_failure;
    status.order->renewal_request = certificate.metadata.annotation(api::kRenewRequestedAnnotation);
    set(certificate, api::kIssuing, kube::ConditionStatus::is_false, "Failed", message, now);
  } else {
    set(certificate, api::kIssuing, kube::ConditionStatus::is_true, "Retrying", message, now);
  }
  if (is_usable(verdict)) return;
  set(certificate, api::kReady, kube::ConditionStatus::is_false, verdict->reason,
      verdict->message + "; issuing failed: " + message, now);
}

void show_attempt_moved(api::Certificate& certificate, base::WallTime now) {
  const api::CertificateStatus& status = certificate.status;
  const kube::Condition* before = kube::find_condition(status.conditions, api::kIssuing);
  if (!before || !status.next_attempt_time) return;
  set(certificate, api::kIssuing, before->status, before->reason,
      issuer::failure_text(status.last_failure, *status.next_attempt_time, "", now), now);
}

void show_blocked(api::Certificate& certificate, const std::string& reason,
                  const std::string& message, const std::optional<Verdict>& verdict,
                  base::WallTime now) {
  set(certificate, api::kIssuing, kube::ConditionStatus::is_false, reason, message, now);
  if (!is_usable(verdict)) {
    set(certificate, api::kReady, kube::ConditionStatus::is_false, reason, message, now);
  }
}

void show_trouble(api::Certificate& certificate, const std::string& message, base::WallTime now) {
  const bool is_under_way = has_order_under_way(certificate.status);
  set(certificate, api::kIssuing,
      is_under_way ? kube::ConditionStatus::is_true : kube::ConditionStatus::is_false,
      kKubernetesApi, message, now);
  if (kube::find_condition(certificate.status.conditions, api::kReady)) return;
  set(certificate, api::kReady, kube::ConditionStatus::is_false, kKubernetesApi, message, now);
}

void show_held_back(api::Certificate& certificate, const Brake& brake, const Verdict& verdict,
                    base::WallTime now) {
  api::CertificateStatus& status = certificate.status;
  status.order.reset();
  status.next_attempt_time = brake.until;
  status.next_attempt_reason = brake.why;
  status.observed_generation = certificate.metadata.generation;
  show_blocked(certificate, brake.reason,
               verdict.message + "; " + brake.why + ", so the next is ordered at " +
                   issuer::clock_text(brake.until, now) + "; remedy: " + brake.remedy,
               verdict, now);
}

void show_ready(api::Certificate& certificate, const base::CertificateInfo& leaf,
                base::WallTime now) {
  api::CertificateStatus& status = certificate.status;
  if (status.serial_number != leaf.serial) status.renewal_info.reset();
  status.not_before = leaf.not_before;
  status.not_after = leaf.not_after;
  status.serial_number = leaf.serial;
  status.fingerprint_sha256 = leaf.fingerprint_sha256;
  status.issuer = bounded(leaf.issuer);
  status.renewal_time = renewal_time(certificate, leaf);
  status.observed_generation = certificate.metadata.generation;
  set(certificate, api::kReady, kube::ConditionStatus::is_true, "Ready",
      "the certificate is valid until " + base::to_rfc3339(leaf.not_after) +
          " and is to be renewed at " + base::to_rfc3339(*status.renewal_time),
      now);
  if (has_order_under_way(status)) return;
  // What failed before is of no interest once nothing is wanted.
  status.order.reset();
  clear_failure(status);
  const kube::Condition* issuing = kube::find_condition(status.conditions, api::kIssuing);
  if (issuing && issuing->reason != "Issued") {
    kube::remove_condition(status.conditions, api::kIssuing);
  }
}

void show_view(api::Certificate& certificate, const SecretContent& content) {
  certificate.status.subject = bounded(content.view.subject);
  certificate.status.public_key_sha256 = content.view.public_key_sha256;
  certificate.status.chain_length = content.chain_length;
}

void show_issued(api::Certificate& certificate, const base::CertificateInfo& leaf,
                 base::WallTime now) {
  api::CertificateStatus& status = certificate.status;
  if (status.order) {
    status.last_order_url = status.order->url;
    status.last_renewal_request = status.order->renewal_request;
    status.order.reset();
  }
  ++status.revision;
  end_begun(status);
  status.recent_issuances = with_time(std::move(status.recent_issuances), now);
  set(certificate, api::kIssuing, kube::ConditionStatus::is_false, "Issued",
      "issued serial " + leaf.serial, now);
  show_ready(certificate, leaf, now);
}

void show_serving(api::Certificate& certificate, const std::string& serial,
                  const ProxyAnswers& answers, base::WallTime now) {
  if (answers.ready == 0) {
    set(certificate, api::kServing, kube::ConditionStatus::unknown, "NoReadyProxies",
        "no proxy is ready to be asked", now);
    return;
  }
  if (answers.is_all_heard()) {
    // Without a count: proxies come and go, and each would be a write to every Certificate.
    set(certificate, api::kServing, kube::ConditionStatus::is_true, "Served",
        "the proxies serve serial " + serial, now);
    return;
  }
  set(certificate, api::kServing, kube::ConditionStatus::is_false, "NotServed",
      answers.count() + " proxies serve serial " + serial + "; " + answers.problems_text(), now);
}

void show_not_given(api::Certificate& certificate, const std::string& serial, base::WallTime now) {
  set(certificate, api::kServing, kube::ConditionStatus::is_false, "NotServed",
      "the proxies are not given serial " + serial +
          "; the Events of the Ingresses that name Secret " + certificate.metadata.namespace_ +
          "/" + certificate.spec.secret_name + " say why",
      now);
}

void show_not_used(api::Certificate& certificate, base::WallTime now) {
  set(certificate, api::kServing, kube::ConditionStatus::unknown, "NotUsed",
      "no Ingress names the Secret of this certificate, so no proxy serves it", now);
}

}  // namespace certificate
