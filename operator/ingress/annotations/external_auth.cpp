#include "operator/ingress/annotations/external_auth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/values.h"
#include "operator/ingress/host_name.h"
#include "proxy/config/authority.h"
#include "proxy/config/field_name.h"
#include "proxy/config/limits.h"
#include "proxy/config/text_template.h"

namespace ingress::annotations {
namespace {

// Where somebody who is sent to sign in came from, as ingress-nginx writes it.
constexpr std::string_view kWhereFrom = "$scheme://$http_host$escaped_request_uri";

constexpr std::string_view kInOneOfThese =
    "Name a Service of the cluster (http://NAME.NAMESPACE.svc.cluster.local:PORT/PATH), the host "
    "of the request (https://$host/PATH), or a host that an Ingress of ours serves.";

class Reader {
 public:
  Reader(const kube::Ingress& ingress, Issues& issues) : ingress_(ingress), issues_(issues) {}

  std::optional<ExternalAuth> read() {
    const auto url = find(annotations(), "auth-url");
    if (!url) {
      refuse_without_url();
      return std::nullopt;
    }
    ExternalAuth auth;
    auth.annotation = url->name;
    if (!read_url(*url, auth)) return std::nullopt;
    read_method(auth.settings);
    read_signin(auth.settings);
    read_asked_for(auth.settings);
    read_copied(auth.settings);
    auth.settings.always_sets_cookies = read_flag("auth-always-set-cookie");
    return auth;
  }

 private:
  const AnnotationMap& annotations() const { return ingress_.metadata.annotations; }

  void refuse(const Found& found, std::string why, std::string_view remedy) {
    issues_.push_back({Issue::Effect::guards, found.name, std::move(why), std::string(remedy)});
  }
  void refuse_value(const Found& found, std::string_view expected) {
    issues_.push_back(bad_value(found, expected, Issue::Effect::guards));
  }

  // Whoever wrote one of these believes that somebody is asked.
  void refuse_without_url() {
    constexpr std::array<const char*, 8> kKeys = {
        "auth-method",           "auth-signin",           "auth-signin-redirect-param",
        "auth-response-headers", "auth-cache-key",        "auth-cache-duration",
        "auth-request-redirect", "auth-always-set-cookie"};
    for (const char* const key : kKeys) {
      const auto found = find(annotations(), key);
      if (!found || read_bool(found->value) == false) continue;
      refuse(*found, "asks nobody without auth-url", "Write auth-url, or remove the annotation.");
    }
  }

  // A text with variables, whose Ingress is known here. Nothing: there is an issue.
  std::optional<std::string> read_text(const Found& found, std::string_view written) {
    std::string text(written);
    replace_all(text, "$namespace", ingress_.metadata.namespace_);
    replace_all(text, "$ingress_name", ingress_.metadata.name);
    const auto is_plain = [](char c) {
      return c > ' ' && c <= '~' &&
             std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    };
    std::string unbraced = text;
    replace_all(unbraced, "${", "$");
    std::erase(unbraced, '}');
    if (text.size() > proxy::config::kTextBytesMax ||
        !std::all_of(unbraced.begin(), unbraced.end(), is_plain)) {
      refuse_value(found, "text that can stand in an address");
      return std::nullopt;
    }
    const std::string_view unknown = proxy::config::unknown_variable(text);
    if (unknown.empty()) return text;
    refuse(found, "has the variable " + std::string(unknown) + ", which is not known here",
           "Known are $scheme, $host, $http_host, $request_uri, $escaped_request_uri, $uri, $args, "
           "$is_args, $request_method, $remote_addr, $server_port, $namespace and $ingress_name.");
    return std::nullopt;
  }

  static void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
  }

  static bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
  }

  // False: there is an issue.
  bool read_url(const Found& found, ExternalAuth& auth) {
    const auto whole = read_text(found, trimmed(found.value));
    if (!whole) return false;
    std::string_view rest = *whole;
    const bool is_https = take(rest, "https://");
    const bool is_as_asked =
        !is_https && (take(rest, "$scheme://") || take(rest, "$pass_access_scheme://"));
    if (!is_https && !is_as_asked && !take(rest, "http://")) {
      refuse_value(found, "an address that begins with http:// or https://");
      return false;
    }
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    const std::string_view authority = rest.substr(0, end);
    std::string target(rest.substr(end));
    if (!target.starts_with('/')) target.insert(0, "/");
    if (target.find('#') != std::string::npos) {
      refuse_value(found, "an address without \"#\"");
      return false;
    }
    auth.settings.target = std::move(target);
    auth.speaks_tls = is_https;
    if (!read_authority(found, authority, auth)) return false;
    if (is_as_asked && auth.service) {
      refuse_value(found, "an address of a Service that begins with http:// or https://");
      return false;
    }
    return true;
  }

  bool read_authority(const Found& found, std::string_view authority, ExternalAuth& auth) {
    constexpr std::array<std::string_view, 6> kAsked = {
        "$host", "${host}", "$http_host", "${http_host}", "$best_http_host", "${best_http_host}"};
    auth.settings.host = authority;
    if (std::find(kAsked.begin(), kAsked.end(), authority) != kAsked.end()) return true;
    if (authority.starts_with('[') || !proxy::config::is_authority(authority)) {
      refuse(found, "names \"" + std::string(authority) + "\", which is no host that can be asked",
             kInOneOfThese);
      return false;
    }
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    const auto host = config_host(authority.substr(0, colon));
    int port = auth.speaks_tls ? 443 : 80;
    if (colon < authority.size()) {
      const std::string_view digits = authority.substr(colon + 1);
      std::from_chars(digits.data(), digits.data() + digits.size(), port);
    }
    if (!host || host->empty() || host->starts_with('*')) {
      refuse(found, "names \"" + std::string(authority) + "\", which is no host that can be asked",
             kInOneOfThese);
      return false;
    }
    if (auto service = service_of(*host)) {
      auth.service = {std::move(*service), port};
      auth.server_name = *host;
    } else {
      auth.other_host = *host;
    }
    return true;
  }

  // "NAME.NAMESPACE.svc" and "NAME.NAMESPACE.svc.cluster.local".
  static std::optional<kube::ObjectKey> service_of(std::string_view host) {
    for (const std::string_view suffix : {".svc.cluster.local", ".svc"}) {
      if (!host.ends_with(suffix)) continue;
      const std::string_view name = host.substr(0, host.size() - suffix.size());
      const std::size_t dot = name.find('.');
      if (dot == std::string_view::npos || name.find('.', dot + 1) != std::string_view::npos) break;
      return kube::ObjectKey{std::string(name.substr(dot + 1)), std::string(name.substr(0, dot))};
    }
    return std::nullopt;
  }

  void read_method(proxy::config::ExternalAuth& settings) {
    constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                          "PATCH", "DELETE", "OPTIONS"};
    const auto found = find(annotations(), "auth-method");
    if (!found) return;
    for (const std::string_view method : kMethods) {
      if (!is_same_word(found->value, method)) continue;
      settings.method = method;
      return;
    }
    refuse_value(*found, "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
  }

  void read_signin(proxy::config::ExternalAuth& settings) {
    const std::string parameter = read_parameter();
    const auto found = find(annotations(), "auth-signin");
    if (!found) return;
    auto text = read_text(*found, trimmed(found->value));
    if (!text) return;
    constexpr std::array<std::string_view, 5> kBegins = {"https://", "http://", "$scheme://",
                                                         "$pass_access_scheme://", "/"};
    const bool is_address =
        !text->starts_with("//") &&
        std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view begin) {
          return text->starts_with(begin) && (begin == "/" || text->size() > begin.size());
        });
    if (!is_address || text->find('#') != std::string::npos) {
      refuse_value(*found, "an address (\"https://...\", or a path from \"/\" on)");
      return;
    }
    const std::size_t query = text->find('?');
    const bool has_query = query != std::string::npos && query + 1 < text->size();
    if (!has_query) {
      if (query != std::string::npos) text->pop_back();
      text->append("?").append(parameter).append("=").append(kWhereFrom);
    } else if (!has_parameter(std::string_view(*text).substr(query + 1), parameter)) {
      text->append("&").append(parameter).append("=").append(kWhereFrom);
    }
    if (text->size() > proxy::config::kTextBytesMax) {
      refuse_value(*found, "an address that leaves room for the way back");
      return;
    }
    settings.signin = std::move(*text);
  }

  // With a value that is not empty.
  static bool has_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
      const std::size_t end = std::min(query.find('&'), query.size());
      const std::string_view one = query.substr(0, end);
      if (one.size() > name.size() + 1 && one.starts_with(name) && one[name.size()] == '=') {
        return true;
      }
      query.remove_prefix(std::min(end + 1, query.size()));
    }
    return false;
  }

  std::string read_parameter() {
    const auto found = find(annotations(), "auth-signin-redirect-param");
    if (!found) return "rd";
    const std::string_view text = trimmed(found->value);
    const bool is_name = std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '_' || c == '.';
    });
    if (is_name && text.size() <= proxy::config::kFieldNameBytesMax) return std::string(text);
    refuse_value(*found, "the name of a parameter in letters, digits, \"-\", \"_\" and \".\"");
    return "rd";
  }

  void read_asked_for(proxy::config::ExternalAuth& settings) {
    const auto found = find(annotations(), "auth-request-redirect");
    if (!found) return;
    if (auto text = read_text(*found, trimmed(found->value))) settings.asked_for = std::move(*text);
  }

  void read_copied(proxy::config::ExternalAuth& settings) {
    const auto found = find(annotations(), "auth-response-headers");
    if (!found) return;
    std::string_view rest = found->value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view name = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (name.empty()) continue;
      const bool may_be_copied = proxy::config::may_be_shaped(name) &&
                                 settings.copied.size() < proxy::config::kFieldLinesMax;
      if (!may_be_copied) {
        refuse_value(*found,
                     "names of header fields by commas, at most 100, none of which says how a "
                     "message ends, what the connection is or who the client is");
        return;
      }
      settings.copied.push_back({std::string(name)});
    }
  }

  bool read_flag(const std::string& key) {
    const auto found = find(annotations(), key);
    if (!found) return false;
    const auto value = read_bool(found->value);
    if (!value) issues_.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
    return value.value_or(false);
  }

  const kube::Ingress& ingress_;
  Issues& issues_;
};

}  // namespace

std::optional<ExternalAuth> read_external_auth(const kube::Ingress& ingress, Issues& issues) {
  return Reader(ingress, issues).read();
}

}  // namespace ingress::annotations
