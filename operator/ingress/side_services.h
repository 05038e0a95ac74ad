#pragma once

#include <optional>
#include <string>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/known_hosts.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"
#include "operator/routing/intent_compiler.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"

namespace ingress {

// Who has to do with the requests for an Ingress beside its backends: who is asked about them, who
// gets copies, who makes pages for errors. What is wrong with them the Ingress is told.
class SideServices {
 public:
  // All of one compilation, and must outlive it; hosts: all that there are, once it is asked.
  SideServices(const routing::Resources& resources, const KnownHosts& hosts,
               routing::BackendResolver& backends, routing::IntentCompiler& compiler)
      : resources_(resources), hosts_(hosts), backends_(backends), compiler_(compiler) {}

  // Who is asked about each request, into the policy. Nobody is found: there is an issue that
  // closes the Ingress.
  void find_auth_server(annotations::ExternalAuth auth, annotations::RoutePolicy& policy,
                        const routing::Claimant& claimant);

  // Who gets copies of requests; nobody where there is an issue.
  std::optional<proxy::config::Mirror> mirror_of(const kube::Ingress& ingress,
                                                 const routing::Claimant& claimant,
                                                 annotations::RoutePolicy& policy);

  // Who makes pages for the Ingress: whom its annotation names, else its own default backend where
  // it has named the statuses, else that of its class; nobody where there is nothing to stand in
  // place of. Whose errors they are for is not said.
  std::optional<proxy::config::ErrorPages> error_pages_of(const kube::Ingress& ingress,
                                                          const routing::Claimant& claimant,
                                                          const annotations::RoutePolicy& policy,
                                                          const ClassParameters& of_class);

 private:
  void look_for_auth_server(annotations::ExternalAuth auth, annotations::RoutePolicy& policy,
                            const routing::Claimant& claimant);
  void tell_of_shared_answers(const routing::Claimant& claimant,
                              const proxy::config::ExternalAuth& settings);
  routing::ResolvedBackend resolve_auth_service(const annotations::ExternalAuth& auth);
  void complain(const routing::Claimant& claimant, std::string reason, std::string message,
                routing::Severity severity = routing::Severity::warning);

  const routing::Resources& resources_;
  const KnownHosts& hosts_;
  routing::BackendResolver& backends_;
  routing::IntentCompiler& compiler_;
};

}  // namespace ingress
