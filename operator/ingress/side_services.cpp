#include "operator/ingress/side_services.h"

#include <utility>
#include <variant>

#include "operator/ingress/annotations/mirror.h"
#include "operator/ingress/backends.h"
#include "operator/ingress/named_contents.h"

namespace ingress {
namespace {

using annotations::ExternalAuth;
using annotations::Issue;
using annotations::RoutePolicy;
using proxy::config::Forward;
using routing::Claimant;
using routing::ResolvedBackend;
using routing::Severity;

kube::IngressBackend backend_of(const api::EdgeParameters::Backend& named) {
  kube::IngressBackend backend;
  backend.service = kube::IngressServiceBackend{named.service.name, "", named.port};
  return backend;
}

}  // namespace

void SideServices::find_auth_server(ExternalAuth auth, RoutePolicy& policy,
                                    const Claimant& claimant) {
  look_for_auth_server(std::move(auth), policy, claimant);
  if (policy.external_auth) tell_of_shared_answers(claimant, *policy.external_auth);
}

void SideServices::look_for_auth_server(ExternalAuth auth, RoutePolicy& policy,
                                        const Claimant& claimant) {
  const auto refuse = [&](std::string why, std::string remedy) {
    policy.issues.push_back(
        {Issue::Effect::guards, auth.annotation, std::move(why), std::move(remedy)});
  };
  if (auth.service && auth.service->key == kube::ObjectKey{"default", "kubernetes"}) {
    return refuse("would ask the API server", "Name a Service of your own.");
  }
  if (auth.fields) find_said_fields(*auth.fields, resources_, policy, auth.settings);
  const bool is_here =
      !auth.service && (auth.other_host.empty() || hosts_.is_served(auth.other_host));
  if (is_here) {
    policy.external_auth = std::move(auth.settings);
    return;
  }
  const auto outside = annotations::may_ask_outside(auth);
  if (!auth.service && !outside) {
    refuse("asks " + auth.other_host +
               ", which no Ingress of this edge serves; who is outside is asked over https alone",
           "Name it with https://, a Service of the cluster "
           "(http://NAME.NAMESPACE.svc.cluster.local:PORT/PATH), or give the host an Ingress.");
    return;
  }
  const ResolvedBackend resolved =
      auth.service ? resolve_auth_service(auth) : backends_.resolve_outside(*outside);
  const auto* const forward = std::get_if<Forward>(&resolved.action);
  if (forward == nullptr) {
    refuse("asks a Service that cannot be asked: " + resolved.trouble,
           "Mend the address, or the Service.");
    return;
  }
  if (!resolved.reason.empty()) {
    complain(claimant, "AuthServerNotReady",
             "Requests are answered with 500 until whom " + auth.annotation +
                 " asks is ready: " + resolved.trouble + ".");
  }
  auth.settings.cluster = forward->cluster;
  policy.external_auth = std::move(auth.settings);
}

// ingress-nginx keeps one answer for whatever has the same key, too.
void SideServices::tell_of_shared_answers(const Claimant& claimant,
                                          const proxy::config::ExternalAuth& settings) {
  const std::string who = annotations::what_shares_answers(settings);
  if (who.empty()) return;
  complain(claimant, "AuthAnswersShared",
           "What the service said that is asked by auth-url counts, for the time of "
           "auth-cache-duration, for " +
               who + ".",
           Severity::note);
}

ResolvedBackend SideServices::resolve_auth_service(const annotations::ExternalAuth& auth) {
  const routing::ServiceBackend backend{.name = auth.service->key.name,
                                        .port_number = auth.service->port};
  return backends_.resolve(
      auth.service->key.namespace_, backend, {},
      {.tls = auth.speaks_tls, .name = auth.server_name, .sends_name = auth.speaks_tls});
}

std::optional<proxy::config::Mirror> SideServices::mirror_of(const kube::Ingress& ingress,
                                                             const Claimant& claimant,
                                                             RoutePolicy& policy) {
  auto mirror = annotations::read_mirror(ingress, policy.issues);
  if (!mirror) return std::nullopt;
  const auto leave_out = [&](std::string why, std::string remedy) {
    policy.issues.push_back(
        {Issue::Effect::tunes, mirror->annotation, std::move(why), std::move(remedy)});
    return std::nullopt;
  };
  if (mirror->outside && hosts_.is_served(mirror->outside->host)) {
    return leave_out("names a host that an Ingress of this edge serves, which gets no copies",
                     "Name its Service.");
  }
  ResolvedBackend resolved;
  if (mirror->service) {
    const routing::ServiceBackend backend{.name = mirror->service->name,
                                          .port_number = mirror->port};
    resolved = backends_.resolve(
        mirror->service->namespace_, backend, {},
        {.tls = mirror->speaks_tls, .name = mirror->server_name, .sends_name = mirror->speaks_tls});
  } else {
    resolved = backends_.resolve_outside(*mirror->outside);
  }
  const auto* const forward = std::get_if<Forward>(&resolved.action);
  if (forward == nullptr) {
    return leave_out("copies to nobody: " + resolved.trouble, "Mend the address, or the Service.");
  }
  if (!resolved.reason.empty()) {
    complain(claimant, "MirrorNotReady",
             "Nothing is copied by " + mirror->annotation +
                 " until its target is ready: " + resolved.trouble + ".");
  }
  mirror->settings.cluster = forward->cluster;
  return mirror->settings;
}

std::optional<proxy::config::ErrorPages> SideServices::error_pages_of(
    const kube::Ingress& ingress, const Claimant& claimant, const RoutePolicy& policy,
    const ClassParameters& of_class) {
  const annotations::ErrorPages& said = policy.error_pages;
  const bool is_wanted = !said.statuses.empty() || !said.service.empty();
  const bool asks_backends = !policy.fixed_answer && !policy.redirections.of_all;
  if (policy.is_refused() || !is_wanted || !asks_backends) return std::nullopt;
  const std::string& annotation =
      said.service.empty() ? said.statuses_annotation : said.service_annotation;
  const auto leave_out = [&](const std::string& why, const std::string& remedy) {
    complain(claimant, "ErrorPagesMissing",
             "There are no pages for errors by " +
                 (annotation.empty() ? of_class.named : "annotation " + annotation) + ": " + why +
                 "." + remedy);
  };
  const auto* const of_all = of_class.default_backend();
  const bool are_own = !said.statuses_annotation.empty();
  std::string namespace_ = ingress.metadata.namespace_;
  kube::IngressBackend backend;
  if (!said.service.empty()) {
    const kube::ObjectKey key{ingress.metadata.namespace_, said.service};
    backend.service = kube::IngressServiceBackend{said.service, "", backends_.first_port_of(key)};
  } else if (are_own && ingress.default_backend) {
    backend = *ingress.default_backend;
  } else if (of_all != nullptr) {
    namespace_ = of_all->service.namespace_;
    backend = backend_of(*of_all);
  } else {
    leave_out("nobody is named who makes them",
              " Name a Service in default-backend, or a defaultBackend in the spec.");
    return std::nullopt;
  }
  const ResolvedBackend resolved = resolve(backends_, namespace_, backend, policy.timeouts);
  if (!resolved.reason.empty()) leave_out(resolved.trouble, "");
  const auto* const forward = std::get_if<Forward>(&resolved.action);
  if (forward == nullptr) return std::nullopt;
  proxy::config::ErrorPages pages;
  pages.cluster = forward->cluster;
  pages.statuses = said.statuses;
  pages.without_endpoints = !said.service.empty();
  pages.namespace_ = ingress.metadata.namespace_;
  pages.ingress = ingress.metadata.name;
  return pages;
}

void SideServices::complain(const Claimant& claimant, std::string reason, std::string message,
                            Severity severity) {
  compiler_.complain({claimant, severity, std::move(reason), std::move(message)});
}

}  // namespace ingress
