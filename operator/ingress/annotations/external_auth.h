#pragma once

#include <optional>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// auth-url and what belongs to it.
struct ExternalAuth {
  // Who is asked: one of these, or else the routes of the host that the client itself asked for.
  struct Service {
    kube::ObjectKey key;
    int port = 0;  // of the Service
  };
  std::optional<Service> service;
  std::string other_host;  // that an Ingress may serve; in ProxyConfig's spelling

  std::string annotation;                // that names it, with its prefix
  bool speaks_tls = false;               // to the Service
  std::string server_name;               // then: that is sent (SNI)
  proxy::config::ExternalAuth settings;  // without the cluster
};

// They guard: what cannot be read closes the Ingress, unless its class tolerates that; who is asked
// is asked in any case. Nothing: nobody is, or there is an issue with who.
std::optional<ExternalAuth> read_external_auth(const kube::Ingress& ingress, Issues& issues);

}  // namespace ingress::annotations
