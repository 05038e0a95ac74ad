#include "proxy/http2/client_session.h"

#include <algorithm>
#include <utility>

#include "proxy/http2/flow_window.h"
#include "proxy/http2/session_callbacks.h"
#include "proxy/http2/session_options.h"

namespace proxy::http2 {
namespace {

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

// What a head is written down with.
constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::string_view kColon = ": ";
constexpr std::string_view kLineEnd = "\r\n";

// 64 KiB are there in as many ways to the endpoint and back as with a window of 16 KiB at first
// that is doubled each time.
constexpr std::int32_t kWindowGrowth = 4;

// Frames without effect that an endpoint earns; see ClientSession::Limits.
constexpr unsigned kEarnedByRequest = 8;
constexpr unsigned kEarnedByData = 4;
// Two windows are opened for each read of an endpoint, and some read 512 bytes at a time.
constexpr std::uint64_t kUpdatesByData = 2;
constexpr std::size_t kDataBytesPerUpdate = 256;
// So many bytes of decoded fields take about as long as a frame.
constexpr std::size_t kFieldBytesPerFrame = 512;
// Heads and the end of a response that were on their way when its request was given up.
constexpr unsigned kEarnedByGivingUp = 32;

}  // namespace

ClientStream::~ClientStream() {
  if (session_ != nullptr) session_->forget(*this);
}

// Its user may destroy it.
void ClientStream::end(End end) {
  ClientSession& session = *session_;
  session.leave(*this);
  if (end == End::not_processed) session.has_refused_ = true;
  user_.on_stream_ended(end);
}

void ClientStream::append(std::string_view data, bool last) {
  if (session_ == nullptr) return;
  body_.append(data);
  session_->bodies_queued_ += data.size();
  body_last_ = last;
  if (std::exchange(is_deferred_, false)) nghttp2_session_resume_data(session_->session_, id_);
  session_->output_.on_output();
}

void ClientStream::finish(std::string_view data, const std::vector<nghttp2_nv>& trailer) {
  if (!trailer.empty()) request_trailer_ = std::make_unique<KeptFields>(trailer);
  append(data, true);
}

void ClientStream::consume(bool may_grow) {
  const std::size_t bytes = std::exchange(unconsumed_, 0);
  if (bytes == 0 || session_ == nullptr) return;
  if (may_grow && !is_whole_) {
    grow_window(session_->session_, id_, session_->limits_.stream_window_max, kWindowGrowth);
  }
  nghttp2_session_consume_stream(session_->session_, id_, bytes);
  session_->output_.on_output();
}

struct ClientCallbacks : SessionCallbacks<ClientSession, ClientStream> {
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    ClientStream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    self(user).frame_is_idle_ = false;  // interim heads are bounded by their number
    stream->text_.clear();
    stream->fields_.reset();
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame,
                       const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                       std::size_t value_size, std::uint8_t, void* user) {
    ClientStream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // Else the stream is reset, and the state of the compression is kept.
    return self(user).take_field(*stream, text(name, name_size), text(value, value_size))
               ? 0
               : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const bool is_of_settings =
        frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0;
    if (is_of_settings) self(user).has_settings_ = true;
    if (is_of_settings || frame->hd.type == NGHTTP2_GOAWAY) self(user).end_those_without_room();
    const std::uint8_t type = frame->hd.type;
    if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA && type != NGHTTP2_RST_STREAM) return 0;
    ClientStream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const bool last = ends_stream(frame);
    if (last || type == NGHTTP2_RST_STREAM) self(user).frame_is_idle_ = false;
    if (type == NGHTTP2_RST_STREAM) return 0;  // on_stream_close() follows
    stream->is_whole_ = last;
    if (frame->hd.type == NGHTTP2_HEADERS) {
      self(user).finish_fields(*stream, last);
    } else if (last) {
      stream->user_.on_response_end({});
    }
    return 0;
  }

  static int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                           const std::uint8_t* data, std::size_t size, void* user) {
    nghttp2_session_consume_connection(session, size);
    ClientStream* const stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    self(user).frame_is_idle_ = false;
    stream->unconsumed_ += size;
    stream->user_.on_response_data(text(data, size));
    return 0;
  }

  static int on_stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t error,
                             void* user) {
    ClientStream* const stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    if (stream->is_whole_) {
      self(user).leave(*stream);
    } else if (!stream->head_is_out_) {
      stream->end(ClientStream::End::no_room);
    } else if (error == NGHTTP2_REFUSED_STREAM) {
      stream->end(ClientStream::End::not_processed);
    } else if (stream->is_too_large_) {
      stream->end(ClientStream::End::too_large);
    } else {
      stream->end(stream->is_broken_ ? ClientStream::End::broken : ClientStream::End::reset);
    }
    return 0;
  }

  static int on_frame_send(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_DATA) {
      self(user).idle_frames_.earn(kEarnedByData);
      self(user).updates_earned_ += kUpdatesByData + frame->hd.length / kDataBytesPerUpdate;
    }
    ClientStream* const stream =
        frame->hd.stream_id == 0 ? nullptr : stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // Of a stream that its user still wants: libnghttp2 found fault with what came.
    if (frame->hd.type == NGHTTP2_RST_STREAM) stream->is_broken_ = true;
    const bool is_of_request = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (is_of_request && ends_stream(frame)) {
      stream->request_is_out_ = true;
      self(user).sent_.push_back(stream->id_);
    }
    if (!is_request_head(frame)) return 0;
    stream->head_is_out_ = true;
    if (stream->body_.empty() && !stream->body_last_) self(user).sent_.push_back(stream->id_);
    return 0;
  }

  static ssize_t send(nghttp2_session*, const std::uint8_t* bytes, std::size_t size, int,
                      void* user) {
    ClientSession& session = self(user);
    if (session.out_->size() >= session.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    session.out_->append(text(bytes, size));
    return static_cast<ssize_t>(size);
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t*,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void*) {
    ClientStream* const stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t count = std::min(size, stream->body_.size());
    if (stream->body_last_ && count == stream->body_.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (const auto trailer = std::move(stream->request_trailer_); trailer != nullptr) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        // It is in front of this stream's end, so it goes out after this.
        nghttp2_submit_trailer(session, id, trailer->list().data(), trailer->list().size());
      }
    } else if (count == 0) {
      stream->is_deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(count);
  }

  static int send_data(nghttp2_session* session, nghttp2_frame* frame,
                       const std::uint8_t* frame_head, std::size_t size, nghttp2_data_source*,
                       void* user) {
    ClientSession& connection = self(user);
    if (connection.out_->size() >= connection.out_bytes_max_) return NGHTTP2_ERR_WOULDBLOCK;
    ClientStream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    constexpr std::size_t kFrameHeadBytes = 9;
    connection.out_->append(text(frame_head, kFrameHeadBytes));
    connection.out_->append(stream->body_.view().substr(0, size));
    stream->body_.consume(size);
    stream->body_sent_ += size;
    connection.bodies_queued_ -= size;
    if (stream->body_.empty() && !stream->body_last_) connection.sent_.push_back(stream->id_);
    return 0;
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_send_callback(callbacks, send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
  }
};

std::unique_ptr<ClientSession> ClientSession::create(const Limits& limits, ClientOutput& output) {
  static nghttp2_session_callbacks* const callbacks = ClientCallbacks::make();
  std::unique_ptr<ClientSession> session(new ClientSession(limits, output));
  const OptionPtr option = bounded_options();
  if (option == nullptr) return nullptr;
  nghttp2_option_set_peer_max_concurrent_streams(option.get(), 1);
  if (nghttp2_session_client_new2(&session->session_, callbacks, session.get(), option.get()) !=
      0) {
    return nullptr;
  }
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.fields.bytes_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(limits.stream_window)},
  };
  if (nghttp2_submit_settings(session->session_, NGHTTP2_FLAG_NONE, settings,
                              std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(session->session_, NGHTTP2_FLAG_NONE, 0,
                                            limits.connection_window) != 0) {
    return nullptr;
  }
  return session;
}

ClientSession::~ClientSession() {
  while (first_ != nullptr) leave(*first_);
  nghttp2_session_del(session_);
}

// ---- Streams

bool ClientSession::has_room() const {
  if (has_refused_ || is_leaving()) return false;
  return stream_count_ < std::min(streams_allowed().value_or(kStreamsMax), limits_.streams_max);
}

std::optional<std::uint32_t> ClientSession::streams_allowed() const {
  if (!has_settings_) return std::nullopt;
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

// They would wait for those before them to end, and those may go on for ever.
void ClientSession::end_those_without_room() {
  for (;;) {
    std::uint32_t sent = 0;
    std::uint32_t waiting = 0;
    ClientStream* newest = nullptr;
    for (ClientStream* stream = first_; stream != nullptr; stream = stream->next_) {
      ++(stream->head_is_out_ ? sent : waiting);
      if (newest == nullptr && !stream->head_is_out_) newest = stream;
    }
    const bool is_full = is_leaving() || sent + waiting > streams_allowed().value_or(kStreamsMax);
    if (newest == nullptr || !is_full) return;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, newest->id_, NGHTTP2_CANCEL);
    newest->end(ClientStream::End::no_room);
  }
}

bool ClientSession::is_leaving() const {
  return has_failed_ || nghttp2_session_check_request_allowed(session_) == 0 ||
         (has_refused_ && stream_count_ == 0);
}

bool ClientSession::begin(ClientStream& stream, const std::vector<nghttp2_nv>& fields,
                          bool with_body) {
  nghttp2_data_provider body{};
  body.read_callback = ClientCallbacks::read_body;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                                 with_body ? &body : nullptr, &stream);
  if (id < 0) return false;
  stream.session_ = this;
  stream.id_ = id;
  stream.body_last_ = !with_body;
  stream.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &stream;
  first_ = &stream;
  ++stream_count_;
  idle_frames_.earn(kEarnedByRequest);
  output_.on_output();
  return true;
}

// Its user wants no more of it.
void ClientSession::forget(ClientStream& stream) {
  const bool is_over = stream.is_whole_ && stream.request_is_out_;
  if (!is_over) {
    const std::int32_t window = nghttp2_session_get_stream_local_window_size(session_, stream.id_);
    const auto at_most = std::uint64_t{limits_.streams_max} *
                         static_cast<std::uint64_t>(std::max(limits_.stream_window_max, 0));
    left_over_bytes_ =
        std::min(at_most, left_over_bytes_ + static_cast<std::uint64_t>(std::max(window, 0)));
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, NGHTTP2_CANCEL);
    idle_frames_.earn(kEarnedByGivingUp);
  }
  leave(stream);
  output_.on_output();
}

void ClientSession::leave(ClientStream& stream) {
  nghttp2_session_set_stream_user_data(session_, stream.id_, nullptr);
  (stream.previous_ != nullptr ? stream.previous_->next_ : first_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  stream.previous_ = stream.next_ = nullptr;
  stream.session_ = nullptr;
  bodies_queued_ -= stream.body_.size();
  stream.body_.clear();
  has_refused_ = false;  // there is a place again
  --stream_count_;
}

void ClientSession::end_all(ClientStream::End end) {
  has_failed_ = true;
  while (first_ != nullptr) {
    first_->end(first_->head_is_out_ ? end : ClientStream::End::no_room);
  }
}

// ---- Fields

// False: the stream is to be reset.
bool ClientSession::take_field(ClientStream& stream, std::string_view name,
                               std::string_view value) {
  stream.fields_.add(name, value);
  field_bytes_ += name.size() + value.size();
  stream.is_too_large_ = stream.fields_.is_over(limits_.fields);
  // Line ends never come this far, but this is where they would do harm.
  if (stream.is_too_large_ || has_line_end(name) || has_line_end(value)) return false;
  if (name == ":status") {
    stream.text_.append(kVersion).append(value).append(" ").append(kLineEnd);
  } else if (!name.starts_with(':')) {  // libnghttp2 lets no other pass
    stream.text_.append(name).append(kColon).append(value).append(kLineEnd);
  }
  return true;
}

void ClientSession::finish_fields(ClientStream& stream, bool last) {
  if (stream.text_.starts_with(kVersion)) {
    stream.text_.append(kLineEnd);
    stream.user_.on_response_head(stream.text_, last);
    return;
  }
  if (!last) return;  // libnghttp2 lets none pass
  trailer_.clear();
  for (std::string_view rest = stream.text_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find(kLineEnd));
    rest.remove_prefix(line.size() + kLineEnd.size());
    const std::size_t colon = line.find(kColon);
    http::Field field{.name = line.substr(0, colon), .value = line.substr(colon + kColon.size())};
    field.id = http::field_id(field.name);
    trailer_.push_back(field);
  }
  stream.user_.on_response_end(trailer_);
}

// ---- Bytes

bool ClientSession::receive(std::string_view bytes, std::size_t& frames) {
  while (!bytes.empty() && !was_flooded_) {
    const FrameWalk::Step step = walk_.next(bytes);
    if (step.begins) frame_is_idle_ = true;
    const ssize_t used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), step.bytes);
    if (used < 0) {
      was_flooded_ = used == NGHTTP2_ERR_FLOODED || used == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
      has_failed_ = true;
      return false;
    }
    frames += field_bytes_ / kFieldBytesPerFrame;
    field_bytes_ %= kFieldBytesPerFrame;
    if (step.ends) {
      ++frames;
      end_frame();
    }
    bytes.remove_prefix(step.bytes);
  }
  if (!was_flooded_) return true;
  nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
  has_failed_ = true;
  return false;
}

// It was idle unless a callback said that it brought something of a response: so kinds of frames
// that nobody thought of, and those that libnghttp2 tells nobody of, are counted, too.
void ClientSession::end_frame() {
  if (!frame_is_idle_ || is_paid_for()) return;
  if (!idle_frames_.take(output_.now())) was_flooded_ = true;
}

// An idle frame that something which was sent or given up lets the endpoint send.
bool ClientSession::is_paid_for() {
  const FrameWalk::Head& head = walk_.head();
  if (head.type == NGHTTP2_WINDOW_UPDATE && updates_earned_ > 0) {
    --updates_earned_;
    return true;
  }
  const bool is_left_over = head.type == NGHTTP2_DATA && head.length > 0 &&
                            ClientCallbacks::stream_of(session_, head.stream) == nullptr;
  if (!is_left_over || head.length > left_over_bytes_) return false;
  left_over_bytes_ -= head.length;
  return true;
}

bool ClientSession::send(std::string& out, std::size_t bytes_max) {
  out_ = &out;
  out_bytes_max_ = bytes_max;
  const int result = nghttp2_session_send(session_);
  out_ = nullptr;
  return result == 0;
}

void ClientSession::tell_sent() {
  std::vector<std::int32_t> sent;
  sent.swap(sent_);
  for (const std::int32_t id : sent) {
    ClientStream* const stream = ClientCallbacks::stream_of(session_, id);
    if (stream != nullptr && stream->unsent() == 0) stream->user_.on_request_sent();
  }
  sent.clear();
  if (sent_.empty()) sent_.swap(sent);  // keeps its storage
}

bool ClientSession::wants_to_send() const {
  return nghttp2_session_want_write(session_) != 0;
}

bool ClientSession::is_over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void ClientSession::say_goodbye() {
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
}

}  // namespace proxy::http2
