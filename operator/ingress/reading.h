#pragma once

#include <memory>
#include <optional>
#include <string>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/other_hosts.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"
#include "operator/routing/resources.h"

namespace ingress {

// What an Ingress says by itself, before anything is made of it.
struct Reading {
  std::shared_ptr<const kube::Ingress> ingress;
  routing::Rank rank;
  std::string class_name{};
  annotations::RoutePolicy policy{};
  annotations::OtherHosts others{};
  std::optional<annotations::ExternalAuth> auth{};
  routing::Load load{};  // see load_of()
};

// But for its load. owned: with what its class has for it (ClassOwnership::with_defaults()).
Reading reading_of(OwnedIngress owned, const ClassOwnership& ownership,
                   const routing::Resources& resources);

// With what its class says, and as if whoever it asks about requests was found.
annotations::RoutePolicy policy_by_itself(const Reading& reading, const ClassOwnership& ownership,
                                          const routing::Resources& resources);

// What a canary says, with what its class says to Ingresses that are none: who copies what he joins
// has said no more than that. Nothing: its class says nothing, or it could not be so.
std::optional<annotations::RoutePolicy> policy_beside_class(const OwnedIngress& canary,
                                                            const std::string& class_name,
                                                            const ClassOwnership& ownership,
                                                            const routing::Resources& resources);

}  // namespace ingress
