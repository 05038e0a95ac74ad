#include "operator/api/certificate.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/ascii_text.h"
#include "base/ip_text.h"
#include "base/time_text.h"
#include "operator/api/fields.h"
#include "operator/api/issuer.h"

namespace api {

namespace {

// RFC 5952 text; nothing when it is no address.
std::optional<std::string> canonical_ip(const std::string& text) {
  const auto bytes = base::ip_bytes_from_text(text);
  return bytes ? base::ip_text_from_bytes(*bytes) : std::nullopt;
}

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

std::optional<base::KeySpec> read_key_spec(const Fields& key) {
  if (!key.has("algorithm") && !key.has("size")) return std::nullopt;
  const bool is_rsa = key.text("algorithm") == "RSA";
  base::KeySpec spec;
  spec.algorithm = is_rsa ? base::KeyAlgorithm::rsa : base::KeyAlgorithm::ecdsa;
  const auto size = key.number("size").value_or(is_rsa ? 2048 : 256);
  const bool is_known =
      is_rsa ? size == 2048 || size == 3072 || size == 4096 : size == 256 || size == 384;
  if (!is_known) {
    key.complain("size", is_rsa ? "2048, 3072 or 4096 for RSA" : "256 or 384 for ECDSA");
  } else {
    spec.bits = static_cast<int>(size);
  }
  return spec;
}

IssuerRef read_issuer_ref(const Fields& reference) {
  IssuerRef result;
  result.name = reference.text("name");
  if (result.name.empty()) reference.complain("name", "the name of an Issuer or ClusterIssuer");
  if (reference.has("kind")) result.kind = reference.text("kind");
  if (result.kind != "Issuer" && result.kind != "ClusterIssuer") {
    reference.complain("kind", "Issuer or ClusterIssuer");
  }
  return result;
}

CertificateSpec read_spec(const Fields& fields) {
  CertificateSpec spec;
  spec.secret_name = fields.text("secretName");
  if (spec.secret_name.empty()) fields.complain("secretName", "the name of a Secret");
  const Fields secret_template = fields.object("secretTemplate");
  spec.secret_labels = secret_template.text_map("labels");
  spec.secret_annotations = secret_template.text_map("annotations");
  spec.issuer_ref = read_issuer_ref(fields.object("issuerRef"));
  spec.ingress_class = fields.text("ingressClassName");
  spec.common_name = fields.text("commonName");
  spec.dns_names = fields.texts("dnsNames");
  spec.ip_addresses = fields.texts("ipAddresses");
  const Fields key = fields.object("privateKey");
  spec.key = read_key_spec(key);
  spec.rotation_policy =
      key.text("rotationPolicy") == "Never" ? RotationPolicy::never : RotationPolicy::always;
  spec.renew_before = fields.duration("renewBefore");
  if (const auto percentage = fields.number("renewBeforePercentage")) {
    if (*percentage < 1 || *percentage > 99) {
      fields.complain("renewBeforePercentage", "between 1 and 99");
    } else {
      spec.renew_before_percentage = static_cast<int>(*percentage);
    }
  }
  return spec;
}

AuthorizationStatus read_authorization(const Fields& fields) {
  AuthorizationStatus result;
  result.identifier = fields.text("identifier");
  result.url = fields.text("url");
  result.state = fields.text("state");
  result.challenge_url = fields.text("challengeURL");
  result.token = fields.text("token");
  result.key_authorization = fields.text("keyAuthorization");
  result.problem = fields.text("problem");
  return result;
}

OrderStatus read_order(const Fields& fields) {
  OrderStatus order;
  order.url = fields.text("url");
  order.account_url = fields.text("accountURL");
  order.state = fields.text("state");
  order.finalize_url = fields.text("finalizeURL");
  order.renewal_request = fields.text("renewalRequest");
  order.placed_at = fields.time("placedAt");
  order.expires = fields.time("expires");
  order.problem = fields.text("problem");
  for (const Fields& authorization : fields.objects("authorizations")) {
    order.authorizations.push_back(read_authorization(authorization));
  }
  return order;
}

std::optional<RenewalInfoStatus> read_renewal_info(const Fields& fields) {
  const auto start = fields.time("windowStart");
  const auto end = fields.time("windowEnd");
  if (!start || !end) return std::nullopt;
  return RenewalInfoStatus{*start, *end, fields.text("explanationURL"),
                           fields.time("nextCheck").value_or(base::WallTime())};
}

CertificateStatus read_status(const Fields& fields) {
  CertificateStatus status;
  status.not_before = fields.time("notBefore");
  status.not_after = fields.time("notAfter");
  status.renewal_time = fields.time("renewalTime");
  status.serial_number = fields.text("serialNumber");
  status.fingerprint_sha256 = fields.text("fingerprintSHA256");
  status.issuer = fields.text("issuer");
  status.subject = fields.text("subject");
  status.public_key_sha256 = fields.text("publicKeySHA256");
  status.chain_length = static_cast<int>(fields.number("chainLength").value_or(0));
  status.revision = fields.number("revision").value_or(0);
  if (fields.has("order")) status.order = read_order(fields.object("order"));
  status.last_order_url = fields.text("lastOrderURL");
  status.last_renewal_request = fields.text("lastRenewalRequest");
  status.recent_issuances = fields.times("recentIssuances");
  status.begun_orders = fields.times("begunOrders");
  if (fields.has("renewalInfo")) {
    status.renewal_info = read_renewal_info(fields.object("renewalInfo"));
  }
  status.failed_issuance_attempts =
      static_cast<int>(fields.number("failedIssuanceAttempts").value_or(0));
  status.last_failure_time = fields.time("lastFailureTime");
  status.last_failure_class = fields.text("lastFailureClass");
  status.last_failure_account = fields.text("lastFailureAccount");
  status.last_failure_names = fields.texts("lastFailureNames");
  status.last_failure = fields.text("lastFailure");
  status.next_attempt_time = fields.time("nextAttemptTime");
  status.next_attempt_reason = fields.text("nextAttemptReason");
  status.observed_generation = fields.number("observedGeneration").value_or(0);
  return status;
}

// Empty values are left out, so that `kubectl describe` shows only what there is to say.
void put(nlohmann::json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

void put(nlohmann::json& object, const char* name, const std::optional<base::WallTime>& time) {
  if (time) object[name] = base::to_rfc3339(*time);
}

nlohmann::json to_json(const AuthorizationStatus& authorization) {
  nlohmann::json object = nlohmann::json::object();
  put(object, "identifier", authorization.identifier);
  put(object, "url", authorization.url);
  put(object, "state", authorization.state);
  put(object, "challengeURL", authorization.challenge_url);
  put(object, "token", authorization.token);
  put(object, "keyAuthorization", authorization.key_authorization);
  put(object, "problem", authorization.problem);
  return object;
}

nlohmann::json to_json(const OrderStatus& order) {
  nlohmann::json object = nlohmann::json::object();
  put(object, "url", order.url);
  put(object, "accountURL", order.account_url);
  put(object, "state", order.state);
  put(object, "finalizeURL", order.finalize_url);
  put(object, "renewalRequest", order.renewal_request);
  put(object, "placedAt", order.placed_at);
  put(object, "expires", order.expires);
  put(object, "problem", order.problem);
  for (const AuthorizationStatus& authorization : order.authorizations) {
    object["authorizations"].push_back(to_json(authorization));
  }
  return object;
}

nlohmann::json to_json(const RenewalInfoStatus& info) {
  nlohmann::json object = {{"windowStart", base::to_rfc3339(info.window_start)},
                           {"windowEnd", base::to_rfc3339(info.window_end)},
                           {"nextCheck", base::to_rfc3339(info.next_check)}};
  put(object, "explanationURL", info.explanation_url);
  return object;
}

// Of a Certificate one annotation is read; what else there is stays in the cluster.
void drop_what_nobody_reads(kube::ObjectMeta& metadata) {
  metadata.labels.clear();
  metadata.annotations.erase_if(
      [](const auto& annotation) { return annotation.first != kRenewRequestedAnnotation; });
}

// Only what is asked for, so that whoever reads it back can tell.
nlohmann::json private_key_to_json(const CertificateSpec& spec) {
  nlohmann::json object = nlohmann::json::object();
  if (spec.key) {
    object["algorithm"] = spec.key->algorithm == base::KeyAlgorithm::rsa ? "RSA" : "ECDSA";
    object["size"] = spec.key->bits;
  }
  if (spec.rotation_policy == RotationPolicy::never) object["rotationPolicy"] = "Never";
  return object;
}

}  // namespace

const kube::ResourceType& Certificate::type() {
  static const kube::ResourceType type{kGroup, kVersion, "Certificate", "certificates", true};
  return type;
}

base::Result<Certificate> Certificate::from_json(const nlohmann::json& object) {
  auto certificate = read(object);
  if (certificate && !certificate->problem.empty()) {
    return base::failure(base::ErrorKind::invalid,
                         certificate->display_name() + ": " + certificate->problem);
  }
  return certificate;
}

base::Result<Certificate> Certificate::read(const nlohmann::json& object) {
  Certificate certificate;
  certificate.metadata = kube::read_meta(object);
  drop_what_nobody_reads(certificate.metadata);
  std::string problem;
  const Fields fields(object, "", problem);
  certificate.spec = read_spec(fields.object("spec"));
  if (certificate.all_names().empty()) {
    fields.object("spec").complain("dnsNames", "one host at least, or else ipAddresses");
  }
  const Fields status = fields.object("status");
  certificate.status = read_status(status);
  certificate.status.conditions = status.conditions();
  certificate.problem = std::move(problem);
  return certificate;
}

std::vector<std::string> Certificate::dns_names() const {
  std::vector<std::string> names;
  for (const std::string& name : spec.dns_names) names.push_back(base::in_lower_case(name));
  if (!spec.common_name.empty() && !canonical_ip(spec.common_name)) {
    names.push_back(base::in_lower_case(spec.common_name));
  }
  sort_unique(names);
  return names;
}

std::vector<std::string> Certificate::ip_addresses() const {
  std::vector<std::string> addresses;
  for (const std::string& address : spec.ip_addresses) {
    addresses.push_back(canonical_ip(address).value_or(base::in_lower_case(address)));
  }
  sort_unique(addresses);
  return addresses;
}

std::vector<std::string> Certificate::all_names() const {
  std::vector<std::string> names = dns_names();
  for (std::string& address : ip_addresses()) names.push_back(std::move(address));
  return names;
}

nlohmann::json spec_to_json(const CertificateSpec& spec) {
  nlohmann::json object = {
      {"secretName", spec.secret_name},
      {"issuerRef",
       {{"name", spec.issuer_ref.name}, {"kind", spec.issuer_ref.kind}, {"group", kGroup}}}};
  nlohmann::json private_key = private_key_to_json(spec);
  if (!private_key.empty()) object["privateKey"] = std::move(private_key);
  if (!spec.secret_labels.empty()) object["secretTemplate"]["labels"] = spec.secret_labels;
  if (!spec.secret_annotations.empty()) {
    object["secretTemplate"]["annotations"] = spec.secret_annotations;
  }
  put(object, "ingressClassName", spec.ingress_class);
  put(object, "commonName", spec.common_name);
  if (!spec.dns_names.empty()) object["dnsNames"] = spec.dns_names;
  if (!spec.ip_addresses.empty()) object["ipAddresses"] = spec.ip_addresses;
  if (spec.renew_before) object["renewBefore"] = base::to_go_duration(*spec.renew_before);
  if (spec.renew_before_percentage) {
    object["renewBeforePercentage"] = *spec.renew_before_percentage;
  }
  return object;
}

nlohmann::json status_to_json(const CertificateStatus& status) {
  nlohmann::json object = nlohmann::json::object();
  object["conditions"] = kube::conditions_to_json(status.conditions);
  put(object, "notBefore", status.not_before);
  put(object, "notAfter", status.not_after);
  put(object, "renewalTime", status.renewal_time);
  put(object, "serialNumber", status.serial_number);
  put(object, "fingerprintSHA256", status.fingerprint_sha256);
  put(object, "issuer", status.issuer);
  put(object, "subject", status.subject);
  put(object, "publicKeySHA256", status.public_key_sha256);
  if (status.chain_length != 0) object["chainLength"] = status.chain_length;
  if (status.revision != 0) object["revision"] = status.revision;
  if (status.order) object["order"] = to_json(*status.order);
  put(object, "lastOrderURL", status.last_order_url);
  put(object, "lastRenewalRequest", status.last_renewal_request);
  for (const base::WallTime issued : status.recent_issuances) {
    object["recentIssuances"].push_back(base::to_rfc3339(issued));
  }
  for (const base::WallTime begun : status.begun_orders) {
    object["begunOrders"].push_back(base::to_rfc3339(begun));
  }
  if (status.renewal_info) object["renewalInfo"] = to_json(*status.renewal_info);
  if (status.failed_issuance_attempts != 0) {
    object["failedIssuanceAttempts"] = status.failed_issuance_attempts;
  }
  put(object, "lastFailureTime", status.last_failure_time);
  put(object, "lastFailureClass", status.last_failure_class);
  put(object, "lastFailureAccount", status.last_failure_account);
  if (!status.last_failure_names.empty()) object["lastFailureNames"] = status.last_failure_names;
  put(object, "lastFailure", status.last_failure);
  put(object, "nextAttemptTime", status.next_attempt_time);
  put(object, "nextAttemptReason", status.next_attempt_reason);
  if (status.observed_generation != 0) object["observedGeneration"] = status.observed_generation;
  return object;
}

}  // namespace api
