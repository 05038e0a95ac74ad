#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/class_parameters.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/rank.h"
#include "proxy/config/model.h"

namespace ingress {

// An Ingress and what holds for all of its routes. Lives while its intent is made.
struct Scope {
  const kube::Ingress& ingress;
  const routing::Rank& rank;
  const annotations::RoutePolicy& policy;
  const std::string& guards;                              // their id
  const std::string& shape;                               // its id
  const std::optional<proxy::config::ErrorPages>& pages;  // but for the backend
  const std::optional<proxy::config::Mirror>& mirror;
  const ClassParameters& of_class;
};

// The policies of each route of an Ingress, in the contract's words.
class PoliciesOfRoutes {
 public:
  using Policies = proxy::config::Policies;

  // buffers_requests: of Ingresses that say nothing of it. backends must outlive it.
  PoliciesOfRoutes(bool buffers_requests, const routing::BackendResolver& backends)
      : buffers_requests_(buffers_requests), backends_(backends) {}

  // What is the same for whatever backend. path: above everything that they are for; nothing else
  // is known of an expression.
  Policies of_all(const Scope& scope, std::string_view path = "/") const;
  // Of an Ingress that has one.
  Policies of_default_backend(const Scope& scope) const;
  Policies of_path(const Scope& scope, const std::string& path,
                   const kube::IngressBackend& backend) const;
  Policies of_expression(const Scope& scope, const std::string& text,
                         const kube::IngressBackend& backend) const;

 private:
  std::string upstream_host_of(const Scope& scope, const kube::IngressBackend& backend) const;
  std::optional<proxy::config::ErrorPages> error_pages_for(
      const Scope& scope, const kube::IngressBackend& backend) const;

  const bool buffers_requests_;
  const routing::BackendResolver& backends_;
};

}  // namespace ingress
