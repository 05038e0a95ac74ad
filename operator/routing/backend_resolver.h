#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/resources/endpoint_slice.h"
#include "kube/resources/service.h"
#include "operator/routing/backend.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"
#include "proxy/config/size.h"

namespace routing {

// Where a backend leads, and what is wrong with it.
struct ResolvedBackend {
  proxy::config::Action action;
  std::string reason;       // of a complaint; empty: nothing is wrong
  std::string trouble;      // a clause: "Service shop/web has no port named \"http\""
  bool is_pending = false;  // it is about to resolve by itself
};
// It leads nowhere: 503 with that reason of the answer.
ResolvedBackend closed(std::string answer_reason, std::string reason, std::string trouble);

// Turns backends into clusters of endpoints. Lives for one compilation.
//
// The port of a backend is a Service port, by number or name; its Pod port is found in each
// EndpointSlice under the Service port's *name*, never its number: one Service port may lead to
// different Pod ports in different slices.
class BackendResolver {
 public:
  // resources must outlive it.
  explicit BackendResolver(const Resources& resources);

  ResolvedBackend resolve(const std::string& namespace_, const ServiceBackend& backend,
                          const Timeouts& timeouts, const BackendProtocol& protocol = {},
                          const EndpointChoice& choice = {});

  // A host on the outside, in TLS and by its name: its certificate must be for that, and of an
  // authority that the proxies' own system trusts. Its addresses are what DNS says, as of an
  // ExternalName Service.
  ResolvedBackend resolve_outside(const OutsideHost& outside);

  // Of the Service; 0: it has no such port, or does not exist.
  int port_of(const std::string& namespace_, const ServiceBackend& backend) const;

  // Its first TCP port; 0: it has none, or does not exist.
  int first_port_of(const kube::ObjectKey& service) const;
  // Of what a cluster has of the Service itself, at most: the endpoints of one of its ports, and
  // what it says of how they are spoken to and chosen.
  proxy::config::Size size_at_most(const kube::ObjectKey& service) const;
  // A cluster in place of a Service that does not lead anywhere: requests come as far as to find no
  // endpoint.
  proxy::config::Forward nowhere(const kube::ObjectKey& service);

  // The clusters of everything resolved so far.
  proxy::config::ProxyConfig::Section<proxy::config::Cluster> take_clusters() {
    return std::move(clusters_);
  }

 private:
  using Slices = std::vector<const kube::EndpointSlice*>;

  ResolvedBackend with_trouble_of_name(ResolvedBackend resolved, const std::string& who,
                                       const std::string& name) const;
  const Slices& slices_of(const kube::ObjectKey& service) const;
  struct Tls {
    proxy::config::BackendTls settings;
    std::string trouble;  // a clause; empty: none
  };
  Tls tls_of(const kube::ObjectKey& service, const BackendProtocol& protocol) const;
  void take_secret(const std::string& namespace_, const BackendProtocol& protocol, Tls& tls) const;
  void take_config_map(const std::string& namespace_, const BackendProtocol& protocol,
                       Tls& tls) const;

  const Resources& resources_;
  std::map<kube::ObjectKey, const kube::Service*> services_;
  std::map<kube::ObjectKey, Slices> slices_;
  proxy::config::ProxyConfig::Section<proxy::config::Cluster> clusters_;
};

// Of BackendResolver::resolve_outside().
std::string outside_cluster_id(const OutsideHost& outside);

// Who answers for one port of a Service. All lists are sorted and unique.
struct ServiceEndpoints {
  // The ready ones; when there are none, those that still serve while they terminate (KEP-1669);
  // all when the Service publishes not-ready addresses. Of a dual-stack Service only one family:
  // the same Pods stand behind both.
  std::vector<proxy::config::Endpoint> endpoints{};
  // Those that serve while they terminate, beside ready ones.
  std::vector<proxy::config::Endpoint> leaving{};
  // For which zones endpoints are, by the hints of EndpointSlices: as kube-proxy has it, nothing
  // unless each ready endpoint has one (topologyModeFromHints() in pkg/proxy/topology.go).
  std::vector<proxy::config::ZoneEndpoints> zones{};
};
ServiceEndpoints endpoints_of(const kube::Service& service, const kube::ServicePort& port,
                              const std::vector<const kube::EndpointSlice*>& slices);

}  // namespace routing
