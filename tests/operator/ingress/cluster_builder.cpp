#include "tests/operator/ingress/cluster_builder.h"

namespace ingress_test {

kube::ObjectKey key_of(const std::string& text) {
  const auto slash = text.find('/');
  return {text.substr(0, slash), text.substr(slash + 1)};
}

namespace {

kube::ObjectMeta meta(const std::string& text) {
  const kube::ObjectKey key = key_of(text);
  kube::ObjectMeta metadata;
  metadata.namespace_ = key.namespace_;
  metadata.name = key.name;
  metadata.uid = "uid-" + text;
  metadata.resource_version = "1";
  metadata.creation_timestamp = kNow - std::chrono::hours(24);
  return metadata;
}

kube::IngressBackend backend(const std::string& service, const std::string& name, int port) {
  kube::IngressBackend made;
  made.service = kube::IngressServiceBackend{service, name, port};
  return made;
}

}  // namespace

IngressBuilder::IngressBuilder(const std::string& key) {
  ingress_.metadata = meta(key);
  ingress_.ingress_class_name = "gatehouse";
}

IngressBuilder& IngressBuilder::created_after(std::chrono::seconds seconds) {
  ingress_.metadata.creation_timestamp += seconds;
  return *this;
}

IngressBuilder& IngressBuilder::being_deleted() {
  ingress_.metadata.is_being_deleted = true;
  return *this;
}

IngressBuilder& IngressBuilder::annotation(const std::string& name, const std::string& value) {
  ingress_.metadata.annotations[name] = value;
  return *this;
}

IngressBuilder& IngressBuilder::class_name(const std::string& name) {
  ingress_.ingress_class_name = name;
  return *this;
}

IngressBuilder& IngressBuilder::no_class() {
  ingress_.ingress_class_name.reset();
  return *this;
}

kube::IngressRule& IngressBuilder::rule(const std::string& host) {
  if (ingress_.rules.empty() || ingress_.rules.back().host != host) {
    ingress_.rules.push_back({host, {}});
  }
  return ingress_.rules.back();
}

IngressBuilder& IngressBuilder::path(const std::string& host, const std::string& path,
                                     const std::string& service, int port, kube::PathType type) {
  rule(host).paths.push_back({path, type, backend(service, "", port)});
  return *this;
}

IngressBuilder& IngressBuilder::path_to_named_port(const std::string& host, const std::string& path,
                                                   const std::string& service,
                                                   const std::string& port) {
  rule(host).paths.push_back({path, kube::PathType::prefix, backend(service, port, 0)});
  return *this;
}

IngressBuilder& IngressBuilder::resource_path(const std::string& host, const std::string& path) {
  kube::IngressBackend resource;
  resource.resource = kube::IngressResourceBackend{"k8s.example.com", "StorageBucket", "static"};
  rule(host).paths.push_back({path, kube::PathType::prefix, resource});
  return *this;
}

IngressBuilder& IngressBuilder::rule_without_paths(const std::string& host) {
  rule(host);
  return *this;
}

IngressBuilder& IngressBuilder::default_backend(const std::string& service, int port) {
  ingress_.default_backend = backend(service, "", port);
  return *this;
}

IngressBuilder& IngressBuilder::tls(std::vector<std::string> hosts, const std::string& secret) {
  ingress_.tls.push_back({std::move(hosts), secret});
  return *this;
}

kube::Service a_service(const std::string& key, int port, const std::string& port_name) {
  kube::Service service;
  service.metadata = meta(key);
  service.cluster_ip = "10.96.0.10";
  kube::ServicePort one;
  one.name = port_name;
  one.port = port;
  one.target_port = "8080";
  service.ports.push_back(one);
  return service;
}

kube::EndpointSlice a_slice(const std::string& service, const std::string& port_name, int port,
                            std::vector<std::string> addresses, const std::string& type) {
  kube::EndpointSlice slice;
  slice.metadata = meta(service + "-" + std::to_string(port) + type);
  slice.metadata.labels["kubernetes.io/service-name"] = key_of(service).name;
  slice.address_type = type;
  kube::EndpointPort one;
  one.name = port_name;
  one.port = port;
  slice.ports.push_back(one);
  for (std::string& address : addresses) {
    kube::Endpoint endpoint;
    endpoint.addresses.push_back(std::move(address));
    slice.endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

api::Certificate a_certificate(const std::string& key, const std::string& secret,
                               std::vector<std::string> names) {
  api::Certificate certificate;
  certificate.metadata = meta(key);
  certificate.spec.secret_name = secret;
  certificate.spec.dns_names = std::move(names);
  return certificate;
}

ViewBuilder::ViewBuilder() {
  view.now = kNow;
  ingress_class("gatehouse", ingress::kControllerName);
}

ViewBuilder& ViewBuilder::ingress(std::shared_ptr<const kube::Ingress> ingress) {
  view.ingresses.push_back(std::move(ingress));
  return *this;
}

ViewBuilder& ViewBuilder::ingress_class(const std::string& name, const std::string& controller,
                                        bool is_default) {
  kube::IngressClass made;
  made.metadata.name = name;
  made.controller = controller;
  if (is_default) {
    made.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
  }
  view.classes.push_back(std::make_shared<const kube::IngressClass>(std::move(made)));
  return *this;
}

ViewBuilder& ViewBuilder::service(const std::string& key, int port,
                                  std::vector<std::string> addresses,
                                  const std::string& port_name) {
  return service_object(a_service(key, port, port_name))
      .slice(a_slice(key, port_name, 8080, std::move(addresses)));
}

ViewBuilder& ViewBuilder::service_object(kube::Service service) {
  view.services.push_back(std::make_shared<const kube::Service>(std::move(service)));
  return *this;
}

ViewBuilder& ViewBuilder::slice(kube::EndpointSlice slice) {
  view.slices.push_back(std::make_shared<const kube::EndpointSlice>(std::move(slice)));
  return *this;
}

ViewBuilder& ViewBuilder::secret(const std::string& key, std::vector<std::string> names,
                                 base::WallTime not_after) {
  routing::TlsSecret secret;
  secret.state = routing::TlsSecret::State::usable;
  secret.material = std::make_shared<const proxy::config::Certificate>(
      proxy::config::Certificate{"chain of " + key, "key of " + key});
  routing::TlsSecret::Leaf leaf;
  leaf.dns_names = std::move(names);
  leaf.not_after = not_after;
  secret.leaf = std::move(leaf);
  view.secrets[key_of(key)] = std::make_shared<const routing::TlsSecret>(std::move(secret));
  return *this;
}

ViewBuilder& ViewBuilder::broken_secret(const std::string& key, const std::string& problem) {
  routing::TlsSecret secret;
  secret.problem = problem;
  view.secrets[key_of(key)] = std::make_shared<const routing::TlsSecret>(std::move(secret));
  return *this;
}

ViewBuilder& ViewBuilder::empty_secret(const std::string& key) {
  routing::TlsSecret secret;
  secret.state = routing::TlsSecret::State::empty;
  view.secrets[key_of(key)] = std::make_shared<const routing::TlsSecret>(std::move(secret));
  return *this;
}

ViewBuilder& ViewBuilder::auth_secret(const std::string& key, const std::string& htpasswd) {
  kube::Secret secret;
  secret.data["auth"] = htpasswd;
  view.auth_secrets[key_of(key)] =
      std::make_shared<const routing::AuthSecret>(routing::read_auth_secret(secret));
  return *this;
}

ViewBuilder& ViewBuilder::authorities(const std::string& key, const std::string& ca_crt,
                                      const std::string& ca_crl) {
  kube::Secret secret;
  secret.data["ca.crt"] = ca_crt;
  if (!ca_crl.empty()) secret.data["ca.crl"] = ca_crl;
  view.auth_secrets[key_of(key)] =
      std::make_shared<const routing::AuthSecret>(routing::read_auth_secret(secret));
  return *this;
}

ViewBuilder& ViewBuilder::field_map(const std::string& key,
                                    std::map<std::string, std::string> fields) {
  kube::ConfigMap map;
  map.data = std::move(fields);
  view.field_maps[key_of(key)] =
      std::make_shared<const routing::FieldMap>(routing::read_field_map(map));
  return *this;
}

ViewBuilder& ViewBuilder::certificate(api::Certificate certificate) {
  view.certificates.push_back(std::make_shared<const api::Certificate>(std::move(certificate)));
  return *this;
}

}  // namespace ingress_test
