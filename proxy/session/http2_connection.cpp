#include "proxy/session/http2_connection.h"

#include <algorithm>

#include "proxy/session/client_connection.h"
#include "proxy/session/turn_budget.h"
#include "proxy/session/worker.h"

namespace proxy::session {
namespace {

// What is sent in one go; the rest waits for the next turn, so that one client's bulk does not
// hold up the others.
constexpr std::size_t kFlushBytesMax = 128u << 10;
// How often a connection looks for what has taken too long.
constexpr std::chrono::milliseconds kCheckInterval{1'000};
// Between the announcement of GOAWAY and GOAWAY itself: about a round trip (RFC 9113 §6.8).
constexpr std::chrono::milliseconds kGoawayDelay{200};

}  // namespace

Http2Connection::Http2Connection(Worker& worker, ClientConnection& connection)
    : worker_(worker), connection_(connection), last_active_(worker.loop().now()) {}

Http2Connection::~Http2Connection() = default;

bool Http2Connection::start() {
  session_ = http2::ServerSession::create({}, *this);
  if (session_ == nullptr) return false;
  connection_.arm(kCheckInterval);
  flush_soon();
  return true;
}

std::unique_ptr<http2::Stream> Http2Connection::make_stream() {
  had_request_ = true;
  connection_.end_rest();
  auto stream = worker_.take_stream();
  stream->attach(*this);
  return stream;
}

void Http2Connection::recycle_stream(std::unique_ptr<http2::Stream> stream) {
  worker_.recycle(std::unique_ptr<Http2Stream>(static_cast<Http2Stream*>(stream.release())));
}

base::SteadyTime Http2Connection::now() const {
  return worker_.loop().now();
}

void Http2Connection::on_readable() {
  read();
}

void Http2Connection::read() {
  Buffers::Area& area = worker_.buffers().client;
  TurnBudget budget;
  // A client that does not take our answers is not read from either.
  while (state_ != State::closed && !has_failed_ && connection_.channel().is_readable() &&
         connection_.channel().unsent() <= worker_.options().unsent_bytes_high) {
    if (budget.is_spent()) {
      worker_.resume_soon(connection_);
      break;
    }
    const net::IoResult got = connection_.channel().read(area.begin(), area.capacity());
    budget.spend(Buffers::kReadBytes);  // of ciphertext, whatever it said
    if (got.kind == net::IoResult::Kind::would_block) break;
    if (got.kind != net::IoResult::Kind::done) {
      connection_.close("client_closed");
      return;
    }
    last_active_ = worker_.loop().now();
    flush_soon();
    if (!session_->receive({area.begin(), got.bytes})) fail();
  }
}

// What libnghttp2 has to say about it is sent, then the connection ends.
void Http2Connection::fail() {
  has_failed_ = true;
  close_reason_ = "http2_protocol_error";
}

void Http2Connection::flush_soon() {
  if (state_ != State::closed) worker_.flush_soon(*this);
}

bool Http2Connection::flush() {
  if (state_ == State::closed) return false;
  const std::size_t high = worker_.options().unsent_bytes_high;
  if (connection_.channel().unsent() > high) return false;  // on_drained() goes on
  std::string& out = worker_.buffers().frames;
  out.clear();
  if (!session_->send(out, kFlushBytesMax)) fail();
  if (!out.empty()) {
    last_active_ = worker_.loop().now();
    connection_.write(out);
  }
  session_->tell_sent();
  if (session_->had_too_many_resets()) close_reason_ = "http2_reset_flood";
  if (session_->stream_count() == 0) connection_.begin_rest(had_request_);
  const bool drained = sent_goaway_ && session_->stream_count() == 0;
  if (has_failed_ || drained || session_->is_over()) {
    finish();
    return false;
  }
  return session_->wants_to_send() && connection_.channel().unsent() <= high;
}

void Http2Connection::on_drained() {
  flush_soon();
  if (connection_.channel().is_readable()) read();
}

void Http2Connection::on_timeout() {
  if (state_ == State::closed) return;
  if (state_ == State::draining && !sent_goaway_) {
    sent_goaway_ = true;
    session_->goaway();
    flush_soon();
  }
  check_streams();
  connection_.arm(kCheckInterval);
}

void Http2Connection::check_streams() {
  const Timeouts& timeouts = worker_.options().timeouts;
  const base::SteadyTime now = worker_.loop().now();
  if (session_->stream_count() == 0) {
    const auto limit = had_request_ ? timeouts.keep_alive : timeouts.request_header;
    if (now - last_active_ < limit || sent_goaway_) return;
    state_ = State::draining;
    sent_goaway_ = true;
    session_->goaway();
    flush_soon();
    return;
  }
  // While the connection itself waits, what the client takes of it is progress for all streams.
  const bool waits = connection_.channel().unsent() > 0;
  if (waits) connection_.has_stalled(timeouts.body_idle);
  session_->for_each_stream([&](http2::Stream& base) {
    auto& stream = static_cast<Http2Stream&>(base);
    stream.note_sending(waits ? connection_.last_took() : base::SteadyTime());
    const auto limit = stream.has_head() ? timeouts.body_idle : timeouts.request_header;
    if (stream.waits_for_client() && now - stream.last_progress() > limit) stream.time_out();
  });
}

// All that there is to say was said.
void Http2Connection::finish() {
  abandon_all();
  connection_.linger();
}

void Http2Connection::on_closed(const char* reason) {
  if (state_ == State::closed) return;
  if (!has_failed_) close_reason_ = reason;
  abandon_all();
}

void Http2Connection::abandon_all() {
  state_ = State::closed;
  worker_.forget_flush(*this);
  // Streams are abandoned now; the session itself may be further up the stack.
  session_->for_each_stream(
      [](http2::Stream& stream) { static_cast<Http2Stream&>(stream).abandon(); });
}

void Http2Connection::begin_drain() {
  if (state_ != State::open) return;
  state_ = State::draining;
  session_->announce_goaway();
  connection_.arm(kGoawayDelay);
  flush_soon();
}

// ---- One stream

Http2Stream::~Http2Stream() = default;

void Http2Stream::attach(Http2Connection& connection) {
  connection_ = &connection;
  exchange_ = worker_.take_exchange();
  head_complete_ = request_complete_ = false;
  unconsumed_ = 0;
  noted_sent_ = 0;
  made_progress();
}

void Http2Stream::made_progress() {
  last_progress_ = worker_.loop().now();
}

void Http2Stream::note_sending(base::SteadyTime last_took) {
  if (std::exchange(noted_sent_, body_sent()) != body_sent()) made_progress();
  if (body_queued() > 0) last_progress_ = std::max(last_progress_, last_took);
}

bool Http2Stream::waits_for_client() const {
  return body_queued() > 0 || !head_complete_ || (!request_complete_ && unconsumed_ == 0);
}

void Http2Stream::on_head(http2::RequestText& text, bool last) {
  head_complete_ = true;
  request_complete_ = last;
  if (exchange_ == nullptr) return;  // too late: the stream is being reset
  const Client& client = connection_->client_connection().client();
  const auto refuse = [&](http1::Failure failure) {
    exchange_->refuse_unread(client, Exchange::Protocol::http2, *this, http1::status_of(failure),
                             http1::reason_of(failure));
  };
  const std::string_view head = text.finish();
  if (head.empty()) {
    refuse(http1::Failure::bad_request_line);
    return;
  }
  http1::RequestParser parser(worker_.options().limits);
  http1::RequestHead& request = exchange_->request();
  if (parser.parse(head, request) != http1::RequestParser::Outcome::complete) {
    refuse(parser.failure() == http1::Failure::none ? http1::Failure::head_too_large
                                                    : parser.failure());
    return;
  }
  // Towards the endpoint a body of unknown length goes in chunks.
  request.chunked = !last && !request.content_length;
  exchange_->begin(client, Exchange::Protocol::http2, *this, {}, last);
}

void Http2Stream::on_data(std::string_view data, bool last) {
  made_progress();
  if (exchange_ == nullptr) return;
  if (last) request_complete_ = true;
  unconsumed_ += data.size();
  // No room around it, so it is only read.
  const Piece piece{const_cast<char*>(data.data()), data.size(), 0, 0};
  exchange_->on_request_body(piece, last);
  if (exchange_ != nullptr && exchange_->wants_request_body()) want_request_body();
}

void Http2Stream::want_request_body() {
  if (unconsumed_ == 0) return;
  connection_->session().consume(*this, std::exchange(unconsumed_, 0));
  connection_->flush_soon();
}

void Http2Stream::on_body_sent() {
  made_progress();
  if (exchange_ != nullptr) exchange_->on_downstream_drained();
}

void Http2Stream::abandon() {
  if (exchange_ == nullptr) return;
  exchange_->abandon(connection_->close_reason());
  worker_.recycle(std::move(exchange_));
}

void Http2Stream::on_stream_closed() {
  abandon();
}

void Http2Stream::time_out() {
  // Without a whole head there is no request that could be answered.
  if (!head_complete_) abandon();
  if (exchange_ == nullptr) {
    connection_->session().reset(*this, http2::ServerSession::Why::cancel);
    connection_->flush_soon();
  } else if (body_queued() > 0) {
    exchange_->abandon("client_send_timeout");
    break_off();
    worker_.recycle(std::move(exchange_));
  } else {
    exchange_->refuse(408, "request_body_timeout");
  }
}

void Http2Stream::send_continue() {
  http1::ResponseHead head;
  head.status = 100;
  send_interim(head);
}

void Http2Stream::send_interim(const http1::ResponseHead& head) {
  connection_->session().respond_interim(*this, worker_.response_fields().of(head, {}));
  connection_->flush_soon();
}

void Http2Stream::send_head(const http1::ResponseHead& head, const Piece& piece, bool last) {
  const bool with_body = !last || !piece.empty();
  connection_->session().respond(*this, worker_.response_fields().of(head, worker_.date()),
                                 with_body);
  if (with_body) give_body(piece.text(), last);
  connection_->flush_soon();
}

void Http2Stream::send_body(const Piece& piece, bool last) {
  give_body(piece.text(), last);
  connection_->flush_soon();
}

void Http2Stream::give_body(std::string_view data, bool last) {
  if (body_queued() == 0) made_progress();
  connection_->session().append_body(*this, data, last);
}

void Http2Stream::send_answer(const http1::Answer& answer) {
  http1::ResponseHead head;
  head.status = answer.status;
  head.content_length = answer.body.size();
  if (!answer.body.empty()) {
    head.fields.push_back({.name = "content-type", .value = answer.content_type});
  }
  if (!answer.location.empty()) {
    head.fields.push_back({.name = "location", .value = answer.location});
  }
  const bool with_body = !answer.body.empty() && !answer.head_method;
  connection_->session().respond(*this, worker_.response_fields().of(head, worker_.date()),
                                 with_body);
  if (with_body) give_body(answer.body, true);
  connection_->flush_soon();
}

void Http2Stream::break_off() {
  connection_->session().reset(*this, http2::ServerSession::Why::internal_error);
  connection_->flush_soon();
}

void Http2Stream::on_exchange_over() {
  worker_.recycle(std::move(exchange_));
}

}  // namespace proxy::session
