#include <algorithm>
#include <array>
#include <utility>

#include "proxy/http/field.h"
#include "proxy/policy/rewrite.h"
#include "proxy/reason/words.h"
#include "proxy/router/path.h"
#include "proxy/session/exchange.h"
#include "proxy/session/suspended.h"

// A request that waits for what a guard needs time for: a password is being hashed, on another
// thread, or another service is asked, or the request is inspected (exchange_firewall.cpp). Its
// client is read no further meanwhile. Then it is decided
// anew from the beginning, by the configuration of that moment, which may be another one.
namespace proxy::session {
namespace {

// Each of up to three guards, and a configuration or two that come meanwhile.
constexpr unsigned kComparisonsMax = 8;
constexpr unsigned kQuestionsMax = 8;  // likewise, to auth servers
// As long as it takes for a queue of the usual hashes to become shorter.
constexpr std::string_view kRetryAfter = "2";

bool is_authorization(const http::Field& field) {
  return http::equals_ignoring_case(field.name, "authorization");
}

}  // namespace

// Of two fields nobody knows which one somebody else would believe.
std::string_view Exchange::shown_authorization() {
  std::string_view shown;
  unsigned count = 0;
  for (const http::Field& field : request_.fields) {
    if (!is_authorization(field)) continue;
    shown = field.value;
    ++count;
  }
  return count == 1 ? shown : std::string_view();
}

// As ingress-nginx does: they were meant for us, and a backend may know other users by these names.
void Exchange::hide_authorization() {
  for (http::Field& field : request_.fields) {
    if (is_authorization(field)) field.dropped = true;
  }
}

const policy::CredentialsDigest* Exchange::wrong_credentials() const {
  return suspended_ != nullptr && suspended_->wrong ? &*suspended_->wrong : nullptr;
}

void Exchange::suspend(const Client& client, const policy::OpenQuestion& question,
                       const router::Target& target, const upstream::Piece& piece) {
  if (suspended_ == nullptr) keep_head(client);
  gathered_.begin(suspended_->client.address);
  if (question.firewall != nullptr) {
    begin_inspection(question.firewall, target, piece);
    return;
  }
  const bool is_asked = question.external != nullptr ? ask_auth_server(*question.external)
                                                     : ask_for_hash(question.password);
  if (!is_asked) return;
  stage_ = Stage::guarded;
  wait_with_body(piece);
}

void Exchange::keep_head(const Client& client) {
  suspended_ = std::make_unique<Suspended>(*this, means_.counters.held.request_copies);
  std::string& head = suspended_->head;
  head.reserve(client.host.size() + client.port.size() + request_.views_bytes());
  suspended_->client = client;
  // These two may be fields of the request, where a trusted proxy says them.
  for (std::string_view* const view : {&suspended_->client.host, &suspended_->client.port}) {
    const std::size_t at = head.size();
    head.append(*view);
    *view = std::string_view(head).substr(at);
  }
  request_.keep_in(head);
  suspended_->head_bytes.set(head.capacity());
}

// False: the request was answered.
bool Exchange::ask_for_hash(const policy::PasswordQuestion& question) {
  suspended_->digest = question.digest;
  if (++suspended_->comparisons <= kComparisonsMax &&
      means_.guarding.passwords.ask(suspended_->client.address, question, *suspended_)) {
    return true;
  }
  answer({.status = 503, .retry_after = kRetryAfter}, reason::password_checks_busy);
  return false;
}

// `host`: for a question it is the one that the route was chosen by. What a trusted proxy says of
// another one may be the client's own word, and must not choose whom or what is asked.
policy::RequestWords Exchange::words_of(const Client& client, std::string_view host) {
  const auto path =
      router::normalize_path(request_.path == "*" ? "/" : request_.path, means_.scratch.path);
  return {.secure = client.is_https,
          .host = host,
          .method = request_.method_text,
          .path = request_.path,
          .normalized_path = path.value_or("/"),
          .query = request_.query,
          .client_address = client.address,
          .port = client.port,
          .fields = &request_.fields};
}

// Who is asked, and for what.
struct Exchange::AuthTarget {
  std::string_view trouble{};  // not empty: nobody can be, and why
  std::uint32_t cluster = 0;
  policy::AuthPlace place{};
};

Exchange::AuthTarget Exchange::auth_target_for(const policy::ExternalAuth& auth,
                                               const Client& client) {
  auto place = auth.place_for(words_of(client, request_.host));
  if (!place) return {reason::auth_target_invalid};
  if (auth.cluster() != policy::ExternalAuth::kOwnRoutes) {
    return {"", auth.cluster(), std::move(*place)};
  }
  // As a client would come there over https: a route that is guarded itself would have to be asked
  // for, and could lead back here.
  const router::Decision decision = router::decide(
      *means_.live.snapshot->routes, {place->host, place->path, true}, means_.scratch.path);
  if (decision.kind != router::Decision::Kind::forward) return {reason::auth_route_missing};
  const router::Target& target = *decision.target;
  const bool is_guarded = target.guards != nullptr && !target.guards->only_limit();
  if (is_guarded || decision.others.front() != nullptr) return {reason::auth_route_guarded};
  if (!target.policies->rewrite_target.empty()) {
    const auto path = router::normalize_path(place->path, means_.scratch.path);
    const policy::Rewritten made =
        policy::rewrite(target.policies->rewrite_target, target.rest().expression.get(),
                        path.value_or(""), place->query, means_.scratch.rewrite);
    if (!made.refusal.empty()) return {reason::auth_target_invalid};
    std::string rewritten(made.path);
    place->query = std::string(made.query);
    place->path = std::move(rewritten);
  }
  place->upstream_host = target.policies->upstream_host;
  return {"", target.cluster, std::move(*place)};
}

std::string_view Exchange::Suspended::reason_of(SideRequest::Trouble trouble) {
  using Trouble = SideRequest::Trouble;
  switch (trouble) {
    case Trouble::none:
      return "";
    case Trouble::no_endpoints:
      return reason::auth_no_endpoints;
    case Trouble::speaks_http2:
      return reason::auth_speaks_http2;
    case Trouble::no_descriptors:
      return reason::no_descriptors;
    case Trouble::unreachable:
      return reason::auth_unreachable;
    case Trouble::closed_early:
      return reason::auth_closed_early;
    case Trouble::malformed:
      return reason::auth_answer_malformed;
    case Trouble::timeout:
      return reason::auth_timeout;
  }
  return reason::auth_unreachable;
}

void Exchange::note_answer(policy::AuthAnswers::Asked asked, policy::AuthAnswer answer) {
  if (auth_answers_ == nullptr) auth_answers_ = std::make_unique<policy::AuthAnswers>();
  auth_answers_->add(std::move(asked), std::move(answer));
}

// Whether it was said lately what a question would be answered with.
bool Exchange::recall_answer(const Client& client, const policy::ExternalAuth& auth) {
  if (!auth.has_cache()) return false;
  const AuthTarget target = auth_target_for(auth, client);
  if (!target.trouble.empty()) return false;
  const auto digest =
      means_.guarding.auth_cache.digest_of(auth, target.place, words_of(client, request_.host));
  if (!digest) return false;
  const policy::AuthAnswer* const known =
      means_.guarding.auth_cache.find(*digest, *auth.config(), means_.loop.now());
  if (known == nullptr) return false;
  note_answer(auth.config(), *known);
  return true;
}

// False: the request was answered.
bool Exchange::ask_auth_server(const policy::ExternalAuth& auth) {
  const Client& client = suspended_->client;
  const AuthTarget target = auth_target_for(auth, client);
  if (!target.trouble.empty()) {
    answer(500, target.trouble);
    return false;
  }
  const std::shared_ptr<upstream::Cluster>& cluster = means_.clusters.at(target.cluster);
  auto room = means_.guarding.auth_places.enter(*cluster, client.address);
  if (++suspended_->questions > kQuestionsMax || !room) {
    answer({.status = 503, .retry_after = kRetryAfter}, reason::auth_server_busy);
    return false;
  }
  const policy::RequestWords words = words_of(client, request_.host);
  suspended_->cached_as = means_.guarding.auth_cache.digest_of(auth, target.place, words);
  const std::string question =
      auth.question(target.place, {.words = words,
                                   .fields = request_.fields,
                                   .peer_is_trusted = client.is_trusted_proxy(),
                                   .forwarded_for = client.forwarded_for,
                                   .request_id = std::string_view(log_text_).substr(path_end_)});
  suspended_->asked = auth.config();
  suspended_->auth_place.emplace(std::move(*room));
  suspended_->auth_request = std::make_unique<SideRequest>(
      SideRequest::Means{means_.loop, means_.counters, means_.buffers, means_.reach,
                         means_.options.response_limits},
      cluster, auth.config()->method, question,
      proxy_header_for(client, cluster->config().proxy_protocol), SideRequest::Haste::waited_for,
      *suspended_);
  const SideRequest::Trouble trouble = suspended_->auth_request->begin();
  if (trouble == SideRequest::Trouble::none) return true;
  answer(500, Suspended::reason_of(trouble));
  return false;
}

void Exchange::wait_with_body(const upstream::Piece& piece) {
  suspended_->body.append(piece.text());
  if (suspended_->awaits_body) {
    gather_for_inspection();
    return;
  }
  const std::size_t held = suspended_->head.capacity() + suspended_->body.capacity();
  const bool is_of_slow_server = suspended_->auth_place && !suspended_->auth_place->hold(held);
  if (is_of_slow_server) {
    answer({.status = 503, .retry_after = kRetryAfter}, reason::auth_server_busy);
    return;
  }
  if (hold_guarded()) return;
  answer({.status = 503, .retry_after = kRetryAfter}, reason::guard_memory_full);
}

// False: its client's requests, or all together, hold too much.
bool Exchange::hold_guarded() {
  const std::size_t of_task = suspended_->task == nullptr ? 0 : suspended_->task->bytes();
  const std::size_t held = suspended_->head.capacity() + suspended_->body.capacity() + of_task;
  return gathered_.hold(held);
}

// What a guard has gathered goes out at once, and stays ours until an endpoint has taken it: one
// that takes nothing would have more and more of it wait there, beside the account. After that no
// more of it is kept than of any other request; over HTTP/2 all of it was until now.
void Exchange::hold_until_taken() {
  if (!has_guarded_body_) return;
  has_guarded_body_ = stage_ == Stage::connecting || unsent_request() > 0;
  if (!has_guarded_body_) kept_.drop_unless_little();
  gathered_.hold(has_guarded_body_ ? kept_.capacity() + unsent_request() : 0);
}

void Exchange::drop_what_waits() {
  drop_response();
  if (suspended_ == nullptr) return;
  means_.guarding.passwords.leave(*suspended_);
  if (means_.guarding.inspections.leave(*suspended_)) take_body_back(false);
  suspended_->auth_request.reset();
  suspended_->auth_place.reset();
}

void Exchange::on_password_checked(PasswordChecks::Outcome outcome) {
  if (outcome == PasswordChecks::Outcome::refused) {
    answer({.status = 503, .retry_after = kRetryAfter}, reason::password_checks_busy);
    return;
  }
  if (outcome == PasswordChecks::Outcome::wrong) suspended_->wrong = suspended_->digest;
  decide_again();
}

void Exchange::on_auth_answered(policy::AuthAnswer answer) {
  suspended_->auth_request.reset();
  suspended_->auth_place.reset();
  if (suspended_->cached_as) {
    means_.guarding.auth_cache.add(*suspended_->cached_as, suspended_->asked, answer,
                                   means_.loop.now());
  }
  note_answer(std::move(suspended_->asked), std::move(answer));
  decide_again();
}

void Exchange::decide_again() {
  stage_ = Stage::reading;
  const Client client = suspended_->client;
  std::string body = suspended_->body.take();
  gathered_.clear();
  shape_.reset();
  decide(client, {body.data(), body.size(), 0, 0}, request_complete_);
  if (stage_ == Stage::guarded) {
    if (wants_request_body()) downstream_->want_request_body();
    return;
  }
  suspended_.reset();
  auth_answers_.reset();
  has_guarded_body_ = stage_ == Stage::connecting || stage_ == Stage::requesting;
  hold_until_taken();
  // What the client may have sent meanwhile has not been read.
  const bool wants_more = stage_ != Stage::over && !request_complete_ && wants_request_body();
  if (wants_more && unsent_request() == 0) downstream_->want_request_body();
}

// ---- What another service said of the request

void Exchange::answer_as_told(const Client& client, const policy::Verdict& verdict) {
  const policy::AuthAnswer& told = *verdict.answer;
  http::Answer made{.status = verdict.status};
  std::string_view reason = verdict.reason;
  std::optional<std::string> location;
  // Nobody looks at a page who makes a gRPC call.
  if (verdict.status == 401 && verdict.external->has_signin() && !is_grpc_) {
    location = verdict.external->signin_for(
        words_of(client, client.host.empty() ? request_.host : client.host));
  }
  std::vector<http::Field> fields;
  if (location) {
    made.status = 302;
    made.location = *location;
    reason = reason::auth_signin;
  } else if (verdict.status == 401) {
    if (!verdict.challenge.empty()) {
      fields.push_back({.name = "WWW-Authenticate", .value = verdict.challenge});
    }
    for (const std::string& challenge : told.challenges) {
      fields.push_back({.name = "WWW-Authenticate", .value = challenge});
    }
  }
  if (location || verdict.external->config()->always_sets_cookies) {
    for (const std::string& cookie : told.cookies) {
      fields.push_back({.name = "Set-Cookie", .value = cookie});
    }
  }
  made.fields = fields;
  answer(made, reason);
}

// For who was let in, by this one or in another way.
void Exchange::take_over_from(const policy::ExternalAuth& auth) {
  const policy::AuthAnswer* const told =
      auth_answers_ == nullptr ? nullptr : auth_answers_->find(*auth.config());
  auth.replace_in(request_.fields, told);
  // What it says of the client must not be said again by the client, where the backend might
  // listen.
  passes_request_trailer_ = false;
  if (told == nullptr) return;
  if (!told->user.empty()) granted().user = told->user;
  if (told->cookies.empty()) return;
  std::vector<std::string>& cookies = granted().cookies;
  cookies.insert(cookies.end(), told->cookies.begin(), told->cookies.end());
  granted_->always = granted_->always || auth.config()->always_sets_cookies;
}

Exchange::Granted& Exchange::granted() {
  if (granted_ == nullptr) granted_ = std::make_unique<Granted>();
  return *granted_;
}

// As nginx adds fields: to what succeeded and what leads somewhere.
bool Exchange::sets_granted_cookies() const {
  if (granted_ == nullptr) return false;
  if (granted_->always) return true;
  constexpr std::array<int, 10> kStatuses = {200, 201, 204, 206, 301, 302, 303, 304, 307, 308};
  return std::any_of(kStatuses.begin(), kStatuses.end(),
                     [this](int status) { return status == status_; });
}

void Exchange::set_granted_cookies(std::vector<http::Field>& fields) const {
  for (const std::string& cookie : granted_->cookies) {
    fields.push_back({.name = "Set-Cookie", .value = cookie});
  }
}

}  // namespace proxy::session
