#include "operator/ingress/annotations/route_policy.h"

#include <algorithm>

#include "base/ascii_text.h"
#include "operator/ingress/annotations/access_log.h"
#include "operator/ingress/annotations/backend_protocol.h"
#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/cors.h"
#include "operator/ingress/annotations/endpoint_rules.h"
#include "operator/ingress/annotations/firewall.h"
#include "operator/ingress/annotations/fixed_answer.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/limits.h"
#include "operator/ingress/annotations/other_controllers.h"
#include "operator/ingress/annotations/replacements.h"
#include "operator/ingress/annotations/rule_snippet.h"
#include "operator/ingress/annotations/snippet.h"
#include "operator/ingress/annotations/ssl_passthrough.h"
#include "operator/ingress/annotations/tracing.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

// ingress-nginx's prefix before its own: charts for old clusters write both, and what stands below
// the other one is honoured.
bool is_said_again(const AnnotationMap& annotations, std::string_view name,
                   std::string_view value) {
  constexpr std::string_view kOldPrefix = "ingress.kubernetes.io/";
  if (!name.starts_with(kOldPrefix)) return false;
  const std::string_view key = name.substr(kOldPrefix.size());
  const auto newer = annotations.find(std::string(kNginxPrefix).append(key));
  return newer != annotations.end() && newer->second == value &&
         look_up(key).treatment == Treatment::honoured;
}

// Of what is told and left out, where there is nothing to write in its place.
void add_remedy(Issue& issue) {
  if (!issue.remedy.empty() || issue.effect != Issue::Effect::tunes) return;
  issue.remedy = "Nothing takes its place here: remove it, and this Event ends.";
}

void judge_other(const AnnotationMap& annotations, const std::string& name, std::string_view value,
                 RoutePolicy& policy) {
  if (is_said_again(annotations, name, value)) return;
  const auto entry = look_up_other(name);
  if (!entry || asks_for_nothing(*entry, value)) return;
  Issue issue{Issue::Effect::tunes, name, "is another ingress controller's and not supported",
              std::string(entry->remedy)};
  if (entry->treatment == Treatment::guards) issue.effect = Issue::Effect::guards;
  add_remedy(issue);
  policy.issues.push_back(std::move(issue));
}

// The API server takes keys with capitals, and they are others than those without: nothing that is
// written so is honoured, and whoever wrote a guard so believes in it.
void judge_capitals(const std::string& name, const std::string& lower, std::string_view value,
                    RoutePolicy& policy) {
  const CatalogueEntry entry = look_up(key_of(lower));
  if (asks_for_nothing(entry, value)) return;
  const bool guards = entry.treatment == Treatment::guards ||
                      (entry.treatment == Treatment::honoured && keeps_somebody_out(entry));
  policy.issues.push_back({guards ? Issue::Effect::guards : Issue::Effect::tunes, name,
                           "has capitals, and is not what it would be without them",
                           "Write it as " + lower + "."});
}

// A snippet without which nothing is missing.
bool is_done_without(const AnnotationMap& annotations, std::string_view key,
                     std::string_view value) {
  if (key == "configuration-snippet" || key == "server-snippet") {
    return asks_for_what_is_done_anyway(value);
  }
  const auto url = find(annotations, "auth-url");
  return key == "auth-snippet" && url && asks_for_what_is_said_anyway(value, trimmed(url->value));
}

void judge(const AnnotationMap& annotations, const std::string& name, std::string_view value,
           RoutePolicy& policy) {
  const std::string lower = base::in_lower_case(name);
  if (lower != name && !key_of(lower).empty()) {
    judge_capitals(name, lower, value, policy);
    return;
  }
  const std::string_view key = key_of(name);
  if (key.empty()) {
    judge_other(annotations, name, value, policy);
    return;
  }
  const CatalogueEntry entry = look_up(key);
  if (entry.treatment == Treatment::honoured) return;
  if (asks_for_nothing(entry, value)) return;
  Issue issue{Issue::Effect::tunes, name, "is not supported", std::string(entry.remedy)};
  if (entry.treatment == Treatment::guards) issue.effect = Issue::Effect::guards;
  if (is_done_without(annotations, key, value)) {
    policy.issues.push_back({Issue::Effect::tunes, name,
                             "is configuration text, which is never taken; what it asks for is "
                             "done anyway",
                             "Remove it, and this Event ends."});
    return;
  }
  if (key == "modsecurity-snippet") {
    if (std::string typed = typed_keys_for_rules(value); !typed.empty()) {
      issue.remedy = std::move(typed);
    }
  }
  // What is said to an auth server no key of ours says.
  if (key.ends_with("-snippet") && key != "auth-snippet" && key != "modsecurity-snippet") {
    if (std::string typed = typed_keys_for(value); !typed.empty()) issue.remedy = std::move(typed);
  }
  add_remedy(issue);
  policy.issues.push_back(std::move(issue));
}

}  // namespace

bool RoutePolicy::is_refused() const {
  return !refused_by_class.empty() ||
         std::any_of(issues.begin(), issues.end(),
                     [](const Issue& issue) { return issue.effect == Issue::Effect::guards; });
}

bool makes_expressions(const AnnotationMap& annotations) {
  const auto use_regex = find(annotations, "use-regex");
  if (use_regex && read_bool(use_regex->value) != false) return true;
  return find(annotations, "rewrite-target").has_value();
}

RoutePolicy read_route_policy(const AnnotationMap& annotations, const Defaults& defaults) {
  RoutePolicy policy;
  policy.redirect = read_redirect(annotations, policy.issues);
  policy.tls = read_tls_policy(annotations, policy.issues);
  policy.body_bytes_max = read_proxy_body_size(annotations, policy.issues, defaults.body_bytes_max);
  policy.buffers_request = read_proxy_request_buffering(annotations, policy.issues);
  policy.timeouts = read_proxy_timeouts(annotations, policy.issues, defaults.timeouts);
  policy.addresses = read_address_lists(annotations, policy.issues);
  policy.satisfies_any = read_satisfies_any(annotations, policy.issues);
  policy.limits = read_limits(annotations, policy.issues);
  policy.limit_status = read_limit_status(annotations, policy.issues);
  if (policy.limits && policy.limit_status) policy.limits->status = *policy.limit_status;
  policy.firewall = read_firewall(annotations, policy.issues);
  policy.pace = read_pace(annotations, policy.issues);
  policy.tracing = read_tracing(annotations, policy.issues);
  policy.is_unlogged = !read_enable_access_log(annotations, policy.issues);
  policy.rewrite = read_rewrite(annotations, policy.issues);
  policy.redirections = read_redirections(annotations, policy.issues);
  policy.fixed_answer = read_fixed_answer(annotations, policy.issues);
  policy.sticky = read_session_affinity(annotations, policy.issues);
  policy.prefers_least_requests = read_prefers_least_requests(annotations, policy.issues);
  policy.hash_by = read_upstream_hash_by(annotations, policy.issues);
  policy.endpoint_rules = read_endpoint_rules(annotations, policy.issues);
  policy.asks_the_service = read_service_upstream(annotations, policy.issues);
  policy.next_upstream = read_next_upstream(annotations, policy.issues);
  policy.error_pages = read_error_pages(annotations, policy.issues);
  policy.upstream_vhost = read_upstream_vhost(annotations, policy.issues);
  policy.backend = read_backend_protocol(annotations, policy.issues);
  policy.canary = read_canary(annotations, policy.issues);
  if (policy.canary && policy.tls) {
    policy.issues.push_back({Issue::Effect::tunes, find(annotations, "tls-policy")->name,
                             "has no effect in a canary, whose host is another Ingress's",
                             "Write it in that one."});
  }
  policy.shape.cors = read_cors(annotations, policy.issues);
  read_header_fields(annotations, policy.shape, policy.issues);
  read_replacements(annotations, policy.shape, policy.issues);
  policy.passes_tls = read_ssl_passthrough(annotations, policy.issues);
  if (policy.passes_tls) judge_beside_passthrough(annotations, policy.issues);
  judge_global_auth(annotations, policy.issues);
  for (const auto& [name, value] : annotations) judge(annotations, name, value, policy);
  return policy;
}

}  // namespace ingress::annotations
