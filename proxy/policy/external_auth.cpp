#include "proxy/policy/external_auth.h"

#include <algorithm>
#include <array>

#include "proxy/config/limits.h"

namespace proxy::policy {
namespace {

using http1::Field;
using http1::FieldId;

// As policy::location() has it: a path and a query as long as a head has them, escaped.
constexpr std::size_t kTextBytesMax = 64u << 10;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What could end it and begin something else stands in no host.
bool is_host(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_letter_or_digit(c) || std::string_view(".-_:[]").find(c) != std::string_view::npos;
  });
}

std::string_view without_port(std::string_view host) {
  const std::size_t bracket = host.find(']');
  return host.substr(0, host.find(':', bracket == std::string_view::npos ? 0 : bracket));
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

// False: there is no host.
bool append(config::Variable variable, const RequestWords& request, std::string& out) {
  using config::Variable;
  switch (variable) {
    case Variable::none:
      return true;
    case Variable::scheme:
      out += scheme_of(request);
      return true;
    case Variable::host:
    case Variable::http_host:
      if (!is_host(request.host)) return false;
      out += variable == Variable::host ? without_port(request.host) : request.host;
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
  }
  return false;
}

bool is_named(const Field& field, std::string_view name) {
  return http1::equals_ignoring_case(field.name, name);
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
  const auto is_one = [&](std::string_view name) {
    return http1::is_same_to_cgi(field.name, name);
  };
  // What somebody else says of a certificate is not what was shown here.
  constexpr std::string_view kOfCertificate = "ssl-client-";
  if (http1::is_same_to_cgi(field.name.substr(0, kOfCertificate.size()), kOfCertificate)) {
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
      return http1::equals_ignoring_case(three, escape);
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

}  // namespace

std::optional<std::string> written(const config::TextTemplate& text, const RequestWords& request,
                                   std::size_t bytes_max) {
  std::string made;
  for (const config::TemplatePart& part : text) {
    append_visible(part.text, made);
    if (!append(part.variable, request, made) || made.size() > bytes_max) return std::nullopt;
  }
  return made;
}

AuthAnswer read_auth_answer(const http1::ResponseHead& head, const config::ExternalAuth& config) {
  AuthAnswer answer;
  answer.status = head.status;
  for (const Field& field : head.fields) {
    if (field.dropped || http1::is_hop_by_hop(field.id)) continue;
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
      signin_(read(config.signin)) {}

config::TextTemplate ExternalAuth::read(const std::string& text) {
  auto parts = config::read_template(text);
  is_known_ = is_known_ && parts.has_value();
  return parts ? std::move(*parts) : config::TextTemplate();
}

std::optional<AuthPlace> ExternalAuth::place_for(const RequestWords& request) const {
  auto host = written(host_, request, kTextBytesMax);
  auto target = written(target_, request, kTextBytesMax);
  if (!host || !target || !is_host(*host) || !target->starts_with('/')) return std::nullopt;
  if (target->find('#') != std::string::npos) return std::nullopt;
  const std::size_t query = std::min(target->find('?'), target->size());
  if (may_climb(std::string_view(*target).substr(0, query))) return std::nullopt;
  return AuthPlace{std::move(*host), target->substr(0, query), target->substr(query)};
}

std::string ExternalAuth::question(const AuthPlace& place, const AuthSubject& subject) const {
  const RequestWords& request = subject.words;
  std::string head;
  const auto say = [&head](std::string_view name, auto... values) {
    head.append(name).append(": ");
    (head.append(values), ...);
    head.append("\r\n");
  };
  head.append(config_->method).append(" ").append(place.path).append(place.query);
  head.append(" HTTP/1.1\r\n");
  say("Host", place.upstream_host.empty() ? place.host : place.upstream_host);
  for (const Field& field : subject.fields) {
    if (goes_with_question(field, subject.peer_is_trusted)) say(field.name, field.value);
  }
  if (announces_no_body(config_->method)) say("Content-Length", "0");
  std::string uri;
  append_visible(path_of(request), uri);
  append_visible(request.query, uri);
  say("X-Original-URL", scheme_of(request), "://", request.host, uri);
  say("X-Original-URI", uri);
  say("X-Original-Method", request.method);
  say("X-Sent-From", "gatehouse");
  say("X-Scheme", scheme_of(request));
  say("X-Real-IP", request.client_address);
  say("X-Forwarded-For",
      subject.forwarded_for.empty() ? request.client_address : subject.forwarded_for);
  if (cluster_ == kOwnRoutes) {
    // As the backend of a route of ours gets it: who is asked there is asked as a client would.
    say("X-Forwarded-Host", place.host);
    say("X-Forwarded-Proto", scheme_of(request));
    say("X-Forwarded-Port", request.port);
  } else {
    say("X-Forwarded-Host", request.host);
  }
  say("X-Request-ID", subject.request_id);
  const auto asked_for = written(asked_for_, request, kTextBytesMax);
  say("X-Auth-Request-Redirect", asked_for && !asked_for->empty() ? *asked_for : uri);
  head.append("\r\n");
  return head;
}

std::optional<std::string> ExternalAuth::signin_for(const RequestWords& request) const {
  return written(signin_, request, kTextBytesMax);
}

void ExternalAuth::replace_in(std::vector<Field>& fields, const AuthAnswer* answer) const {
  if (config_->copied.empty()) return;
  std::erase_if(fields, [this](const Field& field) {
    return std::any_of(config_->copied.begin(), config_->copied.end(),
                       [&](const config::CopiedField& copied) {
                         return http1::is_same_to_cgi(field.name, copied.name);
                       });
  });
  if (answer == nullptr) return;
  for (const auto& [name, value] : answer->copied) fields.push_back({.name = name, .value = value});
}

}  // namespace proxy::policy
