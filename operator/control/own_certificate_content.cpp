#include "operator/control/own_certificate_content.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/time_text.h"

namespace control {
namespace {

using Field = std::pair<const char*, std::string OwnCertificateContent::*>;

constexpr std::array<Field, 7> kFields = {
    {{"tls.crt", &OwnCertificateContent::leaf},
     {"tls.key", &OwnCertificateContent::leaf_key},
     {"ca.crt", &OwnCertificateContent::ca},
     {"ca.key", &OwnCertificateContent::ca_key},
     {"next-ca.crt", &OwnCertificateContent::next_ca},
     {"next-ca.key", &OwnCertificateContent::next_ca_key},
     {"previous-ca.crt", &OwnCertificateContent::previous_ca}}};

const nlohmann::json kLabels = {{"app.kubernetes.io/name", "gatehouse"},
                                {"app.kubernetes.io/component", "operator"},
                                {"app.kubernetes.io/managed-by", "gatehouse-operator"}};

}  // namespace

OwnCertificateContent read_own_certificate(const kube::Secret& secret) {
  OwnCertificateContent content;
  for (const auto& [key, field] : kFields) content.*field = secret.value(key);
  return content;
}

nlohmann::json own_certificate_secret(const kube::ObjectKey& key,
                                      const OwnCertificateContent& content) {
  nlohmann::json data = nlohmann::json::object();
  for (const auto& [name, field] : kFields) {
    if (const std::string& value = content.*field; !value.empty()) {
      data[name] = base::base64_encode(value);
    }
  }
  // Not kubernetes.io/tls: an Ingress may name only that type, and this is no Ingress's
  // certificate.
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"namespace", key.namespace_}, {"name", key.name}, {"labels", kLabels}}},
          {"type", "Opaque"},
          {"data", std::move(data)}};
}

nlohmann::json own_certificate_patch(const OwnCertificateContent& content) {
  nlohmann::json data = nlohmann::json::object();
  for (const auto& [name, field] : kFields) {
    const std::string& value = content.*field;
    data[name] = value.empty() ? nlohmann::json() : nlohmann::json(base::base64_encode(value));
  }
  return {{"data", std::move(data)}};
}

std::string bundle_of(const OwnCertificateContent& content) {
  std::string bundle;
  for (const std::string* certificate : {&content.ca, &content.next_ca, &content.previous_ca}) {
    if (certificate->empty()) continue;
    bundle += *certificate;
    if (!bundle.ends_with('\n')) bundle += '\n';
  }
  return bundle;
}

PublishedBundle read_published_bundle(const kube::ConfigMap& map) {
  PublishedBundle published;
  if (const auto found = map.data.find(kBundleKey); found != map.data.end()) {
    published.pem = found->second;
  }
  published.since = base::from_rfc3339(map.metadata.annotation(kBundleSinceAnnotation));
  return published;
}

nlohmann::json bundle_config_map(const kube::ObjectKey& key, const std::string& pem,
                                 base::WallTime since) {
  return {{"apiVersion", "v1"},
          {"kind", "ConfigMap"},
          {"metadata",
           {{"namespace", key.namespace_},
            {"name", key.name},
            {"labels", kLabels},
            {"annotations", {{kBundleSinceAnnotation, base::to_rfc3339(since)}}}}},
          {"data", {{kBundleKey, pem}}}};
}

}  // namespace control
