#include "proxy/upstream/http1_request_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "proxy/http/trailer.h"
#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/upstream/endpoint.h"
#include "proxy/upstream/keep_alive.h"

namespace proxy::upstream {
namespace {

constexpr Failure kClosedEarly{Fault::upstream, Retry::if_connection_was_reused, 502,
                               reason::closed_early};
constexpr Failure kStrayResponse{Fault::upstream, Retry::if_connection_was_reused, 502,
                                 reason::stray_response};
constexpr Failure kTruncated{Fault::upstream, Retry::never, 502, reason::truncated_response};

// Read with a head beside as much as is read of a body: a response that has just so much is taken,
// and sent, in one part.
constexpr std::size_t kUsualHeadBytes = 1u << 10;
// What a spent stream keeps of each of its texts.
constexpr std::size_t kKeptBytes = 1u << 10;

Failure malformed(http::Failure failure) {
  return {Fault::upstream, Retry::never, 502, http::response_reason_of(failure),
          FailureKind::invalid_answer};
}

}  // namespace

Http1RequestStream::Http1RequestStream(RequestStreams& maker)
    : maker_(maker),
      tools_(maker.tools()),
      parser_(tools_.limits),
      held_(tools_.counters.held.endpoint_input),
      trailer_(tools_.counters.held.endpoint_input) {}

bool Http1RequestStream::begin_on_idle(Endpoint& endpoint, const StreamWishes& wishes,
                                       RequestStream::User& user) {
  connection_ = endpoint.take_idle(*this);
  if (connection_ == nullptr) return false;
  begin(wishes, user);
  is_open_ = true;
  return true;
}

bool Http1RequestStream::begin_on_new(const std::shared_ptr<Endpoint>& endpoint,
                                      const StreamWishes& wishes, RequestStream::User& user) {
  connection_ =
      Connection::connect(tools_.loop, endpoint, *this, wishes.cluster.config().connect_timeout,
                          std::string(wishes.preface));
  if (connection_ == nullptr) return false;
  begin(wishes, user);
  return true;
}

void Http1RequestStream::begin(const StreamWishes& wishes, RequestStream::User& user) {
  user_ = &user;
  cluster_ = &wishes.cluster;
  question_ = wishes.question;
}

void Http1RequestStream::reset() {
  user_ = nullptr;
  cluster_ = nullptr;
  question_ = {};
  is_open_ = is_chunked_ = is_complete_ = false;
  head_.reset();
  parser_.reset();
  decoder_ = {};
  held_.clear(kKeptBytes);
  if (!trailer_.empty()) trailer_.take();
  flow_ = {};
  holds_unread_ = response_has_begun_ = has_final_head_ = is_tunnel_ = false;
  rest_ = Connection::kNotReusable;
}

std::size_t Http1RequestStream::kept_bytes() const {
  return sizeof *this + held_.capacity() + head_.fields.capacity() * sizeof(http::Field);
}

void Http1RequestStream::release(Use use) {
  auto rest = Connection::kNotReusable;
  if (use == Use::complete || (use == Use::unwanted && ends_with_what_is_here())) rest = rest_;
  Connection::release(std::move(connection_), rest);
  maker_.give_back(*this);
}

// ---- The request

void Http1RequestStream::on_upstream_connected() {
  is_open_ = true;
  user_->on_stream_open();
}

bool Http1RequestStream::send(const RequestPart& part) {
  if (is_tunnel_) {
    connection_->write(part.body.text());
    return true;
  }
  if (!part.head.empty()) is_chunked_ = part.is_chunked;
  is_complete_ = part.last;
  const std::string_view bytes = framed(part);
  if (!bytes.empty()) connection_->write(bytes);
  update_wait();
  return true;
}

// What is kept of a request lies as it is sent, unless chunks are to be made of it.
std::string_view Http1RequestStream::framed(const RequestPart& part) {
  const bool lies_behind_head =
      part.body.empty() ||
      (!part.head.empty() && part.head.data() + part.head.size() == part.body.begin);
  if (!is_chunked_ && lies_behind_head) {
    return {part.head.data(), part.head.size() + part.body.size};
  }
  return assemble(part.head, part.body, {is_chunked_, part.last, part.trailer}, tools_.gather);
}

std::optional<net::IoResult> Http1RequestStream::move_request(int socket, std::size_t size,
                                                              net::Pipes& pipes) {
  const auto taken = connection_->move_from(socket, size, pipes);
  update_wait();
  return taken;
}

void Http1RequestStream::on_upstream_drained() {
  update_wait();
  user_->on_request_sent();
}

// The endpoint's clock runs only while it is the one who is awaited.
void Http1RequestStream::update_wait() {
  using Waiting = Connection::Waiting;
  if (connection_ == nullptr || !is_open_) return;
  const config::Cluster& config = cluster_->config();
  const bool has_turns = !is_tunnel_;  // in a tunnel nobody owes the other an answer
  if (has_turns && connection_->unsent() > 0) {
    connection_->wait(Waiting::to_send, config.send_timeout);
  } else if (has_turns && is_complete_ && !has_input()) {
    connection_->wait(Waiting::to_read, config.read_timeout);
  } else {
    connection_->wait(Waiting::none, {});
  }
}

// ---- The response

void Http1RequestStream::resume() {
  if (!is_open_) return;
  if (has_input()) {
    read();
  } else {
    update_wait();
  }
}

void Http1RequestStream::read() {
  if (connection_ == nullptr || net::Loop::is_waiting_for_turn(*connection_)) return;
  char* const begin = tools_.area.begin();
  net::TurnBudget budget;
  while (connection_ != nullptr && (holds_unread_ || connection_->is_readable())) {
    const std::size_t movable = this->movable();
    const std::size_t room = user_->room_for_response(movable > 0);
    if (room == 0) break;
    if (budget.is_spent() || (flow_.is_bulk() && tools_.loop.is_late())) {
      tools_.counters.turns_spent.add();
      tools_.loop.resume_soon(*connection_);
      break;
    }
    if (movable > 0) {
      if (!move(std::min(movable, room), budget)) return;
      continue;
    }
    const std::size_t held = held_.size();
    if (held > 0) {
      std::memcpy(begin, held_.view().data(), held);
      held_.take();
    }
    if (std::exchange(holds_unread_, false)) {
      take(begin, begin + held, budget);
      continue;
    }
    const std::size_t most = net::Area::kReadBytes + (has_final_head_ ? 0 : kUsualHeadBytes);
    const net::IoResult got = connection_->read(begin + held, std::min(most, room), budget);
    if (got.kind == net::IoResult::Kind::would_block) {
      held_.assign({begin, held});
      break;
    }
    if (got.kind == net::IoResult::Kind::closed) return take_end_of_input();
    if (got.kind == net::IoResult::Kind::failed) {
      return fail(has_final_head_ ? kTruncated : kClosedEarly);
    }
    if (!response_has_begun_ && connection_->is_stray_answer()) {
      connection_->endpoint().on_unsolicited_bytes(tools_.loop.now());
      return fail(kStrayResponse);
    }
    response_has_begun_ = true;
    flow_.note_read(got.bytes);
    take(begin, begin + held + got.bytes, budget);
  }
  update_wait();
}

// Bodies with a Content-Length and tunnels, plain on both sides, while much of them comes at a
// time. A pipe is filled when nothing else waits for its socket, so the order of bytes is kept.
std::size_t Http1RequestStream::movable() const {
  if (!has_final_head_ || !connection_->is_plain()) return 0;
  const std::size_t most = flow_.movable(is_tunnel_ ? net::Flow::kEndless : decoder_.length_left());
  return most > 0 && user_->takes_moved_response() ? most : 0;
}

// False: nothing more is to be taken from this endpoint.
bool Http1RequestStream::move(std::size_t size, net::TurnBudget& budget) {
  const auto taken = user_->move_response(connection_->socket(), size);
  if (!taken) {
    budget.spend();
    flow_.stop();
    return true;
  }
  switch (connection_->note_taken(taken->kind)) {
    case net::IoResult::Kind::closed:
      take_end_of_input();
      return false;
    case net::IoResult::Kind::failed:
      fail(kTruncated);
      return false;
    case net::IoResult::Kind::would_block:
      budget.spend();
      return true;
    case net::IoResult::Kind::done:
      break;
  }
  budget.spend_moved(taken->bytes);
  flow_.note_moved(taken->bytes);
  if (!is_tunnel_) decoder_.skip(taken->bytes);
  return true;
}

void Http1RequestStream::take(char* begin, char* end, net::TurnBudget& budget) {
  if (is_tunnel_) {
    budget.spend(net::TurnBudget::Unit::chunk, 1);
    user_->on_response_body({begin, static_cast<std::size_t>(end - begin), 0, 0}, false);
    return;
  }
  const bool with_head = !has_final_head_;
  if (with_head && !take_head(begin, end)) return;
  take_body(begin, end, with_head, budget);
}

// Moves `begin` behind the head. False: there is no complete final head, or it was dealt with.
bool Http1RequestStream::take_head(char*& begin, char* end) {
  using Outcome = http1::ResponseParser::Outcome;
  for (;;) {
    const std::string_view input(begin, static_cast<std::size_t>(end - begin));
    const Outcome outcome = parser_.parse(input, question_, head_);
    if (outcome == Outcome::needs_more) {
      held_.assign(input);
      return false;
    }
    if (outcome == Outcome::failed) {
      fail(malformed(parser_.failure()));
      return false;
    }
    begin += parser_.head_bytes();
    if (!head_.is_interim()) break;
    user_->on_interim_head(head_, parser_.head_bytes());
    if (connection_ == nullptr) return false;
    parser_.reset();
    head_.reset();
  }
  behind_head_ = begin;
  end_of_input_ = end;
  user_->on_response_head(head_, false);
  behind_head_ = end_of_input_ = nullptr;
  if (connection_ == nullptr) return false;
  has_final_head_ = true;
  if (head_.framing == http::Framing::tunnel) {
    is_tunnel_ = true;
    user_->on_response_body(
        {begin, static_cast<std::size_t>(end - begin), tools_.area.room_before(begin), 0}, false);
    return false;
  }
  // Now, while its fields are still where they were read.
  if (head_.keep_alive) rest_ = rest_after_response();
  decoder_ = http1::BodyDecoder::for_response(head_);
  return true;
}

// How long its connection may rest, if all is well with it.
std::chrono::milliseconds Http1RequestStream::rest_after_response() const {
  const http::Field* const keep_alive = head_.find(http::FieldId::keep_alive);
  return keep_alive == nullptr ? Connection::kRestAsConfigured : rest_allowed_by(keep_alive->value);
}

// Of a response whose head is told and that nobody wants: whether that is all of it. At any other
// time nobody knows.
bool Http1RequestStream::ends_with_what_is_here() {
  if (behind_head_ == nullptr || !head_.keep_alive) return false;
  rest_ = rest_after_response();
  http1::BodyDecoder decoder = http1::BodyDecoder::for_response(head_);
  const Decoded body = decode_in_place(decoder, behind_head_, end_of_input_, 0, 0);
  return body.failure == http::Failure::none && decoder.is_done() &&
         behind_head_ + body.consumed == end_of_input_;
}

void Http1RequestStream::take_body(char* begin, char* end, bool with_head,
                                   net::TurnBudget& budget) {
  const Decoded decoded =
      decode_in_place(decoder_, begin, end, tools_.area.room_before(begin), net::Area::kTailroom);
  if (decoded.failure != http::Failure::none) return fail(malformed(decoded.failure));
  budget.spend(net::TurnBudget::Unit::chunk, decoded.pieces);
  const bool is_done = decoder_.is_done();
  if (!decoded.trailer.empty()) trailer_.append(decoded.trailer);
  const char* const rest = begin + decoded.consumed;
  if (!is_done && rest != end) {
    held_.assign({rest, static_cast<std::size_t>(end - rest)});
    holds_unread_ = true;
  }
  // Bytes that nobody asked for: whose answer would they be?
  if (is_done && rest != end) {
    connection_->endpoint().on_unsolicited_bytes(tools_.loop.now());
    rest_ = Connection::kNotReusable;
  }
  const bool has_trailer = is_done && !trailer_.empty();
  if (with_head || is_done || !decoded.piece.empty()) {
    user_->on_response_body(decoded.piece, is_done && !has_trailer);
  }
  if (!has_trailer || connection_ == nullptr) return;
  const std::string lines = trailer_.take();
  std::vector<http::Field> fields;
  http::read_trailer(lines, fields);
  user_->on_response_end(std::move(fields));
}

void Http1RequestStream::take_end_of_input() {
  if (is_tunnel_) return user_->on_response_body({}, true);
  if (!has_final_head_) return fail(kClosedEarly);
  // RFC 9112 §9.8: a body that ends with its connection is whole only if TLS says so, too.
  if (decoder_.on_end_of_input() != http::Failure::none || connection_->was_cut_off()) {
    return fail(kTruncated);
  }
  rest_ = Connection::kNotReusable;
  user_->on_response_body({}, true);
}

}  // namespace proxy::upstream
