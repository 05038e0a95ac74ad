#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/model.h"
#include "proxy/config/text_template.h"
#include "proxy/http/field.h"
#include "proxy/http/response_head.h"

namespace proxy::policy {

// What texts with variables may have of a request.
struct RequestWords {
  bool secure = false;
  std::string_view host;             // that the client asked for, with its port
  std::string_view method;           // as the client sent it
  std::string_view path;             // likewise
  std::string_view normalized_path;  // see router/path.h
  std::string_view query;            // with its "?"; or empty
  std::string_view client_address;
  std::string_view port;  // that the client came to
  // nullptr: none is looked at.
  const std::vector<http::Field>* fields = nullptr;
};

// Nothing: the host is none, or the text is longer than this. What the request has in it is ASCII
// that can be seen in any case, so it ends no field and no line.
std::optional<std::string> written(const config::TextTemplate& text, const RequestWords& request,
                                   std::size_t bytes_max);

// What an auth server said, or why it said nothing.
struct AuthAnswer {
  int status = 0;              // 0: nothing
  std::string_view failure{};  // then: static text, for the access log
  std::vector<std::pair<std::string, std::string>> copied{};  // name and value, for the request
  std::vector<std::string> challenges{};                      // values of WWW-Authenticate
  std::vector<std::string> cookies{};                         // values of Set-Cookie
  std::string user{};  // by X-Auth-Request-User, for the access log; empty: it does not say
  // As far as it says so itself (RFC 9111 §5.2.2); 0: it must not be kept.
  std::chrono::seconds fresh_for{0};
};

// What is of use of a response's head.
AuthAnswer read_auth_answer(const http::ResponseHead& head, const config::ExternalAuth& config);

// What was found out for a request, by what was asked.
class AuthAnswers {
 public:
  using Asked = std::shared_ptr<const config::ExternalAuth>;

  // nullptr: it was not asked.
  const AuthAnswer* find(const config::ExternalAuth& asked) const;
  void add(Asked asked, AuthAnswer answer) {
    all_.emplace_back(std::move(asked), std::move(answer));
  }

 private:
  std::vector<std::pair<Asked, AuthAnswer>> all_;  // few
};

// Where a question goes: the field Host, and the target.
struct AuthPlace {
  std::string host, path, query;
  std::string upstream_host{};  // in place of the host, for who has one of its own; or empty
};

// Nothing: it cannot be made for this request, or the request would lead it away from its path.
std::optional<AuthPlace> place_of(const config::TextTemplate& host,
                                  const config::TextTemplate& target, const RequestWords& request);

// What a question tells of the request beside the texts of its settings.
struct AuthSubject {
  RequestWords words;
  std::span<const http::Field> fields;  // of the request
  bool peer_is_trusted = false;         // its fields about the client are kept
  std::string_view forwarded_for{};     // from the client to the peer; empty: the client's address
  std::string_view request_id{};
};

// config::ExternalAuth, made ready: once for each configuration. Immutable; any number of threads
// may use it.
class ExternalAuth {
 public:
  static constexpr std::uint32_t kOwnRoutes = UINT32_MAX;

  // `cluster`: by position, or kOwnRoutes.
  ExternalAuth(const config::ExternalAuth& config, std::uint32_t cluster);

  // False: there is a variable that is not known here.
  bool is_known() const { return is_known_; }
  const std::shared_ptr<const config::ExternalAuth>& config() const { return config_; }
  std::uint32_t cluster() const { return cluster_; }

  // Nothing: it cannot be made for this request.
  std::optional<AuthPlace> place_for(const RequestWords& request) const;
  // The whole request, which has no body. What the client says of itself goes with it as it would
  // to a backend; conditions and ranges do not, which are about what the client asks for.
  std::string question(const AuthPlace& place, const AuthSubject& subject) const;

  // Whether what is said is kept for a while.
  bool has_cache() const { return !cache_key_.empty() && !config_->cached.empty(); }
  // What tells who asks, unlike whatever another request has. False: this request shows nothing of
  // it.
  bool append_cache_key(const RequestWords& request, std::string& out) const;

  bool has_signin() const { return !config_->signin.empty(); }
  // Where who is to sign in is sent; nothing: it cannot be made for this request.
  std::optional<std::string> signin_for(const RequestWords& request) const;

  // Takes what the client says under the names of fields that are taken over away, in all
  // spellings, and puts in what the answer has; nullptr: nothing. What is put in points into it.
  void replace_in(std::vector<http::Field>& fields, const AuthAnswer* answer) const;

 private:
  // Whether the settings have a field of this name, in any spelling.
  bool says(std::string_view name) const;
  // An empty one when it cannot be read, which is noted.
  config::TextTemplate read(const std::string& text);

  std::shared_ptr<const config::ExternalAuth> config_;
  std::uint32_t cluster_;
  bool is_known_ = true;
  config::TextTemplate host_, target_, asked_for_, signin_, cache_key_;
  std::vector<std::pair<std::string, config::TextTemplate>> said_;
};

}  // namespace proxy::policy
