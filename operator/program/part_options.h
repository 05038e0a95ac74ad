#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/http.h"
#include "kube/client.h"
#include "kube/config.h"
#include "kube/leader_election.h"
#include "operator/certificate/proxy_probe.h"
#include "operator/control/own_identity.h"
#include "operator/control/token_reviewer.h"
#include "operator/ingress/compile_loop.h"
#include "operator/issuer/reconciler.h"
#include "operator/issuer/secret_watches.h"
#include "operator/program/options.h"
#include "operator/program/release.h"
#include "proxy/config/model.h"

// What the flags say, as each part of the operator wants to be told.
namespace program {

inline constexpr const char* kUserAgent = "gatehouse-operator/0.1";
// Of each kind of issuer. They wait for servers, of which some hang.
inline constexpr int kIssuerWorkers = 8;

std::string own_namespace(const Options& options, const kube::Config& config);
// Of this process among the replicas: no other has had it or will have it.
std::string new_identity();

std::set<std::string> class_names(const Options& options);
std::set<std::string> watched_namespaces(const Options& options);
Release release(const Options& options);
kube::ObjectKey proxy_service(const Options& options, const std::string& own_namespace);
// Where the Services of the proxies are.
std::set<std::string> proxies_namespaces(const Options& options, const std::string& own_namespace);

kube::LeaderElectionOptions election_options(const Options& options,
                                             const std::string& own_namespace,
                                             const std::string& identity);
kube::Client::Options election_client_options();
kube::Client::Options review_client_options();
control::TokenReviewer::Options review_options(const Options& options, const kube::Config& config,
                                               const std::string& own_namespace);
control::OwnIdentity::Options own_certificate_options(const Options& options,
                                                      const std::string& own_namespace);
ingress::CompileLoop::Options compile_options(const Options& options);
certificate::ProxyProbeOptions probe_options(const Options& options,
                                             const std::string& own_namespace);
// watches outlives what these options are given to.
issuer::ReconcilerOptions issuer_options(bool cluster_issuers, const std::string& own_namespace,
                                         issuer::SecretWatches& watches,
                                         std::function<bool(const std::string&)> is_ours);

issuer::TransportFactory acme_transports();
// The probes ask the Pods themselves: what a forward proxy says of them proves nothing.
std::unique_ptr<base::HttpTransport> probe_transport();
// Where Pods find the API server. Whoever may write an Ingress is not led there by it.
std::optional<proxy::config::IpAddress> own_api_server();
// How many connections to the control API there may be at once, by the descriptors we may open.
std::size_t control_connections_max();

}  // namespace program
