#include "proxy/session/http2_connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/net/turn_budget.h"
#include "proxy/reason/words.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/flush_queue.h"
#include "proxy/session/read_ahead.h"

namespace proxy::session {
namespace {

// What is sent in one go; the rest waits for the next turn, so that one client's bulk does not
// hold up the others.
constexpr std::size_t kFlushBytesMax = 128u << 10;
// What is read of a response at once: whole frames, and so whole records.
constexpr std::size_t kReadBytesMax = 4 * http2::ServerSession::kDataBytesMax;
static_assert(kReadBytesMax <= Buffers::kReadBytes);
// Two such reads, a piece of a body each, are a turn: so many bytes less are no reason for a third.
static_assert(2 * (kReadBytesMax + net::TurnBudget::bytes_of(net::TurnBudget::Unit::chunk)) >=
              net::TurnBudget::kBytes);
// What passes without waiting for the flush: less is worth no system call of its own.
constexpr std::size_t kPassedBytesMin = 32u << 10;
// What a client that was told to go may have on its way: a bandwidth-delay product, and no flood.
constexpr std::uint64_t kAbusersInputMax = 1u << 20;
// How often a connection looks for what has taken too long.
constexpr std::chrono::milliseconds kCheckInterval{1'000};
// Between the announcement of GOAWAY and GOAWAY itself: about a round trip (RFC 9113 §6.8).
constexpr std::chrono::milliseconds kGoawayDelay{200};

}  // namespace

Http2Connection::Http2Connection(const Means& means, ClientConnection& connection)
    : means_(means),
      connection_(connection),
      held_(means.counters.held.http2_output),
      held_input_(means.counters.held.client_input),
      held_fields_(means.counters.held.http2_fields),
      passed_(kFlushBytesMax),
      idle_since_(means.loop.now()) {}

Http2Connection::~Http2Connection() {
  means_.wide_windows.give_back(widened_);
}

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
  auto stream = means_.streams.take();
  stream->attach(*this);
  return stream;
}

void Http2Connection::recycle_stream(std::unique_ptr<http2::Stream> stream) {
  idle_since_ = means_.loop.now();
  means_.streams.give_back(
      std::unique_ptr<Http2Stream>(static_cast<Http2Stream*>(stream.release())));
}

base::SteadyTime Http2Connection::now() const {
  return means_.loop.now();
}

bool Http2Connection::may_widen(std::size_t bytes) {
  if (!means_.wide_windows.take(bytes)) return false;
  widened_ += bytes;
  return true;
}

void Http2Connection::on_readable() {
  read();
}

void Http2Connection::read() {
  net::TurnBudget budget;
  holds_back_ = false;
  while (state_ != State::closed && !has_failed_ &&
         (!input_.empty() || connection_.channel().is_readable())) {
    if (owes_too_much()) {
      holds_back_ = true;
      return;
    }
    if (budget.is_spent() || (input_flow_.is_bulk() && means_.loop.is_late())) {
      means_.resume_soon(connection_);
      return;
    }
    if (!take_input(budget)) return;
  }
}

// What waits, else what comes. False: nothing more is to be read now.
bool Http2Connection::take_input(net::TurnBudget& budget) {
  using Unit = net::TurnBudget::Unit;
  Buffers::Area& area = means_.buffers.client;
  const bool has_waited = !input_.empty();
  std::string_view input = input_.view();
  if (!has_waited) {
    const net::IoResult got = connection_.read(area.begin(), area.capacity(), budget);
    if (got.kind == net::IoResult::Kind::would_block) return true;  // what came may say nothing
    if (got.kind != net::IoResult::Kind::done) {
      connection_.close(reason::client_closed);
      return false;
    }
    input_flow_.note_read(got.bytes);
    input = {area.begin(), got.bytes};
  }
  flush_soon();
  const auto received =
      session_->receive(input, net::TurnBudget::units_per_step(Unit::http2_frame));
  budget.spend(Unit::http2_frame, received.work);
  if (!received.is_sound) fail();
  if (has_waited) {
    input_.consume(received.bytes);
  } else {
    input_.append(input.substr(received.bytes));
  }
  if (input_.empty()) input_.release();
  held_input_.set(input_.size());
  return true;
}

// A connection is read from only while what it owes is below the mark: whatever it is that makes us
// say something, a client that does not listen is not heard either. Bodies are not in it, since
// they may have to wait for a WINDOW_UPDATE; see Http2Stream::room() for theirs.
bool Http2Connection::owes_too_much() const {
  return connection_.channel().unsent() + session_->owed() > means_.options.unsent_bytes_high;
}

// What libnghttp2 has to say about it is sent, then the connection ends.
void Http2Connection::fail() {
  has_failed_ = true;
  close_reason_ = reason::http2_protocol_error;
}

void Http2Connection::flush_soon() {
  if (state_ != State::closed) means_.flushes.add(*this);
}

// Sends what `write` puts into the worker's text of frames, and returns how many bytes that is.
// Meanwhile nobody else has that text: an exchange that ends by this may set others going.
template <class Write>
std::size_t Http2Connection::send_frames(Write write) {
  std::string out = std::exchange(means_.buffers.frames, {});
  out.clear();
  if (!write(out)) fail();
  const std::size_t bytes = out.size();
  if (bytes > 0) connection_.write(out);
  means_.buffers.frames = std::move(out);
  return bytes;
}

bool Http2Connection::flush() {
  if (state_ == State::closed) return false;
  const std::size_t high = means_.options.unsent_bytes_high;
  if (connection_.channel().unsent() > high) {  // on_drained() goes on
    tell_held();
    return false;
  }
  // Both together are a turn's bulk, but for a frame that may always go.
  const std::size_t left =
      std::max(passed_.left(means_.loop.now()), http2::ServerSession::kDataBytesMax);
  send_frames([&](std::string& out) { return session_->send(out, left); });
  session_->tell_sent();
  tell_held();
  if (session_->ended_for() != nullptr) close_reason_ = session_->ended_for();
  if (session_->stream_count() == 0) connection_.begin_rest(had_request_);
  const bool drained = sent_goaway_ && session_->stream_count() == 0;
  const bool is_over = session_->is_over() && input_.empty();
  if (has_failed_ || drained || is_over) {
    finish();
    return false;
  }
  if (holds_back_ && !owes_too_much()) means_.resume_soon(connection_);
  return session_->wants_to_send() && connection_.channel().unsent() <= high;
}

void Http2Connection::tell_held() {
  held_.set(session_->bodies_queued() + session_->owed());
  held_fields_.set(session_->fields_held());
}

bool Http2Connection::pass_body(http2::Stream& stream, std::string_view data) {
  const base::SteadyTime turn = means_.loop.now();
  const std::size_t left = passed_.left(turn);
  const bool may_send = state_ != State::closed && !has_failed_ && left > 0 &&
                        connection_.channel().unsent() == 0 && !means_.flushes.is_behind();
  if (data.size() < kPassedBytesMin || !may_send || !session_->may_pass_body(stream)) return false;
  const std::size_t sent =
      send_frames([&](std::string& out) { return session_->pass_body(stream, data, out, left); });
  passed_.spend(turn, sent);
  flush_soon();
  return true;
}

void Http2Connection::on_drained() {
  flush_soon();
  if (!input_.empty() || connection_.channel().is_readable()) read();
}

void Http2Connection::on_timeout() {
  if (state_ == State::closed) return;
  if (takes_nothing()) {
    connection_.close_stalled(true);
    return;
  }
  if (state_ == State::draining && !sent_goaway_) {
    sent_goaway_ = true;
    session_->goaway();
    flush_soon();
  }
  if (session_->stream_count() == 0) {
    check_idle();
  } else {
    check_streams();
  }
  connection_.arm(kCheckInterval);
}

// The deadline of the connection itself, with streams or without: nothing that could be said to
// this client would get to it.
bool Http2Connection::takes_nothing() {
  const auto limit = means_.options.timeouts.body_idle;
  const bool waits = connection_.channel().unsent() > 0;
  if (waits && !was_waiting_) connection_.watch_sending(limit);
  was_waiting_ = waits;
  return waits && connection_.has_stalled(limit);
}

// Only requests keep a connection: PING and what else says nothing do not.
void Http2Connection::check_idle() {
  const Timeouts& timeouts = means_.options.timeouts;
  const auto limit = had_request_ ? timeouts.keep_alive : timeouts.request_header;
  if (sent_goaway_ || means_.loop.now() - idle_since_ < limit) return;
  if (!had_request_) connection_.note_silence();
  state_ = State::draining;
  sent_goaway_ = true;
  session_->goaway();
  flush_soon();
}

bool Http2Connection::is_head_late(base::SteadyTime begun) const {
  const base::SteadyTime now = means_.loop.now();
  if (now - begun > means_.options.timeouts.request_header) return true;
  return state_ == State::draining &&
         now - std::max(begun, drains_since_) > ClientConnection::kFirstRequestAtDrain;
}

void Http2Connection::check_streams() {
  const auto took = was_waiting_ ? connection_.last_took() : base::SteadyTime();
  session_->for_each_stream([&](http2::Stream& base) {
    auto& stream = static_cast<Http2Stream&>(base);
    if (stream.has_stalled(took)) stream.time_out();
  });
}

// All that there is to say was said.
void Http2Connection::finish() {
  const bool is_abuse = has_failed_ || session_->ended_for() != nullptr;
  if (is_abuse) means_.counters.http2_connections_ended.add(close_reason_);
  abandon_all();
  connection_.linger(is_abuse ? kAbusersInputMax : ClientConnection::kAnyInput);
}

void Http2Connection::on_closed(const char* reason) {
  if (state_ == State::closed) return;
  if (!has_failed_) close_reason_ = reason;
  abandon_all();
}

void Http2Connection::abandon_all() {
  state_ = State::closed;
  held_.set(0);
  held_fields_.set(0);
  means_.flushes.leave(*this);
  // Streams are abandoned now; the session itself may be further up the stack.
  session_->for_each_stream(
      [](http2::Stream& stream) { static_cast<Http2Stream&>(stream).abandon(); });
}

bool Http2Connection::is_tunnel() const {
  bool has_tunnel = false, has_others = false;
  session_->for_each_stream([&](const http2::Stream& stream) {
    (static_cast<const Http2Stream&>(stream).is_tunnel() ? has_tunnel : has_others) = true;
  });
  return has_tunnel && !has_others;
}

void Http2Connection::begin_drain() {
  if (state_ != State::open) return;
  state_ = State::draining;
  drains_since_ = means_.loop.now();
  session_->announce_goaway();
  connection_.arm(kGoawayDelay);
  flush_soon();
}

// ---- One stream

Http2Stream::Http2Stream(const Means& means)
    : means_(means), early_(means.counters.held.client_input) {}

Http2Stream::~Http2Stream() = default;

void Http2Stream::attach(Http2Connection& connection) {
  connection_ = &connection;
  exchange_ = means_.exchanges.take();
  head_complete_ = has_begun_ = request_complete_ = opens_tunnel_ = false;
  watch_ = {};
  made_progress();
}

const Client& Http2Stream::client() const {
  return connection_->client_connection().client();
}

void Http2Stream::made_progress() {
  last_progress_ = means_.loop.now();
}

bool Http2Stream::has_stalled(base::SteadyTime connection_took) {
  const Timeouts& timeouts = means_.options.timeouts;
  const base::SteadyTime now = means_.loop.now();
  if (body_queued() > 0) {
    if (!watch_.has_stalled(body_sent(), now, timeouts.body_idle)) return false;
    // With a window it is the connection that holds it up, and that has a deadline of its own.
    const bool may_send = connection_->session().window(*this) > 0;
    return !may_send || now - connection_took >= timeouts.body_idle;
  }
  if (!head_complete_) return connection_->is_head_late(last_progress_);
  if (opens_tunnel_ && exchange_ != nullptr) {
    // Before it is open the endpoint is awaited, who has times of its own. Once it is, nobody owes
    // the other anything, also where the client has said that it is done.
    return exchange_->is_tunnel() && now - last_progress_ > exchange_->tunnel_idle();
  }
  const bool awaits_body = !request_complete_ && unconsumed() == 0;
  return awaits_body &&
         now - last_progress_ > (is_call() ? exchange_->tunnel_idle() : timeouts.body_idle);
}

bool Http2Stream::is_call() const {
  return exchange_ != nullptr && exchange_->is_call();
}

// What the endpoint says is progress of a conversation, where the client may have nothing to say.
void Http2Stream::note_response() {
  if (opens_tunnel_ || is_call()) made_progress();
}

std::size_t Http2Stream::room() const {
  const http2::ServerSession& session = connection_->session();
  const std::size_t room =
      ReadAhead::room(session.window(*this), unsent(), session.bodies_queued());
  return std::min(room, kReadBytesMax);
}

std::size_t Http2Stream::others() const {
  return connection_->session().stream_count() - 1;
}

void Http2Stream::on_head(http2::RequestText& text, bool last) {
  head_complete_ = true;
  request_complete_ = last;
  if (exchange_ == nullptr) return;  // too late: the stream is being reset
  const std::string_view head = text.finish();
  if (head.empty()) {
    describe_unread();
    refuse_unread(http::status_of(http::Failure::bad_request_line),
                  http::reason_of(http::Failure::bad_request_line));
    return;
  }
  http1::RequestParser parser(means_.options.limits);
  http::RequestHead& request = exchange_->request();
  if (parser.parse(head, request) != http1::RequestParser::Outcome::complete) {
    const http::Failure failure =
        parser.failure() == http::Failure::none ? http::Failure::head_too_large : parser.failure();
    describe_unread();
    refuse_unread(http::status_of(failure), http::reason_of(failure));
    return;
  }
  // One that announces a body is no tunnel (RFC 9113 §8.5: DATA is what passes there).
  if (request.has_body()) request.upgrade = {};
  opens_tunnel_ = !request.upgrade.empty();
  if (opens_tunnel_) {
    // What follows is no body.
    begin(true);
    if (last) pass_to_tunnel({}, true);
    return;
  }
  // Towards the endpoint a body of unknown length goes in chunks.
  request.chunked = !last && !request.content_length;
  // Where DATA may still belie a length of 0 (RFC 9113 §8.1.1), no endpoint is asked before the
  // request's end.
  if (last || request.content_length != std::uint64_t{0}) begin(last);
}

void Http2Stream::begin(bool last) {
  has_begun_ = true;
  exchange_->begin(client(), Exchange::Protocol::http2, *this, {}, last);
  connection_->session().drop_head(*this);
}

void Http2Stream::on_fields_too_large(http2::RequestText&) {
  const bool in_trailer = std::exchange(head_complete_, true);
  if (exchange_ == nullptr) return;
  if (in_trailer && has_begun_) {
    exchange_->refuse(http::status_of(http::Failure::trailers_too_large),
                      http::reason_of(http::Failure::trailers_too_large));
    return;
  }
  describe_unread();
  refuse_unread(http::status_of(http::Failure::head_too_large),
                http::reason_of(http::Failure::head_too_large));
}

// Of a request that was not read to its end, what there is to log.
void Http2Stream::describe_unread() {
  http::RequestHead& request = exchange_->request();
  request.reset();
  request.method_text = text().method();
  request.path = text().path();
  request.host = text().authority();
}

void Http2Stream::refuse_unread(int status, std::string_view reason) {
  has_begun_ = true;
  exchange_->refuse_unread(client(), Exchange::Protocol::http2, *this, status, reason);
  connection_->session().drop_head(*this);
}

void Http2Stream::on_data(std::string_view data, bool last) {
  made_progress();
  if (exchange_ == nullptr) return;
  if (last) {
    request_complete_ = true;
    if (!trailer().empty()) take_trailer();
  }
  if (opens_tunnel_) {
    pass_to_tunnel(data, last);
    return;
  }
  if (!has_begun_) {
    // Of an empty body; libnghttp2 let nothing else pass.
    if (last) begin(true);
    return;
  }
  // No room around it, so it is only read.
  const upstream::Piece piece{const_cast<char*>(data.data()), data.size(), 0, 0};
  exchange_->on_request_body(piece, last);
  // The client may send more of it once the endpoint has taken all that came: so what waits for an
  // endpoint is never more than the window.
  if (exchange_ != nullptr && exchange_->wants_request_body() && exchange_->unsent_request() == 0) {
    want_request_body();
  }
}

// Before the endpoint has agreed, what the client says waits.
void Http2Stream::pass_to_tunnel(std::string_view data, bool last) {
  if (exchange_ == nullptr) return;
  if (!exchange_->is_tunnel()) {
    early_.append(data);
    return;
  }
  if (!data.empty()) {
    const upstream::Piece piece{const_cast<char*>(data.data()), data.size(), 0, 0};
    exchange_->on_request_body(piece, false);
  }
  if (exchange_ != nullptr && last) exchange_->on_client_finished();
  if (exchange_ != nullptr && exchange_->wants_request_body() && exchange_->unsent_request() == 0) {
    open_window();
  }
}

// The exchange has it from here on.
void Http2Stream::take_trailer() {
  exchange_->add_request_trailer(trailer());
  if (has_begun_) connection_->session().drop_head(*this);
}

void Http2Stream::want_request_body() {
  const bool has_waited = opens_tunnel_ && (!early_.empty() || request_complete_);
  if (has_waited && exchange_ != nullptr && exchange_->is_tunnel()) {
    const std::string early = early_.take();
    pass_to_tunnel(early, request_complete_);
  } else {
    open_window();
  }
}

void Http2Stream::open_window() {
  if (unconsumed() == 0) return;
  made_progress();  // it was the endpoint who was awaited
  connection_->session().consume(*this);
  connection_->flush_soon();
}

void Http2Stream::on_sent() {
  if (exchange_ != nullptr) exchange_->on_downstream_drained();
}

void Http2Stream::abandon() {
  if (exchange_ == nullptr) return;
  exchange_->abandon(connection_->close_reason());
  means_.exchanges.give_back(std::move(exchange_));
}

void Http2Stream::on_stream_closed(std::string_view refusal) {
  if (!early_.empty()) early_.take();
  if (exchange_ == nullptr) return;
  if (refusal.empty()) {
    abandon();
    return;
  }
  if (has_begun_) {
    exchange_->abandon(refusal);
  } else {
    describe_unread();
    exchange_->abandon_unread(client(), Exchange::Protocol::http2, refusal);
  }
  means_.exchanges.give_back(std::move(exchange_));
}

void Http2Stream::time_out() {
  // Without a whole head there is no request that could be answered.
  if (!head_complete_ && exchange_ != nullptr) {
    describe_unread();
    exchange_->abandon_unread(client(), Exchange::Protocol::http2, reason::request_header_timeout);
    means_.exchanges.give_back(std::move(exchange_));
  }
  if (exchange_ == nullptr) {
    connection_->session().reset(*this, http2::ServerSession::Why::cancel);
    connection_->flush_soon();
  } else if (body_queued() > 0 || exchange_->is_tunnel()) {
    exchange_->abandon(body_queued() > 0 ? reason::client_send_timeout : reason::tunnel_idle);
    break_off();
    means_.exchanges.give_back(std::move(exchange_));
  } else if (has_begun_) {
    exchange_->refuse(408, is_call() ? reason::call_idle : reason::request_body_timeout);
  } else {
    refuse_unread(408, reason::request_body_timeout);
  }
}

void Http2Stream::send_continue() {
  http::ResponseHead head;
  head.status = 100;
  send_interim(head);
}

void Http2Stream::send_interim(const http::ResponseHead& head) {
  connection_->session().respond_interim(*this, means_.response_fields.of(head, {}));
  connection_->flush_soon();
}

void Http2Stream::send_head(const http::ResponseHead& head, const upstream::Piece& piece,
                            bool last) {
  note_response();
  const bool with_body = !last || !piece.empty();
  connection_->session().respond(*this, means_.response_fields.of(head, means_.date.now()),
                                 with_body);
  if (with_body) give_body(piece.text(), last);
  connection_->flush_soon();
}

void Http2Stream::send_body(const upstream::Piece& piece, bool last) {
  note_response();
  // The end of a stream goes out in the flush: by then the exchange has been told of it.
  if (!last && connection_->pass_body(*this, piece.text())) {
    if (body_queued() > 0) watch_.begin(means_.loop.now());
    return;
  }
  give_body(piece.text(), last);
  connection_->flush_soon();
}

void Http2Stream::send_trailer(const std::vector<http::Field>& trailer) {
  if (body_queued() == 0) watch_.begin(means_.loop.now());
  connection_->session().end_body(*this, means_.response_fields.of(trailer));
  connection_->flush_soon();
}

void Http2Stream::give_body(std::string_view data, bool last) {
  if (body_queued() == 0) watch_.begin(means_.loop.now());
  connection_->session().append_body(*this, data, last);
}

void Http2Stream::send_answer(const http::Answer& answer) {
  http::ResponseHead head;
  head.status = answer.status;
  constexpr int kNoContent = 204;  // RFC 9110 §8.6: without a Content-Length
  if (!answer.grpc_status.empty()) {
    // "Trailers-Only": the head is all there is.
    head.fields.push_back({.name = "grpc-status", .value = answer.grpc_status});
    if (!answer.grpc_message.empty()) {
      head.fields.push_back({.name = "grpc-message", .value = answer.grpc_message});
    }
  } else if (answer.status != kNoContent) {
    head.content_length = answer.body.size();
  }
  if (!answer.body.empty() || !answer.grpc_status.empty()) {
    head.fields.push_back({.name = "content-type", .value = answer.content_type});
  }
  if (!answer.allow.empty()) {
    head.fields.push_back({.name = "allow", .value = answer.allow});
  }
  if (!answer.location.empty()) {
    head.fields.push_back({.name = "location", .value = answer.location});
  }
  head.fields.insert(head.fields.end(), answer.fields.begin(), answer.fields.end());
  if (!answer.authenticate.empty()) {
    head.fields.push_back({.name = "www-authenticate", .value = answer.authenticate});
  }
  if (!answer.retry_after.empty()) {
    head.fields.push_back({.name = "retry-after", .value = answer.retry_after});
  }
  const bool with_body = !answer.body.empty() && !answer.head_method;
  connection_->session().respond(*this, means_.response_fields.of(head, means_.date.now()),
                                 with_body);
  if (with_body) give_body(answer.body, true);
  connection_->flush_soon();
  // "Connection: close", as HTTP/2 has it (RFC 9113 §6.8).
  if (!answer.keep_alive) connection_->begin_drain();
}

void Http2Stream::break_off() {
  connection_->session().reset(*this, http2::ServerSession::Why::internal_error);
  connection_->flush_soon();
}

void Http2Stream::on_exchange_over() {
  means_.exchanges.give_back(std::move(exchange_));
}

}  // namespace proxy::session
