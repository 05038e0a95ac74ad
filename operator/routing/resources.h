#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "kube/resources/endpoint_slice.h"
#include "kube/resources/service.h"
#include "operator/api/certificate.h"
#include "operator/routing/auth_secret.h"
#include "operator/routing/external_names.h"
#include "operator/routing/field_map.h"
#include "operator/routing/tls_secret.h"

namespace routing {

// What claimants name of the cluster, as it was at one moment: whatever kind they are.
struct Resources {
  template <class T>
  using Objects = std::vector<std::shared_ptr<const T>>;

  base::WallTime now{};  // decides whether a certificate has expired

  Objects<kube::Service> services;
  Objects<kube::EndpointSlice> slices;
  Objects<api::Certificate> certificates;
  // In a view of a part of the cluster whose claimants ask for no certificate for clients that name
  // no host: the namespace of the one that others ask for. Empty: there is none.
  std::string unnamed_elsewhere;
  // At least those that they name; one that is absent here does not exist.
  std::map<kube::ObjectKey, std::shared_ptr<const TlsSecret>> secrets;
  // Likewise, of those that their guards name.
  std::map<kube::ObjectKey, std::shared_ptr<const AuthSecret>> auth_secrets;
  // What DNS says of those that ExternalName Services of theirs have, by external_name_of(); one
  // that is absent was not asked for yet.
  std::map<std::string, std::shared_ptr<const ResolvedName>> external_names;
  // Like the Secrets, of those that they name for header fields.
  std::map<kube::ObjectKey, std::shared_ptr<const FieldMap>> field_maps;
};

}  // namespace routing
