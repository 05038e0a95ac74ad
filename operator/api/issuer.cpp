#include "operator/api/issuer.h"

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "operator/api/fields.h"

namespace api {

namespace {

AcmeSpec read_acme(const Fields& fields) {
  AcmeSpec acme;
  acme.server = fields.text("server");
  if (acme.server.rfind("https://", 0) != 0) {
    fields.complain("server", "the directory URL of an ACME server and start with https://");
  }
  acme.email = fields.text("email");
  const auto ca_bundle = base::base64_decode(fields.text("caBundle"));
  if (!ca_bundle) fields.complain("caBundle", "base64 of certificates in PEM");
  acme.ca_bundle_pem = ca_bundle.value_or("");
  acme.private_key_secret_name = fields.object("privateKeySecretRef").text("name");
  acme.rsa_account_key = fields.text("accountKeyAlgorithm") == "RS256";
  acme.terms_of_service_agreed = fields.flag("termsOfServiceAgreed");
  if (fields.has("externalAccountBinding")) {
    const Fields binding = fields.object("externalAccountBinding");
    const Fields secret = binding.object("keySecretRef");
    acme.external_account_binding = ExternalAccountBinding{
        binding.text("keyID"), SecretKeyRef{secret.text("name"), secret.text("key")}};
  }
  acme.preferred_chain = fields.text("preferredChain");
  acme.profile = fields.text("profile");
  return acme;
}

AcmeIssuerStatus read_acme_status(const Fields& fields) {
  AcmeIssuerStatus status;
  status.uri = fields.text("uri");
  status.last_registered_email = fields.text("lastRegisteredEmail");
  status.last_private_key_hash = fields.text("lastPrivateKeyHash");
  status.server = fields.text("server");
  status.terms_of_service = fields.text("termsOfService");
  status.profiles = fields.texts("profiles");
  return status;
}

void put(nlohmann::json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

}  // namespace

const kube::ResourceType& Issuer::type(bool cluster_issuer) {
  static const kube::ResourceType namespaced{kGroup, kVersion, "Issuer", "issuers", true};
  static const kube::ResourceType cluster{kGroup, kVersion, "ClusterIssuer", "clusterissuers",
                                          false};
  return cluster_issuer ? cluster : namespaced;
}

base::Result<Issuer> Issuer::from_json(const nlohmann::json& object) {
  auto issuer = read(object);
  if (issuer && !issuer->problem.empty()) {
    return base::failure(base::ErrorKind::invalid, issuer->display_name() + ": " + issuer->problem);
  }
  return issuer;
}

base::Result<Issuer> Issuer::read(const nlohmann::json& object) {
  Issuer issuer;
  issuer.metadata = kube::read_meta(object);
  std::string problem;
  const Fields fields(object, "", problem);
  // Items of a list carry no kind; only a cluster-scoped object has no namespace.
  issuer.is_cluster_issuer = issuer.metadata.namespace_.empty();
  issuer.ingress_class = fields.object("spec").text("ingressClassName");
  issuer.acme = read_acme(fields.object("spec").object("acme"));
  const Fields status = fields.object("status");
  issuer.acme_status = read_acme_status(status.object("acme"));
  issuer.observed_generation = status.number("observedGeneration").value_or(0);
  issuer.conditions = status.conditions();
  issuer.problem = std::move(problem);
  return issuer;
}

bool Issuer::is_ready() const {
  return kube::is_true(conditions, "Ready");
}

std::string Issuer::account_key_secret_name() const {
  return acme.private_key_secret_name.empty() ? metadata.name + "-account-key"
                                              : acme.private_key_secret_name;
}

std::string Issuer::display_name() const {
  return (is_cluster_issuer ? "ClusterIssuer " : "Issuer ") + metadata.key().text();
}

nlohmann::json status_to_json(const Issuer& issuer) {
  nlohmann::json object = nlohmann::json::object();
  object["conditions"] = kube::conditions_to_json(issuer.conditions);
  nlohmann::json acme = nlohmann::json::object();
  put(acme, "uri", issuer.acme_status.uri);
  put(acme, "server", issuer.acme_status.server);
  put(acme, "lastRegisteredEmail", issuer.acme_status.last_registered_email);
  put(acme, "lastPrivateKeyHash", issuer.acme_status.last_private_key_hash);
  put(acme, "termsOfService", issuer.acme_status.terms_of_service);
  if (!issuer.acme_status.profiles.empty()) acme["profiles"] = issuer.acme_status.profiles;
  if (!acme.empty()) object["acme"] = std::move(acme);
  if (issuer.observed_generation != 0) object["observedGeneration"] = issuer.observed_generation;
  return object;
}

}  // namespace api
