#pragma once

#include <optional>
#include <set>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/release_settings.h"
#include "operator/routing/resources.h"
#include "operator/routing/room.h"

namespace ingress {

// Who asks for hosts and routes, and what holds for them, as it was at one moment.
struct Asking {
  routing::Resources::Objects<kube::Ingress> ingresses;
  routing::Resources::Objects<kube::IngressClass> classes;
  ParametersByName parameters;  // that classes name
  // In a view of a part of the cluster, in place of the two: what was made of them once.
  std::optional<ClassOwnership> ownership;
  // Who finds no room in the configuration (Admission), in a view of a part of the cluster: the
  // bounds that concern others are decided by who sees all, who also says what is of no Ingress.
  std::optional<routing::WithoutRoom> without_room;
  // In a view of a part of the cluster: hosts that its Ingresses ask about (asked_hosts()) and that
  // others serve.
  std::set<std::string> served_elsewhere;
  // Namespaces that are being deleted, among those of its Ingresses at least.
  std::set<std::string> ending_namespaces;
};

// The cluster as it was at one moment.
struct ClusterObjects : routing::Resources, Asking {};

// Everything that a compilation reads.
struct ClusterView : ReleaseSettings, ClusterObjects {};

}  // namespace ingress
