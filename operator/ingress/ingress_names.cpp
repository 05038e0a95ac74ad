#include "operator/ingress/ingress_names.h"

#include <optional>
#include <utility>

#include "operator/ingress/annotations/backend_protocol.h"
#include "operator/ingress/annotations/basic_auth.h"
#include "operator/ingress/annotations/client_certificates.h"
#include "operator/ingress/annotations/error_pages.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/routing/host_name.h"

namespace ingress {
namespace {

using routing::config_host;

void add_backend(const kube::Ingress& ingress, const kube::IngressBackend& backend,
                 std::set<kube::ObjectKey>& services) {
  if (backend.service) services.insert({ingress.metadata.namespace_, backend.service->name});
}

void add_host(const std::string& written, std::set<std::string>& hosts) {
  if (auto host = config_host(written)) hosts.insert(std::move(*host));
}

// Of rules, and of the annotations that are claims on hosts.
std::set<std::string> claimed_hosts(const kube::Ingress& ingress) {
  std::set<std::string> hosts;
  // A default backend alone, or a certificate for the hosts of no rule.
  if (ingress.rules.empty()) hosts.insert("");
  for (const kube::IngressRule& rule : ingress.rules) add_host(rule.host, hosts);
  annotations::Issues unsaid;  // the compiler says them
  annotations::OtherHosts others = annotations::read_other_hosts(ingress, unsaid);
  for (std::string& host : others.aliases) hosts.insert(std::move(host));
  for (auto& [from, to] : others.redirected) hosts.insert(std::move(from));
  return hosts;
}

}  // namespace

std::set<kube::ObjectKey> named_secrets(const kube::Ingress& ingress) {
  std::set<kube::ObjectKey> secrets;
  for (const kube::IngressTls& tls : ingress.tls) {
    if (!tls.secret_name.empty()) secrets.insert({ingress.metadata.namespace_, tls.secret_name});
  }
  const kube::ObjectMeta& metadata = ingress.metadata;
  const auto of_backends =
      annotations::backend_secret_of(metadata.annotations, metadata.namespace_);
  if (of_backends) secrets.insert({metadata.namespace_, *of_backends});
  return secrets;
}

std::set<kube::ObjectKey> named_auth_secrets(const kube::Ingress& ingress) {
  std::set<kube::ObjectKey> secrets;
  annotations::Issues unsaid;  // the compiler says them
  if (const auto basic = annotations::read_basic_auth(ingress, unsaid)) {
    secrets.insert(basic->secret);
  }
  if (const auto clients = annotations::read_client_certificates(ingress, unsaid)) {
    secrets.insert(clients->secret);
  }
  return secrets;
}

std::set<kube::ObjectKey> named_field_maps(const kube::Ingress& ingress) {
  std::set<kube::ObjectKey> maps;
  annotations::Issues unsaid;  // the compiler says them
  if (auto custom = annotations::read_custom_headers(ingress, unsaid)) {
    maps.insert(std::move(custom->map));
  }
  if (const auto auth = annotations::read_external_auth(ingress, unsaid); auth && auth->fields) {
    maps.insert(auth->fields->map);
  }
  const kube::ObjectMeta& metadata = ingress.metadata;
  auto of_backends = annotations::backend_config_map_of(metadata.annotations, metadata.namespace_);
  if (of_backends) maps.insert({metadata.namespace_, std::move(*of_backends)});
  return maps;
}

std::set<kube::ObjectKey> named_services(const kube::Ingress& ingress) {
  std::set<kube::ObjectKey> services;
  if (ingress.default_backend) add_backend(ingress, *ingress.default_backend, services);
  for (const kube::IngressRule& rule : ingress.rules) {
    for (const kube::IngressPath& path : rule.paths) add_backend(ingress, path.backend, services);
  }
  std::string pages = annotations::default_backend_of(ingress.metadata.annotations);
  if (!pages.empty()) services.insert({ingress.metadata.namespace_, std::move(pages)});
  annotations::Issues unsaid;  // the compiler says them
  const auto auth = annotations::read_external_auth(ingress, unsaid);
  if (auth && auth->service) services.insert(auth->service->key);
  const auto mirror = annotations::read_mirror(ingress, unsaid);
  if (mirror && mirror->service) services.insert(*mirror->service);
  return services;
}

std::set<kube::ObjectKey> named_services(const api::EdgeParameters& parameters) {
  const api::EdgeParameters::Spec& spec = parameters.spec;
  std::set<kube::ObjectKey> services;
  if (spec.default_backend) services.insert(spec.default_backend->service);
  if (spec.asked_service) services.insert(*spec.asked_service);
  return services;
}

std::set<std::string> asked_hosts(const kube::Ingress& ingress) {
  std::set<std::string> hosts;
  annotations::Issues unsaid;  // the compiler says them
  const auto auth = annotations::read_external_auth(ingress, unsaid);
  if (auth && !auth->other_host.empty()) hosts.insert(auth->other_host);
  const auto mirror = annotations::read_mirror(ingress, unsaid);
  if (mirror && mirror->outside) hosts.insert(mirror->outside->host);
  return hosts;
}

std::set<std::string> named_hosts(const kube::Ingress& ingress) {
  std::set<std::string> hosts = claimed_hosts(ingress);
  for (const kube::IngressTls& tls : ingress.tls) {
    for (const std::string& host : tls.hosts) add_host(host, hosts);
  }
  return hosts;
}

std::map<std::string, kube::ObjectKey> shown_wildcards(const kube::Ingress& ingress) {
  std::map<std::string, kube::ObjectKey> shown;
  std::set<std::string> others = claimed_hosts(ingress);
  for (const kube::IngressTls& tls : ingress.tls) {
    const kube::ObjectKey secret{ingress.metadata.namespace_, tls.secret_name};
    for (const std::string& written : tls.hosts) {
      const auto host = config_host(written);
      if (!host || !host->starts_with("*.")) continue;
      const bool is_one = shown.try_emplace(*host, secret).first->second == secret;
      if (!is_one || secret.name.empty()) others.insert(*host);
    }
  }
  for (const std::string& host : others) shown.erase(host);
  return shown;
}

std::vector<routing::OutsideHost> named_outside(const kube::Ingress& ingress) {
  std::vector<routing::OutsideHost> all;
  annotations::Issues unsaid;  // the compiler says them
  if (const auto auth = annotations::read_external_auth(ingress, unsaid)) {
    if (auto outside = annotations::may_ask_outside(*auth)) all.push_back(std::move(*outside));
  }
  if (auto mirror = annotations::read_mirror(ingress, unsaid); mirror && mirror->outside) {
    all.push_back(std::move(*mirror->outside));
  }
  return all;
}

}  // namespace ingress
