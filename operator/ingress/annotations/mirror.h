#pragma once

#include <optional>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// mirror-target and what belongs to it.
struct Mirror {
  // Who gets copies: a Service of the Ingress's own namespace, or a host outside. Copies are
  // requests that the author may send himself: to whom others have put behind guards, or in a
  // namespace of theirs, none are.
  std::optional<kube::ObjectKey> service;
  int port = 0;  // of the Service
  bool speaks_tls = false;
  std::string server_name;  // then: that is sent (SNI)
  std::optional<routing::OutsideHost> outside;

  std::string annotation;          // that names it, with its prefix
  proxy::config::Mirror settings;  // without the cluster
};

// Nothing: there is none, or it cannot be read, which is told; no request depends on it.
std::optional<Mirror> read_mirror(const kube::Ingress& ingress, Issues& issues);

}  // namespace ingress::annotations
