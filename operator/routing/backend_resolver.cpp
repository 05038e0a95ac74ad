#include "operator/routing/backend_resolver.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "base/digest.h"
#include "base/ip_text.h"
#include "operator/routing/external_names.h"
#include "proxy/config/limits.h"

namespace routing {
namespace {

using proxy::config::Cluster;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using EndpointList = std::vector<proxy::config::Endpoint>;

const kube::ServicePort* find_port(const kube::Service& service, const ServiceBackend& backend) {
  for (const kube::ServicePort& port : service.ports) {
    if (port.protocol != "TCP") continue;
    if (backend.port_name.empty() ? port.port == backend.port_number
                                  : port.name == backend.port_name) {
      return &port;
    }
  }
  return nullptr;
}

std::string port_text(const ServiceBackend& backend) {
  if (backend.port_name.empty()) return std::to_string(backend.port_number);
  return "named \"" + backend.port_name + "\"";
}

std::string offered_ports(const kube::Service& service) {
  std::string text;
  for (const kube::ServicePort& port : service.ports) {
    if (!text.empty()) text += ", ";
    text += std::to_string(port.port);
    if (!port.name.empty()) text += " (" + port.name + ")";
    if (port.protocol != "TCP") text += " " + port.protocol;
  }
  return text.empty() ? "no ports" : text;
}

// The port number on the Pods of this slice; 0 when the slice does not have this port.
std::int32_t pod_port(const kube::EndpointSlice& slice, const kube::ServicePort& service_port) {
  for (const kube::EndpointPort& port : slice.ports) {
    if (port.name != service_port.name || port.protocol != "TCP") continue;
    if (port.port != 0) return port.port;
    // The slice says "every port": then the Service's target is the port, when it is a number.
    std::int32_t target = 0;
    const std::string& text = service_port.target_port;
    std::from_chars(text.data(), text.data() + text.size(), target);
    return target != 0 ? target : service_port.port;
  }
  return 0;
}

struct Candidates {
  EndpointList ready;
  EndpointList draining;
  std::map<std::string, EndpointList> by_zone;  // of the ready ones
  bool has_hints = true;                        // each of these
};

void add_endpoints(const kube::EndpointSlice& slice, std::int32_t port, bool publish_not_ready,
                   Candidates& candidates) {
  if (port <= 0 || port > 65535) return;
  for (const kube::Endpoint& endpoint : slice.endpoints) {
    // The addresses of one endpoint lead to the same Pod; consumers are told to use the first.
    if (endpoint.addresses.empty()) continue;
    // In one spelling: a ProxyConfig has literals only, and one that is none must not spoil it.
    const auto bytes = base::ip_bytes_from_text(endpoint.addresses.front());
    const auto address = bytes ? base::ip_text_from_bytes(*bytes) : std::nullopt;
    if (!address) continue;
    const proxy::config::Endpoint place{*address, static_cast<std::uint16_t>(port)};
    if (publish_not_ready || endpoint.is_ready()) {
      candidates.ready.push_back(place);
      if (endpoint.hint_zones.empty()) candidates.has_hints = false;
      for (const std::string& zone : endpoint.hint_zones) {
        candidates.by_zone[zone].push_back(place);
      }
    } else if (endpoint.is_serving() && endpoint.is_terminating()) {
      candidates.draining.push_back(place);
    }
  }
}

void make_sorted_and_unique(EndpointList& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  if (list.size() > proxy::config::kEndpointsMax) list.resize(proxy::config::kEndpointsMax);
}

// A zone's name is a label's value, or it is nobody's zone.
std::vector<proxy::config::ZoneEndpoints> zones_of(Candidates& candidates) {
  if (!candidates.has_hints || candidates.by_zone.size() > proxy::config::kZonesMax) return {};
  std::vector<proxy::config::ZoneEndpoints> zones;
  for (auto& [zone, endpoints] : candidates.by_zone) {
    if (zone.empty() || zone.size() > proxy::config::kZoneBytesMax) continue;
    make_sorted_and_unique(endpoints);
    zones.push_back({zone, std::move(endpoints)});
  }
  return zones;
}

ServiceEndpoints chosen(Candidates candidates) {
  make_sorted_and_unique(candidates.ready);
  make_sorted_and_unique(candidates.draining);
  if (candidates.ready.empty()) return {.endpoints = std::move(candidates.draining)};
  ServiceEndpoints chosen;
  // A Pod may stand in two slices for a while.
  std::set_difference(candidates.draining.begin(), candidates.draining.end(),
                      candidates.ready.begin(), candidates.ready.end(),
                      std::back_inserter(chosen.leaving));
  chosen.endpoints = std::move(candidates.ready);
  chosen.zones = zones_of(candidates);
  return chosen;
}

// The address behind which the cluster's network chooses a Pod; a headless Service has none.
std::optional<proxy::config::Endpoint> own_endpoint(const kube::Service& service,
                                                    const kube::ServicePort& port) {
  const auto bytes = base::ip_bytes_from_text(service.cluster_ip);
  const auto address = bytes ? base::ip_text_from_bytes(*bytes) : std::nullopt;
  if (!address || port.port <= 0 || port.port > 65535) return std::nullopt;
  return proxy::config::Endpoint{*address, static_cast<std::uint16_t>(port.port)};
}

// A Service of type ExternalName need not list its ports; and a Pod's port is that of the host
// there.
kube::ServicePort port_of_external(const kube::ServicePort* listed, std::int32_t number) {
  kube::ServicePort port;
  if (listed != nullptr) port = *listed;
  if (listed == nullptr) port.port = number;
  std::int32_t target = 0;
  const std::string& text = port.target_port;
  const auto end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, target);
  if (error == std::errc() && last == end && target > 0 && target <= 65535) port.port = target;
  return port;
}

// Intermediate certificates between that of a site and its authority: more than any public one has.
constexpr std::uint64_t kOutsideVerifyDepth = 5;

EndpointList endpoints_of_external(const ResolvedName* name, const kube::ServicePort& port) {
  EndpointList endpoints;
  if (name == nullptr) return endpoints;
  for (const std::string& address : name->addresses) {
    endpoints.push_back({address, static_cast<std::uint16_t>(port.port)});
  }
  std::sort(endpoints.begin(), endpoints.end());
  return endpoints;
}

// "uri,cookie:route": one for each way to choose by what requests have in common.
std::string hash_text(const std::vector<proxy::config::HashPart>& parts) {
  constexpr std::array<std::string_view, 6> kSources = {"uri",   "client", "host",
                                                        "field", "cookie", "arg"};
  std::string text;
  for (const proxy::config::HashPart& part : parts) {
    if (!text.empty()) text += ',';
    text += kSources.at(static_cast<std::size_t>(part.source));
    if (!part.name.empty()) text.append(":").append(part.name);
  }
  return text;
}

std::string cluster_id(const kube::Service& service, const kube::ServicePort& port,
                       const Timeouts& timeouts, const std::string& protocol,
                       const EndpointChoice& choice) {
  std::string id = service.metadata.key().text() + ":" + std::to_string(port.port) + protocol;
  if (choice.is_sticky) id += ";sticky";
  if (choice.prefers_least_requests) id += ";least";
  if (choice.asks_the_service) id += ";service";
  if (!choice.hash_by.empty()) id += ";hash=" + hash_text(choice.hash_by);
  if (const auto& rules = choice.rules; rules != proxy::config::EndpointRules{}) {
    id += ";rules=" + std::to_string(rules.requests_max) + "," +
          std::to_string(rules.connections_max) + "," + std::to_string(rules.eject_after) + "," +
          std::to_string(rules.slow_start_seconds);
  }
  if (timeouts == Timeouts{}) return id;
  // Another claimant's timeouts for the same Service are not ours: they get a cluster of their own.
  return id + ";connect=" + std::to_string(timeouts.connect.count()) +
         ";read=" + std::to_string(timeouts.read.count()) +
         ";send=" + std::to_string(timeouts.send.count());
}

// What a Service says of its port (KEP-2433): a name of IANA or of Kubernetes.
bool says_tls(const kube::ServicePort& port) {
  const std::string& said = port.app_protocol;
  return said == "https" || said == "HTTPS" || said == "kubernetes.io/wss";
}

// The same, and Istio's word for it.
bool says_http2(const kube::ServicePort& port) {
  return port.app_protocol == "kubernetes.io/h2c" || port.app_protocol == "grpc";
}

// Of zones: the endpoints once more for each zone that they are for, and the names of these. Which
// of them count is not known before a family and the ready ones are chosen, so however many zones
// are named, as many as there may be are counted, each with the longest name.
proxy::config::Size size_of_hints(const std::vector<const kube::EndpointSlice*>& slices) {
  using proxy::config::Size;
  std::set<std::string_view> zones;
  std::size_t hints = 0;
  for (const kube::EndpointSlice* slice : slices) {
    for (const kube::Endpoint& endpoint : slice->endpoints) {
      hints += endpoint.hint_zones.size();
      zones.insert(endpoint.hint_zones.begin(), endpoint.hint_zones.end());
    }
  }
  if (hints == 0) return {};
  Size longest;
  for (const std::string_view zone : zones) {
    if (zone.size() > proxy::config::kZoneBytesMax) continue;
    const Size name = proxy::config::size_of_text(zone);
    if (name.bytes > longest.bytes) longest = name;
  }
  longest += {2, 40};
  Size size{1, 40};
  size += longest * std::min(zones.size(), proxy::config::kZonesMax);
  return size += size_of(proxy::config::Endpoint()) * hints;
}

// Of the cluster's id: what one claimant trusts and shows is not another's. The content of a Secret
// is no part of it, so that a new one changes the cluster in place.
std::string tls_text(const BackendProtocol& protocol) {
  if (protocol == BackendProtocol{.tls = protocol.tls,
                                  .http2 = protocol.http2,
                                  .proxy_protocol = protocol.proxy_protocol}) {
    return ";tls";
  }
  std::string all = protocol.secret + "\n" + protocol.name + "\n" +
                    (protocol.verify ? "verify" : "") + "\n" + (protocol.sends_name ? "name" : "") +
                    "\n" + std::to_string(protocol.verify_depth);
  if (protocol.tls13_only) all += "\n1.3";
  if (!protocol.config_map.empty()) all += "\nmap " + protocol.config_map;
  if (!protocol.ciphers.empty()) all += "\nciphers " + protocol.ciphers;
  constexpr std::size_t kDigits = 32;  // more than enough for the claimants of one Service
  return ";tls=" + base::sha256_hex(all).substr(0, kDigits);
}

}  // namespace

ServiceEndpoints endpoints_of(const kube::Service& service, const kube::ServicePort& port,
                              const std::vector<const kube::EndpointSlice*>& slices) {
  Candidates v4;
  Candidates v6;
  for (const kube::EndpointSlice* slice : slices) {
    const std::int32_t number = pod_port(*slice, port);
    if (slice->address_type == "IPv4") {
      add_endpoints(*slice, number, service.publish_not_ready_addresses, v4);
    } else if (slice->address_type == "IPv6") {
      add_endpoints(*slice, number, service.publish_not_ready_addresses, v6);
    }
  }
  const bool prefers_v6 = service.cluster_ip.find(':') != std::string::npos;
  ServiceEndpoints preferred = chosen(std::move(prefers_v6 ? v6 : v4));
  return preferred.endpoints.empty() ? chosen(std::move(prefers_v6 ? v4 : v6)) : preferred;
}

ResolvedBackend closed(std::string answer_reason, std::string reason, std::string trouble) {
  return {FixedAnswer{503, std::move(answer_reason)}, std::move(reason), std::move(trouble), false};
}

BackendResolver::BackendResolver(const Resources& resources) : resources_(resources) {
  for (const auto& service : resources.services) services_[service->metadata.key()] = service.get();
  for (const auto& slice : resources.slices) slices_[slice->service()].push_back(slice.get());
}

const BackendResolver::Slices& BackendResolver::slices_of(const kube::ObjectKey& service) const {
  static const Slices kNone;
  const auto found = slices_.find(service);
  return found == slices_.end() ? kNone : found->second;
}

int BackendResolver::port_of(const std::string& namespace_, const ServiceBackend& backend) const {
  const auto found = services_.find({namespace_, backend.name});
  const kube::ServicePort* const port =
      found == services_.end() ? nullptr : find_port(*found->second, backend);
  return port == nullptr ? 0 : port->port;
}

int BackendResolver::first_port_of(const kube::ObjectKey& service) const {
  const auto found = services_.find(service);
  if (found == services_.end()) return 0;
  for (const kube::ServicePort& port : found->second->ports) {
    if (port.protocol == "TCP") return port.port;
  }
  return 0;
}

proxy::config::Size BackendResolver::size_at_most(const kube::ObjectKey& key) const {
  using proxy::config::Size;
  const auto found = services_.find(key);
  if (found == services_.end()) return {};
  const kube::Service& service = *found->second;
  std::size_t endpoints = 1;  // its own address
  for (const kube::EndpointSlice* slice : slices_of(key)) endpoints += slice->endpoints.size();
  Size size;
  if (const auto name = external_name_of(service)) {
    const auto known = resources_.external_names.find(*name);
    if (known != resources_.external_names.end() && known->second) {
      endpoints += known->second->addresses.size();
    }
    size += proxy::config::size_of_text(*name) * 2;  // to send and to verify
    size += {0, 40};
  }
  // Those that leave are a list of their own.
  size +=
      size_of(proxy::config::Endpoint()) * std::min(endpoints, 2 * proxy::config::kEndpointsMax);
  size += size_of_hints(slices_of(key));
  const bool says_protocol =
      std::any_of(service.ports.begin(), service.ports.end(),
                  [](const auto& port) { return !port.app_protocol.empty(); });
  if (says_protocol) size += {6, 120};
  size += {1, 20};  // of those that leave
  if (service.session_affinity == "ClientIP") size += {4, 100};
  return size;
}

proxy::config::Forward BackendResolver::nowhere(const kube::ObjectKey& service) {
  static const auto kNone = std::make_shared<const Cluster>();
  std::string id = service.text() + ":none";
  clusters_[id] = kNone;
  return {std::move(id)};
}

// What it names has to be there: without it anybody could stand in for the backend.
BackendResolver::Tls BackendResolver::tls_of(const kube::ObjectKey& service,
                                             const BackendProtocol& protocol) const {
  Tls tls;
  // ingress-nginx has "upstream_balancer" here, which is in nobody's certificate.
  const std::string name =
      protocol.name.empty() ? service.name + "." + service.namespace_ + ".svc" : protocol.name;
  if (protocol.sends_name && !base::ip_bytes_from_text(name)) tls.settings.server_name = name;
  tls.settings.verify_depth = protocol.verify_depth;
  if (!protocol.secret.empty()) take_secret(service.namespace_, protocol, tls);
  if (!protocol.config_map.empty() && tls.trouble.empty()) {
    take_config_map(service.namespace_, protocol, tls);
  }
  if (protocol.verify) tls.settings.verified_name = name;
  return tls;
}

void BackendResolver::take_secret(const std::string& namespace_, const BackendProtocol& protocol,
                                  Tls& tls) const {
  const auto in_namespace = name_in(namespace_, protocol.secret);
  if (!in_namespace) {
    tls.trouble = "proxy-ssl-secret names Secret " + protocol.secret + " of another namespace";
    return;
  }
  const kube::ObjectKey key{namespace_, *in_namespace};
  const std::string secret_text = "Secret " + key.text() + " of proxy-ssl-secret";
  const auto found = resources_.secrets.find(key);
  if (found == resources_.secrets.end()) {
    tls.trouble = secret_text +
                  " does not exist as one of type kubernetes.io/tls (others are not read; for "
                  "authorities alone leave tls.crt and tls.key empty)";
    return;
  }
  const TlsSecret& secret = *found->second;
  if (secret.state == TlsSecret::State::broken) {
    tls.trouble = secret_text + " cannot be used: " + secret.problem;
  } else if (secret.state == TlsSecret::State::usable) {
    tls.settings.chain_pem = secret.material->chain_pem.text();
    tls.settings.key_pem = secret.material->key_pem.text();
  }
  if (!protocol.verify || !protocol.config_map.empty()) return;
  if (secret.authorities_pem.empty()) {
    tls.trouble = secret_text + " has no certificates in ca.crt to verify by";
  }
  tls.settings.trusted_pem = secret.authorities_pem;
}

// Its authorities stand in place of those that the Secret may have.
void BackendResolver::take_config_map(const std::string& namespace_,
                                      const BackendProtocol& protocol, Tls& tls) const {
  const auto in_namespace = name_in(namespace_, protocol.config_map);
  if (!in_namespace) {
    tls.trouble =
        "proxy-ssl-configmap names ConfigMap " + protocol.config_map + " of another namespace";
    return;
  }
  const kube::ObjectKey key{namespace_, *in_namespace};
  const std::string map_text = "ConfigMap " + key.text() + " of proxy-ssl-configmap";
  const auto found = resources_.field_maps.find(key);
  if (found == resources_.field_maps.end() || found->second == nullptr) {
    tls.trouble = map_text + " does not exist";
    return;
  }
  const FieldMap& map = *found->second;
  if (map.is_unread) {
    tls.trouble = map_text + " has not been read yet";
  } else if (map.authorities_pem->empty()) {
    tls.trouble = map_text + " " + map.authorities_problem;
  }
  tls.settings.trusted_pem = *map.authorities_pem;
}

ResolvedBackend BackendResolver::with_trouble_of_name(ResolvedBackend resolved,
                                                      const std::string& who,
                                                      const std::string& name) const {
  const auto known = resources_.external_names.find(name);
  resolved.reason = "ExternalNameUnresolved";
  resolved.trouble = who;
  if (known == resources_.external_names.end()) {
    resolved.trouble += ", which DNS is being asked for";
    resolved.is_pending = true;
  } else {
    resolved.trouble += ", where nobody can be connected to: " + known->second->problem;
  }
  return resolved;
}

// No Service has such an id: a namespace has no ":".
std::string outside_cluster_id(const OutsideHost& outside) {
  return "outside:" + outside.host + ":" + std::to_string(outside.port);
}

ResolvedBackend BackendResolver::resolve_outside(const OutsideHost& outside) {
  std::string id = outside_cluster_id(outside);
  const auto said = resources_.external_names.find(outside.host);
  kube::ServicePort port;
  port.port = outside.port;
  Cluster made;
  made.endpoints = endpoints_of_external(
      said == resources_.external_names.end() ? nullptr : said->second.get(), port);
  made.tls.emplace();
  made.tls->server_name = made.tls->verified_name = outside.host;
  made.tls->verify_depth = kOutsideVerifyDepth;
  made.trusts_system = true;
  const bool is_empty = made.endpoints.empty();
  clusters_.insert_or_assign(id, std::make_shared<const Cluster>(std::move(made)));
  ResolvedBackend resolved{Forward{std::move(id)}, "", "", false};
  if (!is_empty) return resolved;
  return with_trouble_of_name(std::move(resolved), "it is " + outside.host, outside.host);
}

ResolvedBackend BackendResolver::resolve(const std::string& namespace_,
                                         const ServiceBackend& backend, const Timeouts& timeouts,
                                         const BackendProtocol& protocol,
                                         const EndpointChoice& choice) {
  const kube::ObjectKey key{namespace_, backend.name};
  const auto found = services_.find(key);
  if (found == services_.end()) {
    return closed("service_not_found", "ServiceNotFound",
                  "Service " + key.text() + " does not exist");
  }
  const kube::Service& service = *found->second;
  const bool is_external = service.type_name == "ExternalName";
  const auto external_name = external_name_of(service);
  if (is_external && !external_name) {
    return closed("external_name", "ExternalNameInvalid",
                  "Service " + key.text() + " has no externalName that can be asked for in DNS");
  }
  const kube::ServicePort* port = find_port(service, backend);
  kube::ServicePort port_there;
  if (is_external && (port || backend.port_number > 0)) {
    port_there = port_of_external(port, backend.port_number);
    port = &port_there;
  }
  if (!port) {
    return closed("port_not_found", "PortNotFound",
                  "Service " + key.text() + " has no TCP port " + port_text(backend) +
                      "; it offers " + offered_ports(service));
  }

  const bool is_tls = protocol.tls.value_or(says_tls(*port));
  const bool is_http2 = protocol.tls ? protocol.http2 : says_http2(*port);
  if (!is_tls && protocol.needs_tls()) {
    return closed(
        "backend_tls_unused", "BackendProtocolMismatch",
        "Service " + key.text() + " port " + std::to_string(port->port) +
            " is spoken to in the clear, where proxy-ssl-secret, proxy-ssl-verify and their kin "
            "guard nothing; set backend-protocol to \"HTTPS\" or \"GRPCS\", or remove them");
  }
  using proxy::config::ProxyProtocol;
  if (is_http2 && protocol.proxy_protocol != ProxyProtocol::none) {
    return closed("backend_proxy_protocol", "BackendProtocolMismatch",
                  "Service " + key.text() + " port " + std::to_string(port->port) +
                      " is spoken to in HTTP/2, where one connection carries the requests of many "
                      "clients and no PROXY header can name them; remove "
                      "proxy-protocol-to-backend, or set backend-protocol to \"HTTP\"");
  }
  Tls tls;
  if (is_tls) {
    // Whoever is behind a name on the outside is asked for by it.
    BackendProtocol by_name = protocol;
    if (is_external) by_name.sends_name = true;
    if (is_external && by_name.name.empty()) by_name.name = *external_name;
    tls = tls_of(key, by_name);
  }
  if (!tls.trouble.empty()) return closed("backend_secret", "BackendSecretUnusable", tls.trouble);

  std::string spoken = (is_http2 ? ";http2" : "") + (is_tls ? tls_text(protocol) : "");
  if (protocol.proxy_protocol == ProxyProtocol::v1) spoken += ";proxy=v1";
  if (protocol.proxy_protocol == ProxyProtocol::v2) spoken += ";proxy=v2";
  std::string id = cluster_id(service, *port, timeouts, spoken, choice);
  const auto known = clusters_.find(id);
  std::shared_ptr<const Cluster> cluster = known == clusters_.end() ? nullptr : known->second;
  if (!cluster) {
    Cluster made;
    const auto own = choice.asks_the_service ? own_endpoint(service, *port) : std::nullopt;
    if (is_external) {
      const auto said = resources_.external_names.find(*external_name);
      const bool is_said = said != resources_.external_names.end();
      made.endpoints = endpoints_of_external(is_said ? said->second.get() : nullptr, *port);
    } else if (own) {
      made.endpoints = {*own};
    } else {
      ServiceEndpoints found_there = endpoints_of(service, *port, slices_of(key));
      made.endpoints = std::move(found_there.endpoints);
      made.zones = std::move(found_there.zones);
      const bool asks_service = choice.hash_by.empty() && service.session_affinity == "ClientIP";
      if (asks_service) {
        made.client_stay_seconds = static_cast<std::uint64_t>(service.session_affinity_seconds);
      }
      // Nobody else asks them, and each that comes or goes is a change.
      if (choice.is_sticky || asks_service) made.leaving = std::move(found_there.leaving);
    }
    made.connect_timeout = timeouts.connect;
    made.read_timeout = timeouts.read;
    made.send_timeout = timeouts.send;
    if (is_tls) {
      tls.settings.ciphers = protocol.ciphers;
      made.tls = std::move(tls.settings);
    }
    made.tls13_only = is_tls && protocol.tls13_only;
    made.speaks_http2 = is_http2;
    made.proxy_protocol = protocol.proxy_protocol;
    // The API server makes it at random, every operator sees the same one, and no client does.
    if (choice.is_sticky) made.affinity_key = service.metadata.uid + "/" + key.text();
    if (made.affinity_key.size() > proxy::config::kAffinityKeyBytesMax) {
      made.affinity_key.resize(proxy::config::kAffinityKeyBytesMax);
    }
    made.hash_by = choice.hash_by;
    // Requests go past kube-proxy, which would keep it.
    if (made.hash_by.empty() && service.session_affinity == "ClientIP") {
      made.hash_by = {{proxy::config::HashSource::client_address}};
    }
    if (choice.rules != proxy::config::EndpointRules{}) made.endpoint_rules = choice.rules;
    if (choice.prefers_least_requests) {
      made.balancing = proxy::config::Balancing::least_requests;
    }
    cluster = std::make_shared<const Cluster>(std::move(made));
    clusters_.insert_or_assign(id, cluster);
  }
  ResolvedBackend resolved{Forward{std::move(id)}, "", "", false};
  if (!cluster->endpoints.empty()) return resolved;
  if (is_external) {
    return with_trouble_of_name(std::move(resolved),
                                "Service " + key.text() + " stands for " + *external_name,
                                *external_name);
  }
  resolved.reason = "NoReadyEndpoints";
  resolved.trouble =
      "Service " + key.text() + " port " + std::to_string(port->port) + " has no ready endpoints";
  return resolved;
}

}  // namespace routing
