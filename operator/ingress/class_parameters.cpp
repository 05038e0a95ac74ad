#include "operator/ingress/class_parameters.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "operator/api/issuer.h"
#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/annotations/values.h"
#include "operator/ingress/route_path.h"
#include "proxy/config/limits.h"

namespace ingress {
namespace {

using annotations::Issue;

// As cert-manager's solver does (RFC 8555 §8.3): all of its paths are for challenges.
bool answers_challenges(const kube::Ingress& ingress) {
  constexpr std::string_view kPlace = "/.well-known/acme-challenge/";
  if (ingress.default_backend || ingress.rules.empty()) return false;
  return std::all_of(ingress.rules.begin(), ingress.rules.end(), [&](const auto& rule) {
    return !rule.paths.empty() &&
           std::all_of(rule.paths.begin(), rule.paths.end(), [&](const auto& path) {
             return path.path.starts_with(kPlace) && !has_operators(path.path);
           });
  });
}

// Of our prefix and of ingress-nginx's the key is named, of others the whole.
bool has(const std::set<std::string>& keys, const std::string& name) {
  const std::string_view key = annotations::key_of(name);
  return keys.count(name) != 0 || (!key.empty() && keys.count(std::string(key)) != 0);
}

// Under whichever of its keys: what is refused under one of them could be said under the other.
bool is_refused(const std::set<std::string>& keys, const std::string& name) {
  const std::string_view twin = annotations::twin_of(annotations::key_of(name));
  return has(keys, name) || (!twin.empty() && keys.count(std::string(twin)) != 0);
}

// One that is honoured has a value that cannot be read: without it something would stand open that
// its author has just closed.
bool is_supported(const std::string& name) {
  const std::string_view key = annotations::key_of(name);
  return !key.empty() && annotations::look_up(key).treatment == annotations::Treatment::honoured;
}

}  // namespace

NamespaceLabels labels_of(const std::vector<std::shared_ptr<const kube::Namespace>>& namespaces) {
  NamespaceLabels all;
  for (const auto& one : namespaces) all[one->metadata.name] = one->metadata.labels;
  return all;
}

std::shared_ptr<const api::EdgeParameters> with_selected(
    std::shared_ptr<const api::EdgeParameters> parameters, const NamespaceLabels& all) {
  const auto& selector = parameters->spec.namespace_selector;
  if (!selector) return parameters;
  auto made = std::make_shared<api::EdgeParameters>(*parameters);
  auto& names = made->spec.namespaces;
  if (!names) names.emplace();
  for (const auto& [name, labels] : all) {
    if (selector->selects(labels)) names->insert(name);
  }
  return made;
}

bool ClassParameters::admits(const std::string& namespace_) const {
  if (!parameters) return true;
  const api::EdgeParameters::Spec& spec = parameters->spec;
  if (!spec.namespaces) return !spec.namespace_selector;
  return spec.namespaces->count(namespace_) != 0;
}

annotations::Defaults ClassParameters::defaults() const {
  annotations::Defaults defaults;
  if (!parameters) return defaults;
  const api::EdgeParameters::Spec& spec = parameters->spec;
  defaults.body_bytes_max = spec.body_bytes_max.value_or(defaults.body_bytes_max);
  defaults.timeouts.connect = spec.connect_timeout.value_or(defaults.timeouts.connect);
  defaults.timeouts.read = spec.read_timeout.value_or(defaults.timeouts.read);
  defaults.timeouts.send = spec.send_timeout.value_or(defaults.timeouts.send);
  return defaults;
}

std::shared_ptr<const kube::Ingress> ClassParameters::with_defaults(
    std::shared_ptr<const kube::Ingress> ingress) const {
  if (!parameters || parameters->spec.default_annotations.empty()) return ingress;
  auto annotations = annotations::with_defaults(ingress->metadata.annotations,
                                                parameters->spec.default_annotations,
                                                answers_challenges(*ingress));
  if (annotations.size() == ingress->metadata.annotations.size()) return ingress;
  auto made = std::make_shared<kube::Ingress>(*ingress);
  made->metadata.annotations = std::move(annotations);
  return made;
}

std::shared_ptr<const kube::Ingress> ClassParameters::with_defaults_of_joined(
    const kube::Ingress& canary) const {
  if (!parameters || parameters->spec.default_annotations.empty()) return nullptr;
  auto annotations = annotations::with_defaults_of_joined(canary.metadata.annotations,
                                                          parameters->spec.default_annotations);
  if (annotations.size() == canary.metadata.annotations.size()) return nullptr;
  auto made = std::make_shared<kube::Ingress>(canary);
  made->metadata.annotations = std::move(annotations);
  return made;
}

void ClassParameters::apply(const std::string& class_name,
                            const annotations::AnnotationMap& annotations,
                            annotations::RoutePolicy& policy) const {
  if (is_undecided()) {
    policy.refused_by_class =
        "The IngressClass " + class_name + " names " + named +
        " in spec.parameters, which is not there or cannot be read. It may say who is to be kept "
        "out, so the Ingresses of this class answer 503 until it is there: its own Events and "
        "those of the IngressClass say more.";
    return;
  }
  if (!parameters) return;
  const api::EdgeParameters::Spec& spec = parameters->spec;
  for (Issue& issue : policy.issues) {
    if (issue.effect != Issue::Effect::guards || is_supported(issue.name)) continue;
    if (!has(spec.tolerated_annotations, issue.name)) continue;
    issue.effect = Issue::Effect::tunes;
    issue.why += ", and tolerated by " + named + " of IngressClass " + class_name;
  }
  for (const auto& [name, value] : annotations) {
    if (!is_refused(spec.refused_annotations, name)) continue;
    policy.issues.push_back({Issue::Effect::guards, name,
                             "is refused by " + named + " of IngressClass " + class_name,
                             "Remove it, or ask those who run the cluster."});
  }
  if (!policy.buffers_request) policy.buffers_request = spec.request_buffering;
  if (!policy.tls) policy.tls = spec.tls_policy;
  if (policy.limits && !policy.limit_status && spec.limit_status) {
    policy.limits->status = *spec.limit_status;
  }
  if (policy.error_pages.are_asked_of_the_class()) {
    policy.error_pages.statuses = spec.custom_http_errors;
  }
  set_plain_http(class_name, annotations, policy);
  annotations::add_fields_of_class(annotations, policy.shape, policy.issues);
  set_response_fields(policy.shape);
  if (!(spec.access_log == proxy::config::AccessLine{})) policy.shape.access_line = spec.access_log;
}

void ClassParameters::set_plain_http(const std::string& class_name,
                                     const annotations::AnnotationMap& annotations,
                                     annotations::RoutePolicy& policy) const {
  using PlainHttp = api::EdgeParameters::PlainHttp;
  annotations::Redirect& said = policy.redirect;
  if (said.says_plain_http) return;
  switch (parameters->spec.plain_http) {
    case PlainHttp::redirect:
      return;
    case PlainHttp::serve:
      if (!said.where_certificate) said.where_certificate = false;
      return;
    case PlainHttp::refuse:
      said.refuses = true;
      if (said.where_certificate != false) return;
      said.where_certificate.reset();
      policy.issues.push_back(
          {Issue::Effect::tunes, annotations::find(annotations, "ssl-redirect")->name,
           "has no effect: plain HTTP is refused by " + named + " of IngressClass " + class_name,
           "Say gatehouse.dev/plain-http: serve, where that is allowed."});
      return;
  }
}

void ClassParameters::set_response_fields(proxy::config::Shape& shape) const {
  auto& fields = shape.response_fields;
  const auto has_own = [&](std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [&](const auto& line) {
      return annotations::is_same_word(line.name, name);
    });
  };
  const api::EdgeParameters::Spec& spec = parameters->spec;
  if (spec.hsts && !has_own("Strict-Transport-Security")) {
    shape.transport_security = api::text_of(*spec.hsts);
  }
  // An author who has used up all places has it so: one line more would break the contract.
  if (!spec.server.empty() && !has_own("Server") && fields.size() < proxy::config::kFieldLinesMax) {
    fields.push_back({"Server", spec.server});
  }
}

std::string named_parameters(const kube::IngressClass& ingress_class) {
  const auto& reference = ingress_class.parameters;
  const bool is_ours = reference && reference->api_group == api::kGroup &&
                       reference->kind == api::EdgeParameters::type().kind &&
                       reference->namespace_.empty();
  return is_ours ? reference->name : "";
}

ClassParameters parameters_of(const kube::IngressClass& ingress_class,
                              const ParametersByName& all) {
  ClassParameters made;
  if (!ingress_class.parameters) return made;
  made.named = ingress_class.parameters->kind + " " + ingress_class.parameters->name;
  const auto found = all.find(named_parameters(ingress_class));
  if (found != all.end()) made.parameters = found->second;
  return made;
}

}  // namespace ingress
