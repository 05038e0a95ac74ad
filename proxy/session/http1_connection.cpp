#include "proxy/session/http1_connection.h"

#include <cstring>

#include "proxy/http/trailer.h"
#include "proxy/http1/head_writer.h"
#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/client_queues.h"

namespace proxy::session {
namespace {

// A head and what comes with it at once. Requests that come before their turn are held, so no more
// of them is read at a time.
constexpr std::size_t kRequestReadBytes = 16u << 10;

}  // namespace

Http1Connection::Http1Connection(const Means& means, ClientConnection& connection)
    : means_(means),
      connection_(connection),
      parser_(means.options.limits),
      held_bytes_(means.counters.held.client_input) {}

Http1Connection::~Http1Connection() = default;

// ---- Input

// The one rule that bounds what a client can make us owe it: it is read, and a request of it is
// begun, only while what it has not taken yet is below the mark. A request that is under way adds
// one read of its response to that at most (Exchange::read_response), or one answer.
bool Http1Connection::owes_too_much() const {
  return connection_.channel().unsent() > means_.options.unsent_bytes_high;
}

bool Http1Connection::wants_input() const {
  switch (state_) {
    case State::idle:
    case State::head:
      return !owes_too_much();
    case State::body:
    case State::tunnel:
      // A pipe is filled when nothing waits before it.
      return exchange_->wants_request_body() &&
             (movable_input() == 0 || exchange_->unsent_request() == 0);
    case State::response:
    case State::finished:
      return false;
  }
  return false;
}

void Http1Connection::on_readable() {
  proceed();
}

// Uses what is held, then what comes, for a turn's worth at most.
void Http1Connection::proceed() {
  if (processing_) return;
  net::TurnBudget budget;
  while (wants_input() && (held_.is_new() || connection_.channel().is_readable())) {
    const bool is_bulk = passes_on() && input_flow_.is_bulk();
    if (budget.is_spent() || (is_bulk && means_.loop.is_late())) {
      means_.resume_soon(connection_);
      return;
    }
    if (held_.is_new()) {
      use_held(budget);
    } else if (const std::size_t movable = movable_input(); movable > 0) {
      if (!move_input(movable, budget)) return;
    } else if (!read_some(budget)) {
      return;
    }
  }
  if (state_ == State::response && connection_.channel().peer_has_closed()) note_end_of_client();
  if (draining_ && had_request_) leave_if_idle();
}

// An end that is on its way means that the client is gone, and its endpoint is to hear of it, as it
// does of nginx. TLS has no half-open life at all.
void Http1Connection::note_end_of_client() {
  if (connection_.client().secure) {
    connection_.close(reason::client_closed);
  } else if (unsent() == 0 && !waits_half_closed_) {
    waits_half_closed_ = true;
    connection_.arm(means_.options.timeouts.half_closed);
  }
}

// What came before its turn: pipelined requests, or a tunnel's first bytes.
void Http1Connection::use_held(net::TurnBudget& budget) {
  char* const begin = means_.buffers.client.begin();
  const std::string_view slice = held_.slice();
  std::memcpy(begin, slice.data(), slice.size());
  const char* const rest = process(begin, begin + slice.size(), budget);
  held_.use(static_cast<std::size_t>(rest - begin), needs_more_);
  held_bytes_.set(held_.size());
}

// False: nothing more is to be read now.
bool Http1Connection::read_some(net::TurnBudget& budget) {
  Buffers::Area& area = means_.buffers.client;
  char* const begin = area.begin();
  const std::size_t held = held_.size();
  const std::size_t most = passes_on() ? Buffers::kReadBytes : kRequestReadBytes;
  const net::IoResult got = connection_.read(begin + held, area.capacity() - held, budget, most);
  switch (got.kind) {
    case net::IoResult::Kind::would_block:  // TLS: what came may say nothing
      return true;
    case net::IoResult::Kind::failed:
      connection_.close(reason::client_reset);
      return false;
    case net::IoResult::Kind::closed:
      on_end_of_input();
      return false;
    case net::IoResult::Kind::done:
      break;
  }
  input_flow_.note_read(got.bytes);
  if (held > 0) std::memcpy(begin, held_.all().data(), held);
  char* const end = begin + held + got.bytes;
  held_.clear();
  const char* const rest = process(begin, end, budget);
  held_.assign({rest, static_cast<std::size_t>(end - rest)}, needs_more_);
  held_bytes_.set(held_.size());
  return true;
}

std::size_t Http1Connection::movable_input() const {
  if (!passes_on() || !held_.empty() || !connection_.channel().is_plain() ||
      !exchange_->takes_moved_request()) {
    return 0;
  }
  return input_flow_.movable(state_ == State::tunnel ? net::Flow::kEndless : body_.length_left());
}

// False: nothing more is to be read now.
bool Http1Connection::move_input(std::size_t size, net::TurnBudget& budget) {
  channel::Channel& channel = connection_.channel();
  const auto taken = exchange_->move_request(channel.fd(), size);
  if (!taken) {
    input_flow_.stop();
    return true;
  }
  channel.note_taken(taken->kind);
  switch (taken->kind) {
    case net::IoResult::Kind::closed:
      on_end_of_input();
      return false;
    case net::IoResult::Kind::failed:
      connection_.close(reason::client_reset);
      return false;
    case net::IoResult::Kind::would_block:
      return true;
    case net::IoResult::Kind::done:
      break;
  }
  budget.spend_moved(taken->bytes);
  input_flow_.note_moved(taken->bytes);
  if (state_ == State::tunnel) {
    connection_.arm(tunnel_idle());
  } else {
    body_.skip(taken->bytes);
    body_came_ = true;
  }
  return true;
}

// Returns where it stopped: what is left waits for its turn, or (needs_more_) for more.
char* Http1Connection::process(char* begin, char* end, net::TurnBudget& budget) {
  processing_ = true;
  needs_more_ = false;
  bool decoded_some = false;
  while (begin != end) {
    char* const before = begin;
    switch (state_) {
      case State::idle:
      case State::head:
        if (budget.is_spent() || owes_too_much()) break;
        begin = process_head(begin, end);
        budget.spend();
        needs_more_ = begin == before;
        break;
      case State::body:
        // What was read is not kept for later without need.
        if (budget.is_spent() && decoded_some) break;
        begin = process_body(begin, end, budget);
        decoded_some = true;
        needs_more_ = begin == before;
        break;
      case State::tunnel:
        budget.spend(net::TurnBudget::Unit::chunk, 1);
        exchange_->on_request_body({begin, static_cast<std::size_t>(end - begin), 0, 0}, false);
        connection_.arm(tunnel_idle());
        begin = end;
        break;
      case State::response:
        break;
      case State::finished:
        begin = end;
        break;
    }
    if (begin == before) break;
  }
  processing_ = false;
  return begin;
}

// Returns where to go on; the same place when more input is needed.
char* Http1Connection::process_head(char* begin, char* end) {
  using Outcome = http1::RequestParser::Outcome;
  if (state_ == State::idle) {
    state_ = State::head;
    had_request_ = true;
    connection_.end_rest();
    exchange_ = means_.exchanges.take();
    arm_for_head();
  }
  const std::string_view input(begin, static_cast<std::size_t>(end - begin));
  switch (parser_.parse(input, exchange_->request())) {
    case Outcome::needs_more:
      return begin;
    case Outcome::failed:
      refuse_head();
      return end;
    case Outcome::complete:
      break;
  }
  char* rest = begin + parser_.head_bytes();
  begin_exchange(rest, end, rest);
  return rest;
}

void Http1Connection::begin_exchange(char* head_end, char* end, char*& rest) {
  const http::RequestHead& head = exchange_->request();
  client_keeps_alive_ = head.keep_alive;
  minor_version_ = head.minor_version;
  takes_trailers_ = head.takes_trailers;
  body_ = http1::BodyDecoder::for_request(head);
  upstream::Decoded first;
  first.piece.begin = head_end;
  if (!body_.is_done()) {
    first =
        upstream::decode_in_place(body_, head_end, end, means_.buffers.client.room_before(head_end),
                                  Buffers::Area::kTailroom);
  }
  rest = head_end + first.consumed;
  if (first.failure != http::Failure::none) {
    rest = end;
    exchange_->refuse_unread(connection_.client(), Exchange::Protocol::http1_1, *this,
                             http::status_of(first.failure), http::reason_of(first.failure));
    return;
  }
  if (!first.trailer.empty()) exchange_->add_request_trailer(first.trailer);
  const bool complete = body_.is_done();
  state_ = complete ? State::response : State::body;
  if (complete) {
    connection_.disarm();
  } else {
    begin_body_period();
  }
  exchange_->begin(connection_.client(),
                   minor_version_ == 0 ? Exchange::Protocol::http1_0 : Exchange::Protocol::http1_1,
                   *this, first.piece, complete);
}

char* Http1Connection::process_body(char* begin, char* end, net::TurnBudget& budget) {
  const upstream::Decoded decoded = upstream::decode_in_place(
      body_, begin, end, means_.buffers.client.room_before(begin), Buffers::Area::kTailroom);
  budget.spend(net::TurnBudget::Unit::chunk, decoded.pieces);
  if (decoded.failure != http::Failure::none) {
    exchange_->refuse(http::status_of(decoded.failure), http::reason_of(decoded.failure));
    return end;
  }
  if (!decoded.trailer.empty()) exchange_->add_request_trailer(decoded.trailer);
  const bool complete = body_.is_done();
  if (complete) {
    state_ = State::response;
    connection_.disarm();
    watch_sending();
  } else {
    body_came_ = true;
  }
  exchange_->on_request_body(decoded.piece, complete);
  return begin + decoded.consumed;
}

void Http1Connection::refuse_head() {
  const http::Failure failure = parser_.failure();
  parser_.describe_unread(exchange_->request());
  state_ = State::body;  // an unread rest: the connection ends after the answer
  exchange_->refuse_unread(connection_.client(), Exchange::Protocol::http1_1, *this,
                           http::status_of(failure), http::reason_of(failure));
}

// What is known of the head points to where it was read, and others have read there since.
void Http1Connection::recall_head() {
  char* const begin = means_.buffers.client.begin();
  std::memcpy(begin, held_.all().data(), held_.size());
  parser_.parse({begin, held_.size()}, exchange_->request());
  parser_.describe_unread(exchange_->request());
}

void Http1Connection::on_end_of_input() {
  switch (state_) {
    case State::idle:
      // What it asked for before is still its own.
      if (unsent() > 0 && !connection_.client().secure) {
        state_ = State::finished;
        connection_.linger();
        return;
      }
      [[fallthrough]];
    case State::head:
    case State::body:
      connection_.close(reason::client_closed);
      return;
    case State::tunnel:
      input_ended_ = true;
      exchange_->on_client_finished();
      return;
    case State::response:
    case State::finished:
      return;
  }
}

void Http1Connection::want_request_body() {
  if (connection_.state() != ClientConnection::State::open) return;
  if (state_ == State::body) begin_body_period();  // it was the endpoint who was awaited
  proceed();
}

// ---- Output

void Http1Connection::send_continue() {
  connection_.write(http1::kContinue);
}

void Http1Connection::send_interim(const http::ResponseHead& head) {
  if (minor_version_ == 0) return;  // RFC 9110 §15.2: never to an HTTP/1.0 client
  const http1::Delivery delivery{};
  std::string& out = means_.buffers.head;
  const std::size_t bound = http1::response_head_bound(head, delivery);
  if (out.size() < bound) out.resize(bound);
  connection_.write({out.data(), http1::write_response_head(head, delivery, out)});
}

bool Http1Connection::may_keep_alive() const {
  return client_keeps_alive_ && !draining_ && !means_.standing.announces_drain;
}

void Http1Connection::send_head(const http::ResponseHead& head, const upstream::Piece& piece,
                                bool last) {
  http1::Delivery delivery;
  delivery.framing = http1::downstream_framing(head, minor_version_);
  // After an answer that did not wait for the whole request, what is left of that is not read.
  delivery.keep_alive = may_keep_alive() && state_ == State::response &&
                        delivery.framing != http::Framing::until_close;
  delivery.client_minor_version = minor_version_;
  delivery.date = means_.date.now();
  delivery.passes_trailer = takes_trailers_ && delivery.framing == http::Framing::chunked;
  keeps_alive_ = delivery.keep_alive;
  response_chunked_ = delivery.framing == http::Framing::chunked;
  if (delivery.framing == http::Framing::tunnel) {
    state_ = State::tunnel;
    connection_.arm(tunnel_idle());
  }
  std::string& out = means_.buffers.head;
  const std::size_t bound = http1::response_head_bound(head, delivery);
  if (out.size() < bound) out.resize(bound);
  const std::string_view text(out.data(), http1::write_response_head(head, delivery, out));
  connection_.write(
      upstream::assemble(text, piece, {response_chunked_, last}, means_.buffers.gather));
  watch_sending();
}

// Once the request was read whole, the timer is for a client that does not take its response.
void Http1Connection::watch_sending() {
  if (state_ != State::response || connection_.channel().unsent() == 0) return;
  if (connection_.is_armed() && !waits_half_closed_) return;
  waits_half_closed_ = false;
  connection_.watch_sending(means_.options.timeouts.body_idle);
}

void Http1Connection::send_body(const upstream::Piece& piece, bool last) {
  const std::string_view bytes =
      upstream::assemble({}, piece, {response_chunked_, last}, means_.buffers.gather);
  if (!bytes.empty()) connection_.write(bytes);
  arm_after_sending();
}

void Http1Connection::send_trailer(const std::vector<http::Field>& trailer) {
  if (!response_chunked_ || !takes_trailers_) {
    send_body({}, true);
    return;
  }
  std::string& out = means_.buffers.gather;
  out.assign(http1::kLastChunkHead);
  http::write_trailer(trailer, out);
  out.append("\r\n");
  connection_.write(out);
  arm_after_sending();
}

bool Http1Connection::takes_moved_body() const {
  return !response_chunked_ && connection_.channel().is_plain() &&
         connection_.state() == ClientConnection::State::open;
}

std::optional<net::IoResult> Http1Connection::move_body(int socket, std::size_t size) {
  const auto moved = connection_.move_from(socket, size);
  if (!moved) return std::nullopt;
  if (moved->broken) means_.clients.close_soon(connection_);
  if (moved->taken.bytes > 0) arm_after_sending();
  return moved->taken;
}

// Its exchange may just have ended.
std::chrono::milliseconds Http1Connection::tunnel_idle() const {
  return exchange_ == nullptr ? means_.options.timeouts.tunnel_idle : exchange_->tunnel_idle();
}

void Http1Connection::arm_after_sending() {
  if (state_ == State::tunnel) {
    connection_.arm(tunnel_idle());
  } else {
    watch_sending();
  }
}

void Http1Connection::send_answer(const http::Answer& answer) {
  http::Answer framed = answer;
  // What is left of the request cannot be told from the next one, so it is not read at all.
  framed.keep_alive = answer.keep_alive && may_keep_alive() && state_ == State::response;
  keeps_alive_ = framed.keep_alive;
  std::string& out = means_.buffers.head;
  const std::size_t bound = http1::answer_bound(framed);
  if (out.size() < bound) out.resize(bound);
  connection_.write({out.data(), http1::write_answer(framed, out)});
}

void Http1Connection::break_off() {
  keeps_alive_ = false;
  state_ = State::finished;
  means_.clients.close_soon(connection_);
}

std::size_t Http1Connection::unsent() const {
  return connection_.channel().unsent();
}

void Http1Connection::on_drained() {
  if (state_ == State::response) connection_.disarm();
  // Before the first request it was the handshake's end that waited.
  if (state_ == State::idle && had_request_) {
    connection_.begin_rest(true);
    arm_between_requests();
  }
  if (exchange_ != nullptr) exchange_->on_downstream_drained();
}

// ---- From one exchange to the next

void Http1Connection::on_exchange_over() {
  means_.exchanges.give_back(std::move(exchange_));
  if (state_ == State::finished) return;
  if (state_ != State::response || !keeps_alive_) {
    state_ = State::finished;
    connection_.linger();
    return;
  }
  state_ = State::idle;
  waits_half_closed_ = false;
  parser_.reset();
  connection_.begin_rest(true);
  arm_between_requests();
  proceed();
}

// A client that has yet to take its last response is not asked for its next request.
void Http1Connection::arm_between_requests() {
  const Timeouts& timeouts = means_.options.timeouts;
  if (unsent() > 0) {
    connection_.watch_sending(timeouts.body_idle);
  } else {
    connection_.arm(timeouts.keep_alive);
  }
}

void Http1Connection::begin_body_period() {
  body_came_ = false;
  connection_.arm(means_.options.timeouts.body_idle);
}

// A client that sends nothing because the endpoint takes nothing, or because it is busy reading
// what has been answered already, is not late: it gets its time again. One that sends too little is
// BodyTime's affair, which knows whether the endpoint has begun to answer.
bool Http1Connection::has_body_come_to_rest() {
  const std::chrono::milliseconds limit = means_.options.timeouts.body_idle;
  if (unsent() > 0) return connection_.has_stalled(limit);
  if (wants_input() && !body_came_) return true;
  begin_body_period();
  return false;
}

void Http1Connection::on_timeout() {
  const Timeouts& timeouts = means_.options.timeouts;
  switch (state_) {
    case State::idle:
      if (unsent() > 0 && !draining_) {
        if (connection_.has_stalled(timeouts.body_idle)) connection_.close_stalled();
        return;
      }
      if (!had_request_ && !draining_) connection_.note_silence();
      connection_.leave();
      return;
    case State::head:
      recall_head();
      state_ = State::body;
      exchange_->refuse_unread(connection_.client(), Exchange::Protocol::http1_1, *this, 408,
                               reason::request_header_timeout);
      return;
    case State::body:
      if (!has_body_come_to_rest()) return;
      exchange_->refuse(408, reason::request_body_timeout);
      return;
    case State::response:
      if (waits_half_closed_) {
        connection_.close(reason::client_closed);
        return;
      }
      if (!connection_.has_stalled(timeouts.body_idle)) return;
      connection_.close_stalled();
      return;
    case State::tunnel:
      if (unsent() > 0 && !connection_.has_stalled(tunnel_idle())) return;
      connection_.close(reason::tunnel_idle);
      return;
    case State::finished:
      connection_.close(reason::client_closed);
      return;
  }
}

void Http1Connection::on_closed(const char* reason) {
  state_ = State::finished;
  if (exchange_ == nullptr) return;
  exchange_->abandon(reason);
  means_.exchanges.give_back(std::move(exchange_));
}

void Http1Connection::begin_drain() {
  draining_ = true;
  if (state_ != State::idle && state_ != State::head) return;
  // A request may have come that no event has told of yet: it is still served.
  connection_.channel().note({.readable = true});
  proceed();
  const bool awaits_head = state_ == State::head || (state_ == State::idle && !had_request_);
  if (awaits_head && connection_.state() == ClientConnection::State::open) arm_for_head();
}

// Whoever has begun a request, or has yet to begin the first, when we are to stop holds nobody up.
void Http1Connection::arm_for_head() {
  connection_.arm(draining_ ? ClientConnection::kFirstRequestAtDrain
                            : means_.options.timeouts.request_header);
}

// What came already is still served, and its answer says that it was the last.
void Http1Connection::leave_if_idle() {
  if (state_ == State::idle && !held_.is_new() &&
      connection_.state() == ClientConnection::State::open) {
    connection_.leave();
  }
}

}  // namespace proxy::session
