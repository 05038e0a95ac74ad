#include "proxy/http2/server_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "proxy/http2/flow_window.h"
#include "proxy/http2/session_callbacks.h"
#include "proxy/http2/session_options.h"
#include "proxy/reason/words.h"

namespace proxy::http2 {

namespace {

// What a frame takes while it waits in libnghttp2, beside the fields of a head.
constexpr std::size_t kQueuedFrameBytes = 64;
// Of frames that cannot wait for the end of the turn.
constexpr std::size_t kUrgentBytesMax = 64u << 10;
// DATA that is told together with what follows it, and how much of it.
constexpr std::size_t kSmallDataBytes = 1u << 10;
constexpr std::size_t kGatheredBytesMax = 16u << 10;
// What one begun request, and one DATA frame of ours, earn the client; see Limits.
constexpr unsigned kEarnedByRequest = 4;
constexpr unsigned kEarnedByData = 2;
// With the frame that begins it a request counts as much as one of HTTP/1, which is a step of a
// turn (net::TurnBudget): each may open a connection to an endpoint.
constexpr std::size_t kWorkOfRequest = 15;
// So many bytes of decoded fields take about as long as a frame: libnghttp2 looks at each.
constexpr std::size_t kFieldBytesPerWork = 512;
// RFC 9113 §6.8; and §4.2, since we announce no other.
constexpr std::uint32_t kGoawayBytesMin = 8;
constexpr std::uint32_t kFrameBytesMax = 16'384;
// A frame as small as that goes with what is full already: it would be a turn, a record and a
// system call of its own for the end of what came at once.
constexpr std::size_t kSmallFrameBytes = 1u << 10;
// Go's client opens a window anew whenever 4 KiB were read; others may be more eager.
constexpr std::size_t kDataBytesPerUpdate = 512;

std::size_t bytes_of(const nghttp2_nv* fields, std::size_t count) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) bytes += fields[i].namelen + fields[i].valuelen;
  return bytes;
}

// Tokens for the log, by what libnghttp2 found.
const char* refusal_of(int library_error) {
  switch (library_error) {
    case NGHTTP2_ERR_HTTP_HEADER:
      return reason::http2_bad_field;
    case NGHTTP2_ERR_HTTP_MESSAGING:
      return reason::http2_malformed_request;
    case NGHTTP2_ERR_FLOW_CONTROL:
      return reason::http2_flow_control;
    default:
      return reason::http2_protocol_error;
  }
}

}  // namespace

// After ServerSession::drop_head().
void Stream::reset_stream() {
  id_ = 0;
  fields_.reset();
  unconsumed_ = held_window_ = 0;
  std::string().swap(incoming_);
  body_.clear();
  passing_ = {};
  trailer_.reset();
  heads_queued_ = 0;
  body_sent_ = 0;
  head_is_complete_ = fields_were_refused_ = body_last_ = is_deferred_ = request_ended_ =
      was_reset_by_client_ = is_reset_by_us_ = false;
  refusal_ = "";
  previous_ = next_ = nullptr;
}

void Stream::take_of_body(std::size_t bytes) {
  if (passing_.empty()) {
    body_.consume(bytes);
  } else {
    passing_.remove_prefix(bytes);
  }
  body_sent_ += bytes;
}

// Line ends never come this far, but this is where they would do harm.
void Stream::add_to_trailer(std::string_view name, std::string_view value) {
  constexpr std::string_view kLineEnds("\r\n\0", 3);
  if (name.find_first_of(kLineEnds) != name.npos || value.find_first_of(kLineEnds) != value.npos) {
    return;
  }
  trailer_lines_.append(name).append(": ").append(value).append("\r\n");
}

struct Callbacks : SessionCallbacks<ServerSession, Stream> {
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (!is_request_head(frame)) return 0;
    return self(user).begin_stream(frame->hd.stream_id) != nullptr
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void* user) {
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // hand_on() cuts it off, and goes on behind this field.
    return self(user).add_field(*stream, text(name, name_size), text(value, value_size))
               ? 0
               : NGHTTP2_ERR_PAUSE;
  }

  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int error,
                              void*) {
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr) stream->refusal_ = refusal_of(error);
    return 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const std::uint8_t type = frame->hd.type;
    if (type != NGHTTP2_RST_STREAM && type != NGHTTP2_HEADERS && type != NGHTTP2_DATA) return 0;
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (type == NGHTTP2_RST_STREAM) {
      self(user).frame_was_useful_ = true;  // it has a budget of its own
      self(user).count_reset();
      if (stream != nullptr) stream->was_reset_by_client_ = true;
      return 0;
    }
    if (stream == nullptr) return 0;
    const bool last = ends_stream(frame);
    if (last) self(user).frame_was_useful_ = true;
    stream->request_ended_ = last;
    if (stream->fields_were_refused_) return 0;
    if (is_request_head(frame)) {
      stream->head_is_complete_ = true;
      stream->on_head(stream->text_, last);
    } else if (last) {
      self(user).deliver(*stream, {}, true);
    }
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user) {
    Stream* const stream = stream_of(session, id);
    if (stream == nullptr) {
      nghttp2_session_consume_connection(session, size);
      return 0;
    }
    self(user).frame_was_useful_ = true;
    self(user).hold(*stream, size);
    self(user).gather(*stream, text(data, size));
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t, void* user) {
    Stream* const stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    if (stream->request_ended_ || stream->was_reset_by_client_) {
      self(user).closed_.add(id, ClosedStreams::By::client);
    }
    self(user).end_stream(*stream);
    return 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    ServerSession& connection = self(user);
    Stream* const stream =
        frame->hd.stream_id == 0 ? nullptr : stream_of(session, frame->hd.stream_id);
    switch (frame->hd.type) {
      case NGHTTP2_RST_STREAM:
        if (stream != nullptr) note_reset(connection, *stream, frame->rst_stream.error_code);
        return 0;
      case NGHTTP2_GOAWAY:
        connection.sent_goaway_ = true;
        if (frame->goaway.error_code != NGHTTP2_NO_ERROR && connection.ended_for_ == nullptr) {
          connection.ended_for_ = reason::http2_protocol_error;
        }
        return 0;
      case NGHTTP2_HEADERS:
        connection.forget_head(stream, *frame);
        break;
      case NGHTTP2_DATA:
        connection.idle_frames_.earn(kEarnedByData);
        connection.updates_earned_ += 1 + frame->hd.length / kDataBytesPerUpdate;
        break;
      default:
        return 0;
    }
    // A response that is whole while its request is not: the rest of the request is not wanted
    // (RFC 9113 §8.1). That is said by the next send(): a client that reads both together, as curl
    // did up to 7.88, takes the response for one that was cut off.
    if (ends_stream(frame) && stream != nullptr && !stream->request_ended_) {
      connection.answered_.push_back(frame->hd.stream_id);
    }
    return 0;
  }

  static void note_reset(ServerSession& connection, Stream& stream, std::uint32_t error) {
    if (!stream.request_ended_ && !stream.was_reset_by_client_) {
      connection.closed_.add(stream.id_, ClosedStreams::By::us);
    }
    if (stream.is_reset_by_us_) return;
    // By libnghttp2 itself: the client broke the stream of a request that was begun. Where it said
    // nothing else, it was for more or less DATA than Content-Length (RFC 9113 §8.1.1).
    if (*stream.refusal_ == '\0') {
      stream.refusal_ = error == NGHTTP2_PROTOCOL_ERROR       ? reason::content_length_mismatch
                        : error == NGHTTP2_FLOW_CONTROL_ERROR ? reason::http2_flow_control
                                                              : reason::http2_protocol_error;
    }
    connection.count_reset();
  }

  static int on_frame_not_send(nghttp2_session* session, const nghttp2_frame* frame, int,
                               void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    self(user).forget_head(stream, *frame);
    // It was too large. Nothing that follows it could be sent, and the client would wait for it.
    if (stream != nullptr) self(user).reset(*stream, ServerSession::Why::internal_error);
    return 0;
  }

  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                      void* user) {
    ServerSession& session = self(user);
    if (session.out_->size() >= session.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    session.out_->append(text(bytes, size));
    return static_cast<ssize_t>(size);
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void* user) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const std::size_t count = std::min({size, ServerSession::kDataBytesMax, stream.body_queued()});
    if (stream.body_last_ && count == stream.body_queued()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (stream.trailer_ != nullptr) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        self(user).submit_trailer(stream);
      }
    } else if (count == 0) {
      stream.is_deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(count);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head,
                       std::size_t size, nghttp2_data_source* source, void* user) {
    ServerSession& session = self(user);
    const std::size_t beyond = size < kSmallFrameBytes ? kSmallFrameBytes : 0;
    if (session.out_->size() >= session.out_bytes_max_ + beyond) return NGHTTP2_ERR_WOULDBLOCK;
    Stream& stream = *static_cast<Stream*>(source->ptr);
    session.out_->append(text(frame_head, 9));
    session.out_->append(stream.next_of_body().substr(0, size));
    stream.take_of_body(size);
    session.bodies_queued_ -= size;
    const std::int32_t id = frame->hd.stream_id;
    const bool is_noted = !session.sent_.empty() && session.sent_.back() == id;
    if (stream.body_queued() == 0 && !stream.body_last_ && !is_noted) session.sent_.push_back(id);
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
    nghttp2_session_callbacks_set_send_callback(callbacks, send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
  }
};

std::unique_ptr<ServerSession> ServerSession::create(const Limits& limits, StreamSource& source) {
  static nghttp2_session_callbacks* const callbacks = Callbacks::make();
  std::unique_ptr<ServerSession> session(new ServerSession(limits, source));
  const OptionPtr option = bounded_options();
  if (option == nullptr) return nullptr;
  if (nghttp2_session_server_new2(&session->session_, callbacks, session.get(), option.get()) !=
      0) {
    return nullptr;
  }
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams_max},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.fields.bytes_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits.stream_window)},
      // WebSockets, RFC 8441 §3.
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
      // The tree of RFC 7540 §5.3 costs both sides more than it ever gave.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  if (nghttp2_submit_settings(session->session_, NGHTTP2_FLAG_NONE, settings,
                              std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(session->session_, NGHTTP2_FLAG_NONE, 0,
                                            limits.connection_window) != 0) {
    return nullptr;
  }
  return session;
}

ServerSession::~ServerSession() {
  for_each_stream([this](Stream& stream) { end_stream(stream); });
  nghttp2_session_del(session_);
}

Stream* ServerSession::begin_stream(std::int32_t id) {
  frame_was_useful_ = true;
  work_ += kWorkOfRequest;
  idle_frames_.earn(kEarnedByRequest);
  Stream* const stream = source_.make_stream().release();
  stream->id_ = id;
  stream->next_ = first_;
  if (first_ != nullptr) first_->previous_ = stream;
  first_ = stream;
  ++stream_count_;
  nghttp2_session_set_stream_user_data(session_, id, stream);
  return stream;
}

void ServerSession::drop_head(Stream& stream) {
  assert(stream.text_bytes_ <= fields_held_);
  fields_held_ -= std::exchange(stream.text_bytes_, 0);
  stream.text_.reset();
  std::string().swap(stream.trailer_lines_);
}

void ServerSession::end_stream(Stream& stream) {
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  (stream.previous_ != nullptr ? stream.previous_->next_ : first_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  --stream_count_;
  bodies_queued_ -= stream.body_queued();
  if (stream.trailer_ != nullptr) heads_queued_ -= stream.trailer_->bytes();
  consume(stream);  // the connection's window is given back
  if (too_large_ == &stream) too_large_ = nullptr;
  stream.on_stream_closed(stream.refusal_);
  drop_head(stream);
  stream.reset_stream();
  source_.recycle_stream(std::unique_ptr<Stream>(&stream));
}

// ---- Receiving

ServerSession::Received ServerSession::receive(std::string_view bytes, std::size_t work_max) {
  is_receiving_ = true;
  const Received received = take(bytes, work_max);
  is_receiving_ = false;
  return received;
}

ServerSession::Received ServerSession::take(std::string_view bytes, std::size_t work_max) {
  const std::size_t all = bytes.size();
  work_ = 0;
  while (!bytes.empty() && ended_for_ == nullptr && work_ < work_max) {
    const FrameWalk::Step step = walk_.next(bytes);
    if (step.is_part_of_head) {
      bytes.remove_prefix(step.bytes);
      continue;
    }
    if (step.begins) begin_frame();
    if (ended_for_ != nullptr) break;
    const ssize_t used = is_goodbye_ ? 0 : hand_on(bytes, step);
    if (used < 0) {
      const bool flood = used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
      end_for(flood ? reason::http2_frame_flood : reason::http2_protocol_error,
              flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
      return {false, all, work_};
    }
    if (step.ends) end_frame();
    bytes.remove_prefix(step.bytes);
  }
  deliver_gathered();
  return {true, ended_for_ == nullptr ? all - bytes.size() : all, work_};
}

ssize_t ServerSession::hand_on(std::string_view bytes, const FrameWalk::Step& step) {
  const auto hand = [this](std::string_view part) -> ssize_t {
    for (;;) {
      const ssize_t used = nghttp2_session_mem_recv(
          session_, reinterpret_cast<const std::uint8_t*>(part.data()), part.size());
      if (used < 0 || too_large_ == nullptr) return used;
      cut_off(*too_large_);
      part.remove_prefix(static_cast<std::size_t>(used));
    }
  };
  const ssize_t used = step.had > 0 ? hand(walk_.start().substr(0, step.had)) : 0;
  return used < 0 ? used : hand(bytes.substr(0, step.bytes));
}

// What a frame is in error for where libnghttp2 looks away (RFC 9113 §5.1, §5.1.1, §6.3).
std::uint32_t ServerSession::error_of(const FrameWalk::Head& frame) const {
  if (frame.type == NGHTTP2_PRIORITY && frame.stream == 0) return NGHTTP2_PROTOCOL_ERROR;
  if (frame.type != NGHTTP2_HEADERS && frame.type != NGHTTP2_DATA) return NGHTTP2_NO_ERROR;
  const bool begins_a_stream = frame.stream > last_begun_;
  // What follows GOAWAY is ignored (§6.8).
  if (begins_a_stream || frame.stream == 0 || sent_goaway_) return NGHTTP2_NO_ERROR;
  if (Callbacks::stream_of(session_, frame.stream) != nullptr) return NGHTTP2_NO_ERROR;
  switch (closed_.who_ended(frame.stream)) {
    case ClosedStreams::By::client:
      return NGHTTP2_STREAM_CLOSED;
    case ClosedStreams::By::us:
      return NGHTTP2_NO_ERROR;
    case ClosedStreams::By::unknown:
      // The number of a stream that was passed over, or one that ended so long ago that the client
      // must have heard.
      return frame.type == NGHTTP2_HEADERS ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_NO_ERROR;
  }
  return NGHTTP2_NO_ERROR;
}

void ServerSession::begin_frame() {
  frame_was_useful_ = false;
  const FrameWalk::Head& frame = walk_.head();
  // A sound GOAWAY of the client (RFC 9113 §6.8) is not shown to libnghttp2, which hears nothing of
  // what follows it: a request that was on its way behind it would be lost without a word.
  is_goodbye_ = has_begun_ && frame.type == NGHTTP2_GOAWAY && frame.stream == 0 &&
                !is_amid_fields_ && frame.length >= kGoawayBytesMin &&
                frame.length <= kFrameBytesMax;
  const std::uint32_t error = error_of(frame);
  if (error != NGHTTP2_NO_ERROR) end_for(reason::http2_protocol_error, error);
}

void ServerSession::end_frame() {
  const FrameWalk::Head& frame = walk_.head();
  ++work_;
  has_begun_ = true;
  if (frame.type == NGHTTP2_HEADERS || frame.type == NGHTTP2_CONTINUATION) {
    is_amid_fields_ = (frame.flags & NGHTTP2_FLAG_END_HEADERS) == 0;
  }
  if (std::exchange(is_goodbye_, false)) take_goodbye(walk_.first_number());
  const bool begins_a_stream = frame.type == NGHTTP2_HEADERS && frame.stream > last_begun_;
  if (begins_a_stream) {
    last_begun_ = frame.stream;
    // Refused, which the client is still to hear: what else comes of it is no error.
    if (!frame_was_useful_) closed_.add(frame.stream, ClosedStreams::By::us);
  }
  // RFC 7540 §5.3.1. RFC 9113 took the tree away, and left what a stream may not say.
  if (frame.type == NGHTTP2_PRIORITY && frame.length == 5 && walk_.first_number() == frame.stream) {
    end_for(reason::http2_protocol_error, NGHTTP2_PROTOCOL_ERROR);
  }
  // Megabytes may be on their way, so these may come by the thousand at once.
  if (frame.type == NGHTTP2_WINDOW_UPDATE && updates_earned_ > 0) {
    --updates_earned_;
    return;
  }
  if (!frame_was_useful_ && !idle_frames_.take(source_.now())) {
    end_for(begins_a_stream ? reason::http2_too_many_streams : reason::http2_frame_flood,
            NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

// It names the last stream of ours that the client dealt with, and we begin none.
void ServerSession::take_goodbye(std::int32_t last_stream) {
  client_leaves_ = true;
  if (last_stream % 2 != 0) end_for(reason::http2_protocol_error, NGHTTP2_PROTOCOL_ERROR);
}

// Counts before it looks, and looks at nothing once it was too much.
bool ServerSession::add_field(Stream& stream, std::string_view name, std::string_view value) {
  stream.fields_.add(name, value);
  field_bytes_ += name.size() + value.size();
  work_ += field_bytes_ / kFieldBytesPerWork;
  field_bytes_ %= kFieldBytesPerWork;
  if (!stream.fields_.is_over(fields_limits_)) {
    if (stream.head_is_complete_) {
      stream.add_to_trailer(name, value);
    } else {
      stream.text_.add(name, value);
    }
    stream.text_bytes_ += name.size() + value.size();
    fields_held_ += name.size() + value.size();
    return true;
  }
  if (!std::exchange(stream.fields_were_refused_, true)) stream.on_fields_too_large(stream.text_);
  if (stream.fields_.is_far_over(fields_limits_)) too_large_ = &stream;
  return too_large_ == nullptr;
}

// The connection's window is opened at once while little waits for endpoints in all.
void ServerSession::hold(Stream& stream, std::size_t bytes) {
  stream.unconsumed_ += bytes;
  unconsumed_ += bytes;
  if (unconsumed_ <= stalled_bytes_max_) {
    nghttp2_session_consume_connection(session_, bytes);
  } else {
    stream.held_window_ += bytes;
  }
}

// A stream's window grows up to what all streams may have together, and that with the stream that
// fills it.
void ServerSession::widen(Stream& stream) {
  const std::int32_t all = nghttp2_session_get_effective_local_window_size(session_);
  const std::int32_t wider = std::min(all * 2, connection_window_max_);
  if (wider > all && fills_window(session_, stream.id_, all) &&
      source_.may_widen(static_cast<std::size_t>(wider - all))) {
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, wider);
  }
  // Up to what all streams may have together.
  grow_window(session_, stream.id_, nghttp2_session_get_effective_local_window_size(session_), 2);
}

void ServerSession::consume(Stream& stream) {
  const std::size_t bytes = std::exchange(stream.unconsumed_, 0);
  const std::size_t held = std::exchange(stream.held_window_, 0);
  assert(bytes <= unconsumed_);
  unconsumed_ -= bytes;
  const bool is_taken_as_it_comes = bytes > 0 && unconsumed_ < stalled_bytes_max_ / 2;
  if (is_taken_as_it_comes && !stream.request_ended_) widen(stream);
  if (bytes > 0) nghttp2_session_consume_stream(session_, stream.id_, bytes);
  if (held > 0) nghttp2_session_consume_connection(session_, held);
}

// A byte of a body may come in a frame of its own, and each piece that is told is a system call
// towards the endpoint. So small ones are told together, at the end of receive() at the latest.
void ServerSession::gather(Stream& stream, std::string_view data) {
  if (data.size() >= kSmallDataBytes || stream.incoming_.size() + data.size() > kGatheredBytesMax) {
    deliver(stream, data, false);
    return;
  }
  if (stream.incoming_.empty()) gathered_.push_back(stream.id_);
  stream.incoming_.append(data);
}

void ServerSession::deliver(Stream& stream, std::string_view data, bool last) {
  if (stream.incoming_.empty()) {
    stream.on_data(data, last);
    return;
  }
  const std::string gathered = std::exchange(stream.incoming_, {});
  if (data.empty()) {
    stream.on_data(gathered, last);
  } else {
    stream.on_data(gathered, false);
    stream.on_data(data, last);
  }
}

void ServerSession::deliver_gathered() {
  for (const std::int32_t id : gathered_) {
    Stream* const stream = Callbacks::stream_of(session_, id);
    if (stream != nullptr && !stream->incoming_.empty()) deliver(*stream, {}, false);
  }
  gathered_.clear();
}

// RFC 9113 §6.4: a head of nine bytes, in which the fourth is the type, and a code of four.
bool ServerSession::is_reset_alone(std::string_view frames) {
  constexpr std::size_t kResetBytes = 13;
  return frames.size() == kResetBytes && frames[3] == NGHTTP2_RST_STREAM;
}

// libnghttp2 looks at each field of a stream that it has, byte by byte; once the stream is over, it
// only keeps the state of the compression. So the answer and the reset are made between two fields.
void ServerSession::cut_off(Stream& stream) {
  const std::int32_t id = stream.id_;
  too_large_ = nullptr;
  count_reset();
  if (ended_for_ != nullptr) return;
  send_to(urgent_, kUrgentBytesMax);
  Stream* const left = Callbacks::stream_of(session_, id);
  if (left == nullptr) return;
  reset(*left, Why::no_error);
  std::string rest;
  send_to(rest, kUrgentBytesMax);
  // Whatever else is in it must keep its place, for the compression's sake.
  (is_reset_alone(rest) ? late_resets_ : urgent_).append(rest);
  if (Callbacks::stream_of(session_, id) != nullptr) {
    end_for(reason::http2_frame_flood, NGHTTP2_ENHANCE_YOUR_CALM);  // there is too much to say
  }
}

void ServerSession::count_reset() {
  if (!resets_.take(source_.now())) end_for(reason::http2_reset_flood, NGHTTP2_ENHANCE_YOUR_CALM);
}

// The client is told why, and nothing more is received.
void ServerSession::end_for(const char* reason, std::uint32_t error) {
  if (ended_for_ != nullptr) return;
  ended_for_ = reason;
  nghttp2_session_terminate_session(session_, error);
}

// ---- Sending

bool ServerSession::send(std::string& out, std::size_t bytes_max) {
  reset_answered();
  // Those of answers that left before: a client that is told both at once may not see the answer.
  if (urgent_.empty()) out.append(std::exchange(late_resets_, {}));
  out.append(urgent_);
  std::string().swap(urgent_);
  return send_to(out, bytes_max);
}

bool ServerSession::send_to(std::string& out, std::size_t bytes_max) {
  out_ = &out;
  out_bytes_max_ = bytes_max;
  const int result = nghttp2_session_send(session_);
  out_ = nullptr;
  return result == 0;
}

void ServerSession::reset_answered() {
  for (const std::int32_t id : answered_) {
    Stream* const stream = Callbacks::stream_of(session_, id);
    if (stream != nullptr && !stream->request_ended_) reset(*stream, Why::no_error);
  }
  answered_.clear();
}

void ServerSession::tell_sent() {
  std::vector<std::int32_t> sent;
  sent.swap(sent_);
  for (const std::int32_t id : sent) {
    Stream* const stream = Callbacks::stream_of(session_, id);
    if (stream != nullptr && stream->body_queued() + stream->heads_queued() == 0) stream->on_sent();
  }
  sent.clear();
  if (sent_.empty()) sent_.swap(sent);  // keeps its storage
}

bool ServerSession::wants_to_send() const {
  return nghttp2_session_want_write(session_) != 0 || !answered_.empty() || !urgent_.empty() ||
         !late_resets_.empty();
}

std::size_t ServerSession::owed() const {
  return heads_queued_ + urgent_.size() + late_resets_.size() +
         kQueuedFrameBytes * nghttp2_session_get_outbound_queue_size(session_);
}

bool ServerSession::is_over() const {
  const bool reads_on =
      nghttp2_session_want_read(session_) != 0 && !(client_leaves_ && stream_count_ == 0);
  return !reads_on && !wants_to_send();
}

void ServerSession::respond(Stream& stream, const std::vector<nghttp2_nv>& fields, bool with_body) {
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = Callbacks::read_body;
  if (nghttp2_submit_response(session_, stream.id_, fields.data(), fields.size(),
                              with_body ? &body : nullptr) == 0) {
    count_head(stream, fields);
  }
}

void ServerSession::respond_interim(Stream& stream, const std::vector<nghttp2_nv>& fields) {
  if (nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields.data(),
                             fields.size(), nullptr) == 0) {
    count_head(stream, fields);
  }
}

void ServerSession::count_head(Stream& stream, const std::vector<nghttp2_nv>& fields) {
  const std::size_t bytes = bytes_of(fields.data(), fields.size());
  heads_queued_ += bytes;
  stream.heads_queued_ += bytes;
}

// It went out, or never will. `stream` may be gone.
void ServerSession::forget_head(Stream* stream, const nghttp2_frame& frame) {
  const std::size_t bytes = bytes_of(frame.headers.nva, frame.headers.nvlen);
  assert(bytes <= heads_queued_);
  heads_queued_ -= bytes;
  if (stream == nullptr) return;
  stream->heads_queued_ -= bytes;
  const bool waits_for_more = !Callbacks::ends_stream(&frame) && !stream->body_last_;
  if (waits_for_more && stream->heads_queued_ == 0 && stream->body_queued() == 0) {
    sent_.push_back(stream->id_);
  }
}

void ServerSession::append_body(Stream& stream, std::string_view data, bool last) {
  stream.body_.append(data);
  bodies_queued_ += data.size();
  stream.body_last_ = last;
  if (std::exchange(stream.is_deferred_, false)) nghttp2_session_resume_data(session_, stream.id_);
}

bool ServerSession::may_pass_body(const Stream& stream) const {
  const bool is_called_back = is_receiving_ || out_ != nullptr;
  return !is_called_back && ended_for_ == nullptr && stream.is_deferred_ && !stream.body_last_ &&
         stream.body_queued() == 0 && !wants_to_send() && window(stream) > 0;
}

// Frames without the end of a body end no stream, so it is there afterwards.
bool ServerSession::pass_body(Stream& stream, std::string_view data, std::string& out,
                              std::size_t bytes_max) {
  assert(may_pass_body(stream));
  stream.passing_ = data;
  bodies_queued_ += data.size();
  stream.is_deferred_ = false;
  nghttp2_session_resume_data(session_, stream.id_);
  const bool is_sound = send_to(out, bytes_max);
  stream.body_.append(std::exchange(stream.passing_, {}));
  return is_sound;
}

void ServerSession::end_body(Stream& stream, const std::vector<nghttp2_nv>& trailer) {
  stream.trailer_ = std::make_unique<KeptFields>(trailer);
  heads_queued_ += stream.trailer_->bytes();
  stream.heads_queued_ += stream.trailer_->bytes();
  append_body(stream, {}, true);
}

// It was counted when it was given.
void ServerSession::submit_trailer(Stream& stream) {
  const std::unique_ptr<KeptFields> trailer = std::move(stream.trailer_);
  if (nghttp2_submit_trailer(session_, stream.id_, trailer->list().data(),
                             trailer->list().size()) != 0) {
    heads_queued_ -= trailer->bytes();
    stream.heads_queued_ -= trailer->bytes();
  }
}

std::size_t ServerSession::window(const Stream& stream) const {
  const std::int32_t window =
      std::min(nghttp2_session_get_stream_remote_window_size(session_, stream.id_),
               nghttp2_session_get_remote_window_size(session_));
  return static_cast<std::size_t>(std::max(window, 0));
}

void ServerSession::reset(Stream& stream, Why why) {
  const std::uint32_t code = why == Why::no_error ? NGHTTP2_NO_ERROR
                             : why == Why::cancel ? NGHTTP2_CANCEL
                                                  : NGHTTP2_INTERNAL_ERROR;
  stream.is_reset_by_us_ = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, code);
}

void ServerSession::announce_goaway() {
  nghttp2_submit_shutdown_notice(session_);
}

void ServerSession::goaway() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace proxy::http2
