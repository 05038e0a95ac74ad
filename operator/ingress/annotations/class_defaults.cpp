#include "operator/ingress/annotations/class_defaults.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/canary.h"
#include "operator/ingress/annotations/external_auth.h"
#include "operator/ingress/annotations/header_fields.h"
#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

constexpr std::string_view kGlobalAuth = "enable-global-auth";

// In order of key; crds/edgeparameters.yaml has the same.
constexpr std::string_view kKeys[] = {
    "allowlist-source-range",
    "auth-always-set-cookie",
    "auth-cache-duration",
    "auth-cache-key",
    "auth-method",
    "auth-request-redirect",
    "auth-response-headers",
    "auth-signin",
    "auth-signin-redirect-param",
    "auth-url",
    "cors-allow-credentials",
    "cors-allow-headers",
    "cors-allow-methods",
    "cors-allow-origin",
    "cors-expose-headers",
    "cors-max-age",
    "denylist-source-range",
    "enable-access-log",
    "enable-cors",
    "enable-modsecurity",
    "enable-opentelemetry",
    "enable-owasp-core-rules",
    "firewall-anomaly-threshold",
    "firewall-excluded-rules",
    "firewall-mode",
    "firewall-paranoia-level",
    "firewall-request-body-limit",
    "firewall-response-anomaly-threshold",
    "firewall-response-body-access",
    "firewall-response-body-limit",
    "firewall-response-body-limit-action",
    "firewall-response-body-types",
    "firewall-uninspected",
    "force-ssl-redirect",
    "hidden-headers",
    "limit-allowlist",
    "limit-burst-multiplier",
    "limit-connections",
    "limit-rate",
    "limit-rate-after",
    "limit-rpm",
    "limit-rps",
    "load-balance",
    "opentelemetry-trust-incoming-span",
    "proxy-cookie-domain",
    "proxy-cookie-path",
    "proxy-next-upstream",
    "proxy-next-upstream-timeout",
    "proxy-next-upstream-tries",
    "proxy-redirect-from",
    "proxy-redirect-to",
    "request-headers",
    "response-headers",
    "satisfy",
    "service-upstream",
    "upstream-hash-by",
};

constexpr bool is_sorted() {
  for (std::size_t i = 1; i < std::size(kKeys); ++i) {
    if (!(kKeys[i - 1] < kKeys[i])) return false;
  }
  return true;
}
static_assert(is_sorted(), "problem_of() searches by halving");

// Two keys for one thing.
struct Twins {
  std::string_view first;
  std::string_view second;
};
constexpr Twins kTwins[] = {
    {"allowlist-source-range", "whitelist-source-range"},
    {"enable-owasp-core-rules", "enable-owasp-modsecurity-crs"},
    // It decides before the switches of ingress-nginx, of which this one means the whole.
    {"firewall-mode", "enable-modsecurity"},
    {"limit-allowlist", "limit-whitelist"},
};

// Ways in. Beside one that an Ingress has made, a class's word that any of them is enough would
// have it be enough in place of the class's own.
constexpr std::string_view kWaysIn[] = {"allowlist-source-range", "auth-type", "auth-url",
                                        "whitelist-source-range"};

bool is_said_otherwise(const AnnotationMap& said, std::string_view key) {
  if (find_said(said, key)) return true;
  if (const std::string_view twin = twin_of(key); !twin.empty() && find_said(said, twin)) {
    return true;
  }
  return key == "satisfy" &&
         std::any_of(std::begin(kWaysIn), std::end(kWaysIn),
                     [&](std::string_view way) { return find_said(said, way).has_value(); });
}

// Before the path of an address: a class has one host asked, whosever Ingress it is, and that is
// followed by its name.
bool has_name_of_ingress_in_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string_view before =
      scheme == std::string_view::npos ? url : url.substr(0, url.find_first_of("/?#", scheme + 3));
  return before.find("$namespace") != std::string_view::npos ||
         before.find("$ingress_name") != std::string_view::npos;
}

// Who has somebody else asked, or nobody, has nothing of whom the class has asked.
bool is_of_auth(std::string_view key) {
  return key.starts_with("auth-");
}

bool has_no_auth_of_its_class(const AnnotationMap& said) {
  if (find_said(said, "auth-url")) return true;
  const auto global = find_said(said, kGlobalAuth);
  return global && read_bool(global->value) == false;
}

// Those that add to what an Ingress has: see read_address_lists() and add_fields_of_class().
bool is_added(std::string_view key) {
  return key == "denylist-source-range" || key == "request-headers" || key == "response-headers" ||
         key == "hidden-headers";
}

AnnotationMap joined(const AnnotationMap& said, const ClassDefaults& defaults, bool lacks_auth) {
  AnnotationMap all = said;
  for (const auto& [key, value] : defaults) {
    if (is_blank(value) || (lacks_auth && is_of_auth(key))) continue;
    if (!is_added(key) && is_said_otherwise(said, key)) continue;
    all.emplace(std::string(kClassPrefix).append(key), value);
  }
  return all;
}

std::optional<std::string> first_issue(const Issues& issues) {
  if (issues.empty()) return std::nullopt;
  const Issue& issue = issues.front();
  std::string_view name = issue.name;
  if (name.starts_with(kClassPrefix)) name.remove_prefix(kClassPrefix.size());
  return std::string(name) + " " + issue.why;
}

}  // namespace

std::span<const std::string_view> keys_of_classes() {
  return kKeys;
}

std::string_view twin_of(std::string_view key) {
  for (const Twins& twins : kTwins) {
    if (twins.first == key) return twins.second;
    if (twins.second == key) return twins.first;
  }
  return {};
}

std::string problem_of(const ClassDefaults& defaults) {
  for (const auto& [key, value] : defaults) {
    if (!std::binary_search(std::begin(kKeys), std::end(kKeys), std::string_view(key))) {
      return key.substr(0, 80) + " is no annotation that a class may have";
    }
    if (value.size() > kClassDefaultBytesMax) {
      return key + " has more than " + std::to_string(kClassDefaultBytesMax) + " bytes";
    }
    if (key == "auth-url" && has_name_of_ingress_in_host(value)) {
      return key +
             " has $namespace or $ingress_name in its host: a class has one host asked for all of "
             "its Ingresses, and only the path may differ";
    }
  }
  kube::Ingress any;
  any.metadata.annotations = with_defaults({}, defaults);
  const AnnotationMap& annotations = any.metadata.annotations;
  RoutePolicy policy = read_route_policy(annotations);
  read_external_auth(any, policy.issues);
  add_fields_of_class(annotations, policy.shape, policy.issues);
  return first_issue(policy.issues).value_or("");
}

std::optional<kube::ObjectKey> asked_service(const ClassDefaults& defaults) {
  kube::Ingress any;
  any.metadata.annotations = with_defaults({}, defaults);
  Issues said_elsewhere;
  const auto auth = read_external_auth(any, said_elsewhere);
  return auth && auth->service ? std::optional(auth->service->key) : std::nullopt;
}

AnnotationMap with_defaults(const AnnotationMap& said, const ClassDefaults& defaults,
                            bool answers_challenges) {
  if (is_canary(said)) return said;
  return joined(said, defaults, answers_challenges || has_no_auth_of_its_class(said));
}

AnnotationMap with_defaults_of_joined(const AnnotationMap& canary, const ClassDefaults& defaults) {
  return joined(canary, defaults, has_no_auth_of_its_class(canary));
}

void judge_global_auth(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find_said(annotations, kGlobalAuth);
  if (!found || read_bool(found->value) == false) return;
  // What a canary joins has the guard, and a canary has none of its class to say it of.
  if (!find(annotations, "auth-url") && !is_canary(annotations)) {
    issues.push_back({Issue::Effect::guards, found->name,
                      "asks nobody: its class names nobody who is asked",
                      "Write auth-url, here or in the defaults of the class, or remove the "
                      "annotation."});
    return;
  }
  if (read_bool(found->value)) return;
  issues.push_back(bad_value(*found, "\"true\" or \"false\"; whom the class has asked is asked",
                             Issue::Effect::tunes));
}

}  // namespace ingress::annotations
