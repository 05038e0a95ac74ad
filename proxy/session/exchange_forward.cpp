#include <algorithm>
#include <cerrno>

#include "proxy/http/trailer.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http2/grpc.h"
#include "proxy/policy/rewrite.h"
#include "proxy/reason/words.h"
#include "proxy/router/path.h"
#include "proxy/session/client_stay.h"
#include "proxy/session/exchange.h"
#include "proxy/session/paced.h"
#include "proxy/session/request_hash.h"
#include "proxy/session/response_guard.h"
#include "proxy/session/sticky_cookie.h"
#include "proxy/session/suspended.h"
#include "proxy/upstream/place_hash.h"

// The way of a request to an endpoint.
namespace proxy::session {
namespace {

using upstream::Fault;
using upstream::Retry;
using Use = upstream::RequestStream::Use;

// What is gathered of a body before its request goes on: as much as most forms and documents have.
// ingress-nginx keeps 8 KiB or 16 KiB in memory, and the rest in files.
constexpr std::size_t kGatheredBytesMax = 64u << 10;
// Long for the body that a client sends in one go, short for who waits for a stream to begin.
constexpr std::chrono::milliseconds kGatherTime{1'000};

// After that, each other endpoint is asked once more.
constexpr unsigned kRefusalsMax = 4;
// From a connection that takes fewer requests than was thought, or that is about to close: each new
// one takes at least one of those that are moved.
constexpr unsigned kMovesMax = 16;

// What the name of a client is mixed with for a split: no endpoint's place.
constexpr std::uint64_t kSplit = 1;

constexpr std::size_t kHeadEnd = 2;  // the empty line

// All endpoints have as many requests as they may.
constexpr std::string_view kBusy = reason::endpoints_busy;

}  // namespace

void Exchange::forward(const Client& client, const router::Target& target,
                       const upstream::Piece& piece, bool last) {
  const config::Policies& policies = *target.policies;
  body_bytes_max_ = policies.body_bytes_max;
  if (body_bytes_max_ != 0 &&
      std::max(request_.content_length.value_or(0), request_bytes_) > body_bytes_max_) {
    answer(413, reason::body_too_large);
    return;
  }
  const auto& sticky = policies.sticky;
  const bool names_client = sticky && sticky->names_client;
  if (names_client) remember_client(client, *sticky);
  cluster_ = means_.clusters.at(choose_cluster(target));
  if (target.rest().error_pages != nullptr) prepare_error_page(client, target);
  if (cluster_->is_empty()) {
    answer_without_endpoints();
    return;
  }
  // A cookie says more than an address, which many clients may share.
  std::optional<ClientStay> stay;
  const bool remembers_clients = cluster_->config().client_stay_seconds > 0;
  if (remembers_clients && !sticky) stay = find_stay(client);
  if (const auto& parts = cluster_->config().hash_by; !parts.empty() && !names_client) {
    hash_ = hash_of(parts, {.path = request_.path,
                            .query = request_.query,
                            .client_address = stay ? stay->network : client.address,
                            .host = client.host.empty() ? request_.host : client.host,
                            .fields = request_.fields});
  }
  if (!policies.rewrite_target.empty() && !rewrite(target)) return;
  const auto& next_upstream = policies.next_upstream;
  next_upstream_ = next_upstream ? std::optional(*next_upstream) : std::nullopt;
  if (sticky && !names_client) remember_sticky(client, *sticky);
  if (policies.pace) paced_ = std::make_unique<Paced>(*this, *policies.pace);
  if (policies.tracing != config::Tracing::off) trace(client, policies.tracing);
  if (shape_ != nullptr) shape_->apply_to_request(request_.fields);
  ask_for_readable_response(request_.fields);
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
  const bool is_framed_by_us = !cluster_->config().speaks_http2;
  const bool buffers = is_framed_by_us && policies.buffers_request;
  const bool gathers = buffers && !last;
  // Once all of it is here, a body has a length, in whatever pieces it came.
  const bool length_will_be_known = buffers && request_.chunked;
  if (length_will_be_known && last) request_.content_length = piece.size;
  if (length_will_be_known || !is_framed_by_us) request_.chunked = false;
  if (!is_framed_by_us) request_.upgrade = {};  // HTTP/2 has none (RFC 9113 §8.6)
  // The offer of another protocol is an endpoint's when all of a body is here (send_gathered()).
  if (!last) request_.upgrade = {};
  if (!last && !gathers) offered_upgrade_.clear();
  request_chunked_ = request_.chunked;
  const bool client_waits = request_.expects_continue && !last && piece.empty();
  const std::string_view head = compose_head(client, policies);
  if (gathers) {
    is_unframed_ = length_will_be_known;
    begin_gathering(client, head, piece);
  } else {
    send_first({head, piece});
  }
  watch_client();
  if (client_waits && stage_ != Stage::over && !is_asking_for_page()) downstream_->send_continue();
}

// ---- A body that comes in before an endpoint is chosen, so that a slow client costs none of them
// a connection. All of it where it is announced to be little; else as much as fits, and of a length
// that nobody knows what comes in a short time: it may be a stream that never ends, and whose
// beginning is waited for. Of these a few at a time go on so to a cluster, and fewer of one client;
// the others when that much came.

void Exchange::begin_gathering(const Client& client, std::string_view head,
                               const upstream::Piece& piece) {
  stage_ = Stage::gathering;
  gathered_.begin(client.address);
  if (!request_.content_length) means_.loop.arm(timer_, kGatherTime);
  kept_.keep(head, {});
  gather(piece.text(), false);
}

void Exchange::gather(std::string_view bytes, bool last) {
  kept_.add(bytes);
  const bool fits = gathered_.hold(kept_.capacity());
  if (last || !fits || request_bytes_ >= kGatheredBytesMax) send_gathered();
}

// A body that is whole by now goes on with its length, else with what came of it as one chunk.
void Exchange::frame_gathered() {
  request_chunked_ = !request_complete_;
  std::string framing = "Transfer-Encoding: chunked\r\n\r\n";
  if (!request_chunked_) {
    framing = "Content-Length: " + std::to_string(kept_.body().size()) + "\r\n\r\n";
  }
  kept_.replace_end_of_head(kHeadEnd, framing);
  is_unframed_ = false;
}

// Beside a body that is whole another protocol is offered; what came of one that is not goes on as
// an ordinary request.
void Exchange::offer_with_gathered() {
  if (!request_complete_) {
    offered_upgrade_.clear();
    return;
  }
  kept_.replace_end_of_head(kHeadEnd,
                            "Connection: Upgrade\r\nUpgrade: " + offered_upgrade_ + "\r\n\r\n");
}

void Exchange::send_gathered() {
  timer_.disarm();
  if (is_unframed_) frame_gathered();
  if (!offered_upgrade_.empty()) offer_with_gathered();
  const std::size_t head_bytes = kept_.head().size();
  const std::string bytes = kept_.take();
  gathered_.clear();
  if (cluster_->is_empty()) {  // by now
    answer_without_endpoints();
    return;
  }
  const std::string_view text = bytes;
  send_first({text.substr(0, head_bytes), upstream::piece_of(text.substr(head_bytes))});
}

void Exchange::send_what_came() {
  if (!slow_body_.take(means_.slow_bodies, cluster_->id_hash(), client_address_)) {
    means_.loop.arm(timer_, kGatherTime);
    return;
  }
  send_gathered();
  watch_client();
}

void Exchange::on_timer(net::Timer& timer) {
  if (&timer == deadline_.get()) {
    end_at_deadline();
  } else if (stage_ == Stage::guarded) {
    on_guard_timer();
  } else if (stage_ == Stage::gathering) {
    send_what_came();
  }
}

// By what the client sent, before anything is put in its place. Who has been told of an endpoint
// stays there, as in ingress-nginx.
std::uint32_t Exchange::choose_cluster(const router::Target& target) {
  if (target.rest().split == nullptr) return target.cluster;
  const upstream::Cluster& other = *means_.clusters.at(target.rest().split->cluster());
  if (other.is_empty()) return target.cluster;
  if (target.policies->sticky) {
    for (const std::string_view name :
         cookies_named(request_.fields, target.policies->sticky->name)) {
      if (means_.clusters.at(target.cluster)->find_named(name) != nullptr) return target.cluster;
      if (other.find_named(name) != nullptr) return target.rest().split->cluster();
    }
  }
  // A client that has a name stays with what was drawn for it.
  const bool is_named = target.policies->sticky && target.policies->sticky->names_client;
  const std::uint64_t draw = is_named ? upstream::mixed(*hash_, kSplit) : means_.request_ids.draw();
  const bool takes = target.rest().split->takes(request_.fields, draw);
  return takes ? target.rest().split->cluster() : target.cluster;
}

// What the endpoint is asked for in place of what came. False: the request was answered.
bool Exchange::rewrite(const router::Target& target) {
  const auto path =
      router::normalize_path(request_.path == "*" ? "/" : request_.path, means_.scratch.path);
  const policy::Rewritten made =
      policy::rewrite(target.policies->rewrite_target, target.rest().expression.get(),
                      path.value_or(""), request_.query, means_.scratch.rewrite);
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
  const std::string name = make_client_name(means_.request_ids);
  hash_ = upstream::add_to_hash(upstream::kHashBasis, name);
  set_cookie_.append(cookie.name).append("=").append(name);
  set_cookie_.append(cookie_attributes(client, cookie));
}

std::string Exchange::cookie_attributes(const Client& client, const config::StickyCookie& cookie) {
  std::string_view user_agent;
  for (const http::Field& field : request_.fields) {
    if (http::equals_ignoring_case(field.name, "user-agent")) user_agent = field.value;
  }
  return attributes_of(cookie, client.is_https, user_agent, means_.loop.wall_now());
}

// Where the cluster remembers whom its client had, that is the one that it gets.
std::optional<ClientStay> Exchange::find_stay(const Client& client) {
  auto stay =
      session::find_stay(*cluster_, client.address, *means_.live.client_places, means_.loop.now());
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
  response_->fields.push_back({.name = "Set-Cookie", .value = set_cookie_});
}

std::string_view Exchange::compose_head(const Client& client, const config::Policies& policies) {
  return write_head(client, policies, request_);
}

std::string_view Exchange::write_head(const Client& client, const config::Policies& policies,
                                      const http::RequestHead& head) {
  const http1::Forwarding forwarding{
      .client_address = client.address,
      .forwarded_for = client.forwarded_for,
      .scheme = client.is_https ? std::string_view("https") : std::string_view("http"),
      .host = client.host,
      .port = client.port,
      .request_id = std::string_view(log_text_).substr(path_end_),
      .upstream_host = policies.upstream_host,
      .prefix = policies.forwarded_prefix,
      .peer_is_trusted = client.is_trusted_proxy(),
      // The copy of a request is made before an endpoint is chosen, and has no trailer.
      .passes_trailer = passes_request_trailer_ &&
                        (head.chunked || (cluster_ != nullptr && cluster_->config().speaks_http2)),
  };
  std::string& out = means_.buffers.head;
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

std::shared_ptr<upstream::Endpoint> Exchange::pick_endpoint() {
  return means_.reach.pick_endpoint(*cluster_, {tried_, stale_.get(), sticky_, hash_, true});
}

// Until there is a stream, on a connection that is at least under way. Over HTTP/1.1 the first
// endpoint may have a connection at rest; what is sent again has one of its own.
void Exchange::try_endpoints(const FirstPart* first) {
  const bool speaks_http2 = cluster_->config().speaks_http2;
  stage_ = speaks_http2 ? Stage::requesting : Stage::connecting;
  upstream::StreamSource& streams = means_.streams;
  bool may_be_ready = speaks_http2 || first != nullptr;
  int error = 0;
  for (auto endpoint = pick_endpoint(); endpoint != nullptr;
       endpoint = may_connect_elsewhere() ? pick_endpoint() : nullptr) {
    const upstream::StreamWishes wishes = stream_wishes();
    stream_ = may_be_ready ? streams.take_ready(endpoint, wishes, *this) : nullptr;
    if (stream_ == nullptr && !means_.reach.may_connect(*cluster_)) {
      answer_for_endpoint(503, reason::no_descriptors);
      return;
    }
    if (stream_ == nullptr) stream_ = streams.connect(endpoint, wishes, *this);
    if (stream_ != nullptr) {
      endpoint_ = std::move(endpoint);
      endpoint_->request_begins();
      begin_on_stream(first);
      return;
    }
    error = errno;
    tried_.push_back(std::move(endpoint));
    means_.counters.upstream_failures.add(net::connect_failure_reason(error));
    may_be_ready = speaks_http2;
  }
  answer_without_connection(error);
}

upstream::StreamWishes Exchange::stream_wishes() const {
  upstream::StreamWishes wishes{
      .cluster = *cluster_, .question = {is_head_, offered_upgrade_}, .preface = proxy_header_};
  if (is_grpc_) wishes.call_idle = tunnel_idle();
  return wishes;
}

// A connection that carried others before may be dead: what goes out on it is kept while it is
// little. Before a connection is there all is kept, and so it is over HTTP/2, where nobody knows
// when a stream goes out.
void Exchange::begin_on_stream(const FirstPart* first) {
  const bool is_sent_now = stream_->is_open() && !stream_->speaks_http2();
  if (!is_sent_now) {
    if (first != nullptr) kept_.keep(first->head, first->body.text());
    if (stream_->is_open() && !send_kept()) answer_for_endpoint(503, reason::no_memory);
    return;
  }
  stage_ = Stage::requesting;
  // Another method's request is sent again only if nobody can have read it, which nobody knows yet.
  const bool may_be_sent_again =
      is_idempotent_ || request_.content_length.value_or(0) <= upstream::kReplayBytesMax;
  if (may_be_sent_again) kept_.keep_if_little(first->head, first->body.text());
  stream_->send({.head = first->head,
                 .body = first->body,
                 .is_chunked = request_chunked_,
                 .last = request_complete_,
                 .trailer = request_complete_ ? judged_request_trailer() : ""});
}

bool Exchange::send_kept() {
  return stream_->send({.head = kept_.head(),
                        .body = upstream::piece_of(kept_.body()),
                        .is_chunked = request_chunked_,
                        .last = request_complete_,
                        .trailer = request_complete_ ? judged_request_trailer() : ""});
}

// `error`: of the last connect, as errno has it; 0: there was nobody to connect to.
void Exchange::answer_without_connection(int error) {
  if (error == 0) {
    answer_for_endpoint(503, kBusy);
  } else {
    answer_for_endpoint(502, net::connect_failure_reason(error));
  }
}

void Exchange::detach(Use use) {
  endpoint_->request_ends();
  std::exchange(stream_, nullptr)->release(use);
}

void Exchange::on_stream_open() {
  stage_ = Stage::requesting;
  send_kept();
  // Nobody else had this connection, so a failure on it is no stale one: nothing is sent again, but
  // to another endpoint where the route asks for that.
  if (may_ask_twice()) {
    kept_.drop_unless_little();
  } else {
    kept_.drop();
  }
  hold_until_taken();
  watch_client();
  if (!request_complete_ && wants_request_body()) downstream_->want_request_body();
}

void Exchange::on_stream_failed(const upstream::Failure& failure,
                                upstream::RequestStream::Cause cause) {
  using Cause = upstream::RequestStream::Cause;
  // A response whose head was not sent yet can still be told as the endpoint's fault.
  if (std::exchange(response_, nullptr) != nullptr || holds_response()) status_ = 0;
  if (holds_response()) drop_response();
  if (cause == Cause::no_room && kept_.is_whole() && ++moves_ <= kMovesMax) {
    // Nobody has failed: it is only in the wrong place.
    detach(Use::broken);
    endpoint_.reset();
    try_endpoints();
    return;
  }
  const bool is_lost_call = cause == Cause::connection_lost && answers_call_;
  fail(failure, is_lost_call ? Ending::unavailable : Ending::broken_off);
}

upstream::Attempt Exchange::attempt_so_far() const {
  const bool is_noted = upstream::Cluster::was_tried(tried_, *endpoint_);
  return {
      .is_idempotent = is_idempotent_,
      .can_replay = kept_.is_whole(),
      .response_has_begun = stream_->response_has_begun(),
      .connection_was_reused = stream_->was_reused(),
      .was_left_unread = kept_.is_whole() && !is_idempotent_ && stream_->was_left_unread(),
      .was_replayed = was_replayed_,
      .has_untried_endpoint = cluster_->has_untried(tried_, endpoint_.get()),
      .has_budget = retrying_ || cluster_->may_retry(),
      .endpoints_tried = tried_.size() + (is_noted ? 0 : 1),
      .taken = means_.loop.now() - began_,
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
  response_ = nullptr;
  detach(Use::broken);
  means_.counters.upstream_retries.add();
  const bool is_noted = upstream::Cluster::was_tried(tried_, *endpoint_);
  if (!is_noted) tried_.push_back(endpoint_);
  endpoint_.reset();
  if (stage_ != Stage::connecting && !retrying_) retrying_ = upstream::Cluster::Retrying(cluster_);
  try_endpoints();
}

// What an endpoint is remembered for. Whether it connects is remembered by itself, and what it does
// to a connection that rested is no failure; nor is that it gave up on a client who owes it the
// rest of a body, or one such client could have it passed over by all others.
void Exchange::note_failure(const upstream::Failure& failure) {
  const bool had_reached_it =
      failure.retry != Retry::always && failure.retry != Retry::not_processed;
  if (failure.fault != Fault::upstream || !had_reached_it) return;
  const bool awaited_client =
      !request_complete_ && !stream_->response_has_begun() && unsent_request() == 0;
  if (awaited_client) return;
  cluster_->note_failure(*endpoint_, means_.loop.now());
}

// How often a request is begun anew without asking whether an endpoint has had it: no more often
// than its route has it tried at all.
unsigned Exchange::refusals_max() const {
  if (!next_upstream_ || next_upstream_->tries == 0) return kRefusalsMax;
  return static_cast<unsigned>(std::min<std::uint64_t>(kRefusalsMax, next_upstream_->tries - 1));
}

void Exchange::fail(const upstream::Failure& failure, Ending ending) {
  means_.counters.upstream_failures.add(failure.reason);
  upstream::Attempt attempt = attempt_so_far();
  // Each refusal is by another connection, and many may be about to close at a time.
  if (failure.retry == Retry::not_processed) attempt.was_replayed = ++refusals_ > refusals_max();
  // The client has nothing of an answer whose head cannot be read.
  const bool has_told_nothing = stage_ == Stage::requesting && interim_heads_ == 0;
  if (failure.kind == upstream::FailureKind::invalid_answer && has_told_nothing) {
    attempt.response_has_begun = false;
  }
  const upstream::Next next =
      choose_next(failure, attempt, next_upstream_ ? &*next_upstream_ : nullptr);
  if (next != upstream::Next::fresh_connection) note_failure(failure);
  if (next == upstream::Next::give_up && !attempt.has_budget) {
    means_.counters.upstream_retries_refused.add();
  }
  if (next == upstream::Next::other_endpoint) {
    ask_another();
    return;
  }
  if (next == upstream::Next::fresh_connection) stale_ = endpoint_;
  detach(Use::broken);
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
  means_.counters.upstream_retries.add();
  was_replayed_ = true;
  endpoint_.reset();
  try_endpoints();
}

// A client with a connection of its own to the endpoint would make UNAVAILABLE of its loss, which
// it may try again; a reset by us it takes for INTERNAL, which it may not.
void Exchange::end_as_unavailable(std::string_view reason) {
  constexpr int kUnavailable = 503;
  end_call(http2::grpc_status_of(kUnavailable), reason);
}

// Of an answer that has begun.
void Exchange::end_call(std::string_view grpc_status, std::string_view reason) {
  reason_ = reason;
  downstream_->send_trailer(
      {{.name = "grpc-status", .value = grpc_status}, {.name = "grpc-message", .value = reason}});
  if (stage_ != Stage::over) finish();
}

// ---- The time of a gRPC call. Its client and its server keep it, and are the first to know that
// it is over. Where neither says so a moment later, one of them is gone or does not keep it: then
// nobody waits for what the other may still say.

void Exchange::keep_deadline() {
  constexpr std::chrono::milliseconds kMoment{1'000};
  // Eight digits of hours are more than a clock can count, and nobody's time.
  constexpr std::chrono::hours kLongest{30 * 24};
  const auto timeout = http2::timeout_of(request_);
  if (!timeout || *timeout > kLongest) return;
  deadline_ = std::make_unique<net::Timer>(static_cast<net::TimerTarget&>(*this));
  means_.loop.arm(*deadline_, *timeout + kMoment);
}

void Exchange::end_at_deadline() {
  const bool can_be_told = stage_ == Stage::responding && answers_call_ && !holds_response();
  if (!can_be_told) {
    refuse(504, reason::call_deadline);
    return;
  }
  if (is_with_endpoint()) detach(Use::broken);
  end_call(http2::kDeadlineExceeded, reason::call_deadline);
}

bool Exchange::wants_request_body() const {
  if (is_asking_for_page()) return false;
  if (stage_ == Stage::gathering) return true;
  if (stage_ == Stage::guarded) return suspended_->awaits_body;
  return stream_ != nullptr && stage_ != Stage::connecting && stage_ != Stage::over &&
         stream_->unsent() <= means_.options.unsent_bytes_high;
}

void Exchange::on_request_body(const upstream::Piece& piece, bool last) {
  if (mirrored_ != nullptr) add_to_mirror(piece);
  pass_request_body(piece, last);
  if (mirrored_ != nullptr && last) send_mirror();
}

void Exchange::pass_request_body(const upstream::Piece& piece, bool last) {
  if (stage_ == Stage::over) return;
  request_bytes_ += piece.size;
  if (is_asking_for_page()) return;
  if (stage_ == Stage::tunnel) {  // what passes there is no body
    request_complete_ = last;
    stream_->send({.body = piece, .last = last});
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
  if (stage_ == Stage::gathering) {
    gather(piece.text(), last);
  } else if (stage_ == Stage::connecting) {
    kept_.add(piece.text());
  } else if (stream_ != nullptr) {  // whose response may be whole, and held
    if (stream_->is_out()) {
      kept_.add_if_little(piece.text());
    } else {
      kept_.add(piece.text());
    }
    stream_->send({.body = piece, .last = last, .trailer = last ? judged_request_trailer() : ""});
  }
  watch_client();
}

void Exchange::on_request_sent() {
  // Of many requests that wait for their answers, large heads are not kept for the few that are
  // refused.
  if (kept_.head().size() > upstream::kReplayBytesMax) kept_.drop();
  hold_until_taken();
  const bool wants_more = stage_ == Stage::tunnel ? !client_finished_ : !request_complete_;
  if (!wants_more) return;
  watch_client();
  downstream_->want_request_body();
}

// So much of the body came. A client that is too slow is let go of, unless the response has begun:
// then the two may be talking to each other. So may the two of a call from its beginning, and an
// endpoint that only listens says nothing before its end: messages may come now and then, but the
// whole has its time, and each silence (Http2Stream::has_stalled).
void Exchange::note_body(std::size_t bytes) {
  body_time_.note(means_.loop.now(), bytes);
  if (request_complete_ || stage_ == Stage::responding) return;
  const Timeouts& timeouts = means_.options.timeouts;
  const BodyTime::Limits limits{.grace = is_call() ? timeouts.body_total : timeouts.body_idle,
                                .total = timeouts.body_total};
  if (body_time_.is_too_slow(limits)) refuse(408, reason::request_body_too_slow);
}

// Its clock runs only while it is the one who is awaited: not while the endpoint has yet to take
// what came, for until then a client of HTTP/2 may have no window to send more.
void Exchange::watch_client() {
  if (request_complete_ || stage_ == Stage::over) return;
  const base::SteadyTime now = means_.loop.now();
  if (wants_request_body() && unsent_request() == 0) {
    body_time_.await(now);
  } else {
    body_time_.pause(now);
  }
}

void Exchange::on_downstream_drained() {
  const bool holds_more =
      response_guard_ != nullptr && response_guard_->state == ResponseGuard::State::lets_pass;
  if (holds_more) {
    send_held_response(false);
  } else if (stream_ != nullptr) {
    stream_->resume();
  }
}

}  // namespace proxy::session
