#include "operator/program/runtime.h"

#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/ip_text.h"
#include "base/tls_handshake.h"
#include "kube/controller.h"
#include "kube/controllers.h"
#include "kube/event_recorder.h"
#include "kube/leader_election.h"
#include "operator/certificate/metrics.h"
#include "operator/certificate/permission.h"
#include "operator/certificate/probe_threads.h"
#include "operator/certificate/proxy_probe.h"
#include "operator/certificate/reconciler.h"
#include "operator/control/file_identity.h"
#include "operator/control/server.h"
#include "operator/control/token_reviewer.h"
#include "operator/ingress/certificate_shim.h"
#include "operator/ingress/class_reporter.h"
#include "operator/ingress/compile_loop.h"
#include "operator/ingress/overlooked_reporter.h"
#include "operator/ingress/parameters_in_force.h"
#include "operator/ingress/remarks.h"
#include "operator/ingress/reporter.h"
#include "operator/ingress/status_publisher.h"
#include "operator/issuer/reconciler.h"
#include "operator/issuer/secret_watches.h"
#include "operator/program/definitions_watch.h"
#include "operator/program/neighbours.h"
#include "operator/program/own_certificate.h"
#include "operator/program/part_options.h"
#include "operator/program/ports_file.h"
#include "operator/program/published_configuration.h"
#include "operator/program/status_endpoints.h"
#include "operator/program/stores.h"
#include "operator/program/stuck_watch.h"
#include "operator/program/tls_secret_users.h"
#include "operator/routing/auth_secret_watches.h"
#include "operator/routing/external_name_watches.h"
#include "operator/routing/field_map_watches.h"

namespace program {
namespace {

class RunningOperator final : public Runtime {
 public:
  RunningOperator(const Options& options, const kube::Config& config, const base::Clock& clock,
                  std::function<void()> on_lost);
  ~RunningOperator() override;

  base::Status listen();
  void start();

 private:
  certificate::ProbeThreads::Options probe_thread_options();
  void tell_of_unreachable(const std::string& problem);
  std::function<bool(const std::string&)> is_our_class() const;
  certificate::ReconcilerOptions certificate_options() const;
  std::optional<certificate::ReconcilerOptions::HeldBack> hold_back(
      const api::Certificate& certificate) const;
  void connect_parts();
  base::Result<base::HttpServer::TlsSource> control_identity();
  void on_compiled(const ingress::CompileLoop::Outcome& outcome);
  std::optional<ingress::Addresses> addresses_to_publish() const;
  bool publishes_addresses() const;
  bool is_named_secret(const kube::ObjectKey& secret) const;
  bool is_named_service(const kube::ObjectKey& service) const;
  void look_at_ingresses_that_are_selected(const kube::ObjectChange<kube::Namespace>& change);
  ingress::Remarks::Options remark_options() const;
  void look_at_all_ingresses();
  void look_at_all_classes();
  std::shared_ptr<const routing::HostOwners> owners() const;
  void lead();
  std::string why_not_live() const;
  std::string why_not_ready() const;

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
  const ingress::ParametersInForce in_force_;
  const TlsSecretUsers tls_secret_users_;
  Neighbours neighbours_;
  DefinitionsWatch definitions_;
  PublishedConfiguration published_;

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
  const ingress::Remarks remarks_;
  ingress::OverlookedReporter overlooked_;
  ingress::ClassReporter class_reporter_;

  // While we lead.
  kube::Controllers controllers_;
  kube::Controller& issuer_controller_ = controllers_.add(issuers_, "issuer", kIssuerWorkers);
  kube::Controller& cluster_issuer_controller_ =
      controllers_.add(cluster_issuers_, "clusterissuer", kIssuerWorkers);
  kube::Controller& certificate_controller_ =
      controllers_.add(certificates_, "certificate", options_.workers);
  kube::Controller& shim_controller_ = controllers_.add(shim_, "certificate-shim", 2);
  kube::Controller& status_controller_ = controllers_.add(status_, "ingress-status", 4);
  kube::Controller& overlooked_controller_ = controllers_.add(overlooked_, "ingress-overlooked", 1);
  kube::Controller& class_controller_ = controllers_.add(class_reporter_, "ingress-class", 1);

  control::TokenReviewer token_reviewer_;
  std::shared_ptr<control::FileIdentity> identity_files_;  // one of the two, by the flags
  std::unique_ptr<OwnCertificate> own_certificate_;
  std::unique_ptr<control::Server> control_;
  routing::AuthSecretWatches auth_secrets_;
  routing::FieldMapWatches field_maps_;
  routing::ExternalNameWatches external_names_;
  ingress::CompileLoop compile_loop_;
  mutable StuckWatch compile_watch_;
  std::unique_ptr<kube::LeaderElector> elector_;
  std::unique_ptr<base::HttpServer> health_;
  std::unique_ptr<base::HttpServer> metrics_;

  mutable std::mutex mutex_;
  std::shared_ptr<const routing::HostOwners> owners_;
};

RunningOperator::RunningOperator(const Options& options, const kube::Config& config,
                                 const base::Clock& clock, std::function<void()> on_lost)
    : options_(options),
      clock_(clock),
      own_namespace_(own_namespace(options, config)),
      identity_(new_identity()),
      on_lost_(std::move(on_lost)),
      registry_(std::make_shared<prometheus::Registry>()),
      client_(kube::connect(config, clock, kUserAgent)),
      election_client_(kube::connect(config, clock, kUserAgent, election_client_options())),
      review_client_(kube::connect(config, clock, kUserAgent, review_client_options())),
      probe_transport_(program::probe_transport()),
      events_(
          *client_, clock,
          {.controller = "gatehouse.dev/operator", .instance = identity_, .registry = registry_}),
      stores_(*client_, watched_namespaces(options), proxies_namespaces(options, own_namespace_),
              {[this](const auto& secret) { return is_named_secret(secret); },
               [this](const auto& service) { return is_named_service(service); }},
              registry_),
      in_force_(stores_.classes, stores_.parameters, stores_.namespaces),
      tls_secret_users_(stores_.ingresses),
      neighbours_(release(options), election_options(options, own_namespace_, identity_).lease,
                  *election_client_, clock, events_),
      definitions_(*client_),
      published_([this] { return control_->is_live_everywhere(); }),
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
      probe_(probe_options(options, own_namespace_), stores_.slices, *probe_transport_,
             base::read_served_certificate, clock, *registry_, stop_.get_token()),
      probe_threads_(probe_thread_options(), probe_, clock),
      certificates_(
          certificate_options(),
          {stores_.certificates, stores_.tls_secrets, stores_.issuers, stores_.cluster_issuers},
          *client_, accounts_, probe_threads_, clock, events_, acme_requests_, certificate_metrics_,
          stop_.get_token()),
      shim_(stores_.certificates, *client_, events_, clock, stop_.get_token()),
      status_(stores_.ingresses, *client_, events_, clock, stop_.get_token()),
      reporter_(events_, clock),
      remarks_({stores_.classes, stores_.services, in_force_}, remark_options()),
      overlooked_(stores_.ingresses,
                  {[this](const kube::Ingress& ingress) { return remarks_.on(ingress); },
                   [this](const ingress::Remark& remark) {
                     return !remark.is_nobodys || neighbours_.has_classless();
                   }},
                  events_, clock),
      class_reporter_({class_names(options), options.watch_namespaces.empty()}, stores_.classes,
                      stores_.parameters, in_force_, *client_, events_, clock, stop_.get_token()),
      controllers_(clock, registry_),
      token_reviewer_(*review_client_, clock, review_options(options, config, own_namespace_)),
      auth_secrets_(*client_, {},
                    [this](const kube::ObjectKey& key) { compile_loop_.note_auth_secret(key); }),
      field_maps_(*client_, {.max = 16},
                  [this](const kube::ObjectKey& key) { compile_loop_.note_field_map(key); }),
      external_names_(base::look_up_name, {.api_server = own_api_server()},
                      [this](const std::string& name) { compile_loop_.note_external_name(name); }),
      compile_loop_({stores_.ingresses, stores_.classes, stores_.services, stores_.slices,
                     stores_.tls_secrets, stores_.certificates, stores_.namespaces, &auth_secrets_,
                     &external_names_, &stores_.parameters, &in_force_, &field_maps_},
                    compile_options(options), clock, *registry_,
                    [this](const auto& outcome) { on_compiled(outcome); }) {
  connect_parts();
}

certificate::ProbeThreads::Options RunningOperator::probe_thread_options() {
  certificate::ProbeThreads::Options options;
  options.proxies = [this] { return probe_.proxies(); };
  options.is_given_token = [this](const std::string& host, const std::string& token) {
    return published_.is_given_token(host, token);
  };
  options.is_given_certificate = [this](const kube::ObjectKey& secret,
                                        const std::string& fingerprint) {
    return published_.is_given_certificate(secret, fingerprint);
  };
  return options;
}

// At the Service that leads to it: whoever looks for a proxy looks there.
void RunningOperator::tell_of_unreachable(const std::string& problem) {
  const auto service = stores_.services.get(proxy_service(options_, own_namespace_));
  if (!service) return;
  events_.warning(
      kube::reference_to(kube::Service::type(), service->metadata), "ProxyUnreachable", "Probing",
      "a ready proxy cannot be reached from the operator, so what it serves is not proven: " +
          problem);
}

std::function<bool(const std::string&)> RunningOperator::is_our_class() const {
  return [this](const std::string& name) { return neighbours_.is_our_class(name); };
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
    return tls_secret_users_.are_any(secret);
  };
  options.ingresses_of = [this](const kube::ObjectKey& secret) {
    return tls_secret_users_.of(secret);
  };
  return options;
}

ingress::Remarks::Options RunningOperator::remark_options() const {
  return {.class_names = class_names(options_),
          .classes_elsewhere = [this] { return neighbours_.classes_elsewhere(); },
          .publish_service = options_.publish_service,
          .are_addresses_given = !options_.publish_addresses.empty()};
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

// Who wakes whom.
void RunningOperator::connect_parts() {
  stores_.ingresses.add_listener([this](const kube::ObjectChange<kube::Ingress>& change) {
    for (const kube::ObjectKey& secret : TlsSecretUsers::changed_by(change)) {
      certificates_.on_use_changed(secret);
    }
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
  // Whom one of them trusts is a matter of the others, too.
  stores_.classes.add_listener([this](const auto&) { look_at_all_classes(); });
  const auto on_parameters = [this] {
    look_at_all_classes();
    look_at_all_ingresses();
  };
  stores_.parameters.add_listener([on_parameters](const auto&) { on_parameters(); });
  stores_.parameters.add_sync_listener(on_parameters);
  stores_.namespaces.add_listener([this](const kube::ObjectChange<kube::Namespace>& change) {
    look_at_ingresses_that_are_selected(change);
  });
  // Until then those with a selector say nothing.
  stores_.namespaces.add_sync_listener([this, on_parameters] {
    if (in_force_.have_selectors()) on_parameters();
  });
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

base::Result<base::HttpServer::TlsSource> RunningOperator::control_identity() {
  if (options_.control_tls_secret) {
    own_certificate_ =
        std::make_unique<OwnCertificate>(own_certificate_options(options_, own_namespace_),
                                         *client_, clock_, registry_, stop_.get_token());
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
  options.http.connections_max = control_connections_max();
  options.on_acknowledged = [this] { certificates_.on_proxy_acknowledged(); };
  auto control = control::Server::listen(options, token_reviewer_, clock_, *registry_);
  if (!control) return base::failure(std::move(control.error()));
  control_ = std::move(*control);

  auto health = serve_health(
      options_.health, [this] { return why_not_live(); }, [this] { return why_not_ready(); });
  if (!health) return base::failure(base::while_doing("serving health", health.error()));
  health_ = std::move(*health);
  auto metrics = serve_metrics(options_.metrics, registry_,
                               [this](auto& page) { certificate_metrics_.add_gauges(page); });
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
  definitions_.start();
  if (own_certificate_) own_certificate_->start();
  stores_.cache.start();
  compile_loop_.start();
  if (!options_.leader_elect) {
    neighbours_.lead_without_election();
    spdlog::info("leading without an election, as --leader-elect=false says");
    return lead();
  }
  kube::LeaderElector::Callbacks callbacks;
  callbacks.on_elected = [this] { lead(); };
  callbacks.on_lost = on_lost_;
  callbacks.look_around = [this](const std::stop_token& stop) {
    return neighbours_.look_around(stop);
  };
  callbacks.on_refused = [this](const std::string& why) { neighbours_.report_refusal(why); };
  elector_ = std::make_unique<kube::LeaderElector>(
      *election_client_, clock_, election_options(options_, own_namespace_, identity_), callbacks);
  elector_->start();
}

// From here on this replica alone writes to the cluster and talks to ACME servers.
void RunningOperator::lead() {
  spdlog::info("leading as {}", identity_);
  if (!neighbours_.has_classless()) {
    spdlog::info(
        "Certificates and issuers without spec.ingressClassName are left to another operator");
  }
  certificates_.begin_to_lead();
  controllers_.start();
  reporter_.start_speaking();
}

RunningOperator::~RunningOperator() {
  // First everybody is asked, then waited for; the lease goes last, so that nobody leads beside
  // work of ours that is under way.
  stop_.request_stop();
  definitions_.request_stop();
  if (own_certificate_) own_certificate_->request_stop();
  stores_.cache.request_stop();
  controllers_.stop();
  probe_threads_.stop();
  issuer_secrets_.stop();
  auth_secrets_.stop();
  field_maps_.stop();
  if (elector_) elector_->stop();
  if (own_certificate_) own_certificate_->stop();
  stores_.cache.stop();
  external_names_.stop();  // waits for servers that may not answer: nobody waits for it
  compile_loop_.stop();
  control_.reset();
  health_.reset();
  metrics_.reset();
}

std::shared_ptr<const routing::HostOwners> RunningOperator::owners() const {
  const std::lock_guard lock(mutex_);
  return owners_;
}

void RunningOperator::on_compiled(const ingress::CompileLoop::Outcome& outcome) {
  const auto owners_before = owners();
  {
    const std::lock_guard lock(mutex_);
    owners_ = outcome.owners;
  }
  const bool is_first = !owners_before;
  // What stays the same has the same address.
  if (!is_first && owners_before != outcome.owners) certificates_.on_owners_changed();
  if (outcome.config && !published_.is(outcome.config)) {
    control_->publish(outcome.config);
    published_.replace(outcome.config, [this, is_first](const std::string& secret) {
      if (!is_first) certificates_.on_given_changed(secret);
    });
  }
  shim_.follow(outcome.findings);
  if (publishes_addresses()) status_.follow(outcome.findings, addresses_to_publish());
  reporter_.report(outcome.findings,
                   outcome.config ? std::optional(control_->revision()) : std::nullopt);
  // Last: ten thousand Certificates that all look at their Secrets leave little of the processors
  // to the configuration that the proxies wait for.
  if (is_first) certificates_.on_uses_known();
}

bool RunningOperator::is_named_secret(const kube::ObjectKey& secret) const {
  return compile_loop_.is_secret_of_an_ingress(secret) ||
         !stores_.certificates.find(certificate::kBySecret, secret.text()).empty();
}

bool RunningOperator::is_named_service(const kube::ObjectKey& service) const {
  return service == proxy_service(options_, own_namespace_) ||
         compile_loop_.is_service_of_an_ingress(service);
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

// Whether they may have their class depends on the labels of their namespace, where a class says
// so.
void RunningOperator::look_at_ingresses_that_are_selected(
    const kube::ObjectChange<kube::Namespace>& change) {
  if (!change.after ||
      (change.before && change.before->metadata.labels == change.after->metadata.labels)) {
    return;
  }
  if (!in_force_.have_selectors()) return;
  for (const auto& one : stores_.ingresses.list()) {
    if (one->metadata.namespace_ != change.key.name) continue;
    overlooked_controller_.enqueue(one->metadata.key());
  }
}

void RunningOperator::look_at_all_ingresses() {
  for (const auto& one : stores_.ingresses.list()) {
    overlooked_controller_.enqueue(one->metadata.key());
  }
}

void RunningOperator::look_at_all_classes() {
  for (const auto& one : stores_.classes.list()) class_controller_.enqueue(one->metadata.key());
}

std::string RunningOperator::why_not_live() const {
  const std::string why = compile_watch_.why_stuck(
      {compile_loop_.rounds(), compile_loop_.processor_time()}, clock_.steady_now());
  return why.empty() ? why : "the compile loop " + why;
}

std::string RunningOperator::why_not_ready() const {
  if (std::string problem = definitions_.problem(); !problem.empty()) return problem;
  const std::string missing = stores_.cache.awaited();
  if (!missing.empty()) return "waiting for the first listing of " + missing;
  if (compile_loop_.lacks_parameters()) {
    return "waiting for the first listing of EdgeParameters that an IngressClass names, and of the "
           "namespaces that they select";
  }
  if (!compile_loop_.has_compiled()) return "the cluster has not been compiled yet";
  return own_certificate_ ? own_certificate_->why_not_ready() : std::string();
}

}  // namespace

base::Result<std::unique_ptr<Runtime>> Runtime::start(const Options& options,
                                                      const kube::Config& config,
                                                      const base::Clock& clock,
                                                      std::function<void()> on_lost) {
  const auto election =
      kube::check(election_options(options, own_namespace(options, config), "operator"));
  if (!election) {
    return base::failure(election.error());
  }
  auto running = std::make_unique<RunningOperator>(options, config, clock, std::move(on_lost));
  if (const auto listening = running->listen(); !listening) return base::failure(listening.error());
  running->start();
  return running;
}

}  // namespace program
