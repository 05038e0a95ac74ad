#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/http/trailer.h"
#include "proxy/http1/head_writer.h"
#include "proxy/net/turn_budget.h"
#include "proxy/policy/rewrite.h"
#include "proxy/reason/words.h"
#include "proxy/router/path.h"
#include "proxy/session/client_stay.h"
#include "proxy/session/exchange.h"
#include "proxy/session/paced.h"
#include "proxy/session/request_hash.h"
#include "proxy/session/sticky_cookie.h"
#include "proxy/session/suspended.h"
#include "proxy/session/worker.h"
#include "proxy/upstream/keep_alive.h"
#include "proxy/upstream/place_hash.h"

// The way of a request to an endpoint, and of its response back.
namespace proxy::session {
namespace {

using upstream::Fault;
using upstream::Retry;

constexpr upstream::Failure kClosedEarly{Fault::upstream, Retry::if_connection_was_reused, 502,
                                         reason::closed_early};
// What is gathered of a body before its request goes on: as much as most forms and documents have.
// ingress-nginx keeps 8 KiB or 16 KiB in memory, and the rest in files.
constexpr std::size_t kGatheredBytesMax = 64u << 10;
// Long for the body that a client sends in one go, short for who waits for a stream to begin.
constexpr std::chrono::milliseconds kGatherTime{1'000};

constexpr upstream::Failure kUpgradeRefused{Fault::upstream, Retry::never, 502,
                                            reason::upstream_upgrade_refused,
                                            upstream::FailureKind::invalid_answer};
constexpr upstream::Failure kStrayResponse{Fault::upstream, Retry::if_connection_was_reused, 502,
                                           reason::stray_response};
constexpr upstream::Failure kTruncated{Fault::upstream, Retry::never, 502,
                                       reason::truncated_response};
// "103 Early Hints" comes once or twice. Each is passed on at once, so an endpoint that says no
// more than that would fill what its client has not taken yet.
constexpr unsigned kInterimHeadsMax = 16;

// After that, each other endpoint is asked once more.
constexpr unsigned kRefusalsMax = 4;

// What the name of a client is mixed with for a split: no endpoint's place.
constexpr std::uint64_t kSplit = 1;

// All endpoints have as many requests as they may.
constexpr std::string_view kBusy = reason::endpoints_busy;

constexpr upstream::Failure kTooManyInterim{Fault::upstream, Retry::never, 502,
                                            reason::too_many_interim_responses};

upstream::Failure malformed(http::Failure failure) {
  return {Fault::upstream, Retry::never, 502, http::response_reason_of(failure),
          upstream::FailureKind::invalid_answer};
}

}  // namespace

void Exchange::forward(const Client& client, const router::Target& target, const Piece& piece,
                       bool last) {
  body_bytes_max_ = target.policies->body_bytes_max;
  if (body_bytes_max_ != 0 &&
      std::max(request_.content_length.value_or(0), request_bytes_) > body_bytes_max_) {
    answer(413, reason::body_too_large);
    return;
  }
  const auto& sticky = target.policies->sticky;
  const bool names_client = sticky && sticky->names_client;
  if (names_client) remember_client(client, *sticky);
  cluster_ = worker_.clusters().at(choose_cluster(target));
  if (target.rest().error_pages != nullptr) prepare_error_page(client, target);
  if (cluster_->is_empty()) {
    answer_without_endpoints();
    return;
  }
  // A cookie says more than an address, which many clients may share.
  std::optional<ClientStay> stay;
  if (!sticky) stay = find_stay(client);
  if (const auto& parts = cluster_->config().hash_by; !parts.empty() && !names_client) {
    hash_ = hash_of(parts, {.path = request_.path,
                            .query = request_.query,
                            .client_address = stay ? stay->network : client.address,
                            .host = client.host.empty() ? request_.host : client.host,
                            .fields = request_.fields});
  }
  if (!target.policies->rewrite_target.empty() && !rewrite(target)) return;
  const auto& next_upstream = target.policies->next_upstream;
  next_upstream_ = next_upstream ? std::optional(*next_upstream) : std::nullopt;
  if (sticky && !names_client) remember_sticky(client, *sticky);
  if (target.policies->pace) paced_ = std::make_unique<Paced>(*this, *target.policies->pace);
  if (target.policies->tracing != config::Tracing::off) trace(client, target.policies->tracing);
  if (shape_ != nullptr) shape_->apply_to_request(request_.fields);
  if (const auto version = cluster_->config().proxy_protocol;
      version != config::ProxyProtocol::none) {
    // A connection of HTTP/2 carries requests of many clients.
    if (cluster_->config().speaks_http2) {
      answer(503, reason::proxy_protocol_over_http2);
      return;
    }
    proxy_header_ = proxy_header_for(client, version);
  }
  if (protocol_ == Protocol::http2 && !offered_upgrade_.empty()) {
    // A GET that is no upgrade is another request than the client's.
    if (cluster_->config().speaks_http2) {
      answer(501, reason::upgrade_over_http2);
      return;
    }
    add_websocket_key();
  }
  if (cluster_->config().speaks_http2) {
    forward_http2(client, *target.policies, piece, last);
    return;
  }
  const bool gathers = target.policies->buffers_request && !last;
  // Once all of it is here, a body has a length, in whatever pieces it came.
  const bool length_will_be_known = target.policies->buffers_request && request_.chunked;
  if (length_will_be_known) {
    request_.chunked = false;
    if (last) request_.content_length = piece.size;
  }
  request_chunked_ = request_.chunked;
  can_replay_ = true;
  const bool client_waits = request_.expects_continue && !last && piece.empty();
  const std::string_view head = compose_head(client, *target.policies);
  const std::string_view bytes =
      assemble(head, piece, {request_chunked_, last, last ? judged_request_trailer() : ""},
               worker_.buffers().gather);
  if (gathers) {
    if (length_will_be_known) unframed_head_ = head.size();
    begin_gathering(client, bytes);
  } else {
    send_first(bytes);
  }
  watch_client();
  if (client_waits && stage_ != Stage::over && !is_asking_for_page()) downstream_->send_continue();
}

// ---- A body that comes in before an endpoint is chosen, so that a slow client costs none of them
// a connection. All of it where it is announced to be little; else as much as fits, and of a length
// that nobody knows what comes in a short time: it may be a stream that never ends, and whose
// beginning is waited for. Of these a few at a time go on so, the others when that much came.

void Exchange::begin_gathering(const Client& client, std::string_view bytes) {
  stage_ = Stage::gathering;
  gathered_.begin(client.address);
  if (!request_.content_length) worker_.loop().arm(timer_, kGatherTime);
  gather(bytes, false);
}

void Exchange::gather(std::string_view bytes, bool last) {
  sent_.append(bytes);
  const bool fits = gathered_.hold(sent_.capacity());
  if (last || !fits || request_bytes_ >= kGatheredBytesMax) send_gathered();
}

// A body that is whole by now goes on with its length, else with what came of it as one chunk.
void Exchange::frame_gathered() {
  constexpr std::size_t kHeadEnd = 2;  // the empty line
  const std::size_t body_size = sent_.size() - unframed_head_;
  std::string framing;
  if (request_complete_) {
    framing = "Content-Length: " + std::to_string(body_size) + "\r\n\r\n";
  } else {
    framing = "Transfer-Encoding: chunked\r\n\r\n";
    if (body_size > 0) {
      std::array<char, http1::kChunkHeadBytesMax> chunk_head{};
      framing.append(chunk_head.data(), http1::write_chunk_head(body_size, chunk_head.data()));
      sent_.append(http1::kChunkEnd);
    }
  }
  request_chunked_ = !request_complete_;
  sent_.replace(unframed_head_ - kHeadEnd, kHeadEnd, framing);
  unframed_head_ = 0;
}

void Exchange::send_gathered() {
  timer_.disarm();
  if (unframed_head_ != 0) frame_gathered();
  const std::string bytes = sent_.take();
  gathered_.clear();
  if (cluster_->is_empty()) {  // by now
    answer_without_endpoints();
    return;
  }
  send_first(bytes);
}

void Exchange::send_what_came() {
  if (!slow_body_.take(worker_.slow_bodies())) {
    worker_.loop().arm(timer_, kGatherTime);
    return;
  }
  send_gathered();
  watch_client();
}

void Exchange::on_timer(net::Timer&) {
  if (stage_ == Stage::guarded) {
    on_guard_timer();
  } else if (stage_ == Stage::gathering) {
    send_what_came();
  } else if (stream_ != nullptr) {
    on_stream_timeout();
  }
}

// What the endpoint is asked for in place of what came. False: the request was answered.
// By what the client sent, before anything is put in its place. Who has been told of an endpoint
// stays there, as in ingress-nginx.
std::uint32_t Exchange::choose_cluster(const router::Target& target) {
  if (target.rest().split == nullptr) return target.cluster;
  const upstream::Cluster& other = *worker_.clusters().at(target.rest().split->cluster());
  if (other.is_empty()) return target.cluster;
  if (target.policies->sticky) {
    for (const std::string_view name :
         cookies_named(request_.fields, target.policies->sticky->name)) {
      if (worker_.clusters().at(target.cluster)->find_named(name) != nullptr) return target.cluster;
      if (other.find_named(name) != nullptr) return target.rest().split->cluster();
    }
  }
  // A client that has a name stays with what was drawn for it.
  const bool is_named = target.policies->sticky && target.policies->sticky->names_client;
  const std::uint64_t draw =
      is_named ? upstream::mixed(*hash_, kSplit) : worker_.request_ids().draw();
  const bool takes = target.rest().split->takes(request_.fields, draw);
  return takes ? target.rest().split->cluster() : target.cluster;
}

bool Exchange::rewrite(const router::Target& target) {
  const auto path =
      router::normalize_path(request_.path == "*" ? "/" : request_.path, worker_.path_storage());
  const policy::Rewritten made =
      policy::rewrite(target.policies->rewrite_target, target.rest().expression.get(),
                      path.value_or(""), request_.query, worker_.rewrite_storage());
  if (!made.refusal.empty()) {
    answer(400, made.refusal);
    return false;
  }
  request_.path = made.path;
  request_.query = made.query;
  return true;
}

// The request's fields and the policy are gone by the time of the response, so what may have to be
// told is made now; for who comes back to its endpoint, that is nothing.
void Exchange::remember_sticky(const Client& client, const config::StickyCookie& cookie) {
  for (const std::string_view name : cookies_named(request_.fields, cookie.name)) {
    sticky_ = cluster_->find_named(name);
    if (sticky_ != nullptr) break;
  }
  if (sticky_ != nullptr && !cookie.change_on_failure) return;
  cookie_name_ = cookie.name;
  cookie_attributes_ = cookie_attributes(client, cookie);
}

// Its name chooses the endpoint, as what a request asks for does elsewhere. Who has none yet, or a
// value that nobody has made here, gets one.
void Exchange::remember_client(const Client& client, const config::StickyCookie& cookie) {
  for (const std::string_view name : cookies_named(request_.fields, cookie.name)) {
    if (!is_client_name(name)) continue;
    hash_ = upstream::add_to_hash(upstream::kHashBasis, name);
    return;
  }
  const std::string name = make_client_name(worker_.request_ids());
  hash_ = upstream::add_to_hash(upstream::kHashBasis, name);
  set_cookie_.append(cookie.name).append("=").append(name);
  set_cookie_.append(cookie_attributes(client, cookie));
}

std::string Exchange::cookie_attributes(const Client& client, const config::StickyCookie& cookie) {
  std::string_view user_agent;
  for (const http::Field& field : request_.fields) {
    if (http::equals_ignoring_case(field.name, "user-agent")) user_agent = field.value;
  }
  return attributes_of(cookie, client.is_https, user_agent, worker_.loop().wall_now());
}

// Where the cluster remembers whom its client had, that is the one that it gets.
std::optional<ClientStay> Exchange::find_stay(const Client& client) {
  auto stay =
      session::find_stay(*cluster_, client.address, *worker_.client_places(), worker_.loop().now());
  if (!stay) return stay;
  sticky_ = stay->endpoint;
  if (sticky_ == nullptr) stay_key_ = stay->key;
  return stay;
}

// Adds to the response which endpoint it came from, or what the client is called, if it does not
// know that.
void Exchange::tell_sticky() {
  if (!cookie_name_.empty() && endpoint_ != sticky_) {
    const std::string_view name = cluster_->name_of(*endpoint_);
    if (name.empty()) return;  // no key, or it is in the configuration no more
    set_cookie_.append(cookie_name_).append("=").append(name).append(cookie_attributes_);
  }
  if (set_cookie_.empty()) return;
  response_.fields.push_back({.name = "Set-Cookie", .value = set_cookie_});
}

std::string_view Exchange::compose_head(const Client& client, const config::Policies& policies) {
  return write_head(client, policies, request_);
}

std::string_view Exchange::write_head(const Client& client, const config::Policies& policies,
                                      const http::RequestHead& head) {
  const http1::Forwarding forwarding{
      .client_address = client.address,
      .forwarded_for = client.forwarded_for,
      .scheme = client.is_https ? "https" : "http",
      .host = client.host,
      .port = client.port,
      .request_id = std::string_view(log_text_).substr(path_end_),
      .upstream_host = policies.upstream_host,
      .prefix = policies.forwarded_prefix,
      .peer_is_trusted = client.is_trusted_proxy,
      // The copy of a request is made before an endpoint is chosen, and has no trailer.
      .passes_trailer = passes_request_trailer_ &&
                        (head.chunked || (cluster_ != nullptr && cluster_->config().speaks_http2)),
  };
  std::string& out = worker_.buffers().head;
  const std::size_t bound = http1::request_head_bound(head, forwarding);
  if (out.size() < bound) out.resize(bound);
  return {out.data(), http1::write_request_head(head, forwarding, out)};
}

// What of the request's trailer the endpoint gets; empty, most of the time.
std::string_view Exchange::judged_request_trailer() {
  if (request_trailer_.empty() || request_trailer_is_judged_) return request_trailer_.view();
  request_trailer_is_judged_ = true;
  const std::string lines = request_trailer_.take();
  if (!passes_request_trailer_) return {};
  std::vector<http::Field> fields;
  http::read_trailer(lines, fields);
  http::keep_what_may_trail(fields);
  if (shape_ != nullptr) shape_->apply_to_request_trailer(fields);
  std::string judged;
  http::write_trailer(fields, judged);
  request_trailer_.assign(judged);
  return request_trailer_.view();
}

void Exchange::send_first(std::string_view bytes) {
  endpoint_ = pick_endpoint();
  if (endpoint_ == nullptr) {
    answer_for_endpoint(503, kBusy);
    return;
  }
  endpoint_->request_begins();
  if (auto idle = endpoint_->take_idle(*this)) {
    connection_ = std::move(idle);
    stage_ = Stage::requesting;
    // Another method's request is sent again only if nobody can have read it, which nobody knows
    // yet.
    can_replay_ =
        is_idempotent_ || request_.content_length.value_or(0) <= upstream::kReplayBytesMax;
    keep_for_replay(bytes);
    connection_->write(bytes);
    update_upstream_wait();
    return;
  }
  sent_.assign(bytes);
  endpoint_->request_ends();
  // The one whose turn it is: another pick would be another endpoint, whose pool was not asked.
  try_endpoints(std::exchange(endpoint_, nullptr));
}

// Of a request on a pooled connection.
void Exchange::keep_for_replay(std::string_view bytes) {
  if (!can_replay_) return;
  if (sent_.size() + bytes.size() <= upstream::kReplayBytesMax) {
    sent_.append(bytes);
  } else {
    can_replay_ = false;
    sent_.take();
  }
}

std::shared_ptr<upstream::Endpoint> Exchange::pick_endpoint() {
  return worker_.pick_endpoint(*cluster_, {tried_, stale_.get(), sticky_, hash_, true});
}

// Connects to this endpoint (none: the next in turn), then to others that were not tried yet, until
// one connection is at least under way.
void Exchange::try_endpoints(std::shared_ptr<upstream::Endpoint> endpoint) {
  stage_ = Stage::connecting;
  int error = 0;
  if (!worker_.may_connect()) {
    answer_for_endpoint(503, reason::no_descriptors);
    return;
  }
  if (endpoint == nullptr) endpoint = pick_endpoint();
  for (; endpoint != nullptr; endpoint = may_connect_elsewhere() ? pick_endpoint() : nullptr) {
    tried_.push_back(endpoint);
    connection_ = upstream::Connection::connect(worker_.loop(), endpoint, *this,
                                                cluster_->config().connect_timeout, proxy_header_);
    if (connection_ != nullptr) {
      endpoint_ = std::move(endpoint);
      endpoint_->request_begins();
      return;
    }
    error = errno;
    worker_.counters().upstream_failures.add(net::connect_failure_reason(error));
  }
  answer_without_connection(error);
}

// `error`: of the last connect, as errno has it; 0: there was nobody to connect to.
void Exchange::answer_without_connection(int error) {
  if (error == 0) {
    answer_for_endpoint(503, kBusy);
  } else {
    answer_for_endpoint(502, net::connect_failure_reason(error));
  }
}

void Exchange::detach(std::chrono::milliseconds rest_max) {
  endpoint_->request_ends();
  if (stream_ != nullptr) {
    stream_.reset();
    carrier_ = nullptr;
    timer_.disarm();
    return;
  }
  upstream::Connection::release(std::move(connection_), rest_max);
}

void Exchange::on_upstream_connected() {
  stage_ = Stage::requesting;
  connection_->write(sent_.view());
  // Nobody else had this connection, so a failure on it is no stale one: nothing is sent again, but
  // to another endpoint where the route asks for that.
  can_replay_ = may_ask_twice() && sent_.size() <= upstream::kReplayBytesMax;
  if (!can_replay_) sent_.take();
  update_upstream_wait();
  watch_client();
  if (!request_complete_ && wants_request_body()) downstream_->want_request_body();
}

void Exchange::on_upstream_failed(const upstream::Failure& failure) {
  fail(failure);
}

upstream::Attempt Exchange::attempt_so_far() const {
  const bool is_http2 = stream_ != nullptr;
  const bool is_noted = upstream::Cluster::was_tried(tried_, *endpoint_);
  return {
      .is_idempotent = is_idempotent_,
      .can_replay = can_replay_,
      .response_has_begun = response_has_begun_,
      .connection_was_reused = is_http2 ? carrier_was_used_ : connection_->was_reused(),
      .was_left_unread =
          can_replay_ && !is_idempotent_ && !is_http2 && connection_->was_left_unread(),
      .was_replayed = was_replayed_,
      .has_untried_endpoint = cluster_->has_untried(tried_, endpoint_.get()),
      .has_budget = retrying_ || cluster_->may_retry(),
      .endpoints_tried = tried_.size() + (is_noted ? 0 : 1),
      .taken = worker_.loop().now() - began_,
  };
}

// Whether there is a reason to keep what was sent to an endpoint that was connected to.
bool Exchange::may_ask_twice() const {
  return next_upstream_ && (is_idempotent_ || next_upstream_->non_idempotent);
}

// Where one could not even begin to connect.
bool Exchange::may_connect_elsewhere() const {
  if (!next_upstream_) return true;
  return next_upstream_->error &&
         (next_upstream_->tries == 0 || tried_.size() < next_upstream_->tries);
}

// Whether what the endpoint answers is not the client's, and another one is asked.
bool Exchange::passes_on(int status) const {
  const bool is_error = status >= 400;  // no other status is ever named
  return next_upstream_ && is_error && interim_heads_ == 0 &&
         upstream::passes_on(status, attempt_so_far(), *next_upstream_);
}

// What the endpoint said, if anything, is not passed on, and no endpoint is asked twice.
void Exchange::ask_another() {
  const bool is_http2 = stream_ != nullptr;
  detach(upstream::Connection::kNotReusable);
  worker_.counters().upstream_retries.add();
  const bool is_noted = upstream::Cluster::was_tried(tried_, *endpoint_);
  if (!is_noted) tried_.push_back(endpoint_);
  endpoint_.reset();
  if (stage_ != Stage::connecting && !retrying_) retrying_ = upstream::Cluster::Retrying(cluster_);
  response_.reset();
  response_parser_.reset();
  held_response_.take();
  holds_unread_ = response_has_begun_ = false;
  response_flow_ = {};
  if (is_http2) {
    try_endpoints_http2();
  } else {
    try_endpoints();
  }
}

// What an endpoint is remembered for. Whether it connects is remembered by itself, and what it does
// to a connection that rested is no failure; nor is that it gave up on a client who owes it the
// rest of a body, or one such client could have it passed over by all others.
void Exchange::note_failure(const upstream::Failure& failure) {
  const bool had_reached_it =
      failure.retry != Retry::always && failure.retry != Retry::not_processed;
  if (failure.fault != Fault::upstream || !had_reached_it) return;
  const bool awaited_client = !request_complete_ && !response_has_begun_ && unsent_request() == 0;
  if (awaited_client) return;
  cluster_->note_failure(*endpoint_, worker_.loop().now());
}

void Exchange::fail(const upstream::Failure& failure, Ending ending) {
  worker_.counters().upstream_failures.add(failure.reason);
  const bool is_http2 = stream_ != nullptr;
  upstream::Attempt attempt = attempt_so_far();
  // Each refusal is by another connection, and many may be about to close at a time.
  if (failure.retry == Retry::not_processed) attempt.was_replayed = ++refusals_ > kRefusalsMax;
  // The client has nothing of an answer whose head cannot be read.
  const bool has_told_nothing = stage_ == Stage::requesting && interim_heads_ == 0;
  if (failure.kind == upstream::FailureKind::invalid_answer && has_told_nothing) {
    attempt.response_has_begun = false;
  }
  const upstream::Next next =
      choose_next(failure, attempt, next_upstream_ ? &*next_upstream_ : nullptr);
  if (next != upstream::Next::fresh_connection) note_failure(failure);
  if (next == upstream::Next::give_up && !attempt.has_budget) {
    worker_.counters().upstream_retries_refused.add();
  }
  if (next == upstream::Next::other_endpoint) {
    ask_another();
    return;
  }
  if (next == upstream::Next::fresh_connection) stale_ = endpoint_;
  detach(upstream::Connection::kNotReusable);
  if (next == upstream::Next::give_up) {
    if (status_ == 0) {
      answer_for_endpoint(failure.status, failure.reason);
    } else if (ending == Ending::unavailable) {
      end_as_unavailable(failure.reason);
    } else {
      refuse(failure.status, failure.reason);
    }
    return;
  }
  worker_.counters().upstream_retries.add();
  was_replayed_ = true;
  endpoint_.reset();
  if (is_http2) {
    try_endpoints_http2();
  } else {
    try_endpoints();
  }
}

bool Exchange::wants_request_body() const {
  if (is_asking_for_page()) return false;
  if (stage_ == Stage::gathering) return true;
  if (stage_ == Stage::guarded) return suspended_->awaits_body;
  if (stream_ != nullptr) return stream_->unsent() <= worker_.options().unsent_bytes_high;
  return connection_ != nullptr && stage_ != Stage::connecting && stage_ != Stage::over &&
         connection_->unsent() <= worker_.options().unsent_bytes_high;
}

void Exchange::on_request_body(const Piece& piece, bool last) {
  if (mirrored_ != nullptr) add_to_mirror(piece);
  pass_request_body(piece, last);
  if (mirrored_ != nullptr && last) send_mirror();
}

void Exchange::pass_request_body(const Piece& piece, bool last) {
  if (stage_ == Stage::over) return;
  request_bytes_ += piece.size;
  if (is_asking_for_page()) return;
  if (stage_ == Stage::tunnel) {  // what passes there is no body
    request_complete_ = last;
    connection_->write(piece.text());
    return;
  }
  if (body_bytes_max_ != 0 && request_bytes_ > body_bytes_max_) {
    refuse(413, reason::body_too_large);
    return;
  }
  request_complete_ = last;
  if (last || request_bytes_ >= kGatheredBytesMax) slow_body_.leave();
  note_body(piece.size);
  if (stage_ == Stage::over) return;
  if (stage_ == Stage::guarded) {
    wait_with_body(piece);
    return;
  }
  if (stream_ != nullptr) {
    send_to_stream(piece.text(), last);
    return;
  }
  const std::string_view bytes =
      assemble({}, piece, {request_chunked_, last, last ? judged_request_trailer() : ""},
               worker_.buffers().gather);
  if (stage_ == Stage::gathering) {
    gather(bytes, last);
  } else if (stage_ == Stage::connecting) {
    sent_.append(bytes);
  } else if (!bytes.empty()) {
    keep_for_replay(bytes);
    connection_->write(bytes);
  }
  update_upstream_wait();
  watch_client();
}

void Exchange::on_upstream_drained() {
  update_upstream_wait();
  const bool wants_more = stage_ == Stage::tunnel ? !client_finished_ : !request_complete_;
  if (!wants_more) return;
  watch_client();
  downstream_->want_request_body();
}

// So much of the body came. A client that is too slow is let go of, unless the response has begun:
// then the two may be talking to each other.
void Exchange::note_body(std::size_t bytes) {
  body_time_.note(worker_.loop().now(), bytes);
  if (request_complete_ || stage_ == Stage::responding || is_call()) return;
  const Timeouts& timeouts = worker_.options().timeouts;
  const BodyTime::Limits limits{.grace = timeouts.body_idle, .total = timeouts.body_total};
  if (body_time_.is_too_slow(limits)) refuse(408, reason::request_body_too_slow);
}

// Its clock runs only while it is the one who is awaited: not while the endpoint has yet to take
// what came, for until then a client of HTTP/2 may have no window to send more.
void Exchange::watch_client() {
  if (request_complete_ || stage_ == Stage::over) return;
  const base::SteadyTime now = worker_.loop().now();
  if (wants_request_body() && unsent_request() == 0) {
    body_time_.await(now);
  } else {
    body_time_.pause(now);
  }
}

void Exchange::on_downstream_drained() {
  if (stream_ != nullptr) take_more();
  if (connection_ == nullptr) return;
  if (has_response_input()) {
    read_response();
  } else {
    update_upstream_wait();
  }
}

// The endpoint's clock runs only while it is the one who is awaited.
void Exchange::update_upstream_wait() {
  using Waiting = upstream::Connection::Waiting;
  if (connection_ == nullptr || stage_ == Stage::connecting) return;
  const config::Cluster& config = cluster_->config();
  const bool has_turns = stage_ != Stage::tunnel;  // in a tunnel nobody owes the other an answer
  if (has_turns && connection_->unsent() > 0) {
    connection_->wait(Waiting::to_send, config.send_timeout);
  } else if (has_turns && request_complete_ && !has_response_input()) {
    connection_->wait(Waiting::to_read, config.read_timeout);
  } else {
    connection_->wait(Waiting::none, {});
  }
}

void Exchange::on_upstream_readable() {
  read_response();
}

bool Exchange::has_response_input() const {
  return holds_unread_ || connection_->is_readable();
}

void Exchange::read_response() {
  if (connection_ == nullptr || net::Loop::is_waiting_for_turn(*connection_)) return;
  Buffers::Area& area = worker_.buffers().upstream;
  net::TurnBudget budget;
  while (connection_ != nullptr && (holds_unread_ || connection_->is_readable()) &&
         !endpoint_finished_) {
    const std::size_t movable = movable_response();
    if (downstream_->unsent() > (movable > 0 ? 0 : worker_.options().unsent_bytes_high)) break;
    const std::size_t room = room_for_response();
    if (room == 0) break;
    if (budget.is_spent()) {
      worker_.resume_soon(*connection_);
      break;
    }
    if (movable > 0) {
      const std::uint64_t before = response_bytes_;
      if (!move_response(std::min(movable, room))) return;
      budget.spend(response_bytes_ - before);
      continue;
    }
    char* const begin = area.begin();
    const std::size_t held = held_response_.size();
    if (held > 0) {
      std::memcpy(begin, held_response_.view().data(), held);
      held_response_.take();
    }
    if (std::exchange(holds_unread_, false)) {
      take_response(begin, begin + held, budget);
      continue;
    }
    const net::IoResult got = connection_->read(begin + held, std::min(Buffers::kReadBytes, room));
    budget.spend(got.bytes);
    budget.spend(net::TurnBudget::Unit::tls_record, connection_->records_read());
    if (got.kind == net::IoResult::Kind::would_block) {
      held_response_.assign({begin, held});
      break;
    }
    if (got.kind == net::IoResult::Kind::closed) {
      on_response_end_of_input();
      return;
    }
    if (got.kind == net::IoResult::Kind::failed) {
      on_response_broken();
      return;
    }
    if (!response_has_begun_ && connection_->is_stray_answer()) {
      endpoint_->on_unsolicited_bytes(worker_.loop().now());
      fail(kStrayResponse);
      return;
    }
    response_has_begun_ = true;
    response_flow_.note_read(got.bytes);
    take_response(begin, begin + held + got.bytes, budget);
  }
  update_upstream_wait();
}

void Exchange::on_response_broken() {
  fail(stage_ == Stage::requesting ? kClosedEarly : kTruncated);
}

void Exchange::take_response(char* begin, char* end, net::TurnBudget& budget) {
  if (stage_ == Stage::tunnel) {
    pass_to_client(begin, end);
    return;
  }
  const bool with_head = stage_ == Stage::requesting;
  if (with_head && !take_response_head(begin, end)) return;
  if (stage_ == Stage::tunnel) return;
  take_response_body(begin, end, with_head, budget);
}

// Moves `begin` behind the head. False: there is no complete final head, or it was dealt with.
bool Exchange::take_response_head(char*& begin, char* end) {
  using Outcome = http1::ResponseParser::Outcome;
  for (;;) {
    const std::string_view input(begin, static_cast<std::size_t>(end - begin));
    const Outcome outcome = response_parser_.parse(input, {is_head_, offered_upgrade_}, response_);
    if (outcome == Outcome::needs_more) {
      held_response_.assign(input);
      return false;
    }
    if (outcome == Outcome::failed) {
      fail(malformed(response_parser_.failure()));
      return false;
    }
    begin += response_parser_.head_bytes();
    if (!response_.is_interim()) break;
    if (++interim_heads_ > kInterimHeadsMax) {
      fail(kTooManyInterim);
      return false;
    }
    // We took Expect away, so a 100 answers nobody.
    if (response_.status != 100) downstream_->send_interim(response_);
    response_parser_.reset();
    response_.reset();
  }
  cluster_->note_answer(*endpoint_, response_.status, worker_.loop().now());
  if (passes_on(response_.status)) {
    ask_another();
    return false;
  }
  if (replaces_with_page(response_.status)) {
    ask_for_page_of_response(begin, end);
    return false;
  }
  if (is_refused_upgrade()) {
    fail(kUpgradeRefused);
    return false;
  }
  take_final_head();
  if (response_.framing == http::Framing::tunnel) {
    begin_tunnel(begin, end);
    return false;
  }
  stage_ = Stage::responding;
  // Now, while its fields are still where they were read.
  if (response_.keep_alive) response_rest_ = rest_after_response();
  response_decoder_ = http1::BodyDecoder::for_response(response_);
  return true;
}

// How long its connection may rest, if all is well with it.
std::chrono::milliseconds Exchange::rest_after_response() const {
  const http::Field* const keep_alive = response_.find(http::FieldId::keep_alive);
  return keep_alive == nullptr ? upstream::Connection::kRestAsConfigured
                               : upstream::rest_allowed_by(keep_alive->value);
}

// The head of the response is here, however it came.
void Exchange::take_final_head() {
  status_ = response_.status;
  slow_body_.leave();
  if (is_asking_for_page()) note_page();
  if (shape_ != nullptr) {
    shape_->apply_to_response({origin_, is_https_}, response_.fields, response_.unfolded);
  }
  responded_ = worker_.loop().now();
  tell_sticky();
  if (stay_key_) {
    note_stay(*stay_key_, *endpoint_, *worker_.client_places(), worker_.loop().now());
  }
  if (sets_granted_cookies()) set_granted_cookies(response_.fields);
}

void Exchange::take_response_body(char* begin, char* end, bool with_head, net::TurnBudget& budget) {
  const Buffers::Area& area = worker_.buffers().upstream;
  const Decoded decoded = decode_in_place(response_decoder_, begin, end, area.room_before(begin),
                                          Buffers::Area::kTailroom);
  if (decoded.failure != http::Failure::none) {
    // A response whose head was not sent yet can still be told as the endpoint's fault.
    if (with_head) status_ = 0;
    fail(malformed(decoded.failure));
    return;
  }
  budget.spend(net::TurnBudget::Unit::chunk, decoded.pieces);
  const bool last = response_decoder_.is_done();
  response_bytes_ += decoded.piece.size;
  if (!decoded.trailer.empty()) response_trailer_.append(decoded.trailer);
  const bool has_trailer = !response_trailer_.empty();
  const char* const rest = begin + decoded.consumed;
  if (!last && rest != end) {
    held_response_.assign({rest, static_cast<std::size_t>(end - rest)});
    holds_unread_ = true;
  }
  if (with_head) {
    downstream_->send_head(response_, decoded.piece, last && !has_trailer);
  } else if (last || !decoded.piece.empty()) {
    downstream_->send_body(decoded.piece, last && !has_trailer);
  }
  if (stage_ == Stage::over || !last) return;
  if (has_trailer) send_response_trailer();
  if (stage_ == Stage::over) return;
  // Bytes that nobody asked for: whose answer would they be?
  if (rest != end) {
    endpoint_->on_unsolicited_bytes(worker_.loop().now());
    response_rest_ = upstream::Connection::kNotReusable;
  }
  // The endpoint waits for the rest of the request, and would take the next one for it.
  if (!request_complete_) response_rest_ = upstream::Connection::kNotReusable;
  // Who refuses a request may not have read its body, and ends the connection without a word when
  // that is in the way: the next request would stand behind it.
  if (status_ >= 400 && request_bytes_ > 0) response_rest_ = upstream::Connection::kNotReusable;
  complete_response();
}

void Exchange::send_response_trailer() {
  const std::string lines = response_trailer_.take();
  std::vector<http::Field> trailer;
  http::read_trailer(lines, trailer);
  send_response_trailer(std::move(trailer));
}

// The end of the body, and what may follow it.
void Exchange::send_response_trailer(std::vector<http::Field> trailer) {
  http::keep_what_may_trail(trailer);
  if (shape_ != nullptr) shape_->apply_to_response_trailer(trailer);
  if (trailer.empty()) {
    downstream_->send_body({}, true);
  } else {
    downstream_->send_trailer(trailer);
  }
}

void Exchange::complete_response() {
  // The connection goes back first: the next request of this client may already wait for it.
  detach(response_rest_);
  finish();
}

void Exchange::on_response_end_of_input() {
  if (stage_ == Stage::tunnel) {
    pass_to_client(nullptr, nullptr);
    return;
  }
  if (stage_ == Stage::requesting) {
    fail(kClosedEarly);
    return;
  }
  // RFC 9112 §9.8: a body that ends with its connection is whole only if TLS says so, too.
  if (response_decoder_.on_end_of_input() != http::Failure::none || connection_->was_cut_off()) {
    fail(kTruncated);
    return;
  }
  downstream_->send_body({}, true);
  response_rest_ = upstream::Connection::kNotReusable;
  if (stage_ != Stage::over) complete_response();
}

}  // namespace proxy::session
