#include "proxy/upstream/http2_request_stream.h"

#include <algorithm>

#include "proxy/upstream/http2_connection.h"

namespace proxy::upstream {
Http2RequestStream::Http2RequestStream(RequestStreams& maker)
    : maker_(maker), tools_(maker.tools()), parser_(tools_.limits) {}

void Http2RequestStream::begin(Http2Connection& carrier, const StreamWishes& wishes,
                               RequestStream::User& user) {
  carrier_ = &carrier;
  was_reused_ = carrier.was_used();
  user_ = &user;
  cluster_ = &wishes.cluster;
  question_ = {.head_method = wishes.question.head_method};
  call_idle_ = wishes.call_idle;
}

void Http2RequestStream::release(Use /*use*/) {
  timer_.disarm();
  stream_.reset();
  carrier_ = nullptr;
  maker_.give_back(*this);
}

void Http2RequestStream::reset() {
  user_ = nullptr;
  cluster_ = nullptr;
  question_ = {};
  head_.reset();
  parser_.reset();
  was_reused_ = is_complete_ = response_has_begun_ = has_final_head_ = awaits_sending_ = false;
}

std::size_t Http2RequestStream::kept_bytes() const {
  return sizeof *this + head_.fields.capacity() * sizeof(http::Field);
}

// ---- The request

bool Http2RequestStream::send(const RequestPart& part) {
  is_complete_ = part.last;
  if (part.head.empty()) {
    append(part);
  } else {
    const bool with_body = !part.last || !part.body.empty() || !part.trailer.empty();
    stream_.emplace(static_cast<http2::ClientStream::User&>(*this));
    const auto& fields = tools_.fields.of(part.head, cluster_->config().tls ? "https" : "http");
    if (!carrier_->begin(*stream_, fields, with_body)) return false;
    if (with_body) append(part);
  }
  update_wait();
  return true;
}

void Http2RequestStream::append(const RequestPart& part) {
  if (part.last && !part.trailer.empty()) {
    stream_->finish(part.body.text(), tools_.fields.of_trailer(part.trailer));
  } else {
    stream_->append(part.body.text(), part.last);
  }
}

void Http2RequestStream::on_request_sent() {
  update_wait();
  user_->on_request_sent();
}

// ---- The response

void Http2RequestStream::on_response_head(std::string_view text, bool last) {
  using Outcome = http1::ResponseParser::Outcome;
  response_has_begun_ = true;
  parser_.reset();
  head_.reset();
  if (parser_.parse(text, question_, head_) != Outcome::complete) {
    const http::Failure failure = parser_.failure() == http::Failure::none
                                      ? http::Failure::head_too_large
                                      : parser_.failure();
    return fail({Fault::upstream, Retry::never, 502, http::response_reason_of(failure),
                 FailureKind::invalid_answer});
  }
  if (head_.is_interim()) {
    user_->on_interim_head(head_, text.size());
    if (stream_) update_wait();
    return;
  }
  user_->on_response_head(head_, last);
  if (!stream_) return;
  has_final_head_ = true;
  user_->on_response_body({}, last || head_.framing == http::Framing::none);
  if (stream_) update_wait();
}

void Http2RequestStream::on_response_data(std::string_view data) {
  // No room around it, so it is only read.
  user_->on_response_body({const_cast<char*>(data.data()), data.size(), 0, 0}, false);
  if (stream_) resume();
}

// The endpoint may send more while the client takes what there is.
void Http2RequestStream::resume() {
  if (!stream_) return;
  if (user_->room_for_response(false) > 0) stream_->consume(user_->may_let_in_more());
  update_wait();
}

void Http2RequestStream::on_response_end(const std::vector<http::Field>& trailer) {
  user_->on_response_end(trailer);
}

void Http2RequestStream::on_stream_ended(http2::ClientStream::End end) {
  using End = http2::ClientStream::End;
  auto cause = Cause::failed;
  if (end == End::no_room && !carrier_->has_failed_to_connect()) cause = Cause::no_room;
  if (end == End::connection_lost) cause = Cause::connection_lost;
  user_->on_stream_failed(carrier_->failure_of(end), cause);
}

// ---- The endpoint's clock

// It runs only while the endpoint is the one who is awaited. A call that was answered may be silent
// for as long as a tunnel: what is still to come is up to the two.
void Http2RequestStream::update_wait() {
  const config::Cluster& config = cluster_->config();
  if (stream_->unsent() > 0) {
    if (awaits_sending_ && timer_.is_armed()) return;  // more to send is no progress
    awaits_sending_ = true;
    sent_when_armed_ = stream_->body_sent();
    tools_.loop.arm(timer_, config.send_timeout);
    return;
  }
  awaits_sending_ = false;
  if (is_conversation()) {
    tools_.loop.arm(timer_, std::max(config.read_timeout, call_idle_));
  } else if (is_complete_ && stream_->unconsumed() == 0) {
    tools_.loop.arm(timer_, config.read_timeout);
  } else {
    timer_.disarm();
  }
}

void Http2RequestStream::on_timer(net::Timer&) {
  if (!awaits_sending_) {
    carrier_->doubt();
    fail(is_conversation() ? kCallIdle : kReadTimeout);
  } else if (stream_->unsent() == 0 || stream_->body_sent() != sent_when_armed_) {
    awaits_sending_ = false;
    update_wait();
  } else {
    carrier_->doubt();
    fail(kSendTimeout);
  }
}

}  // namespace proxy::upstream
