#include "operator/control/serving_content.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "base/time_text.h"

namespace control {
namespace {

using Field = std::pair<const char*, std::string ServingContent::*>;

constexpr std::array<Field, 7> kFields = {{{"tls.crt", &ServingContent::leaf},
                                           {"tls.key", &ServingContent::leaf_key},
                                           {"ca.crt", &ServingContent::ca},
                                           {"ca.key", &ServingContent::ca_key},
                                           {"next-ca.crt", &ServingContent::next_ca},
                                           {"next-ca.key", &ServingContent::next_ca_key},
                                           {"previous-ca.crt", &ServingContent::previous_ca}}};

const nlohmann::json kLabels = {{"app.kubernetes.io/name", "gatehouse"},
                                {"app.kubernetes.io/component", "operator"},
                                {"app.kubernetes.io/managed-by", "gatehouse-operator"}};

}  // namespace

ServingContent read_serving_content(const kube::Secret& secret) {
  ServingContent content;
  for (const auto& [key, field] : kFields) content.*field = secret.value(key);
  return content;
}

nlohmann::json serving_secret(const kube::ObjectKey& key, const ServingContent& content) {
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

nlohmann::json serving_patch(const ServingContent& content) {
  nlohmann::json data = nlohmann::json::object();
  for (const auto& [name, field] : kFields) {
    const std::string& value = content.*field;
    data[name] = value.empty() ? nlohmann::json() : nlohmann::json(base::base64_encode(value));
  }
  return {{"data", std::move(data)}};
}

std::string bundle_of(const ServingContent& content) {
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
