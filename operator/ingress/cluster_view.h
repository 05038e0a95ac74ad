#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/service.h"
#include "operator/api/certificate.h"
#include "operator/ingress/release_settings.h"
#include "operator/routing/admission.h"
#include "operator/routing/auth_secret.h"
#include "operator/routing/external_names.h"
#include "operator/routing/field_map.h"
#include "operator/routing/tls_secret.h"

namespace ingress {

// The cluster as it was at one moment.
struct ClusterObjects {
  template <class T>
  using Objects = std::vector<std::shared_ptr<const T>>;

  base::WallTime now{};  // decides whether a certificate has expired

  Objects<kube::Ingress> ingresses;
  Objects<kube::IngressClass> classes;
  ParametersByName parameters;  // that classes name
  Objects<kube::Service> services;
  Objects<kube::EndpointSlice> slices;
  Objects<api::Certificate> certificates;
  // In a view of a part of the cluster whose Ingresses ask for no certificate for clients that name
  // no host: the namespace of the one that others ask for. Empty: there is none.
  std::string unnamed_elsewhere;
  // Who finds no room in the configuration (Admission), in a view of a part of the cluster: the
  // bounds that concern others are decided by who sees all.
  std::optional<std::map<kube::ObjectKey, routing::NoRoom>> without_room;
  // In a view of a part of the cluster: hosts that its Ingresses ask about (asked_hosts()) and that
  // others serve.
  std::set<std::string> served_elsewhere;
  // Namespaces that are being deleted.
  std::set<std::string> ending_namespaces;
  // At least those that owned Ingresses name; one that is absent here does not exist.
  std::map<kube::ObjectKey, std::shared_ptr<const routing::TlsSecret>> secrets;
  // Likewise, of those that their guards name.
  std::map<kube::ObjectKey, std::shared_ptr<const routing::AuthSecret>> auth_secrets;
  // What DNS says of those that ExternalName Services of theirs have, by external_name_of(); one
  // that is absent was not asked for yet.
  std::map<std::string, std::shared_ptr<const routing::ResolvedName>> external_names;
  // Like the Secrets, of those that they name for header fields.
  std::map<kube::ObjectKey, std::shared_ptr<const routing::FieldMap>> field_maps;
};

// Everything that a compilation reads.
struct ClusterView : ReleaseSettings, ClusterObjects {};

}  // namespace ingress
