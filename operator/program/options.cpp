#include "operator/program/options.h"

#include <charconv>
#include <iostream>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>

#include "base/ip_text.h"

namespace program {
namespace {

// The flags as text; what they mean is told by Options.
struct Flags {
  std::string control_address = ":9443";
  std::string metrics_address = ":9402";
  std::string health_address = ":8081";
  std::string control_tls_secret;
  std::string control_ca_config_map;
  std::string proxy_service;
  std::string proxy_service_account;
  std::string publish_service;
  std::string default_issuer_name;
  std::string default_issuer_kind = "ClusterIssuer";
  std::vector<std::string> issuer_hosts;
};

void describe_cluster(CLI::App& app, Options& options) {
  const char* group = "The cluster";
  app.add_option("--kubeconfig", options.kubeconfig,
                 "A kubeconfig file. Without it: the ServiceAccount of the Pod, else $KUBECONFIG, "
                 "else ~/.kube/config")
      ->group(group);
  app.add_option("--context", options.context,
                 "The context of the kubeconfig; else its current-context")
      ->group(group);
  app.add_option("--namespace", options.namespace_,
                 "The operator's own namespace: account keys of ClusterIssuers and the lease are "
                 "kept there. Else that of the ServiceAccount or of the kubeconfig's context")
      ->group(group);
  app.add_option("--ingress-class", options.ingress_classes,
                 "The IngressClass whose Ingresses are served; it names the controller "
                 "gatehouse.dev/ingress-controller. May be repeated. Of two operators with a class "
                 "in common, that look at the same namespaces, only one leads [gatehouse]")
      ->group(group);
  app.add_option("--watch-namespaces", options.watch_namespaces,
                 "The namespaces whose objects are read and written, separated by commas; "
                 "ClusterIssuers have no part in it [all, and ClusterIssuers]")
      ->delimiter(',')
      ->group(group);
  app.add_flag("--classless-objects,!--no-classless-objects", options.classless_objects,
               "Take care of Certificates and issuers whose spec.ingressClassName is empty, unless "
               "another operator of the cluster does already")
      ->default_str("true")
      ->group(group);
}

void describe_proxies(CLI::App& app, Options& options, Flags& flags) {
  const char* group = "The proxies";
  app.add_option(
         "--control-address", flags.control_address,
         "Where the proxies fetch their configuration: IP:PORT, [IPv6]:PORT, or :PORT for every "
         "address of both families; port 0 picks a free one")
      ->capture_default_str()
      ->group(group);
  app.add_option("--control-tls-cert-file", options.control_tls_cert_file,
                 "The certificate chain (PEM) of that endpoint; read again when it changes")
      ->group(group);
  app.add_option("--control-tls-key-file", options.control_tls_key_file, "Its private key (PEM)")
      ->group(group);
  app.add_option("--control-tls-secret", flags.control_tls_secret,
                 "NAMESPACE/NAME of the Secret in which the operator makes and renews that "
                 "certificate itself, together with a CA for it; instead of the two files")
      ->group(group);
  app.add_option("--control-ca-config-map", flags.control_ca_config_map,
                 "NAMESPACE/NAME of the ConfigMap in which it publishes that CA, as ca.crt, for "
                 "the proxies' --control-ca-file")
      ->group(group);
  app.add_option("--control-dns-name", options.control_dns_names,
                 "A name of that certificate, by which the proxies reach the operator; may be "
                 "repeated [gatehouse-operator.NAMESPACE.svc with the operator's namespace]")
      ->group(group);
  app.add_option("--proxy-service", flags.proxy_service,
                 "NAMESPACE/NAME of the Service in front of the proxies, with ports named http and "
                 "https: its endpoints are asked whether they answer challenges and serve "
                 "certificates [gatehouse-proxy in the operator's namespace]")
      ->group(group);
  app.add_option("--proxy-service-account", flags.proxy_service_account,
                 "NAMESPACE/NAME of the ServiceAccount of the proxies, the only one that may fetch "
                 "a configuration [gatehouse-proxy in the operator's namespace]")
      ->group(group);
}

void describe_ingresses(CLI::App& app, Options& options, Flags& flags) {
  const char* group = "Ingresses";
  auto* service =
      app.add_option("--publish-service", flags.publish_service,
                     "NAMESPACE/NAME of the Service whose addresses the status of Ingresses shows")
          ->group(group);
  app.add_option("--publish-address", options.publish_addresses,
                 "An IP address or host name that the status of Ingresses shows, instead; may be "
                 "repeated")
      ->excludes(service)
      ->group(group);
  app.add_option("--default-issuer-name", flags.default_issuer_name,
                 "The issuer of Ingresses with the annotation kubernetes.io/tls-acme: \"true\"")
      ->group(group);
  app.add_option("--default-issuer-kind", flags.default_issuer_kind, "Its kind")
      ->check(CLI::IsMember({"Issuer", "ClusterIssuer"}))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--request-buffering,!--no-request-buffering", options.request_buffering,
               "Gather a request's body before an endpoint is chosen for it, where the annotation "
               "proxy-request-buffering says nothing (--request-buffering=false: send it on as it "
               "comes)")
      ->default_str("true")
      ->group(group);
  app.add_flag(
         "--shared-hosts,!--no-shared-hosts", options.shared_hosts,
         "Let Ingresses of several namespaces add to one host, where of two that say the same "
         "the older counts. Without it a host belongs to the namespace of the oldest Ingress "
         "with a rule for it, and what others say about it is left out")
      ->group(group);
  app.add_option("--issuer-hosts", flags.issuer_hosts,
                 "The hosts that Issuers of namespaces (not ClusterIssuers) may be used for, "
                 "separated by commas: a host, or *.DOMAIN for every name under it; {namespace} in "
                 "it stands for the Issuer's own [every host that no other namespace owns]")
      ->delimiter(',')
      ->group(group);
  app.add_flag("--certificate-owner-reference", options.certificate_owner_reference,
               "Let a Certificate own its Secret, which then is deleted with it")
      ->group(group);
}

void describe_running(CLI::App& app, Options& options, Flags& flags) {
  const char* group = "Running";
  app.add_flag("--leader-elect,!--no-leader-elect", options.leader_elect,
               "Take part in the election of the one replica that talks to ACME servers and writes "
               "status (--leader-elect=false: be it without asking)")
      ->default_str("true")
      ->group(group);
  app.add_option("--lease-name", options.lease_name, "The Lease that the election is held on")
      ->default_val("gatehouse-operator")
      ->group(group);
  app.add_option("--lease-namespace", options.lease_namespace,
                 "Its namespace; else the operator's own")
      ->group(group);
  app.add_option("--workers", options.workers, "Certificates worked on at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
  app.add_option("--metrics-address", flags.metrics_address, "Where /metrics is served, likewise")
      ->capture_default_str()
      ->group(group);
  app.add_option("--health-address", flags.health_address,
                 "Where /livez and /readyz are served, likewise")
      ->capture_default_str()
      ->group(group);
  app.add_option("--ports-file", options.ports_file,
                 "Write the ports that are listened on into this file, as JSON")
      ->group(group);
  app.add_option("--log-format", options.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_val("text")
      ->group(group);
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->default_val("info")
      ->group(group);
}

base::Error in_flag(const char* flag, base::Error error) {
  return base::while_doing(flag, std::move(error));
}

base::Status read_address(const char* flag, const std::string& text, ListenAddress& address) {
  auto read = read_listen_address(text);
  if (!read) return base::failure(in_flag(flag, read.error()));
  address = std::move(*read);
  return {};
}

base::Status read_name(const char* flag, const std::string& text,
                       std::optional<kube::ObjectKey>& name) {
  if (text.empty()) return {};
  auto read = read_object_name(text);
  if (!read) return base::failure(in_flag(flag, read.error()));
  name = std::move(*read);
  return {};
}

// The labels of RFC 1123 in lower case, as Kubernetes writes names.
bool is_dns_name(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  char before = '.';
  for (const char c : name + ".") {
    const bool is_inner = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!is_inner && c != '-' && c != '.') return false;
    if (c == '-' && before == '.') return false;
    if (c == '.' && (before == '.' || before == '-')) return false;
    before = c;
  }
  return true;
}

// Where the control endpoint's certificate comes from: two files, or a Secret of our own.
base::Status check_control_certificate(const Options& options) {
  const auto invalid = [](std::string message) {
    return base::failure(base::ErrorKind::invalid, std::move(message));
  };
  const bool names_a_file =
      !options.control_tls_cert_file.empty() || !options.control_tls_key_file.empty();
  if (options.control_tls_secret && names_a_file) {
    return invalid(
        "--control-tls-secret stands instead of --control-tls-cert-file and "
        "--control-tls-key-file: give it or them");
  }
  if (options.control_tls_secret.has_value() != options.control_ca_config_map.has_value()) {
    return invalid(
        "--control-tls-secret and --control-ca-config-map go together: the proxies must learn "
        "which CA to trust");
  }
  for (const std::string& name : options.control_dns_names) {
    if (!options.control_tls_secret) {
      return invalid("--control-dns-name is for the certificate of --control-tls-secret");
    }
    if (!is_dns_name(name)) {
      return invalid("--control-dns-name: \"" + name + "\" is not a DNS name in lower case");
    }
  }
  if (options.control_tls_secret) return {};
  if (options.control_tls_cert_file.empty() || options.control_tls_key_file.empty()) {
    return invalid(
        "--control-tls-cert-file and --control-tls-key-file are both needed, or "
        "--control-tls-secret and --control-ca-config-map instead: the proxies trust no other "
        "certificate than one of theirs");
  }
  return {};
}

base::Status understand(const Flags& flags, Options& options) {
  for (const auto& status :
       {read_address("--control-address", flags.control_address, options.control),
        read_address("--metrics-address", flags.metrics_address, options.metrics),
        read_address("--health-address", flags.health_address, options.health),
        read_name("--control-tls-secret", flags.control_tls_secret, options.control_tls_secret),
        read_name("--control-ca-config-map", flags.control_ca_config_map,
                  options.control_ca_config_map),
        read_name("--proxy-service", flags.proxy_service, options.proxy_service),
        read_name("--proxy-service-account", flags.proxy_service_account,
                  options.proxy_service_account),
        read_name("--publish-service", flags.publish_service, options.publish_service)}) {
    if (!status) return status;
  }
  if (auto checked = check_control_certificate(options); !checked) return checked;
  if (options.ingress_classes.empty()) options.ingress_classes = {"gatehouse"};
  for (const std::string& name : options.watch_namespaces) {
    if (!is_dns_name(name)) {
      return base::failure(base::ErrorKind::invalid,
                           "--watch-namespaces: \"" + name + "\" is no name of a namespace");
    }
  }
  for (const std::string& name : options.ingress_classes) {
    if (!is_dns_name(name)) {
      return base::failure(base::ErrorKind::invalid,
                           "--ingress-class: \"" + name + "\" is no name of an IngressClass");
    }
  }
  auto issuer_hosts = issuer::HostBounds::read(flags.issuer_hosts);
  if (!issuer_hosts) return base::failure(in_flag("--issuer-hosts", issuer_hosts.error()));
  options.issuer_hosts = std::move(*issuer_hosts);
  if (!flags.default_issuer_name.empty()) {
    options.default_issuer = api::IssuerRef{flags.default_issuer_name, flags.default_issuer_kind};
  }
  return {};
}

}  // namespace

base::Result<ListenAddress> read_listen_address(const std::string& text) {
  const auto refused = [&] {
    return base::failure(base::ErrorKind::invalid,
                         "\"" + text + "\" is not IP:PORT, [IPv6]:PORT or :PORT");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return refused();
  ListenAddress result;
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, result.port);
  if (error != std::errc() || stop != end) return refused();
  result.address = text.substr(0, colon);
  if (result.address.empty()) {
    result.address = base::kEveryAddress;
    return result;
  }
  in6_addr bytes{};
  if (result.address.front() == '[' && result.address.back() == ']') {
    result.address = result.address.substr(1, result.address.size() - 2);
    if (inet_pton(AF_INET6, result.address.c_str(), &bytes) != 1) return refused();
  } else if (inet_pton(AF_INET, result.address.c_str(), &bytes) != 1) {
    return refused();
  }
  return result;
}

base::Result<kube::ObjectKey> read_object_name(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string::npos) {
    return base::failure(base::ErrorKind::invalid, "\"" + text + "\" is not NAMESPACE/NAME");
  }
  return kube::ObjectKey{text.substr(0, slash), text.substr(slash + 1)};
}

std::variant<Options, int> read_options(int argc, const char* const* argv) {
  CLI::App app{
      "The control plane of Gatehouse: watches Ingresses, orders and renews their certificates "
      "from an\nACME server, and tells the proxies what to serve. Run as many replicas as you "
      "like: all "
      "serve the\nproxies, one leads. SIGTERM stops it.\n"
      "`gatehouse-operator check --help`: what Ingresses would become, before you move them here."};
  app.name("gatehouse-operator");
  app.set_version_flag("--version", "gatehouse-operator " GATEHOUSE_VERSION, "Print the version");
  Options options;
  Flags flags;
  describe_cluster(app, options);
  describe_proxies(app, options, flags);
  describe_ingresses(app, options, flags);
  describe_running(app, options, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const auto understood = understand(flags, options); !understood) {
    std::cerr << "gatehouse-operator: " << understood.error().message
              << "\nRun with --help for more information.\n";
    return 2;
  }
  return options;
}

}  // namespace program
