#include "operator/certificate/secret_writer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "operator/api/issuer.h"

namespace certificate {

namespace {

// What the present pair says of its origin; written again with it, or apply would remove it.
struct Origin {
  std::string issuer_name;
  std::string issuer_kind;
  std::string order_url;
  std::string server;
};

Origin origin_of(const kube::Secret* present) {
  if (!present) return {};
  return {present->metadata.annotation(api::kIssuerNameAnnotation),
          present->metadata.annotation(api::kIssuerKindAnnotation),
          present->metadata.annotation(kOrderUrlAnnotation),
          present->metadata.annotation(kServerAnnotation)};
}

nlohmann::json owner_reference(const api::Certificate& certificate) {
  return {{"apiVersion", api::Certificate::type().api_version()},
          {"kind", api::Certificate::type().kind},
          {"name", certificate.metadata.name},
          {"uid", certificate.metadata.uid},
          {"controller", true}};
}

nlohmann::json object_with(const api::Certificate& certificate, const kube::Secret* present,
                           const Origin& origin, SecretMetadataOptions options) {
  base::TextMap annotations = certificate.spec.secret_annotations;
  annotations[api::kCertificateNameAnnotation] = certificate.metadata.name;
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) annotations[name] = value;
  };
  put(api::kIssuerNameAnnotation, origin.issuer_name);
  put(api::kIssuerKindAnnotation, origin.issuer_kind);
  put(kOrderUrlAnnotation, origin.order_url);
  put(kServerAnnotation, origin.server);
  nlohmann::json metadata = {{"name", certificate.spec.secret_name},
                             {"namespace", certificate.metadata.namespace_},
                             {"annotations", annotations}};
  if (!certificate.spec.secret_labels.empty()) metadata["labels"] = certificate.spec.secret_labels;
  if (options.owner_reference) metadata["ownerReferences"] = {owner_reference(certificate)};
  // Without a version: to be made anew.
  if (present && !present->metadata.resource_version.empty()) {
    metadata["resourceVersion"] = present->metadata.resource_version;
  }
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", std::move(metadata)},
          {"type", kube::kTlsSecretType},
          {"data", nlohmann::json::object()}};
}

void put_pair(nlohmann::json& object, const std::string& chain_pem, const std::string& key_pem) {
  object["data"][kChainKey] = base::base64_encode(chain_pem);
  object["data"][kPrivateKeyKey] = base::base64_encode(key_pem);
}

bool contains(const base::TextMap& has, const base::TextMap& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto found = has.find(entry.first);
    return found != has.end() && found->second == entry.second;
  });
}

}  // namespace

nlohmann::json secret_with_next_key(const api::Certificate& certificate,
                                    const kube::Secret* present, const std::string& next_key_pem,
                                    SecretMetadataOptions options) {
  nlohmann::json object = object_with(certificate, present, origin_of(present), options);
  put_pair(object, present ? present->value(kChainKey) : "",
           present ? present->value(kPrivateKeyKey) : "");
  object["data"][kNextPrivateKeyKey] = base::base64_encode(next_key_pem);
  return object;
}

nlohmann::json secret_with_chain(const api::Certificate& certificate, const kube::Secret* present,
                                 const std::string& chain_pem, const std::string& key_pem,
                                 const Provenance& from, SecretMetadataOptions options) {
  const api::IssuerRef& issuer = certificate.spec.issuer_ref;
  nlohmann::json object = object_with(
      certificate, present, {issuer.name, issuer.kind, from.order_url, from.server}, options);
  put_pair(object, chain_pem, key_pem);
  return object;
}

nlohmann::json secret_with_new_metadata(const api::Certificate& certificate,
                                        const kube::Secret& present,
                                        SecretMetadataOptions options) {
  nlohmann::json object = object_with(certificate, &present, origin_of(&present), options);
  put_pair(object, present.value(kChainKey), present.value(kPrivateKeyKey));
  return object;
}

bool has_wanted_metadata(const api::Certificate& certificate, const kube::Secret& secret,
                         SecretMetadataOptions options) {
  const kube::ObjectMeta& metadata = secret.metadata;
  if (!contains(metadata.labels, certificate.spec.secret_labels)) return false;
  if (!contains(metadata.annotations, certificate.spec.secret_annotations)) return false;
  if (!options.owner_reference) return true;
  return std::any_of(metadata.owner_references.begin(), metadata.owner_references.end(),
                     [&](const auto& owner) { return owner.uid == certificate.metadata.uid; });
}

}  // namespace certificate
