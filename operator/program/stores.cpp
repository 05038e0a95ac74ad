#include "operator/program/stores.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "operator/ingress/ingress_names.h"

namespace program {
namespace {

// As kube::CachedKind says it.
Stores::Namespaces or_whole_cluster(Stores::Namespaces watched) {
  if (watched.empty()) watched.insert("");
  return watched;
}

Stores::Namespaces joined(Stores::Namespaces one, const Stores::Namespaces& other) {
  one.insert(other.begin(), other.end());
  return one;
}

const nlohmann::json* field(const nlohmann::json& object, const char* path) {
  const nlohmann::json::json_pointer pointer(path);
  return object.contains(pointer) ? &object.at(pointer) : nullptr;
}

bool is_tls_secret(const nlohmann::json& object) {
  const auto* const type = field(object, "/type");
  return type != nullptr && *type == kube::kTlsSecretType;
}

// The key of an order: removed from the Secret when the Certificate is gone, so nobody names it.
bool has_key_of_order(const nlohmann::json& object) {
  return field(object, "/data/next-tls.key") != nullptr;
}

kube::ObjectKey service_of_slice(const nlohmann::json& object) {
  const auto* const label = field(object, "/metadata/labels/kubernetes.io~1service-name");
  kube::ObjectKey service = kube::read_key(object);
  service.name = label != nullptr && label->is_string() ? label->get<std::string>() : "";
  return service;
}

}  // namespace

Stores::Stores(kube::Client& client, const Namespaces& watched, const Namespaces& own, Named named,
               std::shared_ptr<prometheus::Registry> registry)
    : watched_(or_whole_cluster(watched)),
      with_own_(watched.empty() ? watched_ : joined(watched, own)),
      of_the_cluster_(watched.empty() ? watched_ : Namespaces{}),
      named_(std::move(named)),
      cache(client, {.registry = std::move(registry)}) {}

kube::Naming Stores::naming_of_secrets(IsNamed is_named) {
  kube::Naming naming;
  naming.name_of = [](const nlohmann::json& object) { return kube::read_key(object); };
  naming.is_named = std::move(is_named);
  naming.is_meant = is_tls_secret;
  naming.is_always_kept = has_key_of_order;
  return naming;
}

kube::Naming Stores::naming_of_slices(IsNamed is_named) {
  kube::Naming naming;
  naming.name_of = service_of_slice;
  naming.is_named = std::move(is_named);
  naming.label = "kubernetes.io/service-name";
  return naming;
}

Stores::Names Stores::names_of(const kube::Ingress& ingress) const {
  Names names;
  tls_secrets.add_names(ingress::named_secrets(ingress), names);
  slices.add_names(ingress::named_services(ingress), names);
  return names;
}

Stores::Names Stores::names_of(const api::Certificate& certificate) const {
  Names names;
  tls_secrets.add_names({{certificate.metadata.namespace_, certificate.spec.secret_name}}, names);
  return names;
}

Stores::Names Stores::names_of(const api::EdgeParameters& one) const {
  Names names;
  slices.add_names(ingress::named_services(one), names);
  return names;
}

}  // namespace program
