#include "operator/ingress/reading_load.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/backend_protocol.h"
#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/guards.h"
#include "operator/ingress/ingress_load.h"
#include "operator/ingress/policies_of_routes.h"
#include "proxy/config/limits.h"
#include "proxy/config/size.h"

namespace ingress {
namespace {

using annotations::RoutePolicy;
using routing::BackendResolver;
using routing::Load;
using routing::Resources;

proxy::config::Size size_of_authorities(const kube::Ingress& ingress, const Resources& resources) {
  const kube::ObjectMeta& metadata = ingress.metadata;
  const auto name = annotations::backend_config_map_of(metadata.annotations, metadata.namespace_);
  if (!name) return {};
  const auto found = resources.field_maps.find({metadata.namespace_, *name});
  const bool is_there = found != resources.field_maps.end() && found->second != nullptr;
  return is_there ? proxy::config::size_of_text(*found->second->authorities_pem)
                  : proxy::config::Size{};
}

}  // namespace

Load load_of(const Reading& reading, const ClassOwnership& ownership, const ClusterView& view,
             const BackendResolver& backends) {
  const kube::Ingress& ingress = *reading.ingress;
  RoutePolicy policy = policy_by_itself(reading, ownership, view);
  const ClassParameters& of_class = ownership.parameters_of(reading.class_name);
  // By another Ingress of one of its hosts.
  if (of_class.has_expressions_of_hosts()) policy.rewrite.uses_expressions = true;
  const proxy::config::Guards guards = guards_of(policy);
  const bool guards_nothing = guards == proxy::config::Guards{};
  const bool has_shape = !(policy.shape == proxy::config::Shape{});
  // Names and ids as long as they can be.
  const std::string digest(64, '0');
  const std::string guards_id = guards_nothing ? "" : digest;
  const std::string shape_id = has_shape ? digest : "";
  std::optional<proxy::config::ErrorPages> pages;
  if (!policy.error_pages.statuses.empty() || !policy.error_pages.service.empty()) {
    pages.emplace();
    pages->cluster = digest;
    pages->statuses = policy.error_pages.statuses;
    pages->without_endpoints = true;
    pages->namespace_ = ingress.metadata.namespace_;
    pages->ingress = ingress.metadata.name;
    pages->service = digest;
    pages->port = proxy::config::kPortMax;
  }
  std::optional<proxy::config::Mirror> mirrored;
  std::vector<kube::ObjectKey> asked_services;
  std::size_t asked_outside = 0;
  if (reading.auth && reading.auth->service) asked_services.push_back(reading.auth->service->key);
  if (reading.auth && annotations::may_ask_outside(*reading.auth)) ++asked_outside;
  const auto* const of_all = of_class.default_backend();
  // For what no path matches, and for pages with the times of the Ingress, if it has any by it.
  const bool makes_pages = pages && policy.error_pages.service.empty();
  if (of_all != nullptr) {
    asked_services.insert(asked_services.end(), makes_pages ? 2 : 1, of_all->service);
  }
  annotations::Issues unsaid;  // they are said where it is added
  if (const auto mirror = annotations::read_mirror(ingress, unsaid)) {
    mirrored = mirror->settings;
    mirrored->cluster = std::string(proxy::config::kIdBytesMax, 'a');
    if (mirror->service) asked_services.push_back(*mirror->service);
    if (mirror->outside) ++asked_outside;
  }
  proxy::config::Policies policies =
      PoliciesOfRoutes(view.buffers_requests, backends)
          .of_all({ingress, reading.rank, policy, guards_id, shape_id, pages, mirrored, of_class});
  policies.error_pages = pages;
  policies.rewrite_target = policy.rewrite.target;
  if (!policy.upstream_vhost.empty()) {
    policies.upstream_host = std::string(proxy::config::kAuthorityBytesMax, 'a');
  }
  const Asked asked{ingress,
                    policy,
                    reading.others,
                    policies,
                    guards_nothing ? proxy::config::Size{} : size_of(guards),
                    has_shape ? size_of(policy.shape) : proxy::config::Size{},
                    std::move(asked_services),
                    asked_outside,
                    of_all != nullptr,
                    size_of_authorities(ingress, view)};
  return ingress::load_of(
      asked, [&backends](const kube::ObjectKey& service) { return backends.size_at_most(service); },
      view.secrets);
}

}  // namespace ingress
