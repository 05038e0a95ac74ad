#pragma once

#include <optional>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/source.h"
#include "operator/routing/backend.h"
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

  std::string annotation;   // that names it, with its prefix
  int port = 0;             // of other_host
  bool speaks_tls = false;  // to the Service, or to an other_host that nobody here serves
  std::string server_name;  // then: that is sent (SNI)
  // The ConfigMap whose keys are fields of a question.
  std::optional<NamedFields> fields;
  proxy::config::ExternalAuth settings;  // without the cluster
};

// They guard: what cannot be read closes the Ingress, unless its class tolerates that; who is asked
// is asked in any case. Nothing: nobody is, or there is an issue with who.
std::optional<ExternalAuth> read_external_auth(const kube::Ingress& ingress, Issues& issues);

// Says the fields of that ConfigMap in each question. One that cannot be said guards: whoever is
// asked may go by it.
void add_said_fields(const NamedFields& named, const std::map<std::string, std::string>& fields,
                     proxy::config::ExternalAuth& settings, Issues& issues);

// For whom else an answer counts that is kept by auth-cache-key, though who is asked may decide by
// it; empty: for nobody.
std::string what_shares_answers(const proxy::config::ExternalAuth& settings);

// The name that is asked, when it may be on the outside: no Ingress need serve it. Nothing: nobody
// outside is asked.
std::optional<routing::OutsideHost> may_ask_outside(const ExternalAuth& auth);

}  // namespace ingress::annotations
