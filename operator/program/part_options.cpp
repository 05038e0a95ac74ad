#include "operator/program/part_options.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "base/curl_transport.h"
#include "base/digest.h"
#include "base/open_files.h"
#include "operator/control/token_claims.h"

namespace program {

namespace {

constexpr const char* kProxyName = "gatehouse-proxy";
constexpr const char* kOperatorName = "gatehouse-operator";
// A renewal of the lease that hangs must leave time for another, and proxies wait for the review of
// their token.
constexpr std::chrono::seconds kAnswerSoon{5};
// Of an answer to a challenge, which has hundreds.
constexpr std::size_t kProbeBytesMax = 16u << 10;
// What is left to everything but the control API: probes and metrics, the API server, ACME servers,
// files.
constexpr std::size_t kOtherDescriptors = 256;
constexpr std::size_t kControlConnectionsMin = 64;
// Polls, and half as many who come and go.
constexpr std::size_t kControlConnectionsMax = 6144;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string("operator");
}

}  // namespace

std::string own_namespace(const Options& options, const kube::Config& config) {
  return options.namespace_.empty() ? config.namespace_ : options.namespace_;
}

std::string new_identity() {
  return host_name() + "_" + base::sha256_hex(base::random_bytes(16)).substr(0, 8);
}

std::set<std::string> class_names(const Options& options) {
  return {options.ingress_classes.begin(), options.ingress_classes.end()};
}

std::set<std::string> watched_namespaces(const Options& options) {
  return {options.watch_namespaces.begin(), options.watch_namespaces.end()};
}

Release release(const Options& options) {
  return {class_names(options), watched_namespaces(options), options.classless_objects};
}

kube::ObjectKey proxy_service(const Options& options, const std::string& own_namespace) {
  return options.proxy_service.value_or(kube::ObjectKey{own_namespace, kProxyName});
}

std::set<std::string> proxies_namespaces(const Options& options, const std::string& own_namespace) {
  std::set<std::string> namespaces = {proxy_service(options, own_namespace).namespace_};
  if (options.publish_service) namespaces.insert(options.publish_service->namespace_);
  return namespaces;
}

kube::LeaderElectionOptions election_options(const Options& options,
                                             const std::string& own_namespace,
                                             const std::string& identity) {
  kube::LeaderElectionOptions election;
  election.lease = {options.lease_namespace.empty() ? own_namespace : options.lease_namespace,
                    options.lease_name};
  election.identity = identity;
  election.labels = {{kOperatorLeaseLabel, "true"}};
  return election;
}

kube::Client::Options election_client_options() {
  kube::Client::Options options;
  options.timeout = kAnswerSoon;
  return options;
}

kube::Client::Options review_client_options() {
  kube::Client::Options options;
  options.timeout = kAnswerSoon;
  return options;
}

// The cluster's tokens are of one make; ours is one of them.
control::TokenReviewer::Options review_options(const Options& options, const kube::Config& config,
                                               const std::string& own_namespace) {
  control::TokenReviewer::Options review;
  review.service_account =
      options.proxy_service_account.value_or(kube::ObjectKey{own_namespace, kProxyName});
  const auto own = config.token->token();
  review.tokens_are_jwts = own && control::read_token_claims(*own).has_value();
  return review;
}

control::OwnIdentity::Options own_certificate_options(const Options& options,
                                                      const std::string& own_namespace) {
  control::OwnIdentity::Options identity;
  identity.secret = *options.control_tls_secret;
  identity.config_map = *options.control_ca_config_map;
  identity.dns_names = options.control_dns_names;
  if (identity.dns_names.empty()) {
    identity.dns_names = {std::string(kOperatorName) + "." + own_namespace + ".svc"};
  }
  return identity;
}

ingress::CompileLoop::Options compile_options(const Options& options) {
  ingress::CompileLoop::Options compile;
  compile.settings.class_names = class_names(options);
  compile.settings.default_issuer = options.default_issuer;
  compile.settings.buffers_requests = options.request_buffering;
  compile.settings.shares_hosts = options.shared_hosts;
  if (options.publish_service) compile.read_beside.insert(*options.publish_service);
  return compile;
}

certificate::ProxyProbeOptions probe_options(const Options& options,
                                             const std::string& own_namespace) {
  certificate::ProxyProbeOptions probe;
  probe.service = proxy_service(options, own_namespace);
  return probe;
}

issuer::ReconcilerOptions issuer_options(bool cluster_issuers, const std::string& own_namespace,
                                         issuer::SecretWatches& watches,
                                         std::function<bool(const std::string&)> is_ours) {
  issuer::ReconcilerOptions options;
  options.follow_secrets = [&watches](const issuer::IssuerKey& issuer,
                                      const std::set<kube::ObjectKey>& secrets) {
    return watches.follow(issuer, secrets);
  };
  options.cluster_issuers = cluster_issuers;
  options.operator_namespace = own_namespace;
  options.user_agent = kUserAgent;
  options.is_ours = std::move(is_ours);
  options.workers = kIssuerWorkers;
  return options;
}

issuer::TransportFactory acme_transports() {
  return [](const std::string& ca_pem) -> std::shared_ptr<base::HttpTransport> {
    base::CurlOptions options;
    options.user_agent = kUserAgent;
    options.ca_pem = ca_pem;
    options.connect_timeout = std::chrono::seconds(5);
    // Not only judged by it once it is read: a tenant's server may be asked by many workers.
    options.body_bytes_max = issuer::kAnswerBytesMax;
    return base::make_curl_transport(std::move(options));
  };
}

std::unique_ptr<base::HttpTransport> probe_transport() {
  base::CurlOptions options;
  options.user_agent = kUserAgent;
  options.use_environment_proxy = false;
  options.body_bytes_max = kProbeBytesMax;
  return base::make_curl_transport(std::move(options));
}

std::optional<proxy::config::IpAddress> own_api_server() {
  const char* const host = std::getenv("KUBERNETES_SERVICE_HOST");
  return host == nullptr ? std::nullopt : proxy::config::IpAddress::parse(host);
}

std::size_t control_connections_max() {
  const std::size_t open_files = base::raise_open_files_limit();
  return std::clamp(open_files - std::min(open_files, kOtherDescriptors), kControlConnectionsMin,
                    kControlConnectionsMax);
}

}  // namespace program
