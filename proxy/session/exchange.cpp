#include "proxy/session/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/status_phrase.h"
#include "proxy/client/forwarded.h"
#include "proxy/http/host_name.h"
#include "proxy/http/max_forwards.h"
#include "proxy/http2/grpc.h"
#include "proxy/policy/redirect.h"
#include "proxy/reason/words.h"
#include "proxy/router/path.h"
#include "proxy/session/error_page.h"
#include "proxy/session/mirrored.h"
#include "proxy/session/paced.h"
#include "proxy/session/response_guard.h"
#include "proxy/session/suspended.h"
#include "proxy/tls/shown_certificate.h"

namespace proxy::session {
namespace {

// RFC 8555 §8.3.
constexpr std::string_view kChallengePlace = "/.well-known/acme-challenge/";

// What an endpoint makes of a method is its own affair; these are the ones with a meaning for all.
constexpr std::string_view kAllowedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// Seconds. Long enough for a flood to ebb or for another proxy to be asked.
constexpr std::string_view kMemoryRetryAfter = "2";

// Spent exchanges are kept, and with them this much at most of what each of their texts took.
constexpr std::size_t kKeptBytes = 1u << 10;

void empty(std::string& text) {
  if (text.capacity() > kKeptBytes) {
    std::string().swap(text);
  } else {
    text.clear();
  }
}

}  // namespace

std::string_view Exchange::protocol_text(Protocol protocol) {
  switch (protocol) {
    case Protocol::http1_0:
      return "HTTP/1.0";
    case Protocol::http1_1:
      return "HTTP/1.1";
    case Protocol::http2:
      return "HTTP/2";
  }
  return "";
}

Exchange::Exchange(const Means& means)
    : means_(means),
      kept_(means.counters.held.request_copies),
      gathered_(means.gathered_shares),
      request_trailer_(means.counters.held.request_copies) {}

Exchange::~Exchange() {
  stop_waiting();
  if (is_with_endpoint()) detach(upstream::RequestStream::Use::broken);
}

void Exchange::begin(const Client& client, Protocol protocol, Downstream& downstream,
                     const upstream::Piece& piece, bool last) {
  downstream_ = &downstream;
  if (client.is_trusted_proxy()) {
    if (client.may_attest) means_.options.trusted_fields.trust(request_.fields);
    begin_for(told_client(client), protocol, piece, last);
  } else {
    begin_for(client, protocol, piece, last);
  }
}

void Exchange::begin_for(const Client& client, Protocol protocol, const upstream::Piece& piece,
                         bool last) {
  remember_for_log(client, protocol);
  is_idempotent_ = upstream::is_idempotent(request_.method);
  is_head_ = request_.method == http::Method::head;
  is_grpc_ = protocol == Protocol::http2 && http2::is_grpc(request_);
  if (!request_.upgrade.empty()) offered_upgrade_ = request_.upgrade;
  request_complete_ = last;
  request_bytes_ = piece.size;
  if (is_grpc_) keep_deadline();
  decide(client, piece, last);
  if (stage_ != Stage::guarded) auth_answers_.reset();
}

// Who the request is from, by the word of the trusted proxy that passed it on.
Client Exchange::told_client(const Client& peer) {
  const auto address = config::IpAddress::parse(peer.address);
  if (!address) return peer;
  const client::Told told =
      client::read_forwarded(request_.fields, *address, *peer.trusted_proxies);
  Client who = peer;
  told_address_ = told.address.text();
  who.address = told_address_;
  if (who.address != peer.address) who.source_port = 0;
  told.write_way(forwarded_for_);
  who.forwarded_for = forwarded_for_;
  who.host = told.host;
  const bool is_https = told.scheme.empty() ? peer.is_https : told.scheme == "https";
  if (!told.port.empty()) {
    who.port = told.port;
  } else if (is_https != peer.is_https) {
    who.port = is_https ? "443" : "80";
  }
  who.is_https = is_https;
  return who;
}

void Exchange::remember_for_log(const Client& client, Protocol protocol) {
  protocol_ = protocol;
  began_at_ = means_.loop.wall_now();
  began_ = means_.loop.now();
  client_address_ = client.address;
  tls_version_ = client.tls_version;
  http::RequestIds::Text storage;
  const std::string_view id = http::choose_request_id(request_, means_.request_ids, storage);
  host_end_ = request_.host.size();
  method_end_ = host_end_ + request_.method_text.size();
  path_end_ = method_end_ + request_.path.size() + request_.query.size();
  log_text_.resize(path_end_ + id.size());
  auto at = log_text_.begin();
  for (const std::string_view part :
       {request_.host, request_.method_text, request_.path, request_.query, id}) {
    at = std::copy(part.begin(), part.end(), at);
  }
  admin::WorkerCounters& counters = means_.counters;
  (protocol == Protocol::http2 ? counters.requests_http2 : counters.requests_http1).add();
}

void Exchange::decide(const Client& client, const upstream::Piece& piece, bool last) {
  const control::Snapshot* snapshot = means_.live.snapshot.get();
  if (snapshot == nullptr) {
    answer(503, reason::no_configuration);
    return;
  }
  const router::Decision decision = router::decide(
      *snapshot->routes, {request_.host, request_.path, client.is_https}, means_.scratch.path);
  if (decision.kind == router::Decision::Kind::challenge) {
    answer_challenge(*decision.challenge);
    return;
  }
  if (client.certificate != nullptr && client.certificate->is_stand_in()) {
    answer_nothing();
    return;
  }
  // What is under way may take what there is left.
  if (means_.standing.has_little_memory()) {
    answer({.status = 503, .retry_after = kMemoryRetryAfter, .keep_alive = false},
           reason::memory_pressure);
    return;
  }
  if (request_.method == http::Method::trace && !means_.options.trace_allowed) {
    answer(405, reason::trace_not_allowed);
    return;
  }
  if (is_misdirected(client)) {
    answer(421, reason::misdirected_request);
    return;
  }
  if (decision.kind == router::Decision::Kind::redirect) {
    redirect(client);
  } else if (decision.target == nullptr) {
    answer(decision.status, decision.reason);
  } else {
    follow(client, decision, piece, last);
  }
}

// What there is a route for, in the order of policy/order.h.
void Exchange::follow(const Client& client, const router::Decision& decision,
                      const upstream::Piece& piece, bool last) {
  const router::Target& target = *decision.target;
  is_unlogged_ = target.policies->unlogged;
  if (target.shape != nullptr) take_shape(target, client);
  const bool forwards = decision.kind == router::Decision::Kind::forward;
  if (!forwards && !target.rest().redirect && !target.rest().page) {
    answer(decision.status, decision.reason);
    return;
  }
  // Before the guards, which take fields away and add some: who passes them as a preflight is
  // answered as one, and nobody else is.
  const bool is_preflight =
      shape_ != nullptr && shape_->answers_preflight(request_.method, request_.fields);
  // Of the operator, who looks whether the answer for an ACME server is here: it is asked about by
  // no guard, nor by a service that one would ask.
  const bool is_a_look = request_.path.starts_with(kChallengePlace) && http::ends_here(request_);
  if (forwards && !is_preflight && is_a_look) {
    answer_as_last();
    return;
  }
  if (!passes_guards(client, decision, piece, is_preflight)) return;
  if (is_preflight) {
    answer_preflight();
    return;
  }
  if (!forwards && target.rest().redirect) {
    redirect(client, *target.rest().redirect);
    return;
  }
  if (!forwards) {
    answer_page(*target.rest().page, target.rest().reason);
    return;
  }
  if (http::ends_here(request_)) {
    answer_as_last();
    return;
  }
  http::MaxForwardsText storage;
  http::count_down_forwards(request_, storage);
  if (target.rest().mirror != nullptr) begin_mirror(client, target);
  if (mirrored_ != nullptr) add_to_mirror(piece);
  forward(client, target, piece, last);
  if (mirrored_ != nullptr && last) send_mirror();
}

// RFC 9110 §7.4: a client may send requests for several hosts on one connection (HTTP/2 coalescing
// does). Where its certificate does not stand for the host, and another connection would be shown
// another certificate, it is told to make one.
bool Exchange::is_misdirected(const Client& client) const {
  const router::RouteTable& routes = *means_.live.snapshot->routes;
  // TLS for that host is for its endpoint to end.
  if (client.secure && routes.has_passages() && routes.find_passage(request_.host) != nullptr) {
    return true;
  }
  // A connection that was made for another name is no way around this one's policy.
  if (client.secure && client.met_policy < routes.strictest_tls_policy()) {
    const router::Host* const asked = routes.find_host(request_.host);
    if (asked != nullptr && client.met_policy < asked->tls_policy()) return true;
  }
  if (client.certificate == nullptr) return false;
  if (request_.host.empty()) return false;  // no host that another connection could be made to
  if (request_.host == client.server_name) return false;  // as nearly all
  const http::HostName host = http::HostName::of_authority(request_.host);
  if (host.view() == client.server_name) return false;
  const tls::CertificateTable* table = means_.live.certificates.get();
  const auto* entry = table == nullptr ? nullptr : table->find(host.view());
  if (entry != nullptr && entry->get() == client.certificate) return false;
  return !client.certificate->covers(host.view());
}

// False: they were answered, or wait for what a guard needs time for.
bool Exchange::passes_guards(const Client& client, const router::Decision& decision,
                             const upstream::Piece& piece, bool is_preflight) {
  if (decision.target->guards == nullptr && decision.others.front() == nullptr) return true;
  policy::OpenQuestion question;
  policy::Verdict verdict = ask_guards(client, decision, is_preflight, question);
  while (question.external != nullptr && recall_answer(client, *question.external)) {
    question = {};
    verdict = ask_guards(client, decision, is_preflight, question);
  }
  if (verdict.passes()) return true;
  if (question.is_open()) {
    suspend(client, question, *decision.target, piece);
  } else if (verdict.answer != nullptr) {
    answer_as_told(client, verdict);
  } else {
    refuse_as(verdict, client);
  }
  return false;
}

void Exchange::refuse_as(const policy::Verdict& verdict, const Client& client) {
  // Who has come to that page itself is told why.
  if (verdict.redirect != nullptr && verdict.redirect->location != request_.path) {
    redirect(client, *verdict.redirect);
    return;
  }
  // A connection of HTTP/2 that is not the one for this host may be so for others: 421 is enough to
  // send the client to another (RFC 9110 §15.5.20).
  const bool may_stay = protocol_ == Protocol::http2 && verdict.status == 421;
  const auto seconds = verdict.retry_after.count();
  const std::string retry_after = seconds == 0 ? "" : std::to_string(seconds);
  answer({.status = verdict.status,
          .body = verdict.body,
          .authenticate = verdict.challenge,
          .retry_after = retry_after,
          .keep_alive = may_stay || !verdict.ends_connection},
         verdict.reason);
}

// A certificate opens what the connection was made for, and nothing else: not even a name of the
// same wildcard. A client that names no host in its handshake came to whoever has every other one.
policy::Presented Exchange::presented_by(const Client& client) const {
  using Way = policy::Presented::Way;
  if (client.certificate == nullptr) return {};
  policy::Presented presented{.way = Way::other_host, .now = means_.loop.wall_now()};
  const http::HostName host = http::HostName::of_authority(request_.host);
  const router::RouteTable& routes = *means_.live.snapshot->routes;
  const bool is_for_host = client.server_name.empty()
                               ? routes.find_host(request_.host) == routes.find_host("")
                               : host.view() == client.server_name;
  if (!client.was_asked_for_certificate || !is_for_host) return presented;
  presented.way = Way::asked;
  presented.shown = client.shown;
  return presented;
}

// Those of the route, and those of others that the path is theirs in another reading.
policy::Verdict Exchange::ask_guards(const Client& client, const router::Decision& decision,
                                     bool is_preflight, policy::OpenQuestion& question) {
  const std::array<const policy::Guards*, 3> all = {decision.target->guards, decision.others[0],
                                                    decision.others[1]};
  const bool ask_for_passwords = std::any_of(all.begin(), all.end(), [](const auto* guards) {
    return guards != nullptr && guards->ask_for_passwords();
  });
  const bool ask_for_certificates = std::any_of(all.begin(), all.end(), [](const auto* guards) {
    return guards != nullptr && guards->client_certificate() != nullptr;
  });
  policy::Asker asker{.address = client.address,
                      .now = means_.loop.now(),
                      .limits = means_.live.limits.get(),
                      .counted = &counted_in_};
  if (ask_for_certificates) asker.presented = presented_by(client);
  asker.is_preflight = is_preflight;
  asker.answers = auth_answers_.get();
  if (suspended_ != nullptr) asker.inspections = &suspended_->inspections;
  if (ask_for_passwords) {
    asker.authorization = shown_authorization();
    asker.remembered = &means_.guarding.passwords.remembered();
    asker.wrong = wrong_credentials();
  }
  for (const policy::Guards* const guards : all) {
    if (guards == nullptr) continue;
    const policy::Verdict verdict = guards->check(asker, question, means_.scratch.credentials);
    if (!verdict.passes()) return verdict;
    // Its view is into storage that the next ones use, too.
    const std::string_view user = std::exchange(question.password.known_user, {});
    if (!user.empty()) granted().user = user;
  }
  if (ask_for_passwords) hide_authorization();
  if (all[0] != nullptr && all[0]->client_certificate() != nullptr) {
    all[0]->client_certificate()->tell(asker.presented, request_.fields);
  }
  // The route's own comes last: of two that say who it is, its word stands.
  for (auto guards = all.rbegin(); guards != all.rend(); ++guards) {
    if (*guards == nullptr) continue;
    if (const auto* const auth = (*guards)->external_auth()) take_over_from(*auth);
    // What comes after the body was not there when it was inspected.
    if ((*guards)->firewall() == nullptr) continue;
    passes_request_trailer_ = false;
    guard_response((*guards)->firewall());
  }
  return policy::kPasses;
}

void Exchange::take_shape(const router::Target& target, const Client& client) {
  shape_ = target.shape;
  is_https_ = client.is_https;
  if (shape_->has_cors()) origin_ = policy::origin_of(request_.fields);
  using config::LogField;
  const config::LineForm& form = shape_->line_form();
  if (form.has(LogField::referer) || form.has(LogField::user_agent)) note_introduction();
}

// For the log, as much of it as helps somebody who reads that.
void Exchange::note_introduction() {
  constexpr std::size_t kBytesMax = 1024;
  introduction_ = std::make_unique<Introduction>();
  for (const http::Field& field : request_.fields) {
    const std::string_view value = field.value.substr(0, kBytesMax);
    if (http::equals_ignoring_case(field.name, "referer")) introduction_->referer = value;
    if (http::equals_ignoring_case(field.name, "user-agent")) introduction_->user_agent = value;
  }
}

// With what the shape of the route has for answers, whoever makes them: scripts are to see errors,
// too.
void Exchange::send_answer(http::Answer answer) {
  std::vector<http::Field> fields;
  if (shape_ != nullptr) shape_->add_to_answer({origin_, is_https_}, fields);
  if (sets_granted_cookies()) set_granted_cookies(fields);
  if (!fields.empty()) {
    fields.insert(fields.end(), answer.fields.begin(), answer.fields.end());
    answer.fields = fields;
  }
  downstream_->send_answer(answer);
}

void Exchange::answer_preflight() {
  status_ = 204;
  reason_ = reason::cors_preflight;
  send_answer({.status = status_, .date = means_.date.now()});
  finish();
}

void Exchange::answer(int status, std::string_view reason) {
  answer({.status = status, .allow = status == 405 ? kAllowedMethods : std::string_view()}, reason);
}

void Exchange::answer(http::Answer answer, std::string_view reason) {
  status_ = answer.status;
  reason_ = reason;
  if (is_with_endpoint()) detach(upstream::RequestStream::Use::broken);
  answer.date = means_.date.now();
  // 421 speaks of the connection, and to whoever has several (RFC 9110 §15.5.20).
  if (is_grpc_ && answer.status != 421) {
    answer.grpc_status = reason == reason::call_deadline ? http2::kDeadlineExceeded
                                                         : http2::grpc_status_of(answer.status);
    answer.grpc_message = reason;
    answer.status = 200;
    answer.content_type = "application/grpc";
    answer.body = {};
    send_answer(answer);
    finish();
    return;
  }
  std::string body;
  if (answer.body.empty()) {
    body = std::to_string(answer.status);
    const std::string_view phrase = base::status_phrase(answer.status);
    if (!phrase.empty()) body.append(" ").append(phrase);
    if (!reason.empty()) body.append(" (").append(reason).append(")");
    body.append("\n");
    answer.body = body;
  }
  response_bytes_ = is_head_ ? 0 : answer.body.size();
  answer.head_method = is_head_;
  send_answer(answer);
  finish();
}

// RFC 9110 §7.6.2: the request asks for the answer of whoever it gets to last.
void Exchange::answer_as_last() {
  if (request_.method == http::Method::trace) {
    answer(405, reason::trace_not_allowed);
    return;
  }
  status_ = 200;
  reason_ = reason::max_forwards;
  send_answer({.status = status_, .allow = kAllowedMethods, .date = means_.date.now()});
  finish();
}

// To whoever came in over a certificate that stands for nobody: not from here (RFC 9110 §15.5.20),
// and not a word that a browser might show or keep as the host's. It finds the host when it
// connects anew and the certificate is there.
void Exchange::answer_nothing() {
  status_ = 421;
  reason_ = reason::stand_in_certificate;
  send_answer(
      {.status = status_, .date = means_.date.now(), .keep_alive = false, .head_method = is_head_});
  finish();
}

void Exchange::redirect(const Client&) {
  const std::string location =
      router::https_location(request_.host, request_.path, request_.query, means_.ports.https);
  status_ = 308;
  reason_ = reason::https_redirect;
  send_answer({.status = status_,
               .location = location,
               .date = means_.date.now(),
               .head_method = is_head_});
  finish();
}

void Exchange::redirect(const Client& client, const config::Redirection& to) {
  const auto path =
      router::normalize_path(request_.path == "*" ? "/" : request_.path, means_.scratch.path);
  const std::string location =
      policy::location(to.location, {.secure = client.is_https,
                                     .host = client.host.empty() ? request_.host : client.host,
                                     .path = request_.path,
                                     .normalized_path = path.value_or("/"),
                                     .query = request_.query});
  if (location.empty()) {
    answer(400, reason::bad_location);
    return;
  }
  status_ = to.status;
  reason_ = reason::redirect;
  send_answer({.status = status_,
               .location = location,
               .date = means_.date.now(),
               .head_method = is_head_});
  finish();
}

void Exchange::answer_page(const config::FixedPage& page, std::string_view reason) {
  // An error of a gRPC call is no page.
  if (is_grpc_ && page.status >= 400) {
    answer(page.status, reason);
    return;
  }
  status_ = page.status;
  reason_ = reason;
  http::Answer made{.status = status_, .date = means_.date.now(), .head_method = is_head_};
  if (status_ != 204) made.body = page.text;
  if (!page.type.empty()) made.content_type = page.type;
  response_bytes_ = is_head_ ? 0 : made.body.size();
  send_answer(made);
  finish();
}

void Exchange::answer_challenge(const std::string& key_authorization) {
  status_ = 200;
  reason_ = reason::acme_challenge;
  response_bytes_ = is_head_ ? 0 : key_authorization.size();
  send_answer({.status = status_,
               .content_type = "application/octet-stream",
               .body = key_authorization,
               .date = means_.date.now(),
               .head_method = is_head_});
  finish();
}

void Exchange::refuse(int status, std::string_view reason) {
  if (stage_ == Stage::over) return;
  if (status_ == 0 || holds_response()) {
    answer(status, reason);
    return;
  }
  reason_ = reason;
  Downstream& downstream = *downstream_;
  downstream.break_off();
  finish();
}

void Exchange::refuse_unread(const Client& client, Protocol protocol, Downstream& downstream,
                             int status, std::string_view reason) {
  downstream_ = &downstream;
  remember_for_log(client, protocol);
  answer(status, reason);
}

void Exchange::abandon_unread(const Client& client, Protocol protocol, std::string_view reason) {
  remember_for_log(client, protocol);
  reason_ = reason;
  stage_ = Stage::over;
  log();
}

void Exchange::abandon(std::string_view reason) {
  if (stage_ == Stage::over) return;
  if (holds_response()) status_ = 0;
  if (reason_.empty()) reason_ = reason;
  const bool began = downstream_ != nullptr;
  stop_waiting();
  stage_ = Stage::over;
  counted_in_.leave();
  slow_body_.leave();
  if (is_with_endpoint()) detach(upstream::RequestStream::Use::broken);
  deadline_.reset();
  if (began) log();
  downstream_ = nullptr;
}

void Exchange::finish() {
  stop_waiting();
  deadline_.reset();
  stage_ = Stage::over;
  counted_in_.leave();
  slow_body_.leave();
  if (is_with_endpoint()) detach(upstream::RequestStream::Use::broken);
  log();
  Downstream& downstream = *std::exchange(downstream_, nullptr);
  downstream.on_exchange_over();
}

void Exchange::log() {
  const auto duration =
      std::chrono::duration_cast<std::chrono::microseconds>(means_.loop.now() - began_);
  admin::WorkerCounters& counters = means_.counters;
  counters.count_response(status_, reason_, duration);
  if (was_upgraded_) counters.upgraded_open.subtract();
  counters.request_body_bytes.add(request_bytes_);
  counters.response_body_bytes.add(response_bytes_);
  if (means_.access_lines.are_wanted() && !is_unlogged_) write_line(duration);
  if (traced_ != nullptr) tell_span(duration);
}

void Exchange::write_line(std::chrono::microseconds duration) {
  const std::string_view text = log_text_;
  admin::AccessRecord record;
  record.time = began_at_;
  record.client = client_address_;
  record.host = text.substr(0, host_end_);
  record.method = text.substr(host_end_, method_end_ - host_end_);
  record.path = text.substr(method_end_, path_end_ - method_end_);
  record.protocol = protocol_text(protocol_);
  record.status = status_;
  record.request_bytes = request_bytes_;
  record.response_bytes = response_bytes_;
  record.duration = duration;
  if (endpoint_ != nullptr) record.upstream = endpoint_->name();
  if (responded_ != base::SteadyTime{}) {
    record.upstream_time =
        std::chrono::duration_cast<std::chrono::microseconds>(responded_ - began_);
  }
  record.reason = reason_;
  record.request_id = text.substr(path_end_);
  if (traced_ != nullptr) record.trace_id = traced_->trace_id;
  record.tls_version = tls_version_;
  if (granted_ != nullptr) {
    record.user = granted_->user;
    record.firewall = granted_->firewall;
    record.firewall_rules = granted_->rules;
  }
  if (introduction_ != nullptr) {
    record.referer = introduction_->referer;
    record.user_agent = introduction_->user_agent;
  }
  means_.access_lines.add(record, shape_ != nullptr ? shape_->line_form() : config::LineForm());
}

std::size_t Exchange::kept_bytes() const {
  return sizeof *this + kept_.capacity() + log_text_.capacity() +
         request_.fields.capacity() * sizeof(http::Field);
}

void Exchange::reset() {
  counted_in_.leave();
  if (is_with_endpoint()) detach(upstream::RequestStream::Use::broken);
  downstream_ = nullptr;
  stop_waiting();
  suspended_.reset();
  granted_.reset();
  auth_answers_.reset();
  mirrored_.reset();
  is_unlogged_ = false;
  introduction_.reset();
  stage_ = Stage::reading;
  request_.reset();
  request_chunked_ = request_complete_ = is_idempotent_ = is_head_ = false;
  offered_upgrade_.clear();
  empty(websocket_key_);
  body_bytes_max_ = 0;
  shape_.reset();
  empty(origin_);
  kept_.clear(kKeptBytes);
  moves_ = refusals_ = 0;
  is_grpc_ = answers_call_ = is_unframed_ = false;
  interim_heads_ = 0;
  gathered_.clear();
  has_guarded_body_ = false;
  slow_body_.leave();
  timer_.disarm();
  deadline_.reset();
  body_time_ = {};
  was_replayed_ = false;
  error_page_.reset();
  paced_.reset();
  response_guard_.reset();
  traced_.reset();
  cluster_.reset();
  endpoint_.reset();
  tried_.clear();
  next_upstream_.reset();
  hash_.reset();
  sticky_.reset();
  stay_key_.reset();
  empty(cookie_name_);
  empty(cookie_attributes_);
  empty(set_cookie_);
  stale_.reset();
  if (retrying_) retrying_ = {};
  response_ = nullptr;
  if (!request_trailer_.empty()) request_trailer_.take();
  request_trailer_is_judged_ = false;
  passes_request_trailer_ = true;
  was_upgraded_ = client_finished_ = false;
  responded_ = {};
  empty(proxy_header_);
  empty(told_address_);
  empty(forwarded_for_);
  empty(log_text_);
  host_end_ = method_end_ = path_end_ = 0;
  status_ = 0;
  reason_.clear();
  request_bytes_ = response_bytes_ = 0;
}

}  // namespace proxy::session
