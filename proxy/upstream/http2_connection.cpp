#include "proxy/upstream/http2_connection.h"

#include <array>
#include <cassert>
#include <utility>

#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/upstream/endpoint.h"

namespace proxy::upstream {
namespace {

using End = http2::ClientStream::End;

constexpr Failure kRefused{Fault::upstream, Retry::not_processed, 502,
                           reason::upstream_refused_stream};
constexpr Failure kReset{Fault::upstream, Retry::never, 502, reason::upstream_reset_stream};
constexpr Failure kBroken{Fault::upstream, Retry::never, 502, reason::upstream_http2_error};
constexpr Failure kFlooded{Fault::upstream, Retry::never, 502, reason::upstream_http2_flood};
constexpr Failure kTooLarge{Fault::upstream, Retry::never, 502, reason::response_head_too_large};
constexpr Failure kClosed{Fault::upstream, Retry::if_connection_was_reused, 502,
                          reason::closed_early};

// What one read takes.
constexpr std::size_t kReadBytes = 16u << 10;
// What is sent in one go; the rest waits for the next turn.
constexpr std::size_t kSendBytesMax = 128u << 10;
// While so much waits for the endpoint, nothing more is made ready for it.
constexpr std::size_t kUnsentHigh = 64u << 10;
// What out_ keeps for the next time.
constexpr std::size_t kKeptBytes = 16u << 10;

}  // namespace

std::unique_ptr<Http2Connection> Http2Connection::connect(net::Loop& loop,
                                                          const std::shared_ptr<Endpoint>& endpoint,
                                                          const Times& times) {
  std::unique_ptr<Http2Connection> made(new Http2Connection(loop, *endpoint, times));
  made->session_ = http2::ClientSession::create({.streams_max = endpoint->streams_max()}, *made);
  if (made->session_ == nullptr) return nullptr;
  made->connection_ = Connection::connect(loop, endpoint, *made, times.connect);
  if (made->connection_ == nullptr) return nullptr;
  return made;
}

Http2Connection::Http2Connection(net::Loop& loop, Endpoint& endpoint, const Times& times)
    : loop_(loop),
      endpoint_(endpoint),
      times_(times),
      held_(endpoint.counters().held.endpoint_output) {}

Http2Connection::~Http2Connection() {
  net::Loop::forget_turn(*this);
}

Failure Http2Connection::failure_of(End end) const {
  switch (end) {
    case End::not_processed:
      return kRefused;
    case End::no_room:
      return failure_ && failure_->retry == Retry::always ? *failure_ : kRefused;
    case End::reset:
      return kReset;
    case End::broken:
      return kBroken;
    case End::too_large:
      return kTooLarge;
    case End::connection_lost:
      break;
  }
  return failure_.value_or(kClosed);
}

void Http2Connection::retire() {
  is_retired_ = true;
  if (is_idle()) leave();
}

// ---- Events

void Http2Connection::on_upstream_connected() {
  is_established_ = true;
  send();
}

void Http2Connection::on_upstream_readable() {
  is_working_ = true;
  net::TurnBudget budget;
  while (connection_ != nullptr && connection_->is_readable()) {
    if (budget.is_spent() || (input_flow_.is_bulk() && loop_.is_late())) {
      endpoint_.counters().turns_spent.add();
      loop_.resume_soon(*connection_);
      break;
    }
    std::array<char, kReadBytes> area;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const net::IoResult got = connection_->read(area.data(), area.size(), budget);
    if (got.kind == net::IoResult::Kind::would_block) break;
    if (got.kind != net::IoResult::Kind::done) {
      lose(kClosed);
      return;
    }
    input_flow_.note_read(got.bytes);
    was_used_ = true;
    is_in_doubt_ = false;
    connection_->note_heard();
    std::size_t frames = 0;
    const bool is_sound = session_->receive({area.data(), got.bytes}, frames);
    budget.spend(net::TurnBudget::Unit::http2_frame, frames);
    if (!is_sound) {
      give_up();
      return;
    }
    if (const auto allowed = session_->streams_allowed()) endpoint_.note_streams_allowed(*allowed);
  }
  is_working_ = false;
  if (connection_ != nullptr) on_output();
}

void Http2Connection::on_upstream_failed(const Failure& failure) {
  if (is_established_ && session_->stream_count() == 0) {
    leave();  // it was silent for long enough
  } else {
    lose(failure);
  }
}

void Http2Connection::on_resumed() {
  if (is_established_ && connection_ != nullptr) send();
}

// ---- Sending

void Http2Connection::send() {
  if (connection_->unsent() > kUnsentHigh) return;  // on_upstream_drained() goes on
  is_working_ = true;
  out_.clear();
  const bool is_sound = session_->send(out_, kSendBytesMax);
  if (!out_.empty()) connection_->write(out_);
  if (out_.capacity() > kKeptBytes) std::string().swap(out_);
  session_->tell_sent();
  held_.set(session_->bodies_queued());
  if (!is_sound || session_->is_over()) {
    lose(kBroken);
    return;
  }
  is_working_ = false;
  settle();
}

// What is awaited now.
void Http2Connection::settle() {
  using Waiting = Connection::Waiting;
  const bool is_empty = session_->stream_count() == 0;
  if (is_empty && is_leaving()) {
    leave();
    return;
  }
  if (connection_->unsent() > 0) {
    connection_->wait(Waiting::to_send, times_.send);
  } else if (is_empty) {
    connection_->wait(Waiting::to_read, times_.idle);
  } else {
    connection_->wait(Waiting::none, {});
  }
  if (session_->wants_to_send() && connection_->unsent() <= kUnsentHigh) on_output();
}

// It is of no more use to anybody.
void Http2Connection::leave() {
  session_->say_goodbye();
  send_last();
  lose(kClosed);
}

// What the endpoint sends is not to be borne.
void Http2Connection::give_up() {
  if (session_->was_flooded()) send_last();
  lose(session_->was_flooded() ? kFlooded : kBroken);
}

void Http2Connection::send_last() {
  std::string goodbye;
  if (session_->send(goodbye, kSendBytesMax) && is_established_) connection_->write(goodbye);
}

// It is over: its streams are told why, and it is destroyed when nobody is in it any more.
void Http2Connection::lose(const Failure& failure) {
  if (connection_ == nullptr) return;
  is_working_ = true;
  failure_ = failure;
  std::unique_ptr<Http2Connection> self = endpoint_.take(*this);
  Connection::close(std::move(connection_));
  held_.set(0);
  session_->end_all(End::connection_lost);
  loop_.dispose(std::move(self));
}

}  // namespace proxy::upstream
