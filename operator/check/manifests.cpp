#include "operator/check/manifests.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "kube/resources/config_map.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/secret.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "operator/ingress/ingress_names.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/external_names.h"

namespace check {
namespace {

constexpr const char* kClass = "gatehouse";
// Of an endpoint that is assumed; from a network for documentation (RFC 5737), it is never asked.
constexpr const char* kAssumedAddress = "192.0.2.1";

// Later than any time that a cluster has noted.
constexpr base::WallTime kYetToCome{std::chrono::hours(24 * 365 * 200)};

// What a person wrote there, of whatever type it is; empty: nothing.
std::string text_of(const nlohmann::json& object, const char* field) {
  const auto value = object.find(field);
  if (value == object.end()) return {};
  return value->is_string() ? value->get<std::string>() : value->dump();
}

// The API server refuses an object that has these otherwise; kubectl says so at length.
std::string fault_of_metadata(const nlohmann::json& object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return "it has no metadata";
  const auto name = metadata->find("name");
  if (name == metadata->end() || !name->is_string()) return "it has no name";
  const auto annotations = metadata->find("annotations");
  if (annotations == metadata->end() || annotations->is_null()) return "";
  if (!annotations->is_object()) return "its annotations are no mapping";
  for (const auto& [key, value] : annotations->items()) {
    if (!value.is_string()) return "the value of annotation " + key + " is no text: quote it";
  }
  return "";
}

std::string title_of(const nlohmann::json& object) {
  return text_of(object, "kind") + " " + kube::read_key(object).text();
}

nlohmann::json in_default_namespace(nlohmann::json object) {
  if (!object["metadata"].contains("namespace")) object["metadata"]["namespace"] = "default";
  return object;
}

// As the API server does with what people write by hand.
void encode_string_data(nlohmann::json& secret) {
  const auto texts = secret.find("stringData");
  if (texts == secret.end() || !texts->is_object()) return;
  nlohmann::json& data = secret["data"];
  if (!data.is_null() && !data.is_object()) return;
  for (const auto& [key, text] : texts->items()) {
    if (text.is_string()) data[key] = base::base64_encode(text.get<std::string>());
  }
}

using Ports = std::set<std::pair<std::string, std::int32_t>>;  // name and number

// Every Service that an Ingress of these names, with the ports that are asked of it.
std::map<kube::ObjectKey, Ports> services_named(
    const ingress::ClusterView::Objects<kube::Ingress>& ingresses) {
  std::map<kube::ObjectKey, Ports> named;
  for (const auto& ingress : ingresses) {
    const auto note = [&](const kube::IngressBackend& backend) {
      if (!backend.service) return;
      named[{ingress->metadata.namespace_, backend.service->name}].emplace(
          backend.service->port_name, backend.service->port_number);
    };
    // Those that annotations name are asked at whatever port they have.
    for (const kube::ObjectKey& key : ingress::named_services(*ingress)) named[key];
    if (ingress->default_backend) note(*ingress->default_backend);
    for (const kube::IngressRule& rule : ingress->rules) {
      for (const kube::IngressPath& path : rule.paths) note(path.backend);
    }
    ingress::annotations::Issues unsaid;  // the compiler says them
    const auto auth = ingress::annotations::read_external_auth(*ingress, unsaid);
    if (auth && auth->service) named[auth->service->key].emplace("", auth->service->port);
    const auto mirror = ingress::annotations::read_mirror(*ingress, unsaid);
    if (mirror && mirror->service) named[*mirror->service].emplace("", mirror->port);
  }
  return named;
}

kube::Service assumed_service(const kube::ObjectKey& key, Ports ports) {
  if (ports.empty()) ports.emplace("", 80);
  kube::Service service;
  service.metadata.name = key.name;
  service.metadata.namespace_ = key.namespace_;
  service.cluster_ip = kAssumedAddress;
  std::int32_t next = 1;
  for (const auto& [name, number] : ports) {
    kube::ServicePort port;
    port.name = name.empty() ? "port-" + std::to_string(number) : name;
    port.port = number != 0 ? number : next++;
    service.ports.push_back(std::move(port));
  }
  return service;
}

kube::EndpointSlice assumed_slice(const kube::Service& service) {
  kube::EndpointSlice slice;
  slice.metadata.name = service.metadata.name;
  slice.metadata.namespace_ = service.metadata.namespace_;
  slice.metadata.labels["kubernetes.io/service-name"] = service.metadata.name;
  slice.address_type = "IPv4";
  kube::Endpoint endpoint;
  endpoint.addresses = {kAssumedAddress};
  slice.endpoints = {std::move(endpoint)};
  for (const kube::ServicePort& port : service.ports) {
    slice.ports.push_back({port.name, 8080, port.protocol, port.app_protocol});
  }
  return slice;
}

void assume_backends(ingress::ClusterView& view) {
  std::set<kube::ObjectKey> known, with_endpoints;
  for (const auto& service : view.services) known.insert(service->metadata.key());
  for (const auto& slice : view.slices) with_endpoints.insert(slice->service());
  auto named = services_named(view.ingresses);
  for (const auto& [name, parameters] : view.parameters) {
    const auto& backend = parameters->spec.default_backend;
    if (backend) named[backend->service].emplace("", backend->port);
  }
  for (const auto& [key, ports] : named) {
    if (known.insert(key).second)
      view.services.push_back(std::make_shared<const kube::Service>(assumed_service(key, ports)));
  }
  for (const auto& service : view.services) {
    if (with_endpoints.count(service->metadata.key()) == 0)
      view.slices.push_back(std::make_shared<const kube::EndpointSlice>(assumed_slice(*service)));
  }
}

// What a Secret under tls and one of proxy-ssl-secret must hold: a certificate for all that it is
// to serve, and authorities. Its material is never shown to anybody.
routing::TlsSecret assumed_tls_secret(std::vector<std::string> names) {
  routing::TlsSecret secret;
  secret.state = routing::TlsSecret::State::usable;
  secret.authorities_pem = "assumed";
  secret.material = std::make_shared<const proxy::config::Certificate>(
      proxy::config::Certificate{"assumed", "assumed"});
  routing::TlsSecret::Leaf leaf;
  leaf.dns_names = std::move(names);
  leaf.not_after = base::WallTime::max();
  secret.leaf = std::move(leaf);
  return secret;
}

void assume_tls_secrets(ingress::ClusterView& view) {
  std::map<kube::ObjectKey, std::set<std::string>> names;
  for (const auto& ingress : view.ingresses) {
    for (const kube::ObjectKey& key : ingress::named_secrets(*ingress)) {
      names[key].merge(ingress::named_hosts(*ingress));
    }
  }
  for (auto& [key, hosts] : names) {
    // It is there, and of another type: the operator would not read it.
    if (view.auth_secrets.count(key) != 0) continue;
    view.secrets.try_emplace(key, std::make_shared<const routing::TlsSecret>(
                                      assumed_tls_secret({hosts.begin(), hosts.end()})));
  }
}

// What no manifest holds is taken to have somebody in it.
void assume_auth_secrets(ingress::ClusterView& view) {
  routing::AuthSecret secret;
  secret.file.users = secret.map.users = {{"somebody", ""}};
  secret.authorities.trusted_pem = "somebody's";
  const auto assumed = std::make_shared<const routing::AuthSecret>(std::move(secret));
  for (const auto& ingress : view.ingresses) {
    for (const kube::ObjectKey& key : ingress::named_auth_secrets(*ingress)) {
      view.auth_secrets.try_emplace(key, assumed);
    }
  }
}

void assume_field_maps(ingress::ClusterView& view) {
  routing::FieldMap map;
  map.authorities_pem = std::string("somebody's");
  const auto assumed = std::make_shared<const routing::FieldMap>(std::move(map));
  for (const auto& ingress : view.ingresses) {
    for (const kube::ObjectKey& key : ingress::named_field_maps(*ingress)) {
      view.field_maps.try_emplace(key, assumed);
    }
  }
}

void assume_parameters(ingress::ClusterView& view, const std::set<std::string>& broken) {
  for (const auto& one : view.classes) {
    const std::string name = ingress::named_parameters(*one);
    if (name.empty() || broken.count(name) != 0) continue;
    view.parameters.try_emplace(name, std::make_shared<const api::EdgeParameters>());
  }
}

void select_namespaces(ingress::ClusterView& view, const ingress::NamespaceLabels& known,
                       bool is_whole) {
  for (auto& [name, parameters] : view.parameters) {
    if (!parameters->spec.namespace_selector) continue;
    auto selected =
        std::make_shared<api::EdgeParameters>(*ingress::with_selected(parameters, known));
    for (const auto& ingress : view.ingresses) {
      const std::string& namespace_ = ingress->metadata.namespace_;
      if (!is_whole && known.count(namespace_) == 0) selected->spec.namespaces->insert(namespace_);
    }
    parameters = std::move(selected);
  }
}

// Nobody is asked: who stands behind a name is not what is checked.
void assume_external_names(ingress::ClusterView& view) {
  const auto assumed = std::make_shared<const routing::ResolvedName>(
      routing::ResolvedName{.addresses = {"192.0.2.1"}, .problem = {}});
  for (const auto& service : view.services) {
    if (const auto name = routing::external_name_of(*service)) {
      view.external_names.try_emplace(*name, assumed);
    }
  }
  for (const auto& ingress : view.ingresses) {
    for (const auto& outside : ingress::named_outside(*ingress)) {
      view.external_names.try_emplace(outside.host, assumed);
    }
  }
}

// The class of an Ingress as Kubernetes reads it; nothing: it has none.
std::optional<std::string> class_of(
    const kube::Ingress& ingress,
    const ingress::ClusterView::Objects<kube::IngressClass>& classes) {
  if (ingress.ingress_class_name) return ingress.ingress_class_name;
  const std::string annotation = ingress.metadata.annotation(ingress::kClassAnnotation);
  if (!annotation.empty()) return annotation;
  for (const auto& one : classes) {
    if (one->is_default()) return one->metadata.name;
  }
  return std::nullopt;
}

void keep_classes(ingress::ClusterView& view, std::set<std::string> classes) {
  classes.insert(kClass);
  for (const auto& one : view.classes) {
    if (one->controller == view.controller) classes.insert(one->metadata.name);
  }
  std::erase_if(view.ingresses, [&](const auto& one) {
    const auto name = class_of(*one, view.classes);
    return !name || classes.count(*name) == 0;
  });
}

// As if those of others named our class, and what is ours its own; the annotation would be another
// controller's claim.
void take_over(ingress::ClusterView& view) {
  ingress::ClusterView::Objects<kube::IngressClass> ours;
  view.class_names = {kClass};
  const auto given = view.classes;
  for (const auto& one : given) {
    if (one->controller != view.controller) continue;
    ours.push_back(one);
    view.class_names.insert(one->metadata.name);
  }
  const bool has_class = std::any_of(ours.begin(), ours.end(),
                                     [](const auto& one) { return one->metadata.name == kClass; });
  if (!has_class) {
    kube::IngressClass made;
    made.metadata.name = kClass;
    made.controller = view.controller;
    ours.push_back(std::make_shared<const kube::IngressClass>(std::move(made)));
  }
  view.classes = std::move(ours);
  for (auto& one : view.ingresses) {
    auto taken = std::make_shared<kube::Ingress>(*one);
    const auto own = class_of(*one, given);
    taken->ingress_class_name = own && view.class_names.count(*own) != 0 ? *own : kClass;
    taken->metadata.annotations.erase(ingress::kClassAnnotation);
    one = std::move(taken);
  }
}

}  // namespace

void Manifests::add_problem(const std::string& source, const std::string& problem) {
  problems_.push_back(source + ": " + problem);
}

template <class T>
void Manifests::add_typed(const std::string& source, const nlohmann::json& object,
                          ingress::ClusterView::Objects<T>& objects) {
  auto typed = T::from_json(object);
  if (!typed) return add_problem(source, title_of(object) + ": " + typed.error().message);
  // What is yet to be created is younger than all there is; among its like the order of the
  // manifests is their age.
  if (typed->metadata.creation_timestamp == base::WallTime{})
    typed->metadata.creation_timestamp = kYetToCome + std::chrono::seconds(objects.size());
  objects.push_back(std::make_shared<const T>(std::move(*typed)));
}

// One that cannot be read is there all the same, and decides nothing.
void Manifests::add_parameters(const std::string& source, const nlohmann::json& object) {
  const std::string name = kube::read_meta(object).name;
  auto parameters = ingress::sound_edge_parameters(object);
  if (parameters) {
    broken_parameters_.erase(name);
    view_.parameters[name] = std::make_shared<const api::EdgeParameters>(std::move(*parameters));
    return;
  }
  broken_parameters_.insert(name);
  view_.parameters.erase(name);
  add_problem(source, title_of(object) + ": " + parameters.error().message);
}

void Manifests::add_secret(const std::string& source, const nlohmann::json& object) {
  const auto secret = kube::Secret::from_json(object);
  if (!secret) return add_problem(source, title_of(object) + ": " + secret.error().message);
  view_.secrets[secret->metadata.key()] =
      std::make_shared<const routing::TlsSecret>(routing::read_tls_secret(*secret));
}

// What it holds matters to the Ingresses that name it, if any does.
void Manifests::add_auth_secret(const nlohmann::json& object) {
  const auto secret = kube::Secret::from_json(object);
  routing::AuthSecret read;
  if (secret) {
    read = routing::read_auth_secret(*secret);
  } else {
    read.file.problem = read.map.problem = read.authorities.problem =
        "cannot be read: " + secret.error().message;
  }
  view_.auth_secrets[kube::read_key(object)] =
      std::make_shared<const routing::AuthSecret>(std::move(read));
}

void Manifests::add(const std::string& source, const nlohmann::json& given) {
  const std::string kind = text_of(given, "kind");
  static const std::set<std::string> kRead = {"Ingress",       "IngressClass", "Service",
                                              "EndpointSlice", "Secret",       "Certificate",
                                              "Namespace",     "ConfigMap",    "EdgeParameters"};
  if (kRead.count(kind) == 0) return;
  const std::string api_version = text_of(given, "apiVersion");
  if (kind == "Ingress" && api_version != "networking.k8s.io/v1") {
    return add_problem(source, title_of(given) + " is of " + api_version +
                                   ", which no cluster serves since Kubernetes 1.22");
  }
  // Of cert-manager and others.
  if (kind == "Certificate" && api_version != api::Certificate::type().api_version()) return;
  if (kind == "EdgeParameters" && api_version != api::EdgeParameters::type().api_version()) return;
  if (const std::string fault = fault_of_metadata(given); !fault.empty())
    return add_problem(source, title_of(given) + ": " + fault);
  if (kind == "Namespace") {
    const kube::ObjectMeta metadata = kube::read_meta(given);
    if (metadata.is_being_deleted) view_.ending_namespaces.insert(metadata.name);
    namespaces_[metadata.name] = metadata.labels;
    return;
  }
  if (kind == "IngressClass") return add_typed(source, given, view_.classes);
  if (kind == "EdgeParameters") return add_parameters(source, given);
  nlohmann::json object = in_default_namespace(given);
  if (kind == "Ingress") return add_typed(source, object, view_.ingresses);
  if (kind == "Service") return add_typed(source, object, view_.services);
  if (kind == "EndpointSlice") return add_typed(source, object, view_.slices);
  if (kind == "Certificate") return add_typed(source, object, view_.certificates);
  if (kind == "ConfigMap") return add_field_map(source, object);
  encode_string_data(object);
  // One of either type may be named by a guard.
  add_auth_secret(object);
  if (text_of(object, "type") == kube::kTlsSecretType) add_secret(source, object);
}

void Manifests::add_field_map(const std::string& source, const nlohmann::json& object) {
  const auto map = kube::ConfigMap::from_json(object);
  if (!map) return add_problem(source, title_of(object) + ": " + map.error().message);
  view_.field_maps[map->metadata.key()] =
      std::make_shared<const routing::FieldMap>(routing::read_field_map(*map));
}

std::set<kube::ObjectKey> Manifests::field_maps_named() const {
  std::set<kube::ObjectKey> named;
  for (const auto& ingress : view_.ingresses) named.merge(ingress::named_field_maps(*ingress));
  return named;
}

std::set<kube::ObjectKey> Manifests::auth_secrets_named() const {
  std::set<kube::ObjectKey> named;
  for (const auto& ingress : view_.ingresses) {
    named.merge(ingress::named_auth_secrets(*ingress));
  }
  return named;
}

ingress::ClusterView Manifests::view(base::WallTime now, bool is_whole,
                                     const std::set<std::string>& classes) const {
  ingress::ClusterView view = view_;
  view.now = now;
  if (!classes.empty()) keep_classes(view, classes);
  take_over(view);
  if (!is_whole) assume_parameters(view, broken_parameters_);
  select_namespaces(view, namespaces_, is_whole);
  const ingress::ClassOwnership ownership = ingress::ownership_of(view);
  for (auto& one : view.ingresses) one = ownership.with_defaults(std::move(one));
  if (!is_whole) {
    assume_backends(view);
    assume_tls_secrets(view);
    assume_auth_secrets(view);
    assume_field_maps(view);
  }
  assume_external_names(view);
  return view;
}

}  // namespace check
