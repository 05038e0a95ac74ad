#include "proxy/policy/external_auth.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "proxy/config/limits.h"
#include "proxy/http/host_name.h"
#include "proxy/policy/basic_auth.h"

namespace proxy::policy {
namespace {

using http::Field;
using http::FieldId;

// As policy::location() has it: a path and a query as long as a head has them, escaped.
constexpr std::size_t kTextBytesMax = 64u << 10;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out.push_back('%');
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 15u]);
}

void append_visible(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c > ' ' && c <= '~') {
      out.push_back(c);
    } else {
      append_escaped(c, out);
    }
  }
}

// All but unreserved characters (RFC 3986 §2.3).
void append_component(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      append_escaped(c, out);
    }
  }
}

std::string_view path_of(const RequestWords& request) {
  return request.path == "*" ? std::string_view("/") : request.path;
}

std::string_view arguments_of(const RequestWords& request) {
  return request.query.size() > 1 ? request.query.substr(1) : std::string_view();
}

std::string_view scheme_of(const RequestWords& request) {
  return request.secure ? "https" : "http";
}

// The name of nginx's variable for a field: "http_x_token".
bool is_same_to_variable(std::string_view field, std::string_view name) {
  return std::equal(field.begin(), field.end(), name.begin(), name.end(), [](char f, char n) {
    const char lower = f >= 'A' && f <= 'Z' ? static_cast<char>(f - 'A' + 'a') : f;
    const char wanted = n >= 'A' && n <= 'Z' ? static_cast<char>(n - 'A' + 'a') : n;
    return (lower == '-' ? '_' : lower) == wanted;
  });
}

// RFC 6265 §5.4: "name=value; name=value".
template <class Visit>
void for_each_cookie(std::string_view cookies, const Visit& visit) {
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view one = cookies.substr(0, end);
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    const std::size_t equals = one.find('=');
    if (equals != std::string_view::npos) visit(one.substr(0, equals), one.substr(equals + 1));
  }
}

// What a client shows by this name, whichever of several somebody else would take: all of them.
std::string shown_in_fields(const config::TemplatePart& part, const RequestWords& request) {
  std::string shown;
  if (request.fields == nullptr) return shown;
  const auto add = [&shown](std::string_view value) {
    if (!shown.empty()) shown += ", ";
    shown += value;
  };
  for (const Field& field : *request.fields) {
    if (field.dropped) continue;
    if (part.variable == config::Variable::field) {
      if (is_same_to_variable(field.name, part.text)) add(field.value);
    } else if (part.variable == config::Variable::remote_user) {
      if (!http::equals_ignoring_case(field.name, "authorization")) continue;
      std::string storage;
      if (const auto credentials = read_credentials(field.value, storage)) add(credentials->user);
    } else if (http::equals_ignoring_case(field.name, "cookie")) {
      for_each_cookie(field.value, [&](std::string_view name, std::string_view value) {
        if (name == part.text && !value.empty()) add(value);
      });
    }
  }
  return shown;
}

// False: there is no host.
bool append(const config::TemplatePart& part, const RequestWords& request, std::string& out) {
  using config::Variable;
  switch (part.variable) {
    case Variable::none:
      append_visible(part.text, out);
      return true;
    case Variable::scheme:
      out += scheme_of(request);
      return true;
    case Variable::host:
    case Variable::http_host:
      if (!http::is_host_text(request.host)) return false;
      out += part.variable == Variable::host ? http::without_port(request.host) : request.host;
      return true;
    case Variable::request_uri:
      append_visible(path_of(request), out);
      append_visible(request.query, out);
      return true;
    case Variable::escaped_request_uri:
      append_component(path_of(request), out);
      append_component(request.query, out);
      return true;
    case Variable::uri:
      append_visible(request.normalized_path, out);
      return true;
    case Variable::args:
      append_visible(arguments_of(request), out);
      return true;
    case Variable::is_args:
      if (!arguments_of(request).empty()) out.push_back('?');
      return true;
    case Variable::request_method:
      append_visible(request.method, out);
      return true;
    case Variable::remote_addr:
      append_visible(request.client_address, out);
      return true;
    case Variable::server_port:
      append_visible(request.port, out);
      return true;
    case Variable::remote_user:
    case Variable::field:
    case Variable::cookie:
      append_visible(shown_in_fields(part, request), out);
      return true;
  }
  return false;
}

// The value of a field, in which spaces and what a client's own fields have may stand as they are.
// Empty: there is nothing to say.
std::string value_said(const config::TextTemplate& text, const RequestWords& request) {
  std::string made;
  for (const config::TemplatePart& part : text) {
    if (part.variable == config::Variable::none) {
      made += part.text;
    } else if (config::is_of_fields(part.variable)) {
      const std::string shown = shown_in_fields(part, request);
      // A user's name is what somebody made base64 of.
      const bool is_text =
          std::all_of(shown.begin(), shown.end(), [](char c) { return c >= ' ' && c <= '~'; });
      if (is_text) {
        made += shown;
      } else {
        append_visible(shown, made);
      }
    } else if (!append(part, request, made)) {
      return {};
    }
    if (made.size() > kTextBytesMax) return {};
  }
  return made;
}

bool is_named(const Field& field, std::string_view name) {
  return http::equals_ignoring_case(field.name, name);
}

// What a question says itself, as ingress-nginx does, so that nobody else can.
constexpr std::array<std::string_view, 7> kSaid = {
    "X-Original-URL", "X-Original-URI",          "X-Original-Method", "X-Sent-From",
    "X-Scheme",       "X-Auth-Request-Redirect", "X-Request-ID"};
// About the state of what the client asks for (RFC 9110 §13, §14), which is not what is asked here.
constexpr std::array<std::string_view, 6> kConditions = {
    "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"};

bool goes_with_question(const Field& field, bool peer_is_trusted) {
  const bool is_about_client = field.id == FieldId::about_client;
  if (field.dropped || (is_about_client && !peer_is_trusted)) return false;
  if (field.id != FieldId::other && !is_about_client) return false;
  const auto is_one = [&](std::string_view name) { return http::is_same_to_cgi(field.name, name); };
  // What somebody else says of a certificate is not what was shown here.
  constexpr std::string_view kOfCertificate = "ssl-client-";
  if (http::is_same_to_cgi(field.name.substr(0, kOfCertificate.size()), kOfCertificate)) {
    return false;
  }
  return std::none_of(kSaid.begin(), kSaid.end(), is_one) &&
         std::none_of(kConditions.begin(), kConditions.end(), is_one);
}

// Whether somebody may read a segment of it as "." or "..": what a request has in a path could lead
// away from where the path was meant to go.
bool may_climb(std::string_view path) {
  std::string plain;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view three = path.substr(i, 3);
    const auto is = [&](std::string_view escape) {
      return http::equals_ignoring_case(three, escape);
    };
    if (is("%2e") || is("%2f") || is("%5c")) {
      plain.push_back(is("%2e") ? '.' : '/');
      i += 2;
    } else {
      plain.push_back(path[i] == '\\' ? '/' : path[i]);
    }
  }
  plain.push_back('/');
  return plain.find("/./") != std::string::npos || plain.find("/../") != std::string::npos;
}

// RFC 9110 §8.6: without a body these say so.
bool announces_no_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

template <class Visit>
void for_each_in_list(std::string_view list, const Visit& visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (!one.empty()) visit(one);
  }
}

// RFC 9111 §5.2.2 and §4.1, as far as they keep from keeping, or for less long than was set.
void limit_freshness(const Field& field, std::chrono::seconds& fresh_for) {
  const auto at_most = [&](std::chrono::seconds seconds) {
    fresh_for = std::min(fresh_for, seconds);
  };
  if (is_named(field, "Cache-Control")) {
    for_each_in_list(field.value, [&](std::string_view directive) {
      const auto is = [&](std::string_view name) {
        return http::equals_ignoring_case(directive.substr(0, directive.find('=')), name);
      };
      if (is("no-store") || is("no-cache") || is("private")) at_most(std::chrono::seconds(0));
      if (!is("max-age") && !is("s-maxage")) return;
      std::uint64_t seconds = 0;
      const std::string_view digits =
          directive.substr(std::min(directive.find('=') + 1, directive.size()));
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
      const bool is_number = error == std::errc() && end == digits.data() + digits.size();
      at_most(std::chrono::seconds(
          is_number ? std::min<std::uint64_t>(seconds, config::kCachedSecondsMax) : 0));
    });
  } else if (is_named(field, "Vary")) {
    // What was said to one who accepts something else is said to this one, too; any other field may
    // be what tells who asks.
    for_each_in_list(field.value, [&](std::string_view name) {
      if (!http::equals_ignoring_case(name, "Accept-Encoding")) at_most(std::chrono::seconds(0));
    });
  }
}

}  // namespace

std::optional<std::string> written(const config::TextTemplate& text, const RequestWords& request,
                                   std::size_t bytes_max) {
  std::string made;
  for (const config::TemplatePart& part : text) {
    if (!append(part, request, made) || made.size() > bytes_max) return std::nullopt;
  }
  return made;
}

AuthAnswer read_auth_answer(const http::ResponseHead& head, const config::ExternalAuth& config) {
  AuthAnswer answer;
  answer.status = head.status;
  answer.fresh_for = std::chrono::seconds(config::kCachedSecondsMax);
  for (const Field& field : head.fields) {
    if (field.dropped || http::is_hop_by_hop(field.id)) continue;
    limit_freshness(field, answer.fresh_for);
    if (is_named(field, "WWW-Authenticate")) answer.challenges.emplace_back(field.value);
    if (is_named(field, "Set-Cookie")) answer.cookies.emplace_back(field.value);
    if (is_named(field, "X-Auth-Request-User")) {
      answer.user = field.value.substr(0, config::kUserNameBytesMax);
    }
    for (const config::CopiedField& copied : config.copied) {
      if (is_named(field, copied.name)) answer.copied.emplace_back(copied.name, field.value);
    }
  }
  return answer;
}

const AuthAnswer* AuthAnswers::find(const config::ExternalAuth& asked) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return *one.first == asked; });
  return found == all_.end() ? nullptr : &found->second;
}

ExternalAuth::ExternalAuth(const config::ExternalAuth& config, std::uint32_t cluster)
    : config_(std::make_shared<const config::ExternalAuth>(config)),
      cluster_(cluster),
      host_(read(config.host)),
      target_(read(config.target)),
      asked_for_(read(config.asked_for)),
      signin_(read(config.signin)),
      cache_key_(read(config.cache_key)) {
  for (const config::SaidField& field : config.said)
    said_.emplace_back(field.name, read(field.value));
}

config::TextTemplate ExternalAuth::read(const std::string& text) {
  auto parts = config::read_template(text);
  is_known_ = is_known_ && parts.has_value();
  return parts ? std::move(*parts) : config::TextTemplate();
}

std::optional<AuthPlace> place_of(const config::TextTemplate& host_text,
                                  const config::TextTemplate& target_text,
                                  const RequestWords& request) {
  auto host = written(host_text, request, kTextBytesMax);
  auto target = written(target_text, request, kTextBytesMax);
  if (!host || !target || !http::is_host_text(*host) || !target->starts_with('/'))
    return std::nullopt;
  if (target->find('#') != std::string::npos) return std::nullopt;
  const std::size_t query = std::min(target->find('?'), target->size());
  if (may_climb(std::string_view(*target).substr(0, query))) return std::nullopt;
  return AuthPlace{std::move(*host), target->substr(0, query), target->substr(query)};
}

std::optional<AuthPlace> ExternalAuth::place_for(const RequestWords& request) const {
  return place_of(host_, target_, request);
}

std::string ExternalAuth::question(const AuthPlace& place, const AuthSubject& subject) const {
  const RequestWords& request = subject.words;
  std::string head;
  const auto say = [&head](std::string_view name, auto... values) {
    head.append(name).append(": ");
    (head.append(values), ...);
    head.append("\r\n");
  };
  // By themselves, where the settings have no such field.
  const auto say_unless_said = [&](std::string_view name, auto... values) {
    if (!says(name)) say(name, values...);
  };
  head.append(config_->method).append(" ").append(place.path).append(place.query);
  head.append(" HTTP/1.1\r\n");
  say("Host", place.upstream_host.empty() ? place.host : place.upstream_host);
  for (const auto& [name, text] : said_) {
    const std::string value = value_said(text, request);
    if (!value.empty()) say(name, value);
  }
  for (const Field& field : subject.fields) {
    if (goes_with_question(field, subject.peer_is_trusted) && !says(field.name)) {
      say(field.name, field.value);
    }
  }
  if (announces_no_body(config_->method)) say("Content-Length", "0");
  std::string uri;
  append_visible(path_of(request), uri);
  append_visible(request.query, uri);
  say_unless_said("X-Original-URL", scheme_of(request), "://", request.host, uri);
  say_unless_said("X-Original-URI", uri);
  say_unless_said("X-Original-Method", request.method);
  say_unless_said("X-Sent-From", "gatehouse");
  say_unless_said("X-Scheme", scheme_of(request));
  say_unless_said("X-Real-IP", request.client_address);
  say_unless_said("X-Forwarded-For",
                  subject.forwarded_for.empty() ? request.client_address : subject.forwarded_for);
  if (cluster_ == kOwnRoutes) {
    // As the backend of a route of ours gets it: who is asked there is asked as a client would.
    say_unless_said("X-Forwarded-Host", place.host);
    say_unless_said("X-Forwarded-Proto", scheme_of(request));
    say_unless_said("X-Forwarded-Port", request.port);
  } else {
    say_unless_said("X-Forwarded-Host", request.host);
  }
  say_unless_said("X-Request-ID", subject.request_id);
  const auto asked_for = written(asked_for_, request, kTextBytesMax);
  say_unless_said("X-Auth-Request-Redirect", asked_for && !asked_for->empty() ? *asked_for : uri);
  head.append("\r\n");
  return head;
}

bool ExternalAuth::says(std::string_view name) const {
  return std::any_of(said_.begin(), said_.end(),
                     [name](const auto& one) { return http::is_same_to_cgi(name, one.first); });
}

bool ExternalAuth::append_cache_key(const RequestWords& request, std::string& out) const {
  bool shows_something = false;
  bool asks_for_something = false;
  for (const config::TemplatePart& part : cache_key_) {
    if (part.variable == config::Variable::none) continue;  // the same for all
    std::string value;
    if (!append(part, request, value)) return false;
    const bool is_shown = config::is_of_fields(part.variable);
    // As it is: two that are escaped to the same are two.
    if (is_shown) value = shown_in_fields(part, request);
    asks_for_something = asks_for_something || is_shown;
    shows_something = shows_something || (is_shown && !value.empty());
    out.append(std::to_string(value.size())).append(":").append(value);
  }
  return shows_something || !asks_for_something;
}

std::optional<std::string> ExternalAuth::signin_for(const RequestWords& request) const {
  return written(signin_, request, kTextBytesMax);
}

void ExternalAuth::replace_in(std::vector<Field>& fields, const AuthAnswer* answer) const {
  if (config_->copied.empty()) return;
  std::erase_if(fields, [this](const Field& field) {
    return std::any_of(config_->copied.begin(), config_->copied.end(),
                       [&](const config::CopiedField& copied) {
                         return http::is_same_to_cgi(field.name, copied.name);
                       });
  });
  if (answer == nullptr) return;
  for (const auto& [name, value] : answer->copied) fields.push_back({.name = name, .value = value});
}

}  // namespace proxy::policy
