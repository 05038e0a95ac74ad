#include "operator/program/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/curl_transport.h"
#include "base/digest.h"
#include "base/ip_text.h"
#include "base/open_files.h"
#include "base/tls_handshake.h"
#include "kube/controller.h"
#include "kube/event_recorder.h"
#include "kube/leader_election.h"
#include "kube/reflector.h"
#include "kube/rival_leases.h"
#include "operator/api/certificate.h"
#include "operator/api/edge_parameters.h"
#include "operator/api/issuer.h"
#include "operator/certificate/metrics.h"
#include "operator/certificate/permission.h"
#include "operator/certificate/probe_threads.h"
#include "operator/certificate/proxy_probe.h"
#include "operator/certificate/reconciler.h"
#include "operator/control/file_identity.h"
#include "operator/control/own_identity.h"
#include "operator/control/server.h"
#include "operator/control/token_claims.h"
#include "operator/control/token_reviewer.h"
#include "operator/ingress/auth_secret_watches.h"
#include "operator/ingress/certificate_shim.h"
#include "operator/ingress/class_reporter.h"
#include "operator/ingress/compile_loop.h"
#include "operator/ingress/external_name_watches.h"
#include "operator/ingress/field_map_watches.h"
#include "operator/ingress/overlooked_reporter.h"
#include "operator/ingress/reporter.h"
#include "operator/ingress/status_publisher.h"
#include "operator/issuer/reconciler.h"
#include "operator/issuer/secret_watches.h"
#include "operator/program/ports_file.h"
#include "operator/program/release.h"
#include "operator/program/status_endpoints.h"
#include "operator/program/stuck_watch.h"

namespace program {
namespace {

constexpr const char* kUserAgent = "gatehouse-operator/0.1";
constexpr const char* kProxyName = "gatehouse-proxy";
constexpr const char* kOperatorName = "gatehouse-operator";
// Of each kind of issuer. They wait for servers, of which some hang.
constexpr int kIssuerWorkers = 8;
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

std::set<std::string> watched_namespaces(const Options& options) {
  return {options.watch_namespaces.begin(), options.watch_namespaces.end()};
}

std::set<std::string> class_names(const Options& options) {
  return {options.ingress_classes.begin(), options.ingress_classes.end()};
}

// A renewal that hangs must leave time for another.
kube::Client::Options election_client_options() {
  kube::Client::Options options;
  options.timeout = std::chrono::seconds(5);
  return options;
}

// Proxies wait for its answer.
kube::Client::Options review_client_options() {
  kube::Client::Options options;
  options.timeout = std::chrono::seconds(5);
  return options;
}

// The cluster's tokens are of one make; ours is one of them.
control::TokenReviewer::Options review_options(const kube::Config& config,
                                               const kube::ObjectKey& service_account) {
  control::TokenReviewer::Options options;
  options.service_account = service_account;
  const auto own = config.token->token();
  options.tokens_are_jwts = own && control::read_token_claims(*own).has_value();
  return options;
}

struct Stores {
  kube::Store<kube::Ingress> ingresses;
  kube::Store<kube::IngressClass> classes;
  kube::Store<kube::Service> services;
  kube::Store<kube::EndpointSlice> slices;
  kube::Store<kube::Secret> tls_secrets;
  kube::Store<api::Certificate> certificates;
  kube::Store<api::Issuer> issuers;
  kube::Store<api::Issuer> cluster_issuers;
  kube::Store<kube::Namespace> namespaces;      // advice: nobody waits for it
  kube::Store<api::EdgeParameters> parameters;  // waited for where a class names some

  std::string not_synced() const {
    std::string names;
    const auto add = [&](const auto& store, const char* name) {
      if (!store.has_synced()) names += std::string(names.empty() ? "" : ", ") + name;
    };
    add(ingresses, "Ingresses");
    add(classes, "IngressClasses");
    add(services, "Services");
    add(slices, "EndpointSlices");
    add(tls_secrets, "Secrets");
    add(certificates, "Certificates");
    add(issuers, "Issuers");
    add(cluster_issuers, "ClusterIssuers");
    return names;
  }
};

// Where the objects of one kind are listed: all namespaces, or each of some.
using Namespaces = std::set<std::string>;

// The reflectors of all stores; they only start together.
class Reflectors {
 public:
  // watched: the namespaces whose objects are read; none: all. own: where the proxies' Services are
  // read beside them. A release for some namespaces has no part in what belongs to the whole
  // cluster, but for IngressClasses.
  Reflectors(kube::Client& client, Stores& stores, const Namespaces& watched, const Namespaces& own)
      : client_(client) {
    Namespaces with_own = watched;
    if (!watched.empty()) with_own.insert(own.begin(), own.end());
    kube::ReflectorOptions only_tls_secrets;
    only_tls_secrets.field_selector = kube::kTlsSecretSelector;
    follow(stores.ingresses, watched);
    follow(stores.classes, {});
    follow(stores.services, with_own);
    follow(stores.slices, with_own);
    follow(stores.tls_secrets, watched, only_tls_secrets);
    follow(stores.certificates, watched, {}, api::Certificate::type(), &api::Certificate::read);
    follow(stores.issuers, watched, {}, api::Issuer::type(false), &api::Issuer::read);
    if (watched.empty()) {
      follow(stores.cluster_issuers, {}, {}, api::Issuer::type(true), &api::Issuer::read);
    } else {
      stores.cluster_issuers.replace_all({});
    }
    follow(stores.namespaces, {});
    follow(stores.parameters, {}, {}, api::EdgeParameters::type(), &api::EdgeParameters::read);
  }

  void start() {
    for (const Running& one : all_) one.start();
  }
  void request_stop() {
    for (const Running& one : all_) one.request_stop();
  }
  void stop() {
    for (const Running& one : all_) one.stop();
  }

 private:
  struct Running {
    std::function<void()> start;
    std::function<void()> request_stop;
    std::function<void()> stop;
  };

  template <class T>
  void follow(kube::Store<T>& store, const Namespaces& namespaces,
              kube::ReflectorOptions options = {}, kube::ResourceType type = T::type(),
              typename kube::Reflector<T>::Parse parse = &T::from_json) {
    store.expect_listings_of(namespaces);
    for (const std::string& name : namespaces.empty() ? Namespaces{""} : namespaces) {
      options.namespace_ = name;
      const auto reflector =
          std::make_shared<kube::Reflector<T>>(client_, store, type, parse, options);
      all_.push_back({[reflector] { reflector->start(); },
                      [reflector] { reflector->request_stop(); },
                      [reflector] { reflector->stop(); }});
    }
  }

  kube::Client& client_;
  std::vector<Running> all_;
};

constexpr const char* kByTlsSecret = "ingresses-by-tls-secret";

// The Secrets that an Ingress names; none for none.
std::set<kube::ObjectKey> tls_secrets_of(const kube::Ingress* ingress) {
  std::set<kube::ObjectKey> secrets;
  if (ingress == nullptr) return secrets;
  for (const auto& entry : ingress->tls) {
    if (!entry.secret_name.empty()) {
      secrets.insert({ingress->metadata.namespace_, entry.secret_name});
    }
  }
  return secrets;
}

// The certificate that the operator makes for its control API itself, in one Secret and one
// ConfigMap. Only these two are watched: rights to two named objects are enough.
class OwnCertificate {
 public:
  OwnCertificate(control::OwnIdentity::Options options, kube::Client& client,
                 const base::Clock& clock, kube::ControllerOptions controller_options,
                 const std::stop_token& stop)
      : key_(options.secret),
        identity_(options, {secrets_, config_maps_}, client, clock, stop),
        controller_(identity_, clock, std::move(controller_options)),
        secret_reflector_(client, secrets_, only(options.secret)),
        config_map_reflector_(client, config_maps_, only(options.config_map)) {
    secrets_.add_listener([this](const auto&) { controller_.enqueue(key_); });
    config_maps_.add_listener([this](const auto&) { controller_.enqueue(key_); });
  }

  void start() {
    secret_reflector_.start();
    config_map_reflector_.start();
    controller_.start();
    // That there is no Secret yet is no change of one.
    first_ = std::jthread([this](const std::stop_token& stop) {
      if (secrets_.wait_until_synced(stop) && config_maps_.wait_until_synced(stop)) {
        controller_.enqueue(key_);
      }
    });
  }
  void request_stop() {
    first_.request_stop();
    secret_reflector_.request_stop();
    config_map_reflector_.request_stop();
    controller_.request_stop();
  }
  void stop() {
    request_stop();
    if (first_.joinable()) first_.join();
    controller_.stop();
    secret_reflector_.stop();
    config_map_reflector_.stop();
  }

  base::HttpServer::TlsIdentity get() const { return identity_.get(); }
  std::string why_not_ready() const { return identity_.why_not_ready(); }

 private:
  static kube::ReflectorOptions only(const kube::ObjectKey& key) {
    kube::ReflectorOptions options;
    options.namespace_ = key.namespace_;
    options.field_selector = "metadata.name=" + key.name;
    return options;
  }

  const kube::ObjectKey key_;
  kube::Store<kube::Secret> secrets_;
  kube::Store<kube::ConfigMap> config_maps_;
  control::OwnIdentity identity_;
  kube::Controller controller_;
  kube::Reflector<kube::Secret> secret_reflector_;
  kube::Reflector<kube::ConfigMap> config_map_reflector_;
  std::jthread first_;
};

issuer::TransportFactory acme_transports() {
  return [](const std::string& ca_pem) -> std::shared_ptr<base::HttpTransport> {
    base::CurlOptions options;
    options.user_agent = kUserAgent;
    options.ca_pem = ca_pem;
    options.connect_timeout = std::chrono::seconds(5);
    return base::make_curl_transport(std::move(options));
  };
}

// The probes ask the Pods themselves: what a forward proxy says of them proves nothing.
std::unique_ptr<base::HttpTransport> probe_transport() {
  base::CurlOptions options;
  options.user_agent = kUserAgent;
  options.use_environment_proxy = false;
  return base::make_curl_transport(std::move(options));
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

// Where Pods find the API server. Whoever may write an Ingress is not led there by it.
std::optional<proxy::config::IpAddress> own_api_server() {
  const char* const host = std::getenv("KUBERNETES_SERVICE_HOST");
  return host == nullptr ? std::nullopt : proxy::config::IpAddress::parse(host);
}

class RunningOperator final : public Runtime {
 public:
  RunningOperator(const Options& options, const kube::Config& config, const base::Clock& clock,
                  std::function<void()> on_lost);
  ~RunningOperator() override;

  base::Status listen();
  void start();

 private:
  kube::ControllerOptions controller_options(const char* name, int workers) const;
  certificate::ProxyProbeOptions probe_options() const;
  certificate::ProbeThreads::Options probe_thread_options();
  certificate::Given is_given_token(const std::string& host, const std::string& token) const;
  certificate::Given is_given_certificate(const kube::ObjectKey& secret,
                                          const std::string& fingerprint) const;
  bool is_newest_taken_over() const;
  void tell_of_unreachable(const std::string& problem);
  certificate::ReconcilerOptions certificate_options() const;
  std::optional<certificate::ReconcilerOptions::HeldBack> hold_back(
      const api::Certificate& certificate) const;
  ingress::CompileLoop::Options compile_options() const;
  void connect_parts();
  control::OwnIdentity::Options own_certificate_options() const;
  base::Result<base::HttpServer::TlsSource> control_identity();
  void on_compiled(const ingress::CompileLoop::Outcome& outcome);
  void publish(std::shared_ptr<const proxy::config::ProxyConfig> config);
  std::optional<ingress::Addresses> addresses_to_publish() const;
  bool publishes_addresses() const;
  ingress::ParametersByName readable_parameters() const;
  std::optional<ingress::Remark> remark_on(const kube::Ingress& ingress) const;
  void look_at_all_ingresses();
  std::function<bool(const std::string&)> is_our_class() const;
  std::shared_ptr<const ingress::HostOwners> owners() const;
  std::set<std::string> proxies_namespaces() const;
  Release release() const;
  base::Result<kube::LeaderElector::Surroundings> look_around(const std::stop_token& stop);
  base::Result<std::vector<kube::Lease>> operators_leases(const std::stop_token& stop);
  void report_refusal(const std::string& why);
  void lead();
  std::string why_not_live() const;
  std::string why_not_ready() const;
  void look_for_definitions(const std::stop_token& stop);

  const Options options_;
  const base::Clock& clock_;
  const std::string own_namespace_;
  const std::string identity_;
  const std::function<void()> on_lost_;
  std::stop_source stop_;
  const std::shared_ptr<prometheus::Registry> registry_;

  const std::unique_ptr<kube::Client> client_;
  const std::unique_ptr<kube::Client> election_client_;
  const std::unique_ptr<kube::Client> review_client_;
  const std::unique_ptr<base::HttpTransport> probe_transport_;
  kube::EventRecorder events_;
  Stores stores_;

  issuer::RequestCounts acme_requests_;
  issuer::Accounts accounts_;
  issuer::SecretWatches issuer_secrets_;
  issuer::Reconciler issuers_;
  issuer::Reconciler cluster_issuers_;
  certificate::Metrics certificate_metrics_;
  certificate::ProxyProbe probe_;
  certificate::ProbeThreads probe_threads_;
  certificate::Reconciler certificates_;
  ingress::CertificateShim shim_;
  ingress::StatusPublisher status_;
  ingress::Reporter reporter_;
  ingress::OverlookedReporter overlooked_;
  ingress::ClassReporter class_reporter_;

  kube::Controller issuer_controller_;
  kube::Controller cluster_issuer_controller_;
  kube::Controller certificate_controller_;
  kube::Controller shim_controller_;
  kube::Controller status_controller_;
  kube::Controller overlooked_controller_;
  kube::Controller class_controller_;

  control::TokenReviewer token_reviewer_;
  std::shared_ptr<control::FileIdentity> identity_files_;  // one of the two, by the flags
  std::unique_ptr<OwnCertificate> own_certificate_;
  std::unique_ptr<control::Server> control_;
  ingress::AuthSecretWatches auth_secrets_;
  ingress::FieldMapWatches field_maps_;
  ingress::ExternalNameWatches external_names_;
  ingress::CompileLoop compile_loop_;
  mutable StuckWatch compile_watch_;
  Reflectors reflectors_;
  kube::RivalLeases rivals_;                // the elector's thread's alone
  std::atomic<bool> has_classless_ = true;  // meaningful while it leads
  std::unique_ptr<kube::LeaderElector> elector_;
  std::unique_ptr<base::HttpServer> health_;
  std::unique_ptr<base::HttpServer> metrics_;

  mutable std::mutex mutex_;
  std::shared_ptr<const proxy::config::ProxyConfig> published_;
  std::shared_ptr<const ingress::HostOwners> owners_;
  std::set<std::string> classes_elsewhere_;  // of other releases
  std::string definitions_problem_ = "the API server has not answered yet";
  std::jthread definitions_thread_;
};

RunningOperator::RunningOperator(const Options& options, const kube::Config& config,
                                 const base::Clock& clock, std::function<void()> on_lost)
    : options_(options),
      clock_(clock),
      own_namespace_(options.namespace_.empty() ? config.namespace_ : options.namespace_),
      identity_(host_name() + "_" + base::sha256_hex(base::random_bytes(16)).substr(0, 8)),
      on_lost_(std::move(on_lost)),
      registry_(std::make_shared<prometheus::Registry>()),
      client_(kube::connect(config, clock, kUserAgent)),
      election_client_(kube::connect(config, clock, kUserAgent, election_client_options())),
      review_client_(kube::connect(config, clock, kUserAgent, review_client_options())),
      probe_transport_(probe_transport()),
      events_(
          *client_, clock,
          {.controller = "gatehouse.dev/operator", .instance = identity_, .registry = registry_}),
      acme_requests_(*registry_),
      issuer_secrets_(*client_, {},
                      [this](const issuer::IssuerKey& issuer) {
                        (issuer.is_cluster_issuer ? cluster_issuer_controller_ : issuer_controller_)
                            .enqueue(issuer.key);
                      }),
      issuers_(issuer_options(false, own_namespace_, issuer_secrets_, is_our_class()),
               stores_.issuers, *client_, accounts_, acme_transports(), clock, events_,
               acme_requests_, stop_.get_token()),
      cluster_issuers_(issuer_options(true, own_namespace_, issuer_secrets_, is_our_class()),
                       stores_.cluster_issuers, *client_, accounts_, acme_transports(), clock,
                       events_, acme_requests_, stop_.get_token()),
      certificate_metrics_(*registry_),
      probe_(probe_options(), stores_.slices, *probe_transport_, base::read_served_certificate,
             clock, *registry_, stop_.get_token()),
      probe_threads_(probe_thread_options(), probe_, clock),
      certificates_(
          certificate_options(),
          {stores_.certificates, stores_.tls_secrets, stores_.issuers, stores_.cluster_issuers},
          *client_, accounts_, probe_threads_, clock, events_, acme_requests_, certificate_metrics_,
          stop_.get_token()),
      shim_(stores_.certificates, *client_, events_, clock, stop_.get_token()),
      status_(stores_.ingresses, *client_, events_, clock, stop_.get_token()),
      reporter_(events_, clock),
      overlooked_(
          stores_.ingresses,
          {[this](const kube::Ingress& ingress) { return remark_on(ingress); },
           [this](const ingress::Remark& remark) { return !remark.is_nobodys || has_classless_; }},
          events_, clock),
      class_reporter_({class_names(options), options.watch_namespaces.empty()}, stores_.classes,
                      stores_.parameters, *client_, events_, clock, stop_.get_token()),
      issuer_controller_(issuers_, clock, controller_options("issuer", kIssuerWorkers)),
      cluster_issuer_controller_(cluster_issuers_, clock,
                                 controller_options("clusterissuer", kIssuerWorkers)),
      certificate_controller_(certificates_, clock,
                              controller_options("certificate", options.workers)),
      shim_controller_(shim_, clock, controller_options("certificate-shim", 2)),
      status_controller_(status_, clock, controller_options("ingress-status", 4)),
      overlooked_controller_(overlooked_, clock, controller_options("ingress-overlooked", 1)),
      class_controller_(class_reporter_, clock, controller_options("ingress-class", 1)),
      token_reviewer_(*review_client_, clock,
                      review_options(config, options.proxy_service_account.value_or(
                                                 kube::ObjectKey{own_namespace_, kProxyName}))),
      auth_secrets_(*client_, {},
                    [this](const kube::ObjectKey& key) { compile_loop_.note_auth_secret(key); }),
      field_maps_(*client_, {.max = 16},
                  [this](const kube::ObjectKey& key) { compile_loop_.note_field_map(key); }),
      external_names_(base::look_up_name, {.api_server = own_api_server()},
                      [this](const std::string& name) { compile_loop_.note_external_name(name); }),
      compile_loop_({stores_.ingresses, stores_.classes, stores_.services, stores_.slices,
                     stores_.tls_secrets, stores_.certificates, stores_.namespaces, &auth_secrets_,
                     &external_names_, &stores_.parameters, &field_maps_},
                    compile_options(), clock, *registry_,
                    [this](const auto& outcome) { on_compiled(outcome); }),
      reflectors_(*client_, stores_, watched_namespaces(options), proxies_namespaces()) {
  connect_parts();
}

kube::ControllerOptions RunningOperator::controller_options(const char* name, int workers) const {
  kube::ControllerOptions options;
  options.name = name;
  options.workers = workers;
  options.registry = registry_;
  return options;
}

certificate::ProxyProbeOptions RunningOperator::probe_options() const {
  certificate::ProxyProbeOptions options;
  options.service = options_.proxy_service.value_or(kube::ObjectKey{own_namespace_, kProxyName});
  return options;
}

certificate::ProbeThreads::Options RunningOperator::probe_thread_options() {
  certificate::ProbeThreads::Options options;
  options.proxies = [this] { return probe_.proxies(); };
  options.is_given_token = [this](const std::string& host, const std::string& token) {
    return is_given_token(host, token);
  };
  options.is_given_certificate = [this](const kube::ObjectKey& secret,
                                        const std::string& fingerprint) {
    return is_given_certificate(secret, fingerprint);
  };
  return options;
}

certificate::Given RunningOperator::is_given_token(const std::string& host,
                                                   const std::string& token) const {
  {
    const std::lock_guard lock(mutex_);
    if (!published_) return certificate::Given::unknown;
    const auto answer = published_->challenges.find(token);
    if (answer == published_->challenges.end() || answer->second->find(host) == nullptr) {
      return certificate::Given::no;
    }
  }
  return is_newest_taken_over() ? certificate::Given::taken_over : certificate::Given::on_its_way;
}

certificate::Given RunningOperator::is_given_certificate(const kube::ObjectKey& secret,
                                                         const std::string& fingerprint) const {
  std::shared_ptr<const proxy::config::Certificate> given;
  {
    const std::lock_guard lock(mutex_);
    if (!published_) return certificate::Given::unknown;
    const auto found = published_->certificates.find(secret.text());
    if (found == published_->certificates.end()) return certificate::Given::no;
    given = found->second;
  }
  const auto chain = base::read_chain(given->chain_pem);
  if (!chain || chain->front().fingerprint_sha256 != fingerprint) return certificate::Given::no;
  return is_newest_taken_over() ? certificate::Given::taken_over : certificate::Given::on_its_way;
}

// The proxies that poll another replica are not heard of here; that replica compiles the same at
// the same time.
bool RunningOperator::is_newest_taken_over() const {
  return control_->is_live_everywhere();
}

// At the Service that leads to it: whoever looks for a proxy looks there.
void RunningOperator::tell_of_unreachable(const std::string& problem) {
  const auto service = stores_.services.get(probe_options().service);
  if (!service) return;
  events_.warning(
      kube::reference_to(kube::Service::type(), service->metadata), "ProxyUnreachable", "Probing",
      "a ready proxy cannot be reached from the operator, so what it serves is not proven: " +
          problem);
}

// Whose spec.ingressClassName this is, for as long as this replica leads.
std::function<bool(const std::string&)> RunningOperator::is_our_class() const {
  return [this](const std::string& name) {
    if (name.empty()) return has_classless_.load();
    const auto& ours = options_.ingress_classes;
    return std::find(ours.begin(), ours.end(), name) != ours.end();
  };
}

certificate::ReconcilerOptions RunningOperator::certificate_options() const {
  certificate::ReconcilerOptions options;
  options.secret_owner_reference = options_.certificate_owner_reference;
  options.workers = options_.workers;
  options.is_ours = is_our_class();
  options.has_cluster_issuers = options_.watch_namespaces.empty();
  options.hold_back = [this](const api::Certificate& certificate) {
    return hold_back(certificate);
  };
  options.is_used = [this](const kube::ObjectKey& secret) -> std::optional<bool> {
    // Whose the hosts are is known with the first compilation.
    if (!stores_.ingresses.has_synced() || !owners()) return std::nullopt;
    return !stores_.ingresses.find(kByTlsSecret, secret.text()).empty();
  };
  options.ingresses_of = [this](const kube::ObjectKey& secret) {
    std::vector<kube::ObjectReference> references;
    for (const auto& ingress : stores_.ingresses.find(kByTlsSecret, secret.text())) {
      references.push_back(kube::reference_to(kube::Ingress::type(), ingress->metadata));
    }
    return references;
  };
  return options;
}

std::optional<certificate::ReconcilerOptions::HeldBack> RunningOperator::hold_back(
    const api::Certificate& certificate) const {
  using HeldBack = certificate::ReconcilerOptions::HeldBack;
  const std::vector<std::string> names = certificate.all_names();
  const std::string& namespace_ = certificate.metadata.namespace_;
  if (!certificate.spec.issuer_ref.is_cluster_issuer()) {
    std::string why = options_.issuer_hosts.why_not(names, namespace_);
    if (!why.empty()) return HeldBack{certificate::kHostNotAllowed, std::move(why)};
  }
  const auto known = owners();
  std::string why = known ? known->why_not(names, namespace_) : "";
  if (why.empty()) return std::nullopt;
  return HeldBack{certificate::kHostNotOwned, std::move(why)};
}

ingress::CompileLoop::Options RunningOperator::compile_options() const {
  ingress::CompileLoop::Options options;
  options.settings.class_names = class_names(options_);
  options.settings.default_issuer = options_.default_issuer;
  options.settings.buffers_requests = options_.request_buffering;
  options.settings.shares_hosts = options_.shared_hosts;
  if (options_.publish_service) options.read_beside.insert(*options_.publish_service);
  return options;
}

// Who wakes whom.
void RunningOperator::connect_parts() {
  stores_.ingresses.add_index(kByTlsSecret, [](const kube::Ingress& ingress) {
    std::vector<std::string> names;
    for (const kube::ObjectKey& secret : tls_secrets_of(&ingress)) names.push_back(secret.text());
    return names;
  });
  stores_.ingresses.add_listener([this](const kube::ObjectChange<kube::Ingress>& change) {
    const std::set<kube::ObjectKey> before = tls_secrets_of(change.before.get());
    const std::set<kube::ObjectKey> after = tls_secrets_of(change.after.get());
    std::vector<kube::ObjectKey> changed;
    std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                  std::back_inserter(changed));
    for (const kube::ObjectKey& secret : changed) certificates_.on_use_changed(secret);
  });
  stores_.ingresses.add_sync_listener([this] { certificates_.on_uses_known(); });
  issuer_controller_.follow(stores_.issuers);
  cluster_issuer_controller_.follow(stores_.cluster_issuers);
  certificate_controller_.follow(stores_.certificates);
  overlooked_controller_.follow(stores_.ingresses);
  stores_.classes.add_listener([this](const auto&) { look_at_all_ingresses(); });
  stores_.classes.add_sync_listener([this] { look_at_all_ingresses(); });
  stores_.services.add_sync_listener([this] { look_at_all_ingresses(); });
  class_controller_.follow(stores_.classes);
  const auto on_parameters = [this] {
    for (const auto& one : stores_.classes.list()) class_controller_.enqueue(one->metadata.key());
    look_at_all_ingresses();
  };
  stores_.parameters.add_listener([on_parameters](const auto&) { on_parameters(); });
  stores_.parameters.add_sync_listener(on_parameters);
  const auto enqueue_in = [](kube::Controller& controller) {
    return [&controller](const kube::ObjectKey& key) { controller.enqueue(key); };
  };
  issuers_.wake_with(enqueue_in(issuer_controller_));
  cluster_issuers_.wake_with(enqueue_in(cluster_issuer_controller_));
  certificates_.wake_with(enqueue_in(certificate_controller_));
  shim_.wake_with(enqueue_in(shim_controller_));
  status_.wake_with(enqueue_in(status_controller_));
  probe_.on_change([this] {
    certificates_.on_proxies_changed();
    if (control_ != nullptr) control_->set_ready_proxies(probe_.count());
  });
  probe_.on_unreachable([this](const std::string& problem) { tell_of_unreachable(problem); });
  probe_threads_.wake_with(enqueue_in(certificate_controller_));
}

control::OwnIdentity::Options RunningOperator::own_certificate_options() const {
  control::OwnIdentity::Options options;
  options.secret = *options_.control_tls_secret;
  options.config_map = *options_.control_ca_config_map;
  options.dns_names = options_.control_dns_names;
  if (options.dns_names.empty()) {
    options.dns_names = {std::string(kOperatorName) + "." + own_namespace_ + ".svc"};
  }
  return options;
}

base::Result<base::HttpServer::TlsSource> RunningOperator::control_identity() {
  if (options_.control_tls_secret) {
    own_certificate_ = std::make_unique<OwnCertificate>(
        own_certificate_options(), *client_, clock_, controller_options("control-certificate", 1),
        stop_.get_token());
    return [this] { return own_certificate_->get(); };
  }
  auto identity = control::FileIdentity::open(options_.control_tls_cert_file,
                                              options_.control_tls_key_file, clock_);
  if (!identity) return base::failure(std::move(identity.error()));
  identity_files_ = std::move(*identity);
  return [this] { return identity_files_->get(); };
}

base::Status RunningOperator::listen() {
  auto identity = control_identity();
  if (!identity) return base::failure(std::move(identity.error()));

  control::Server::Options options;
  options.http.address = options_.control.address;
  options.http.port = options_.control.port;
  options.http.tls = std::move(*identity);
  const std::size_t open_files = base::raise_open_files_limit();
  options.http.connections_max = std::clamp(open_files - std::min(open_files, kOtherDescriptors),
                                            kControlConnectionsMin, kControlConnectionsMax);
  options.on_acknowledged = [this] { certificates_.on_proxy_acknowledged(); };
  auto control = control::Server::listen(options, token_reviewer_, clock_, *registry_);
  if (!control) return base::failure(std::move(control.error()));
  control_ = std::move(*control);

  auto health = serve_health(
      options_.health, [this] { return why_not_live(); }, [this] { return why_not_ready(); });
  if (!health) return base::failure(base::while_doing("serving health", health.error()));
  health_ = std::move(*health);
  auto metrics = serve_metrics(options_.metrics, registry_);
  if (!metrics) return base::failure(base::while_doing("serving metrics", metrics.error()));
  metrics_ = std::move(*metrics);

  spdlog::info("listening: control API at {}, health at {}, metrics at {}",
               base::host_and_port(options_.control.address, control_->port()),
               base::host_and_port(options_.health.address, health_->port()),
               base::host_and_port(options_.metrics.address, metrics_->port()));
  if (options_.ports_file.empty()) return {};
  return write_ports_file(
      options_.ports_file,
      {{"control", control_->port()}, {"health", health_->port()}, {"metrics", metrics_->port()}});
}

void RunningOperator::start() {
  definitions_thread_ =
      std::jthread([this](const std::stop_token& stop) { look_for_definitions(stop); });
  if (own_certificate_) own_certificate_->start();
  reflectors_.start();
  compile_loop_.start();
  if (!options_.leader_elect) {
    has_classless_ = options_.classless_objects;
    spdlog::info("leading without an election, as --leader-elect=false says");
    return lead();
  }
  kube::LeaderElector::Callbacks callbacks;
  callbacks.on_elected = [this] { lead(); };
  callbacks.on_lost = on_lost_;
  callbacks.look_around = [this](const std::stop_token& stop) { return look_around(stop); };
  callbacks.on_refused = [this](const std::string& why) { report_refusal(why); };
  elector_ = std::make_unique<kube::LeaderElector>(
      *election_client_, clock_, election_options(options_, own_namespace_, identity_), callbacks);
  elector_->start();
}

// Where the Services of the proxies are.
std::set<std::string> RunningOperator::proxies_namespaces() const {
  std::set<std::string> namespaces = {probe_options().service.namespace_};
  if (options_.publish_service) namespaces.insert(options_.publish_service->namespace_);
  return namespaces;
}

Release RunningOperator::release() const {
  return {class_names(options_), watched_namespaces(options_), options_.classless_objects};
}

// The Leases of the cluster's operators. Whose rights are older than this question is alone, as far
// as it can tell.
base::Result<std::vector<kube::Lease>> RunningOperator::operators_leases(
    const std::stop_token& stop) {
  kube::ListOptions options;
  options.label_selector = std::string(kOperatorLeaseLabel) + "=true";
  const auto listed = election_client_->list_all(kube::Lease::type(), options, stop);
  if (!listed && listed.error().kind == base::ErrorKind::denied) {
    spdlog::warn(
        "{}; without the right to list Leases of all namespaces, a second release in this cluster "
        "is not noticed",
        listed.error().message);
    return std::vector<kube::Lease>{};
  }
  if (!listed) return base::failure(listed.error());
  std::vector<kube::Lease> leases;
  for (const nlohmann::json& object : *listed) {
    if (auto lease = kube::Lease::from_json(object)) leases.push_back(std::move(*lease));
  }
  return leases;
}

base::Result<kube::LeaderElector::Surroundings> RunningOperator::look_around(
    const std::stop_token& stop) {
  const auto all = operators_leases(stop);
  if (!all) return base::failure(all.error());
  const Release own = release();
  const kube::ObjectKey lease = election_options(options_, own_namespace_, identity_).lease;
  Standing standing = standing_of(own, lease, *all, rivals_.held(*all, clock_.steady_now()));
  has_classless_ = standing.has_classless;
  {
    const std::lock_guard lock(mutex_);
    classes_elsewhere_ = std::move(standing.classes_elsewhere);
  }
  return kube::LeaderElector::Surroundings{std::move(standing.refusal),
                                           own.annotations(standing.has_classless)};
}

// An Event at our Lease: `kubectl get events` where the release is shows it.
void RunningOperator::report_refusal(const std::string& why) {
  const kube::ObjectKey lease = election_options(options_, own_namespace_, identity_).lease;
  kube::ObjectReference regarding;
  regarding.api_version = kube::Lease::type().api_version();
  regarding.kind = kube::Lease::type().kind;
  regarding.namespace_ = lease.namespace_;
  regarding.name = lease.name;
  events_.warning(regarding, "AnotherReleaseLeads", "Electing", why);
}

// From here on this replica alone writes to the cluster and talks to ACME servers.
void RunningOperator::lead() {
  spdlog::info("leading as {}", identity_);
  if (!has_classless_) {
    spdlog::info(
        "Certificates and issuers without spec.ingressClassName are left to another operator");
  }
  issuer_controller_.start();
  cluster_issuer_controller_.start();
  certificate_controller_.start();
  shim_controller_.start();
  status_controller_.start();
  overlooked_controller_.start();
  class_controller_.start();
  reporter_.start_speaking();
}

RunningOperator::~RunningOperator() {
  // First everybody is asked, then waited for; the lease goes last, so that nobody leads beside
  // work of ours that is under way.
  stop_.request_stop();
  definitions_thread_.request_stop();
  if (own_certificate_) own_certificate_->request_stop();
  reflectors_.request_stop();
  const auto controllers = {
      &issuer_controller_, &cluster_issuer_controller_, &certificate_controller_, &shim_controller_,
      &status_controller_, &overlooked_controller_,     &class_controller_};
  for (kube::Controller* controller : controllers) controller->request_stop();
  for (kube::Controller* controller : controllers) controller->stop();
  probe_threads_.stop();
  issuer_secrets_.stop();
  auth_secrets_.stop();
  field_maps_.stop();
  if (elector_) elector_->stop();
  if (own_certificate_) own_certificate_->stop();
  reflectors_.stop();
  external_names_.stop();  // waits for servers that may not answer: nobody waits for it
  compile_loop_.stop();
  control_.reset();
  health_.reset();
  metrics_.reset();
}

std::shared_ptr<const ingress::HostOwners> RunningOperator::owners() const {
  const std::lock_guard lock(mutex_);
  return owners_;
}

void RunningOperator::on_compiled(const ingress::CompileLoop::Outcome& outcome) {
  const auto owners_before = owners();
  {
    const std::lock_guard lock(mutex_);
    owners_ = outcome.owners;
  }
  if (!owners_before) certificates_.on_uses_known();
  // What stays the same has the same address.
  if (owners_before != outcome.owners) certificates_.on_owners_changed();
  if (outcome.config) publish(outcome.config);
  shim_.follow(outcome.findings);
  if (publishes_addresses()) status_.follow(outcome.findings, addresses_to_publish());
  reporter_.report(outcome.findings,
                   outcome.config ? std::optional(control_->revision()) : std::nullopt);
}

void RunningOperator::publish(std::shared_ptr<const proxy::config::ProxyConfig> config) {
  std::shared_ptr<const proxy::config::ProxyConfig> before;
  {
    const std::lock_guard lock(mutex_);
    before = published_;
  }
  if (before == config) return;
  control_->publish(config);
  {
    const std::lock_guard lock(mutex_);
    published_ = config;
  }
  // What stays the same has the same address.
  using Certificates = proxy::config::ProxyConfig::Section<proxy::config::Certificate>;
  static const Certificates kNone;
  Certificates::visit_differences(before ? before->certificates : kNone, config->certificates,
                                  [this](const std::string& secret, const auto*, const auto*) {
                                    certificates_.on_given_changed(secret);
                                  });
}

bool RunningOperator::publishes_addresses() const {
  return options_.publish_service || !options_.publish_addresses.empty();
}

std::optional<ingress::Addresses> RunningOperator::addresses_to_publish() const {
  if (!options_.publish_service) return ingress::read_addresses(options_.publish_addresses);
  const auto service = stores_.services.get(*options_.publish_service);
  if (!service) return std::nullopt;
  return ingress::addresses_of(*service);
}

ingress::ParametersByName RunningOperator::readable_parameters() const {
  ingress::ParametersByName all;
  for (const auto& one : stores_.parameters.list()) {
    if (one->problem.empty()) all[one->metadata.name] = one;
  }
  return all;
}

// What is known of classes and Services is the whole truth, or nothing is said.
std::optional<ingress::Remark> RunningOperator::remark_on(const kube::Ingress& ingress) const {
  if (!stores_.classes.has_synced() || !stores_.services.has_synced()) return std::nullopt;
  const auto classes = stores_.classes.list();
  const std::set<std::string> served = class_names(options_);
  const ingress::ClassOwnership ownership(classes, ingress::kControllerName, served,
                                          readable_parameters());
  if (auto remark = ingress::why_not_admitted(ingress, ownership)) return remark;
  if (!ownership.is_ours(ingress)) {
    const std::lock_guard lock(mutex_);
    return ingress::why_unclaimed(ingress, classes, {served, classes_elsewhere_});
  }
  const auto& name = options_.publish_service;
  return ingress::why_no_address(ingress, {name, name ? stores_.services.get(*name) : nullptr,
                                           !options_.publish_addresses.empty()});
}

void RunningOperator::look_at_all_ingresses() {
  for (const auto& one : stores_.ingresses.list()) {
    overlooked_controller_.enqueue(one->metadata.key());
  }
}

std::string RunningOperator::why_not_live() const {
  const std::string why = compile_watch_.why_stuck(
      {compile_loop_.rounds(), compile_loop_.processor_time()}, clock_.steady_now());
  return why.empty() ? why : "the compile loop " + why;
}

std::string RunningOperator::why_not_ready() const {
  {
    const std::lock_guard lock(mutex_);
    if (!definitions_problem_.empty()) return definitions_problem_;
  }
  const std::string missing = stores_.not_synced();
  if (!missing.empty()) return "waiting for the first listing of " + missing;
  if (compile_loop_.lacks_parameters()) {
    return "waiting for the first listing of EdgeParameters, which an IngressClass names";
  }
  if (!compile_loop_.has_compiled()) return "the cluster has not been compiled yet";
  return own_certificate_ ? own_certificate_->why_not_ready() : std::string();
}

// Without the definitions everything waits; the reflectors' own errors name one kind each, this one
// names the remedy.
void RunningOperator::look_for_definitions(const std::stop_token& stop) {
  const kube::Pause pause = kube::real_pause();
  kube::Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(5),
                        kube::real_random());
  std::string last;
  while (!stop.stop_requested()) {
    const auto found = client_->get_path("/apis/gatehouse.dev/v1alpha1", stop);
    std::string problem;
    if (!found && found.error().kind == base::ErrorKind::not_found) {
      problem =
          "the CustomResourceDefinitions of gatehouse.dev/v1alpha1 are not installed: apply the "
          "files of crds/";
    } else if (!found) {
      problem = found.error().message;
    }
    {
      const std::lock_guard lock(mutex_);
      definitions_problem_ = problem;
    }
    if (problem.empty()) return;
    if (problem != last && !stop.stop_requested()) {
      spdlog::error("the cluster cannot be used yet: {}; trying again", problem);
    }
    last = problem;
    pause(backoff.next(), stop);
  }
}

}  // namespace

base::Result<std::unique_ptr<Runtime>> Runtime::start(const Options& options,
                                                      const kube::Config& config,
                                                      const base::Clock& clock,
                                                      std::function<void()> on_lost) {
  const std::string own_namespace =
      options.namespace_.empty() ? config.namespace_ : options.namespace_;
  if (const auto election = kube::check(election_options(options, own_namespace, "operator"));
      !election) {
    return base::failure(election.error());
  }
  auto running = std::make_unique<RunningOperator>(options, config, clock, std::move(on_lost));
  if (const auto listening = running->listen(); !listening) return base::failure(listening.error());
  running->start();
  return running;
}

}  // namespace program
