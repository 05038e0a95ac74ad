#include "proxy/http2/server_session.h"

#include <algorithm>
#include <utility>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

void Stream::reset_stream() {
  id_ = 0;
  text_.reset();
  body_.clear();
  body_begin_ = 0;
  body_sent_ = 0;
  body_last_ = is_deferred_ = request_ended_ = is_reset_by_us_ = is_responding_ = false;
  previous_ = next_ = nullptr;
}

// libnghttp2 calls these; `user` is the session.
struct Callbacks {
  static ServerSession& self(void* user) { return *static_cast<ServerSession*>(user); }
  static Stream* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static bool is_request_head(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  }
  static bool ends_stream(const nghttp2_frame* frame) {
    return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  }
  static std::string_view text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (!is_request_head(frame)) return 0;
    return self(user).begin_stream(frame->hd.stream_id) != nullptr
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void*) {
    if (!is_request_head(frame)) return 0;
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr) stream->text_.add(text(name, name_size), text(value, value_size));
    return 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_RST_STREAM) self(user).count_reset();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool last = ends_stream(frame);
    stream->request_ended_ = last;
    if (is_request_head(frame)) {
      stream->on_head(stream->text_, last);
    } else if (last) {
      stream->on_data({}, true);
    }
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void*) {
    // The connection's window is opened at once: one request that stalls must not stall the others.
    // What it may keep waiting is bounded by its own window.
    nghttp2_session_consume_connection(session, size);
    Stream* const stream = stream_of(session, id);
    if (stream != nullptr) stream->on_data(text(data, size), false);
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t, void* user) {
    Stream* const stream = stream_of(session, id);
    if (stream != nullptr) self(user).end_stream(*stream);
    return 0;
  }

  // A response that is whole while its request is not: the rest of the request is not wanted
  // (RFC 9113 §8.1).
  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
      // By libnghttp2 itself: the client broke the stream of a request that was begun.
      const Stream* const broken = stream_of(session, frame->hd.stream_id);
      if (broken != nullptr && !broken->is_reset_by_us_) self(user).count_reset();
      return 0;
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if (!ends_stream(frame)) return 0;
    Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr && !stream->request_ended_) {
      stream->is_reset_by_us_ = true;
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
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
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Stream& stream = *static_cast<Stream*>(source->ptr);
    const std::size_t count = std::min(size, stream.body_queued());
    if (stream.body_last_ && count == stream.body_queued()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
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
    if (session.out_->size() >= session.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    Stream& stream = *static_cast<Stream*>(source->ptr);
    session.out_->append(text(frame_head, 9));
    session.out_->append(stream.body_, stream.body_begin_, size);
    stream.body_begin_ += size;
    stream.body_sent_ += size;
    if (stream.body_queued() == 0) {
      stream.body_.clear();
      stream.body_begin_ = 0;
      if (!stream.body_last_) session.sent_.push_back(frame->hd.stream_id);
    }
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_send_callback(callbacks, send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
  }
};

std::unique_ptr<ServerSession> ServerSession::create(const Limits& limits, StreamSource& source) {
  static nghttp2_session_callbacks* const callbacks = Callbacks::make();
  std::unique_ptr<ServerSession> session(new ServerSession(limits, source));
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) return nullptr;
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_continuations(option, 8);
  // Answers to pings and settings that the client does not read.
  nghttp2_option_set_max_outbound_ack(option, 256);
  const int made =
      nghttp2_session_server_new2(&session->session_, callbacks, session.get(), option);
  nghttp2_option_del(option);
  if (made != 0) return nullptr;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams_max},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.field_list_bytes_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits.stream_window)},
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
  Stream* const stream = source_.make_stream().release();
  stream->id_ = id;
  stream->next_ = first_;
  if (first_ != nullptr) first_->previous_ = stream;
  first_ = stream;
  ++stream_count_;
  nghttp2_session_set_stream_user_data(session_, id, stream);
  return stream;
}

void ServerSession::end_stream(Stream& stream) {
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  (stream.previous_ != nullptr ? stream.previous_->next_ : first_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  --stream_count_;
  stream.on_stream_closed();
  stream.reset_stream();
  source_.recycle_stream(std::unique_ptr<Stream>(&stream));
}

bool ServerSession::receive(std::string_view bytes) {
  const ssize_t used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return used == static_cast<ssize_t>(bytes.size());
}

bool ServerSession::send(std::string& out, std::size_t bytes_max) {
  out_ = &out;
  out_bytes_max_ = bytes_max;
  const int result = nghttp2_session_send(session_);
  out_ = nullptr;
  return result == 0;
}

void ServerSession::tell_sent() {
  for (const std::int32_t id : std::exchange(sent_, {})) {
    Stream* const stream = Callbacks::stream_of(session_, id);
    if (stream != nullptr && stream->body_queued() == 0) stream->on_body_sent();
  }
}

bool ServerSession::wants_to_send() const {
  return nghttp2_session_want_write(session_) != 0;
}

bool ServerSession::is_over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void ServerSession::respond(Stream& stream, const std::vector<nghttp2_nv>& fields, bool with_body) {
  stream.is_responding_ = true;
  nghttp2_data_provider body{};
  body.source.ptr = &stream;
  body.read_callback = Callbacks::read_body;
  nghttp2_submit_response(session_, stream.id_, fields.data(), fields.size(),
                          with_body ? &body : nullptr);
}

void ServerSession::respond_interim(Stream& stream, const std::vector<nghttp2_nv>& fields) {
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id_, nullptr, fields.data(),
                         fields.size(), nullptr);
}

void ServerSession::append_body(Stream& stream, std::string_view data, bool last) {
  stream.body_.append(data);
  stream.body_last_ = last;
  if (std::exchange(stream.is_deferred_, false)) nghttp2_session_resume_data(session_, stream.id_);
}

void ServerSession::reset(Stream& stream, Why why) {
  const std::uint32_t code = why == Why::no_error ? NGHTTP2_NO_ERROR
                             : why == Why::cancel ? NGHTTP2_CANCEL
                                                  : NGHTTP2_INTERNAL_ERROR;
  stream.is_reset_by_us_ = true;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, code);
}

void ServerSession::count_reset() {
  if (had_too_many_resets_ || resets_.take(source_.now())) return;
  had_too_many_resets_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void ServerSession::consume(Stream& stream, std::size_t bytes) {
  nghttp2_session_consume_stream(session_, stream.id_, bytes);
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
