#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "kube/object.h"
#include "operator/api/certificate.h"
#include "operator/issuer/host_bounds.h"

namespace program {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

// "10.0.0.1:443", "[::1]:443", ":443" (every address, both families). invalid: says what it may be.
base::Result<ListenAddress> read_listen_address(const std::string& text);

// "namespace/name". invalid: says so.
base::Result<kube::ObjectKey> read_object_name(const std::string& text);

// What the flags of gatehouse-operator say, understood and checked as far as that goes without
// looking at files or the cluster.
struct Options {
  std::string kubeconfig;
  std::string context;
  std::string namespace_;  // empty: that of the ServiceAccount or the kubeconfig

  ListenAddress control;
  ListenAddress metrics;
  ListenAddress health;
  std::string control_tls_cert_file;
  std::string control_tls_key_file;
  // Both or neither; with them the operator makes the control endpoint's certificate itself.
  std::optional<kube::ObjectKey> control_tls_secret;
  std::optional<kube::ObjectKey> control_ca_config_map;
  std::vector<std::string> control_dns_names;  // none: gatehouse-operator.OUR-NAMESPACE.svc
  std::string ports_file;

  std::optional<kube::ObjectKey> proxy_service;  // nothing: gatehouse-proxy in our namespace
  std::optional<kube::ObjectKey> proxy_service_account;

  std::optional<kube::ObjectKey> publish_service;
  std::vector<std::string> publish_addresses;

  std::vector<std::string> ingress_classes;
  std::vector<std::string> watch_namespaces;  // none: all
  // Whether Certificates and issuers that name no class may be this release's own.
  bool classless_objects = true;
  std::optional<api::IssuerRef> default_issuer;
  bool certificate_owner_reference = false;
  bool request_buffering = true;
  bool shared_hosts = false;
  issuer::HostBounds issuer_hosts;

  bool leader_elect = true;
  std::string lease_name;
  std::string lease_namespace;

  std::string log_format;
  std::string log_level;
  int workers = 16;  // they wait for servers, of which some hang
};

// Reads argv. An int is the program's exit status: --help or --version was printed, or a mistake
// was told on standard error.
std::variant<Options, int> read_options(int argc, const char* const* argv);

}  // namespace program
