#include "proxy/session/side_request.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include "proxy/http1/body_decoder.h"
#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/upstream/keep_alive.h"

namespace proxy::session {
namespace {

using upstream::Failure;
using upstream::FailureKind;
using upstream::Fault;
using upstream::Retry;

constexpr Failure kClosedEarly{Fault::upstream, Retry::if_connection_was_reused, 500,
                               reason::closed_early};
constexpr Failure kStrayResponse{Fault::upstream, Retry::if_connection_was_reused, 500,
                                 reason::stray_response};
constexpr Failure kTooManyInterim{Fault::upstream, Retry::never, 500,
                                  reason::too_many_interim_responses, FailureKind::invalid_answer};
constexpr unsigned kInterimHeadsMax = 16;  // as of a backend
// What is looked at of a body, so that its connection can be used again: a page that says no.
constexpr std::size_t kBodyBytesMax = 16u << 10;

Failure malformed(http::Failure failure) {
  return {Fault::upstream, Retry::never, 500, http::response_reason_of(failure),
          FailureKind::invalid_answer};
}

SideRequest::Trouble trouble_of(const Failure& failure) {
  using Trouble = SideRequest::Trouble;
  switch (failure.kind) {
    case FailureKind::timeout:
      return Trouble::timeout;
    case FailureKind::invalid_answer:
      return Trouble::malformed;
    case FailureKind::error:
      break;
  }
  return failure.retry == Retry::always ? Trouble::unreachable : Trouble::closed_early;
}

}  // namespace

SideRequest::SideRequest(const Means& means, std::shared_ptr<upstream::Cluster> cluster,
                         std::string_view method, const std::string& text, std::string preface,
                         Haste haste, Waiter& waiter)
    : means_(means),
      cluster_(std::move(cluster)),
      method_(method),
      haste_(haste),
      waiter_(&waiter),
      text_(means.counters.held.request_copies),
      preface_(std::move(preface)),
      held_answer_(means.counters.held.endpoint_input),
      parser_(means.response_limits) {
  text_.assign(text);
}

SideRequest::~SideRequest() {
  if (connection_ != nullptr) detach(upstream::Connection::kNotReusable);
}

SideRequest::Trouble SideRequest::begin() {
  const config::Cluster& config = cluster_->config();
  if (cluster_->is_empty()) return Trouble::no_endpoints;
  if (config.speaks_http2) return Trouble::speaks_http2;
  // One time for all of it: a server that sends a byte now and then has no more.
  means_.loop.arm(timer_, config.connect_timeout + config.read_timeout);
  endpoint_ = pick_endpoint();
  endpoint_->request_begins();
  connection_ = endpoint_->take_idle(*this);
  if (connection_ != nullptr) {
    connection_->write(text_.view());
  } else {
    endpoint_->request_ends();
    try_endpoints(std::exchange(endpoint_, nullptr));
  }
  is_beginning_ = false;
  return failed_;
}

std::shared_ptr<upstream::Endpoint> SideRequest::pick_endpoint() {
  return means_.reach.pick_endpoint(*cluster_, {tried_, stale_.get()});
}

void SideRequest::try_endpoints(std::shared_ptr<upstream::Endpoint> endpoint) {
  const bool has_room =
      haste_ == Haste::waited_for ? means_.reach.may_connect(*cluster_) : means_.reach.may_probe();
  if (!has_room) return give_up(Trouble::no_descriptors);
  if (endpoint == nullptr) endpoint = pick_endpoint();
  for (; endpoint != nullptr; endpoint = pick_endpoint()) {
    tried_.push_back(endpoint);
    connection_ = upstream::Connection::connect(means_.loop, endpoint, *this,
                                                cluster_->config().connect_timeout, preface_);
    if (connection_ != nullptr) {
      endpoint_ = std::move(endpoint);
      endpoint_->request_begins();
      return;
    }
    means_.counters.upstream_failures.add(net::connect_failure_reason(errno));
  }
  give_up(Trouble::unreachable);
}

void SideRequest::on_upstream_connected() {
  connection_->write(text_.view());
}

void SideRequest::on_upstream_failed(const Failure& failure) {
  fail(failure);
}

void SideRequest::on_timer(net::Timer&) {
  means_.counters.upstream_failures.add(reason::upstream_read_timeout);
  if (connection_ != nullptr) detach(upstream::Connection::kNotReusable);
  give_up(Trouble::timeout);
}

upstream::Attempt SideRequest::attempt_so_far() const {
  const bool is_idempotent = method_ != "POST" && method_ != "PATCH";
  return {
      .is_idempotent = is_idempotent,
      .can_replay = true,
      .response_has_begun = has_answer_begun_,
      .connection_was_reused = connection_->was_reused(),
      .was_left_unread = !is_idempotent && connection_->was_left_unread(),
      .was_replayed = was_replayed_,
      .has_untried_endpoint = cluster_->has_untried(tried_, endpoint_.get()),
  };
}

void SideRequest::fail(const Failure& failure) {
  means_.counters.upstream_failures.add(failure.reason);
  const upstream::Next next = upstream::choose_next(failure, attempt_so_far());
  const bool is_stale = next == upstream::Next::fresh_connection;
  if (is_stale) stale_ = endpoint_;
  detach(upstream::Connection::kNotReusable);
  if (next == upstream::Next::give_up) return give_up(trouble_of(failure));
  means_.counters.upstream_retries.add();
  was_replayed_ = was_replayed_ || is_stale;
  endpoint_.reset();
  has_answer_begun_ = false;
  try_endpoints(nullptr);
}

// One read an event: what is left has its turn after others.
void SideRequest::on_upstream_readable() {
  if (!connection_->is_readable()) return;
  char* const begin = means_.buffers.upstream.begin();
  const std::size_t held = held_answer_.size();
  if (held > 0) std::memcpy(begin, held_answer_.view().data(), held);
  net::TurnBudget budget;
  const net::IoResult got = connection_->read(begin + held, Buffers::kReadBytes, budget);
  if (got.kind == net::IoResult::Kind::would_block) return;
  if (got.kind != net::IoResult::Kind::done) return fail(kClosedEarly);
  if (!has_answer_begun_ && is_stray_answer()) {
    endpoint_->on_unsolicited_bytes(means_.loop.now());
    return fail(kStrayResponse);
  }
  has_answer_begun_ = true;
  take(begin, begin + held + got.bytes);
}

// On a connection that others had before: what came before the question can have arrived is no
// answer to it, and would let in whoever asks next. That is worth a system call each time.
bool SideRequest::is_stray_answer() {
  return connection_->was_reused() && !connection_->may_be_answered();
}

void SideRequest::take(char* begin, char* end) {
  using Outcome = http1::ResponseParser::Outcome;
  for (;;) {
    const std::string_view input(begin, static_cast<std::size_t>(end - begin));
    const Outcome outcome = parser_.parse(input, {method_ == "HEAD", {}}, head_);
    if (outcome == Outcome::failed) return fail(malformed(parser_.failure()));
    if (outcome == Outcome::needs_more) {
      held_answer_.assign(input);
      // An edge will tell of more, unless it is here already.
      if (!connection_->is_readable()) return;
      means_.counters.turns_spent.add();
      means_.loop.resume_soon(*connection_);
      return;
    }
    begin += parser_.head_bytes();
    if (!head_.is_interim()) break;
    if (++interim_heads_ > kInterimHeadsMax) return fail(kTooManyInterim);
    parser_.reset();
    head_.reset();
  }
  const bool can_be_reused =
      head_.keep_alive && is_whole({begin, static_cast<std::size_t>(end - begin)});
  const http::Field* const keep_alive = head_.find(http::FieldId::keep_alive);
  const auto rest_max = keep_alive == nullptr ? upstream::Connection::kRestAsConfigured
                                              : upstream::rest_allowed_by(keep_alive->value);
  detach(can_be_reused ? rest_max : upstream::Connection::kNotReusable);
  timer_.disarm();
  waiter_->on_answer_head(head_);
}

// Whether the answer ends with these bytes. Else whatever follows would be taken for the answer to
// the next question, by which somebody else would be let in.
bool SideRequest::is_whole(std::string_view body) {
  if (body.size() > kBodyBytesMax) return false;
  http1::BodyDecoder decoder = http1::BodyDecoder::for_response(head_);
  while (!body.empty() && !decoder.is_done()) {
    const http1::BodyDecoder::Piece piece = decoder.next(body);
    if (piece.failure != http::Failure::none) return false;
    body.remove_prefix(piece.consumed);
  }
  if (!body.empty()) endpoint_->on_unsolicited_bytes(means_.loop.now());
  return decoder.is_done() && body.empty();
}

void SideRequest::detach(std::chrono::milliseconds rest_max) {
  endpoint_->request_ends();
  upstream::Connection::release(std::move(connection_), rest_max);
}

void SideRequest::give_up(Trouble trouble) {
  timer_.disarm();
  if (is_beginning_) {
    failed_ = trouble;
    return;
  }
  waiter_->on_no_answer(trouble);
}

}  // namespace proxy::session
