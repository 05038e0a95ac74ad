#include "operator/ingress/policies_of_routes.h"

#include <cstdint>

#include "operator/ingress/annotations/upstream_vhost.h"
#include "operator/ingress/backends.h"
#include "proxy/config/cookie_text.h"
#include "proxy/config/limits.h"

namespace ingress {
namespace {

// As ingress-nginx has it: what two Services tell one client by one name stays apart.
std::optional<proxy::config::StickyCookie> sticky_cookie_of(const Scope& scope,
                                                            std::string_view path) {
  std::optional<proxy::config::StickyCookie> cookie = scope.policy.sticky;
  if (cookie && cookie->path.empty()) {
    // RFC 6265 §5.1.4: with a slash at its end it would not be for the path without one.
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const bool fits =
        path.size() <= proxy::config::kCookieTextBytesMax && proxy::config::is_cookie_text(path);
    cookie->path = fits ? path : "/";
  }
  return cookie;
}

}  // namespace

proxy::config::Policies PoliciesOfRoutes::of_all(const Scope& scope, std::string_view path) const {
  return {.body_bytes_max = scope.policy.body_bytes_max,
          .buffers_request = scope.policy.buffers_request.value_or(buffers_requests_),
          .guards = scope.guards,
          .forwarded_prefix = scope.policy.rewrite.forwarded_prefix,
          .shape = scope.shape,
          .sticky = sticky_cookie_of(scope, path),
          .next_upstream = scope.policy.next_upstream,
          .pace = scope.policy.pace,
          .tracing = scope.policy.tracing,
          .mirror = scope.mirror,
          .unlogged = scope.policy.is_unlogged};
}

// ingress-nginx rewrites what has no path only where the Ingress has no rules.
proxy::config::Policies PoliciesOfRoutes::of_default_backend(const Scope& scope) const {
  proxy::config::Policies policies = of_all(scope);
  if (scope.ingress.rules.empty()) policies.rewrite_target = scope.policy.rewrite.target;
  policies.upstream_host = upstream_host_of(scope, *scope.ingress.default_backend);
  policies.error_pages = error_pages_for(scope, *scope.ingress.default_backend);
  return policies;
}

// ... and nothing where path and target are the same.
proxy::config::Policies PoliciesOfRoutes::of_path(const Scope& scope, const std::string& path,
                                                  const kube::IngressBackend& backend) const {
  proxy::config::Policies policies = of_all(scope, path);
  if (scope.policy.rewrite.target != path) policies.rewrite_target = scope.policy.rewrite.target;
  policies.upstream_host = upstream_host_of(scope, backend);
  policies.error_pages = error_pages_for(scope, backend);
  return policies;
}

proxy::config::Policies PoliciesOfRoutes::of_expression(const Scope& scope, const std::string& text,
                                                        const kube::IngressBackend& backend) const {
  proxy::config::Policies policies = of_path(scope, text, backend);
  policies.sticky = sticky_cookie_of(scope, "/");
  return policies;
}

std::string PoliciesOfRoutes::upstream_host_of(const Scope& scope,
                                               const kube::IngressBackend& backend) const {
  if (scope.policy.upstream_vhost.empty() || !backend.service) return "";
  const std::string& namespace_ = scope.ingress.metadata.namespace_;
  return annotations::vhost_of(
      scope.policy.upstream_vhost,
      {.namespace_ = namespace_,
       .service = backend.service->name,
       .port = backends_.port_of(namespace_, service_of(*backend.service))});
}

// With the backend whose errors they are for.
std::optional<proxy::config::ErrorPages> PoliciesOfRoutes::error_pages_for(
    const Scope& scope, const kube::IngressBackend& backend) const {
  if (!scope.pages || !backend.service) return scope.pages;
  proxy::config::ErrorPages pages = *scope.pages;
  pages.service = backend.service->name;
  const int port =
      backends_.port_of(scope.ingress.metadata.namespace_, service_of(*backend.service));
  pages.port = static_cast<std::uint64_t>(port != 0 ? port : backend.service->port_number);
  return pages;
}

}  // namespace ingress
