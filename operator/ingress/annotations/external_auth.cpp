#include "operator/ingress/annotations/external_auth.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/object_name.h"
#include "operator/ingress/annotations/service_address.h"
#include "operator/ingress/annotations/values.h"
#include "operator/routing/host_name.h"
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

using proxy::config::Variable;

constexpr std::array<Variable, 4> kTellingClients = {Variable::field, Variable::cookie,
                                                     Variable::remote_user, Variable::remote_addr};
constexpr std::array<Variable, 3> kTellingPaths = {Variable::request_uri,
                                                   Variable::escaped_request_uri, Variable::uri};

template <std::size_t N>
bool names_one_of(std::string_view text, const std::array<Variable, N>& variables) {
  const auto parts = proxy::config::read_template(text).value_or(proxy::config::TextTemplate());
  return std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
    return std::find(variables.begin(), variables.end(), part.variable) != variables.end();
  });
}

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
    if (url->name.starts_with(kClassPrefix)) refuse_other_questions();
    read_method(auth.settings);
    read_signin(auth.settings);
    read_asked_for(auth.settings);
    read_copied(auth.settings);
    read_fields(auth);
    read_cache(auth.settings);
    judge_method(auth);
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
    constexpr std::array<const char*, 9> kKeys = {"auth-method",
                                                  "auth-signin",
                                                  "auth-signin-redirect-param",
                                                  "auth-response-headers",
                                                  "auth-cache-key",
                                                  "auth-cache-duration",
                                                  "auth-request-redirect",
                                                  "auth-always-set-cookie",
                                                  "auth-proxy-set-headers"};
    for (const char* const key : kKeys) {
      const auto found = find(annotations(), key);
      if (!found || read_bool(found->value) == false) continue;
      refuse(*found, "asks nobody without auth-url", "Write auth-url, or remove the annotation.");
    }
  }

  // Whoever says what the service of the class is asked, or keeps what it has answered, can have it
  // say yes to somebody who is not the one that asks.
  void refuse_other_questions() {
    constexpr std::array<const char*, 5> kKeys = {"auth-cache-duration", "auth-cache-key",
                                                  "auth-method", "auth-proxy-set-headers",
                                                  "auth-request-redirect"};
    for (const char* const key : kKeys) {
      const auto found = find_said(annotations(), key);
      if (!found || keeps_nothing(key, *found)) continue;
      refuse(*found, "would change what whom the class has asked is told",
             "Remove it, or write an auth-url of its own.");
    }
  }

  // One that has no answer kept has each request asked about.
  static bool keeps_nothing(std::string_view key, const Found& found) {
    return key.starts_with("auth-cache-") && says_no(found.value);
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
    const auto host = routing::config_host(authority.substr(0, colon));
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
    if (auto service = service_named_by(*host)) {
      auth.service = {std::move(*service), port};
      auth.server_name = *host;
    } else {
      auth.other_host = *host;
      auth.server_name = *host;
      auth.port = port;
    }
    return true;
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

  // What changes something is done to whom the author could reach as well: whoever is of another
  // namespace, or outside, is asked and no more (RFC 9110 §9.2.1).
  void judge_method(const ExternalAuth& auth) {
    const std::string& method = auth.settings.method;
    const bool is_safe = method == "GET" || method == "HEAD" || method == "OPTIONS";
    const bool is_own = auth.service ? auth.service->key.namespace_ == ingress_.metadata.namespace_
                                     : auth.other_host.empty();
    if (is_safe || is_own) return;
    const auto found = find(annotations(), "auth-method");
    refuse(*found,
           "would have the edge send " + method + " to " +
               (auth.service ? "a Service of another namespace" : "another host") +
               ", where it may change something",
           "Ask with GET, HEAD or OPTIONS, or a Service of the Ingress's own namespace.");
  }

  void read_fields(ExternalAuth& auth) {
    const auto found = find(annotations(), "auth-proxy-set-headers");
    if (!found) return;
    auto key = read_object_name(*found, "ConfigMap", ingress_.metadata.namespace_,
                                "what it holds is not this Ingress's to tell",
                                Issue::Effect::guards, issues_);
    if (key) auth.fields = NamedFields{std::move(*key), found->name};
  }

  // Without it each request is asked about, so what cannot be read is told and left out.
  void read_cache(proxy::config::ExternalAuth& settings) {
    const auto key = find(annotations(), "auth-cache-key");
    const auto duration = find(annotations(), "auth-cache-duration");
    const auto leave_out = [&](const Found& found, std::string why) {
      issues_.push_back(
          {Issue::Effect::tunes, found.name, why + ", so each request is asked about", ""});
    };
    if (key && says_no(key->value)) return;
    if (!key) {
      if (duration && !says_no(duration->value))
        leave_out(*duration, "keeps nothing without auth-cache-key");
      return;
    }
    const std::string text(trimmed(key->value));
    const std::string_view unknown =
        proxy::config::unknown_variable(text, proxy::config::TextPlace::field);
    if (!unknown.empty()) {
      return leave_out(*key,
                       "has the variable " + std::string(unknown) + ", which is not known here");
    }
    if (text.find('$') == std::string::npos) {
      return leave_out(*key, "has no variable, and would take one client for another");
    }
    if (!proxy::config::is_field_text(text)) return leave_out(*key, "is no text in ASCII");
    if (!names_one_of(text, kTellingClients)) {
      return leave_out(*key, "names nothing that tells one client from another");
    }
    if (settings.method != "GET" && settings.method != "HEAD") {
      return leave_out(*key, "keeps nothing of what is said to " + settings.method);
    }
    // As ingress-nginx has it.
    auto cached = read_durations(duration ? duration->value : "200 202 401 5m");
    if (!cached) {
      return leave_out(*duration,
                       "is not a list of statuses and times like \"200 202 10m, 401 1m\"");
    }
    settings.cache_key = text;
    settings.cached = std::move(*cached);
  }

  // nginx's proxy_cache_valid, by commas: statuses and a time; "any" or none for all. Those that
  // neither let pass nor say no are never kept.
  static std::optional<std::vector<proxy::config::CachedStatus>> read_durations(
      std::string_view text) {
    std::map<std::uint64_t, std::uint64_t> seconds_of;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(','), text.size());
      std::vector<std::string_view> words = words_of(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (words.empty()) return std::nullopt;
      const auto seconds = read_life(words.back());
      words.pop_back();
      if (!seconds) return std::nullopt;
      if (words.empty()) words = {"200"};
      for (const std::string_view word : words) {
        if (!note_duration(word, *seconds, seconds_of)) return std::nullopt;
      }
    }
    std::vector<proxy::config::CachedStatus> cached;
    for (const auto& [status, seconds] : seconds_of) {
      if (seconds > 0) cached.push_back({status, seconds});
    }
    return cached;
  }

  static bool note_duration(std::string_view word, std::uint64_t seconds,
                            std::map<std::uint64_t, std::uint64_t>& seconds_of) {
    const auto is_kept = [](std::uint64_t status) {
      return (status >= 200 && status <= 299) || status == 401 || status == 403;
    };
    if (word == "any") {
      for (std::uint64_t status = 200; status <= 403; ++status) {
        if (is_kept(status)) seconds_of.try_emplace(status, seconds);
      }
      return true;
    }
    std::uint64_t status = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), status);
    if (error != std::errc() || end != word.data() + word.size() || status < 100 || status > 599) {
      return false;
    }
    if (is_kept(status)) seconds_of[status] = seconds;
    return true;
  }

  static std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (;;) {
      text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
      if (text.empty()) return words;
      const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
      words.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  // "90", "90s", "5m", "1h", "1d"; no longer than a day.
  static std::optional<std::uint64_t> read_life(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits = {
        {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}, {"w", 604'800}}};
    for (const auto& [name, seconds] : kUnits) {
      if (unit != name) continue;
      const std::uint64_t most = proxy::config::kCachedSecondsMax;
      return number > most / seconds ? most : number * seconds;
    }
    return std::nullopt;
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

void add_said_fields(const NamedFields& named, const std::map<std::string, std::string>& fields,
                     proxy::config::ExternalAuth& settings, Issues& issues) {
  for (const auto& [name, text] : fields) {
    const std::string_view value = trimmed(text);
    std::string why;
    if (!proxy::config::may_be_said(name)) {
      why = "names none of a header field that a question may have";
    } else if (!proxy::config::is_field_text(value)) {
      why = "has a value that is none of a header field in ASCII";
    } else if (const auto unknown =
                   proxy::config::unknown_variable(value, proxy::config::TextPlace::field);
               !unknown.empty()) {
      why = "has the variable " + std::string(unknown) + ", which is not known here";
    }
    if (why.empty()) {
      settings.said.push_back({name, std::string(value)});
      continue;
    }
    constexpr std::size_t kShownMax = 80;
    issues.push_back({Issue::Effect::guards, named.annotation,
                      "names the ConfigMap " + named.map.text() + ", whose key \"" +
                          name.substr(0, kShownMax) + "\" " + why,
                      "Mend the ConfigMap."});
    return;
  }
}

std::string what_shares_answers(const proxy::config::ExternalAuth& settings) {
  if (settings.cache_key.empty()) return {};
  const std::string_view key = settings.cache_key;
  constexpr std::array<Variable, 3> kShown = {Variable::field, Variable::cookie,
                                              Variable::remote_user};
  std::string who;
  if (!names_one_of(key, kTellingPaths) && !names_one_of(settings.target, kTellingPaths)) {
    who = "all paths of its host, unless the key has $request_uri";
  }
  if (!names_one_of(key, kShown)) {
    who += who.empty() ? "" : ", and for ";
    who += "all clients of one address, unless the key has a cookie or $http_authorization";
  }
  return who;
}

std::optional<routing::OutsideHost> may_ask_outside(const ExternalAuth& auth) {
  if (auth.other_host.empty() || !auth.speaks_tls) return std::nullopt;
  return routing::OutsideHost{auth.other_host, auth.port};
}

std::optional<ExternalAuth> read_external_auth(const kube::Ingress& ingress, Issues& issues) {
  return Reader(ingress, issues).read();
}

}  // namespace ingress::annotations
