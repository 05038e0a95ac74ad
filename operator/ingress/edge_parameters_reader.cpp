#include "operator/ingress/edge_parameters_reader.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "operator/api/fields.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/proxy_body_size.h"
#include "operator/ingress/annotations/proxy_timeouts.h"
#include "operator/ingress/annotations/tls_policy.h"
#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"
#include "proxy/config/line_form.h"
#include "proxy/config/network.h"

namespace ingress {
namespace {

using api::EdgeParameters;
using api::Fields;

// As crds/edgeparameters.yaml has them; an API server that does not know them is no reason to hold
// more.
constexpr std::size_t kNamesMax = 1024;
constexpr std::size_t kServerBytesMax = 128;
constexpr std::int64_t kPortMax = 65'535;
constexpr std::int64_t kMaxAgeSecondsMax = 315'360'000;  // ten years
constexpr std::uint64_t kPreloadSecondsMin = 31'536'000;

std::set<std::string> names_in(const Fields& fields, const char* name) {
  const std::vector<std::string> texts = fields.texts(name);
  if (texts.size() > kNamesMax) {
    fields.complain(name, "a list of at most " + std::to_string(kNamesMax) + " names");
    return {};
  }
  return {texts.begin(), texts.end()};
}

std::optional<std::chrono::seconds> timeout_in(const Fields& fields, const char* name) {
  const auto timeout = fields.duration(name);
  if (!timeout) return std::nullopt;
  if (*timeout < std::chrono::seconds(1) || *timeout > annotations::kTimeoutMax) {
    fields.complain(name, "a duration from 1s to 24h");
  }
  return timeout;
}

std::optional<std::uint64_t> body_size_in(const Fields& fields, const char* name) {
  const std::string text = fields.text(name);
  if (text.empty()) return std::nullopt;
  const auto bytes = annotations::read_size(text);
  if (!bytes || *bytes > annotations::kBodyBytesMaxLargest) {
    fields.complain(name, "a size such as \"8m\", \"512k\" or \"0\"");
    return std::nullopt;
  }
  return bytes;
}

void read_defaults(const Fields& fields, EdgeParameters::Spec& spec) {
  spec.body_bytes_max = body_size_in(fields, "bodySize");
  spec.connect_timeout = timeout_in(fields, "connectTimeout");
  spec.read_timeout = timeout_in(fields, "readTimeout");
  spec.send_timeout = timeout_in(fields, "sendTimeout");
  if (fields.has("requestBuffering")) spec.request_buffering = fields.flag("requestBuffering");
  spec.default_annotations = fields.text_map("annotations");
  const std::string why = annotations::problem_of(spec.default_annotations);
  if (!why.empty()) fields.complain("annotations", "some that a class may have: " + why);
  spec.asked_service = annotations::asked_service(spec.default_annotations);
}

// Browsers take a host onto their list of those that are asked by https alone where it says all
// this (hstspreload.org); who says less and asks for it has been given wrong advice.
bool may_be_preloaded(const EdgeParameters::Hsts& hsts) {
  return hsts.include_sub_domains && hsts.max_age_seconds >= kPreloadSecondsMin;
}

EdgeParameters::Hsts read_hsts(const Fields& fields) {
  EdgeParameters::Hsts hsts;
  const auto seconds = fields.number("maxAgeSeconds");
  if (seconds && (*seconds < 0 || *seconds > kMaxAgeSecondsMax)) {
    fields.complain("maxAgeSeconds", "from 0 to " + std::to_string(kMaxAgeSecondsMax));
  } else if (seconds) {
    hsts.max_age_seconds = static_cast<std::uint64_t>(*seconds);
  }
  hsts.include_sub_domains = fields.flag("includeSubDomains");
  hsts.preload = fields.flag("preload");
  if (hsts.preload && !may_be_preloaded(hsts)) {
    fields.complain("preload", "false, or stand beside includeSubDomains and a maxAgeSeconds of " +
                                   std::to_string(kPreloadSecondsMin) + " at least");
  }
  return hsts;
}

std::optional<EdgeParameters::Backend> default_backend_in(const Fields& fields) {
  if (!fields.has("defaultBackend")) return std::nullopt;
  const Fields backend = fields.object("defaultBackend");
  const auto port = backend.number("port");
  EdgeParameters::Backend made{{backend.text("namespace"), backend.text("name")}, 0};
  if (made.service.namespace_.empty()) backend.complain("namespace", "the namespace of a Service");
  if (made.service.name.empty()) backend.complain("name", "the name of a Service");
  if (!port || *port < 1 || *port > kPortMax) backend.complain("port", "from 1 to 65535");
  made.port = static_cast<std::int32_t>(std::clamp<std::int64_t>(port.value_or(0), 0, kPortMax));
  return made;
}

std::vector<int> statuses_in(const Fields& fields, const char* name) {
  std::vector<int> statuses;
  for (const std::int64_t status : fields.numbers(name)) {
    if (status < 400 || status > 599) fields.complain(name, "statuses from 400 to 599");
    statuses.push_back(static_cast<int>(std::clamp<std::int64_t>(status, 400, 599)));
  }
  std::sort(statuses.begin(), statuses.end());
  statuses.erase(std::unique(statuses.begin(), statuses.end()), statuses.end());
  return statuses;
}

proxy::config::AccessLine access_line_in(const Fields& fields) {
  using proxy::config::kLogFields;
  using proxy::config::LogFormat;
  proxy::config::AccessLine line;
  const std::string format = fields.text("format");
  if (format == "Common") {
    line.format = LogFormat::common;
  } else if (format == "Combined") {
    line.format = LogFormat::combined;
  } else if (!format.empty() && format != "Json") {
    fields.complain("format", "Json, Common or Combined");
  }
  for (std::string& name : fields.texts("fields")) {
    if (std::find(kLogFields.begin(), kLogFields.end(), name) == kLogFields.end()) {
      fields.complain("fields", "fields that lines have, such as \"status\"");
      break;
    }
    line.fields.push_back({std::move(name)});
  }
  if (line.fields.size() > proxy::config::kLoggedFieldsMax) {
    fields.complain("fields", "each field once");
  } else if (!line.fields.empty() && line.format != LogFormat::json) {
    fields.complain("fields", "beside the format Json: others have their own");
  }
  return line;
}

std::optional<std::vector<proxy::config::Network>> trusted_proxies_in(const Fields& fields) {
  constexpr const char* kName = "trustedProxies";
  if (!fields.has(kName)) return std::nullopt;
  std::vector<proxy::config::Network> networks;
  for (const std::string& text : fields.texts(kName)) {
    const auto network = proxy::config::Network::parse(text);
    if (!network) {
      fields.complain(kName, "networks, such as \"10.0.0.0/8\" or \"fd00::/8\"");
      break;
    }
    networks.push_back(*network);
  }
  std::sort(networks.begin(), networks.end());
  networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  if (networks.size() > proxy::config::kTrustedProxiesMax) {
    fields.complain(kName, "a list of at most " +
                               std::to_string(proxy::config::kTrustedProxiesMax) + " networks");
  }
  return networks;
}

bool takes_proxy_headers_in(const Fields& fields, const EdgeParameters::Spec& spec) {
  constexpr const char* kName = "proxyProtocol";
  const std::string said = fields.text(kName);
  if (said.empty()) return false;
  if (said != "FromTrusted") fields.complain(kName, "FromTrusted");
  if (!spec.trusted_proxies || spec.trusted_proxies->empty()) {
    fields.complain(kName, "beside trustedProxies that name at least one network");
  }
  return true;
}

EdgeParameters::Spec read_spec(const Fields& fields) {
  EdgeParameters::Spec spec;
  if (fields.has("namespaces")) spec.namespaces = names_in(fields, "namespaces");
  if (fields.has("namespaceSelector")) {
    spec.namespace_selector = api::LabelSelector::read(fields.object("namespaceSelector"));
  }
  const Fields annotations = fields.object("annotations");
  spec.refused_annotations = names_in(annotations, "refused");
  spec.tolerated_annotations = names_in(annotations, "tolerated");
  read_defaults(fields.object("defaults"), spec);
  const std::string plain_http = fields.text("plainHttp");
  if (plain_http == "Serve") {
    spec.plain_http = EdgeParameters::PlainHttp::serve;
  } else if (plain_http == "Refuse") {
    spec.plain_http = EdgeParameters::PlainHttp::refuse;
  } else if (!plain_http.empty() && plain_http != "Redirect") {
    fields.complain("plainHttp", "Redirect, Serve or Refuse");
  }
  const std::string tls_policy = fields.text("tlsPolicy");
  spec.tls_policy = annotations::tls_policy_named(tls_policy);
  if (!tls_policy.empty() && !spec.tls_policy) {
    fields.complain("tlsPolicy", "Modern, Intermediate or Old");
  }
  if (fields.has("hsts")) spec.hsts = read_hsts(fields.object("hsts"));
  if (const auto status = fields.number("limitStatus")) {
    if (*status != 429 && *status != 503) fields.complain("limitStatus", "429 or 503");
    spec.limit_status = *status == 429 ? 429 : 503;
  }
  spec.default_backend = default_backend_in(fields);
  spec.custom_http_errors = statuses_in(fields, "customHttpErrors");
  if (!spec.custom_http_errors.empty() && !spec.default_backend) {
    fields.complain("customHttpErrors", "beside a defaultBackend, which makes the pages");
  }
  spec.server = fields.text("server");
  const bool is_plain = std::all_of(spec.server.begin(), spec.server.end(),
                                    [](char c) { return c >= ' ' && c <= '~'; });
  if (spec.server.size() > kServerBytesMax || !is_plain) {
    fields.complain("server", "at most 128 visible characters of ASCII");
  }
  spec.access_log = access_line_in(fields.object("accessLog"));
  const std::string regex_scope = fields.text("regexScope");
  spec.expressions_of_hosts = regex_scope == "Host";
  if (!regex_scope.empty() && regex_scope != "Host" && regex_scope != "Ingress") {
    fields.complain("regexScope", "Ingress or Host");
  }
  spec.trusted_proxies = trusted_proxies_in(fields);
  spec.takes_proxy_headers = takes_proxy_headers_in(fields, spec);
  return spec;
}

}  // namespace

base::Result<api::EdgeParameters> read_edge_parameters(const nlohmann::json& object) {
  EdgeParameters parameters;
  parameters.metadata = kube::read_meta(object);
  std::string problem;
  const Fields fields(object, "", problem);
  parameters.spec = read_spec(fields.object("spec"));
  parameters.problem = problem;
  const Fields status = fields.object("status");
  parameters.conditions = status.conditions();
  parameters.observed_generation = status.number("observedGeneration").value_or(0);
  return parameters;
}

base::Result<api::EdgeParameters> sound_edge_parameters(const nlohmann::json& object) {
  auto parameters = read_edge_parameters(object);
  if (parameters && !parameters->problem.empty()) {
    return base::failure(base::ErrorKind::invalid, "EdgeParameters " + parameters->metadata.name +
                                                       ": " + parameters->problem);
  }
  return parameters;
}

}  // namespace ingress
