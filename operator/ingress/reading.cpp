#include "operator/ingress/reading.h"

#include <utility>

#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/named_contents.h"

namespace ingress {

using annotations::RoutePolicy;
using routing::Resources;

Reading reading_of(OwnedIngress owned, const ClassOwnership& ownership,
                   const Resources& resources) {
  Reading reading{std::move(owned.ingress), std::move(owned.rank)};
  const std::shared_ptr<const kube::Ingress>& ingress = reading.ingress;
  reading.class_name = ownership.class_of(*ingress).value_or("");
  RoutePolicy& policy = reading.policy;
  policy = annotations::read_route_policy(ingress->metadata.annotations,
                                          ownership.parameters_of(reading.class_name).defaults());
  reading.others = annotations::read_other_hosts(*ingress, policy.issues);
  policy.basic_auth = annotations::read_basic_auth(*ingress, policy.issues);
  if (policy.basic_auth) find_users(resources, policy);
  policy.client_certificates = annotations::read_client_certificates(*ingress, policy.issues);
  if (policy.client_certificates) find_authorities(resources, policy);
  // Also where something else is refused: a class may tolerate that.
  reading.auth = annotations::read_external_auth(*ingress, policy.issues);
  if (const auto custom = annotations::read_custom_headers(*ingress, policy.issues)) {
    find_custom_headers(*custom, resources, policy);
  }
  if (policy.limits) policy.limits->id = ingress->metadata.key().text();
  return reading;
}

RoutePolicy policy_by_itself(const Reading& reading, const ClassOwnership& ownership,
                             const Resources& resources) {
  RoutePolicy policy = reading.policy;
  if (reading.auth) {
    policy.external_auth = reading.auth->settings;
    if (reading.auth->fields) {
      find_said_fields(*reading.auth->fields, resources, policy, *policy.external_auth);
    }
  }
  ownership.parameters_of(reading.class_name)
      .apply(reading.class_name, reading.ingress->metadata.annotations, policy);
  return policy;
}

std::optional<RoutePolicy> policy_beside_class(const OwnedIngress& canary,
                                               const std::string& class_name,
                                               const ClassOwnership& ownership,
                                               const Resources& resources) {
  auto ingress = ownership.parameters_of(class_name).with_defaults_of_joined(*canary.ingress);
  if (ingress == nullptr) return std::nullopt;
  const Reading reading = reading_of({std::move(ingress), canary.rank}, ownership, resources);
  RoutePolicy policy = policy_by_itself(reading, ownership, resources);
  return policy.is_refused() ? std::nullopt : std::optional(std::move(policy));
}

}  // namespace ingress
