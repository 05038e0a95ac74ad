#include "tests/proxy/support/http2_backend.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"

namespace proxy::support {

struct Http2Backend::Session {
  struct Exchange {
    Request request;
    Reply reply;
    std::string unsent;
    bool whole = false;  // unsent ends the body
  };
  Http2Backend* backend = nullptr;
  SocketStream stream;
  nghttp2_session* http2 = nullptr;
  std::map<int, Exchange> exchanges;
  std::string frames;  // that no library would send, for the end of the turn
  int number = 0;
  std::atomic<bool> has_ended{false};
  std::thread thread;
};

struct BackendCallbacks {
  using Session = Http2Backend::Session;
  using Exchange = Session::Exchange;
  static Session& self(void* user) { return *static_cast<Session*>(user); }

  static std::vector<nghttp2_nv> list_of(const Http2Backend::Fields& fields) {
    std::vector<nghttp2_nv> list;
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    for (const auto& [name, value] : fields) {
      list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    return list;
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Session& session = self(user);
    Exchange& exchange = session.exchanges[frame->hd.stream_id];
    exchange.request.connection = session.number;
    exchange.request.stream = frame->hd.stream_id;
    const auto count = static_cast<int>(session.exchanges.size());
    std::atomic<int>& most = session.backend->most_;
    for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
    }
    return 0;
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    self(user).exchanges[frame->hd.stream_id].request.fields.emplace(
        std::string(reinterpret_cast<const char*>(name), name_size),
        std::string(reinterpret_cast<const char*>(value), value_size));
    return 0;
  }
  static int on_data(nghttp2_session* http2, std::uint8_t, std::int32_t id,
                     const std::uint8_t* data, std::size_t size, void* user) {
    Session& session = self(user);
    Exchange& exchange = session.exchanges[id];
    const std::string text(reinterpret_cast<const char*>(data), size);
    exchange.request.body += text;
    if (!session.backend->echoes()) return 0;
    for (auto& [other_id, other] : session.exchanges) {
      if (other_id != id && !session.backend->ways_.echoes_to_all) continue;
      other.unsent += text;
      nghttp2_session_resume_data(http2, other_id);
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Session& session = self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM) ++session.backend->resets_;
    const bool is_head =
        frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (session.backend->echoes()) {
      if (is_head) answer(session, frame->hd.stream_id, last);
      if (last && !is_head) end_echo(session, frame->hd.stream_id);
    } else if (last) {
      answer(session, frame->hd.stream_id, true);
    }
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    self(user).exchanges.erase(id);
    return 0;
  }

  static void end_echo(Session& session, int id) {
    session.exchanges[id].whole = true;
    nghttp2_session_resume_data(session.http2, id);
  }

  static void answer(Session& session, int id, bool request_is_whole) {
    Http2Backend& backend = *session.backend;
    Exchange& exchange = session.exchanges[id];
    {
      const std::lock_guard lock(backend.mutex_);
      backend.last_ = exchange.request;
    }
    ++backend.requests_;
    exchange.reply = backend.script_(exchange.request);
    const Http2Backend::Reply& reply = exchange.reply;
    session.frames += reply.frames;
    if (reply.leaves) {
      nghttp2_submit_goaway(session.http2, NGHTTP2_FLAG_NONE, id - 2, NGHTTP2_NO_ERROR, nullptr, 0);
      return;
    }
    if (reply.says_nothing) return;
    if (reply.has_head) {
      exchange.unsent = reply.body;
      exchange.whole = request_is_whole;
      nghttp2_data_provider provider{};
      provider.read_callback = read_body;
      const bool is_all = request_is_whole && reply.body.empty() && reply.trailer.empty();
      const auto list = list_of(reply.head);
      nghttp2_submit_response(session.http2, id, list.data(), list.size(),
                              is_all ? nullptr : &provider);
      return;
    }
    if (reply.reset >= 0) {
      nghttp2_submit_rst_stream(session.http2, NGHTTP2_FLAG_NONE, id,
                                static_cast<std::uint32_t>(reply.reset));
    }
  }

  static ssize_t read_body(nghttp2_session* http2, std::int32_t id, std::uint8_t* out,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                           void* user) {
    Exchange& exchange = self(user).exchanges[id];
    const std::size_t count = std::min(size, exchange.unsent.size());
    if (count == 0 && !exchange.whole) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(out, exchange.unsent.data(), count);
    exchange.unsent.erase(0, count);
    if (!exchange.unsent.empty() || !exchange.whole) return static_cast<ssize_t>(count);
    if (exchange.reply.reset >= 0) {
      nghttp2_submit_rst_stream(http2, NGHTTP2_FLAG_NONE, id,
                                static_cast<std::uint32_t>(exchange.reply.reset));
      exchange.whole = false;
      return count == 0 ? static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED) : static_cast<ssize_t>(count);
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!exchange.reply.trailer.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto list = list_of(exchange.reply.trailer);
      nghttp2_submit_trailer(http2, id, list.data(), list.size());
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_session* make(Session& session) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session* made = nullptr;
    nghttp2_session_server_new(&made, callbacks, &session);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, session.backend->ways_.streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
         static_cast<std::uint32_t>(session.backend->ways_.window)},
    };
    nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    return made;
  }
};

Http2Backend::Http2Backend(Script script, Ways ways)
    : script_(std::move(script)), ways_(std::move(ways)) {
  listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  port_ = net::local_address(listener_.get()).port();
  thread_ = std::thread([this] { accept(); });
}

Http2Backend::~Http2Backend() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  drop_connections();
  for (Session& session : sessions_) {
    if (session.thread.joinable()) session.thread.join();
  }
}

void Http2Backend::drop_connections() {
  const std::lock_guard lock(mutex_);
  for (Session& session : sessions_) ::shutdown(session.stream.fd(), SHUT_RDWR);
}

Http2Backend::Request Http2Backend::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Http2Backend::accept() {
  for (;;) {
    pollfd wait{listener_.get(), POLLIN, 0};
    ::poll(&wait, 1, -1);
    net::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.is_open()) {
      if ((wait.revents & POLLHUP) != 0) return;
      continue;
    }
    ++open_;
    const std::lock_guard lock(mutex_);
    join_ended();
    Session& session = sessions_.emplace_back();
    session.number = ++connections_;
    session.backend = this;
    session.stream = SocketStream(std::move(fd));
    session.thread = std::thread([this, &session] { serve(session); });
  }
}

// A thread that is not joined keeps its stack, as in ScriptedBackend.
void Http2Backend::join_ended() {
  for (Session& session : sessions_) {
    if (session.has_ended && session.thread.joinable()) session.thread.join();
  }
}

void Http2Backend::serve(Session& session) {
  const bool is_ready = ways_.tls == nullptr || session.stream.accept_tls(ways_.tls.get());
  if (is_ready) {
    session.http2 = BackendCallbacks::make(session);
    bool goes_on = true;
    while (goes_on) {
      std::string out;
      for (;;) {
        const std::uint8_t* data = nullptr;
        const ssize_t size = nghttp2_session_mem_send(session.http2, &data);
        if (size <= 0) break;
        out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
      }
      out += std::exchange(session.frames, {});
      if (!out.empty() && !session.stream.send(out)) break;
      const std::string got = session.stream.receive();
      goes_on =
          !got.empty() &&
          nghttp2_session_mem_recv(session.http2, reinterpret_cast<const std::uint8_t*>(got.data()),
                                   got.size()) >= 0;
    }
    nghttp2_session_del(session.http2);
  }
  ::shutdown(session.stream.fd(), SHUT_RDWR);
  --open_;
  session.has_ended = true;  // the last that it does: it takes no lock any more
}

}  // namespace proxy::support
