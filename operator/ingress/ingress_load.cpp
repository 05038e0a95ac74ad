#include "operator/ingress/ingress_load.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/name_lookup.h"
#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/route_path.h"

namespace ingress {
namespace {

using proxy::config::Size;
using proxy::config::size_of;
using proxy::config::size_of_text;
using routing::Load;
using routing::TlsSecret;

constexpr std::uint64_t kSecretNameBytesMax = 253;
constexpr std::uint64_t kNamespaceBytesMax = 63;

// A byte that a request can only carry escaped is three, and in an expression seven ("(?:%C3)");
// one that JSON escapes is two.
std::uint64_t bytes_of_path(std::string_view path) {
  constexpr std::uint64_t kEscapedBytes = 7;
  std::uint64_t bytes = 1;  // an empty path is "/"
  for (const char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '/' || c == '-' || c == '_' || c == '.';
    bytes += is_plain ? 1 : kEscapedBytes;
  }
  return bytes;
}

// What a path takes beside its text in each proxy where it is a regular expression: instructions,
// some for each of its characters, or as many as there may be where a number says how often
// something comes ("/x.{900}").
std::uint64_t bytes_of_expression(std::string_view path) {
  constexpr std::uint64_t kInstructionBytes = 16;
  constexpr std::uint64_t kInstructionsOfCharacter = 4;
  if (!has_operators(path)) return 0;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const bool is_count = path[i] == '{' && path[i + 1] >= '0' && path[i + 1] <= '9';
    if (is_count) return kInstructionBytes * proxy::config::kExpressionInstructionsMax;
  }
  return kInstructionBytes * kInstructionsOfCharacter * path.size();
}

// What differs from the Service and its port; see cluster_id().
std::uint64_t bytes_of_cluster_suffix(const annotations::RoutePolicy& policy) {
  std::uint64_t bytes = std::string_view(":65535;http2;tls").size();
  if (policy.backend.needs_tls() || policy.backend.sends_name || !policy.backend.name.empty() ||
      policy.backend.verify_depth != routing::BackendProtocol{}.verify_depth) {
    bytes += 1 + 32;  // "=" and a digest
  }
  bytes += std::string_view(";proxy=v2;sticky;least;service").size();
  if (!policy.hash_by.empty()) bytes += std::string_view(";hash=").size();
  for (const auto& part : policy.hash_by) {
    bytes += std::string_view("cookie:,").size() + part.name.size();
  }
  if (policy.endpoint_rules != proxy::config::EndpointRules{}) {
    bytes += std::string_view(";rules=1000000,1000000,1000,3600").size();
  }
  if (!(policy.timeouts == routing::Timeouts{})) {
    bytes += std::string_view(";connect=86400000;read=86400000;send=86400000").size();
  }
  return bytes;
}

// "port" is its number or name.
using Backend = std::pair<std::string_view, std::string>;

class Weighing {
 public:
  explicit Weighing(const Asked& asked)
      : asked_(asked),
        ingress_(asked.ingress),
        id_bytes_(ingress_.metadata.namespace_.size() + 1 + bytes_of_cluster_suffix(asked.policy)) {
  }

  template <class SizeOfService, class Secrets>
  Load run(const SizeOfService& size_of_service, const Secrets& secrets) {
    add_backends(size_of_service, secrets);
    add_section(asked_.guards);
    add_section(asked_.shape);
    if (asked_.policy.canary) {
      load_[Load::hosts] = 1;
      add_splits();
      return load_;
    }
    add_hosts();
    add_names(secrets);
    load_[Load::hosts] = std::max<std::uint64_t>(load_[Load::hosts], 1);
    return load_;
  }

 private:
  // An entry by the digest of its content.
  void add_section(const Size& size) {
    if (size.values == 0) return;
    load_.add(size);
    load_.add({0, kDigestBytes});
  }

  void note(const kube::IngressBackend& backend) {
    if (!backend.service) return;
    const kube::IngressServiceBackend& service = *backend.service;
    services_.insert({service.name, service.port_name.empty() ? std::to_string(service.port_number)
                                                              : service.port_name});
  }

  template <class SizeOfService, class Secrets>
  void add_backends(const SizeOfService& size_of_service, const Secrets& secrets) {
    const annotations::RoutePolicy& policy = asked_.policy;
    if (ingress_.default_backend) note(*ingress_.default_backend);
    for (const kube::IngressRule& rule : ingress_.rules) {
      for (const kube::IngressPath& path : rule.paths) note(path.backend);
    }
    const std::string& pages = policy.error_pages.service;
    if (!pages.empty()) services_.insert({pages, ""});
    const Size settings = size_of_settings(secrets);
    // They may be spoken to in TLS, under a name of their own.
    const Size of_tls{12, 300 + 2 * proxy::config::kHostBytesMax};
    for (const kube::ObjectKey& service : asked_.asked_services) {
      Size of_service = size_of_service(service);
      of_service += of_tls;
      add_cluster(service.text(), settings, of_service);
    }
    for (std::size_t i = 0; i < asked_.asked_outside; ++i) {
      Size of_host = size_of(proxy::config::Endpoint()) * base::NameAnswer::kAddressesMax;
      of_host += of_tls;
      of_host += {0, proxy::config::kHostBytesMax};
      add_cluster("outside", settings, of_host);
    }
    for (const auto& [service, port] : services_) {
      add_cluster(service, settings,
                  size_of_service({ingress_.metadata.namespace_, std::string(service)}));
      if (!pages.empty()) add_cluster(service, Size{2, 20}, {});  // where it has no endpoints
    }
  }

  // What the Ingress says of its clusters.
  template <class Secrets>
  Size size_of_settings(const Secrets& secrets) const {
    const annotations::RoutePolicy& policy = asked_.policy;
    Size size{2, 40};  // its braces, and a list of endpoints
    if (!(policy.timeouts == routing::Timeouts{})) size += {3, 120};
    if (policy.sticky) size += {1, 30 + proxy::config::kAffinityKeyBytesMax};
    if (policy.prefers_least_requests) size += {1, 40};
    for (const auto& part : policy.hash_by) size += {4, 80 + part.name.size()};
    if (policy.endpoint_rules != proxy::config::EndpointRules{}) size += {6, 160};
    if (policy.backend == routing::BackendProtocol{}) return size;
    size += {11, 280};
    size += size_of_text(policy.backend.name) * 2;  // to send and to verify
    size += asked_.authorities;
    const std::string& namespace_ = ingress_.metadata.namespace_;
    const auto name = routing::name_in(namespace_, policy.backend.secret);
    if (policy.backend.secret.empty() || !name) return size;
    const auto secret = secrets.find({namespace_, *name});
    if (secret != secrets.end()) size += size_of_secret(*secret->second);
    return size;
  }

  void add_cluster(std::string_view service, const Size& settings, const Size& of_service) {
    ++load_[Load::backends];
    load_.add(settings);
    load_.add(of_service);
    load_.add({0, id_bytes_ + service.size()});
  }

  static Size size_of_secret(const TlsSecret& secret) {
    Size size = size_of_text(secret.authorities_pem);
    if (secret.material) {
      size += size_of_text(secret.material->chain_pem.text());
      size += size_of_text(secret.material->key_pem.text());
    }
    return size;
  }

  // A split of the route that it joins.
  void add_splits() {
    const auto add_one = [this](const kube::IngressBackend& backend) {
      load_.add(size_of(*asked_.policy.canary));
      load_.add({1, kRouteBytes + bytes_of_id(backend)});
    };
    if (ingress_.default_backend) add_one(*ingress_.default_backend);
    for (const kube::IngressRule& rule : ingress_.rules) {
      for (const kube::IngressPath& path : rule.paths) add_one(path.backend);
    }
  }

  bool is_guarded() const { return asked_.guards.values != 0; }

  std::uint64_t bytes_of_id(const kube::IngressBackend& backend) const {
    return backend.service ? id_bytes_ + backend.service->name.size() : 0;
  }

  // What is answered in place of a backend.
  Size of_route(const kube::IngressBackend& backend, std::string_view path) const {
    Size size{6, kRouteBytes + bytes_of_path(path) + bytes_of_id(backend)};
    const annotations::RoutePolicy& policy = asked_.policy;
    if (policy.redirections.of_all) size += of_redirect(*policy.redirections.of_all);
    if (policy.fixed_answer) size += size_of(*policy.fixed_answer);
    size += size_of(asked_.policies);
    // A cookie's path is the route's where nothing is said.
    if (policy.sticky) size += {1, bytes_of_path(path)};
    if (policy.error_pages.service.empty() && policy.error_pages.statuses.empty()) return size;
    size += {1, bytes_of_id(backend) + kNamespaceBytesMax};  // whose errors they are for
    return size;
  }
  static Size of_redirect(const proxy::config::Redirection& redirect) {
    Size size{2, 40};  // a list of what guards
    size += size_of(redirect);
    return size;
  }

  // The same for each host that has these paths.
  Size of_paths(const kube::IngressRule& rule) const {
    const annotations::RoutePolicy& policy = asked_.policy;
    Size size;
    const bool are_expressions =
        policy.rewrite.uses_expressions || policy.is_refused() || is_guarded();
    for (const kube::IngressPath& path : rule.paths) {
      size += of_route(path.backend, path.path);
      if (are_expressions) size += {0, bytes_of_expression(path.path)};
      if (policy.is_refused()) size += {3, kRouteBytes + bytes_of_path(path.path)};  // closed
      // Guarded as an expression, too.
      if (is_guarded() && has_operators(path.path)) size += of_route(path.backend, path.path);
    }
    if (ingress_.default_backend) size += of_route(*ingress_.default_backend, "");
    if (policy.redirections.of_root) {
      size += of_route({}, "/");
      size += of_redirect(*policy.redirections.of_root);
    }
    return size;
  }

  Size of_host(std::string_view name) const {
    const annotations::RoutePolicy& policy = asked_.policy;
    Size size{4, kHostBytes + name.size()};
    if (policy.rewrite.uses_expressions || policy.is_refused() || is_guarded()) {
      size += {6, kHostBytes};
    }
    if (policy.tls) size += {4, kHostBytes};
    if (policy.redirect.refuses) size += {3, kHostBytes};
    constexpr std::uint64_t kDefaultIdBytes = 63 + 63 + 100;  // names of RFC 1123, and what follows
    if (asked_.has_default_of_class) size += {8, kRouteBytes + kDefaultIdBytes};
    if (policy.passes_tls) size += {5, kHostBytes + id_bytes_ + kDigestBytes + kSecretNameBytesMax};
    return size;
  }

  void add_hosts() {
    std::set<std::string_view> hosts;
    const auto add_host = [&](std::string_view name) {
      if (!hosts.insert(name).second) return;
      ++load_[Load::hosts];
      load_.add(of_host(name));
    };
    if (ingress_.rules.empty() && ingress_.default_backend) {
      add_host("");
      load_.add(of_route(*ingress_.default_backend, ""));
    }
    for (const kube::IngressRule& rule : ingress_.rules) {
      add_host(rule.host);
      load_.add(of_paths(rule));
    }
    if (!ingress_.rules.empty() && !asked_.others.aliases.empty()) {
      const Size paths = of_paths(ingress_.rules.front());
      for (const std::string& alias : asked_.others.aliases) {
        add_host(alias);
        load_.add(paths);
      }
    }
    for (const auto& [from, to] : asked_.others.redirected) {
      add_host(from);
      load_.add(of_route({}, ""));
      load_.add({4, kRouteBytes + to.size()});  // where to
    }
    names_ = std::move(hosts);
  }

  // Of a host, too: it may be shown what its namespace has for a wildcard over it.
  template <class Secrets>
  void add_names(const Secrets& secrets) {
    std::uint64_t offered = 0;
    std::set<kube::ObjectKey> named;
    for (const kube::IngressTls& tls : ingress_.tls) {
      offered +=
          tls.hosts.empty() ? std::max<std::size_t>(ingress_.rules.size(), 1) : tls.hosts.size();
      for (const std::string& host : tls.hosts) names_.insert(host);
      if (tls.hosts.empty()) names_.insert("");
      named.insert({ingress_.metadata.namespace_, tls.secret_name});
    }
    load_[Load::names] = std::max<std::uint64_t>(names_.size(), offered);
    std::uint64_t id_bytes = kAround;
    for (const kube::ObjectKey& secret : named) {
      const std::uint64_t bytes = secret.namespace_.size() + 1 + secret.name.size() + kAround;
      id_bytes = std::max(id_bytes, bytes);
      load_.add({1, bytes + kDigestBytes});
      const auto read = secrets.find(secret);
      if (read == secrets.end() || !read->second->material) continue;
      const proxy::config::Certificate& material = *read->second->material;
      load_[Load::certificate_bytes] += material.chain_pem.size() + material.key_pem.size();
    }
    for (const std::string_view name : names_) load_.add({1, name.size() + kAround + id_bytes});
  }

  static constexpr std::uint64_t kAround = 8;        // quotes, a colon, a comma
  static constexpr std::uint64_t kDigestBytes = 80;  // of an entry's content
  // "match", "path", and "cluster", or "answer" with its status and reason.
  static constexpr std::uint64_t kRouteBytes = 150;
  static constexpr std::uint64_t kHostBytes = 90;

  const Asked& asked_;
  const kube::Ingress& ingress_;
  const std::uint64_t id_bytes_;  // of a cluster, without its Service's name
  std::set<Backend> services_;
  std::set<std::string_view> names_;
  Load load_;
};

}  // namespace

Load load_of(const Asked& asked,
             const std::function<Size(const kube::ObjectKey& service)>& size_of_service,
             const std::map<kube::ObjectKey, std::shared_ptr<const TlsSecret>>& secrets) {
  return Weighing(asked).run(size_of_service, secrets);
}

}  // namespace ingress
