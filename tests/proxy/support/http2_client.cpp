#include "tests/proxy/support/http2_client.h"

#include <algorithm>
#include <cstring>

#include <nghttp2/nghttp2.h>

namespace proxy::support {

namespace {

std::vector<nghttp2_nv> fields_of(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::vector<nghttp2_nv> list;
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  for (const auto& [name, value] : fields) {
    list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

}  // namespace

struct ClientCallbacks {
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    auto& answer = self(user).answers_[frame->hd.stream_id];
    if (key == ":status") answer.status = std::stoi(text);
    answer.fields[key] = text;
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).got_goaway_ = true;
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      self(user).answers_[frame->hd.stream_id].ended = true;
    }
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    self(user).answers_[id].error = code;
    return 0;
  }
  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* out,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void* user) {
    std::string& body = self(user).bodies_[id];
    const bool endless = source->fd != 0 && !self(user).ended_bodies_.contains(id);
    if (body.empty() && endless) return NGHTTP2_ERR_DEFERRED;
    const std::size_t count = std::min(size, body.size());
    std::memcpy(out, body.data(), count);
    body.erase(0, count);
    if (body.empty() && !endless) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (self(user).trailers_.contains(id)) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const auto list = fields_of(self(user).trailers_[id]);
        nghttp2_submit_trailer(session, id, list.data(), list.size());
      }
    }
    return static_cast<ssize_t>(count);
  }
};

Http2Client::Http2Client(SocketStream stream, const Windows& windows) : stream_(std::move(stream)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, ClientCallbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, ClientCallbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, ClientCallbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, ClientCallbacks::on_close);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, windows.opens_windows ? 0 : 1);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                      static_cast<std::uint32_t>(windows.window)};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, windows.window);
}

Http2Client::~Http2Client() {
  nghttp2_session_del(session_);
}

int Http2Client::request(const std::vector<std::pair<std::string, std::string>>& fields,
                         const std::string& body, bool endless_body) {
  const std::vector<nghttp2_nv> list = fields_of(fields);
  nghttp2_data_provider provider{};
  provider.source.fd = endless_body ? 1 : 0;
  provider.read_callback = ClientCallbacks::read_body;
  const bool has_body = !body.empty() || endless_body;
  const int stream = nghttp2_submit_request(session_, nullptr, list.data(), list.size(),
                                            has_body ? &provider : nullptr, nullptr);
  bodies_[stream] = body;
  return stream;
}

int Http2Client::get(const std::string& path, const std::string& authority) {
  return request(
      {{":method", "GET"}, {":scheme", "https"}, {":authority", authority}, {":path", path}});
}

bool Http2Client::flush() {
  std::string out;
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) break;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  return out.empty() || stream_.send(out);
}

bool Http2Client::turn() {
  const bool sent = flush();
  const std::string got = stream_.receive();
  is_over_ = got.empty() || !sent;
  return !got.empty() && take(got);
}

bool Http2Client::take(std::string_view bytes) {
  return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                  bytes.size()) >= 0;
}

void Http2Client::give_window(int stream, std::int32_t bytes) {
  for (const int id : {0, stream}) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, bytes);
  }
}

const Http2Client::Answer& Http2Client::wait(int stream) {
  read_until([&] { return answers_[stream].is_closed(); });
  return answers_[stream];
}

void Http2Client::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void Http2Client::say(int stream, const std::string& data, bool last) {
  bodies_[stream] += data;
  if (last) ended_bodies_.insert(stream);
  nghttp2_session_resume_data(session_, stream);
}

void Http2Client::finish(int stream,
                         const std::vector<std::pair<std::string, std::string>>& trailer) {
  trailers_[stream] = trailer;
  say(stream, "", true);
}

void Http2Client::reset(int stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

}  // namespace proxy::support
