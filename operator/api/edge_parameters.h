#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kube/conditions.h"
#include "kube/object.h"
#include "operator/api/label_selector.h"
#include "proxy/config/model.h"
#include "proxy/config/network.h"
#include "proxy/config/tls_policy.h"

namespace api {

// EdgeParameters, cluster-scoped: what holds for the Ingresses of the IngressClasses that name it
// in spec.parameters. Who may write it runs the cluster; authors of Ingresses cannot.
struct EdgeParameters {
  enum class PlainHttp {
    redirect,  // to https, where the host has a certificate; as without parameters
    serve,     // as it comes, unless an Ingress asks for the redirect
    refuse,    // 403, unless an Ingress says otherwise in plain-http
  };
  // Strict-Transport-Security (RFC 6797 §6.1), over https alone.
  struct Hsts {
    std::uint64_t max_age_seconds = 31'536'000;
    bool include_sub_domains = false;
    bool preload = false;
    bool operator==(const Hsts&) const = default;
  };

  // A Service of any namespace: who writes parameters may see them all.
  struct Backend {
    kube::ObjectKey service;
    std::int32_t port = 0;  // of the Service
    bool operator==(const Backend&) const = default;
  };

  struct Spec {
    // The namespaces whose Ingresses may have the class: those of either. Nothing in both: all.
    std::optional<std::set<std::string>> namespaces{};
    std::optional<LabelSelector> namespace_selector{};  // see ingress::with_selected()
    // Keys of annotations, without their prefix or, of other controllers, whole.
    std::set<std::string> refused_annotations{};  // close their Ingress
    // Where one that guards is not supported, it is a Warning and the Ingress is served.
    std::set<std::string> tolerated_annotations{};
    // Of Ingresses that say nothing themselves; nothing: as without parameters.
    std::optional<std::uint64_t> body_bytes_max{};  // 0: no limit
    std::optional<std::chrono::seconds> connect_timeout{};
    std::optional<std::chrono::seconds> read_timeout{};
    std::optional<std::chrono::seconds> send_timeout{};
    std::optional<bool> request_buffering{};
    // Annotations, by their keys without a prefix: see ingress::annotations::ClassDefaults.
    std::map<std::string, std::string> default_annotations{};
    // Whom they have asked about each request, where that is a Service.
    std::optional<kube::ObjectKey> asked_service{};
    PlainHttp plain_http = PlainHttp::redirect;
    std::optional<proxy::config::TlsPolicy> tls_policy{};
    std::optional<Hsts> hsts{};
    std::optional<int> limit_status{};  // 429 or 503, of who is beyond a limit
    // Who answers what no path of a host matches, and makes the pages for errors.
    std::optional<Backend> default_backend{};
    std::vector<int> custom_http_errors{};  // sorted, unique; of Ingresses that name none
    std::string server{};  // the field Server of responses; empty: as backends write it
    proxy::config::AccessLine access_log{};
    // Where one Ingress of a host has regular expressions, the others of the class have them, too.
    bool expressions_of_hosts = false;
    // Who may say who their client is; sorted, unique. Of the proxies of a release, and so of all
    // of its classes: see ingress::trusted_by_all(). Nothing: nothing is said; empty: nobody.
    std::optional<std::vector<proxy::config::Network>> trusted_proxies{};
    // These may begin a connection with a PROXY header; likewise for all classes. Never without one
    // of them.
    bool takes_proxy_headers = false;
    bool operator==(const Spec&) const = default;
  };

  kube::ObjectMeta metadata;
  // Why it cannot be read, though the definition lets it pass; empty: nothing. A spec with a
  // problem is not to be used, for what it lacks may be what closes.
  std::string problem;
  Spec spec;
  std::vector<kube::Condition> conditions;
  std::int64_t observed_generation = 0;

  // It is read in operator/ingress/edge_parameters_reader.h.
  static const kube::ResourceType& type();
};

// The field's value.
std::string text_of(const EdgeParameters::Hsts& hsts);

// The status object alone, ready to be sent.
nlohmann::json status_to_json(const EdgeParameters& parameters);

}  // namespace api
