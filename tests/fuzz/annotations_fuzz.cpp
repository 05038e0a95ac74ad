#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "kube/resources/config_map.h"
#include "operator/ingress/annotations/policies_in_force.h"
#include "operator/ingress/annotations/snippet.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/ingress_names.h"
#include "proxy/config/valid_config.h"

// What people write into annotations of an Ingress, and into a ConfigMap that one names: whatever
// it is, what comes of it keeps the contract with the proxies, by itself and without a look at
// contract_breach.h. An input is "KEY=VALUE", one after the other with a byte 1 between them; a key
// that begins with "@" is one of the ConfigMap "fields".
namespace {

constexpr char kBetween = '\x01';
constexpr const char* kPrefix = "nginx.ingress.kubernetes.io/";

void require(bool holds) {
  if (!holds) std::abort();
}

// As the API server has every text.
bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

kube::IngressPath path_to_web(const std::string& path) {
  kube::IngressPath made;
  made.path = path;
  made.path_type = kube::PathType::prefix;
  made.backend.service.emplace();
  made.backend.service->name = "web";
  made.backend.service->port_number = 80;
  return made;
}

kube::Service a_service(const std::string& name) {
  kube::Service service;
  service.metadata.namespace_ = "shop";
  service.metadata.name = name;
  service.cluster_ip = "10.96.0.1";
  service.ports.emplace_back();
  service.ports.back().port = 80;
  return service;
}

void add_class(ingress::ClusterView& view) {
  kube::IngressClass ours;
  ours.metadata.name = "gatehouse";
  ours.controller = view.controller;
  view.classes.push_back(std::make_shared<const kube::IngressClass>(ours));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!is_ascii(input)) return 0;
  ingress::annotations::typed_keys_for(input);
  kube::Ingress ingress;
  ingress.metadata.namespace_ = "shop";
  ingress.metadata.name = "www";
  ingress.ingress_class_name = "gatehouse";
  ingress.rules.emplace_back();
  ingress.rules.back().host = "shop.example";
  ingress.rules.back().paths = {path_to_web("/"), path_to_web("/api")};
  kube::ConfigMap fields;
  while (!input.empty()) {
    const std::string_view one = input.substr(0, input.find(kBetween));
    input.remove_prefix(one.size() == input.size() ? one.size() : one.size() + 1);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = one.substr(0, equals);
    const std::string value(one.substr(equals + 1));
    if (key.starts_with('@')) {
      fields.data[std::string(key.substr(1))] = value;
    } else {
      ingress.metadata.annotations[kPrefix + std::string(key)] = value;
    }
  }
  ingress::ClusterView view;
  add_class(view);
  view.ingresses.push_back(std::make_shared<const kube::Ingress>(ingress));
  for (const char* const name : {"web", "auth"}) {
    view.services.push_back(std::make_shared<const kube::Service>(a_service(name)));
  }
  view.field_maps[{"shop", "fields"}] =
      std::make_shared<const routing::FieldMap>(routing::read_field_map(fields));
  const ingress::Compiled compiled = ingress::compile(view);
  require(proxy::config::validate(compiled.config).has_value());
  ingress::annotations::policies_in_force(ingress);
  ingress::named_hosts(ingress);
  return 0;
}
