#pragma once

#include "operator/api/certificate.h"
#include "operator/api/issuer.h"

namespace operator_test {

// Objects with every field set, so that a field which a reader, a writer or a schema forgets is
// missed by a test.
inline kube::Condition full_condition(const char* type) {
  kube::Condition condition;
  condition.type = type;
  condition.status = kube::ConditionStatus::is_true;
  condition.reason = "Because";
  condition.message = "a sentence";
  condition.last_transition_time = base::WallTime(std::chrono::seconds(1'767'225'600));
  condition.observed_generation = 3;
  return condition;
}

inline api::CertificateStatus full_certificate_status() {
  const base::WallTime time(std::chrono::seconds(1'767'225'600));
  api::CertificateStatus status;
  status.conditions = {full_condition("Ready"), full_condition("Issuing")};
  status.not_before = time;
  status.not_after = time + std::chrono::hours(2);
  status.renewal_time = time + std::chrono::hours(1);
  status.serial_number = "04:ab";
  status.fingerprint_sha256 = "aa:bb";
  status.issuer = "CN=Some CA";
  status.subject = "CN=www.shop.example";
  status.public_key_sha256 = "cc:dd";
  status.chain_length = 3;
  status.revision = 7;
  status.order.emplace();
  status.order->url = "https://ca.test/order/1";
  status.order->account_url = "https://ca.test/acct/1";
  status.order->state = "pending";
  status.order->finalize_url = "https://ca.test/finalize/1";
  status.order->renewal_request = "today";
  status.order->placed_at = time;
  status.order->expires = time + std::chrono::hours(3);
  status.order->problem = "caa: no";
  status.order->authorizations = {{"www.shop.example", "https://ca.test/authz/1", "pending",
                                   "https://ca.test/chall/1", "token", "token.print", "dns: no"}};
  status.last_order_url = "https://ca.test/order/0";
  status.last_renewal_request = "yesterday";
  status.recent_issuances = {time, time + std::chrono::hours(1)};
  status.begun_orders = {time + std::chrono::hours(2)};
  status.renewal_info =
      api::RenewalInfoStatus{time, time + std::chrono::hours(1), "https://ca.test/why", time};
  status.failed_issuance_attempts = 2;
  status.last_failure_time = time;
  status.last_failure_class = "caa";
  status.last_failure_account = "https://ca.test/acct/1";
  status.last_failure_names = {"www.shop.example"};
  status.last_failure = "caa: no";
  status.next_attempt_time = time + std::chrono::hours(1);
  status.next_attempt_reason = "back-off";
  status.observed_generation = 3;
  return status;
}

inline api::CertificateSpec full_certificate_spec() {
  api::CertificateSpec spec;
  spec.secret_name = "www-tls";
  spec.secret_labels = {{"team", "shop"}};
  spec.secret_annotations = {{"note", "ours"}};
  spec.issuer_ref = {"ca", "ClusterIssuer"};
  spec.common_name = "www.shop.example";
  spec.dns_names = {"www.shop.example"};
  spec.ip_addresses = {"192.0.2.7"};
  spec.key = base::KeySpec{base::KeyAlgorithm::rsa, 3072};
  spec.rotation_policy = api::RotationPolicy::never;
  spec.renew_before = std::chrono::hours(720);
  return spec;
}

inline void fill_issuer_status(api::Issuer& issuer) {
  issuer.conditions = {full_condition("Ready")};
  issuer.acme_status = {"https://ca.test/acct/1",    "ops@shop.example",      "hash",
                        "https://ca.test/directory", "https://ca.test/terms", {"classic: as ever"}};
  issuer.observed_generation = 3;
}

}  // namespace operator_test
