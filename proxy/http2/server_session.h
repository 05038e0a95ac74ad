#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http1/response_parser.h"
#include "proxy/http2/request_text.h"
#include "proxy/http2/reset_budget.h"
#include "proxy/http2/response_fields.h"

struct nghttp2_session;

namespace proxy::http2 {

class ServerSession;

// What no client gets past; a client that tries is told GOAWAY (RFC 9113 §10.5).
struct Limits {
  std::uint32_t concurrent_streams_max = 128;
  std::uint32_t field_list_bytes_max = 32u << 10;
  // Unsent bodies of requests per stream and per connection.
  std::int32_t stream_window = 65'535;
  std::int32_t connection_window = 1 << 20;
  // Streams that the client resets, or makes us reset; see ResetBudget.
  std::uint64_t resets_burst = 200;
  std::uint64_t resets_per_second = 33;
};

// One request on a session. The session owns it from its first field to its end.
class Stream {
 public:
  virtual ~Stream() = default;

  // The head is complete; `last`: there is no body.
  virtual void on_head(RequestText& text, bool last) = 0;
  // A part of the body; consume() what was dealt with. Trailer fields are dropped.
  virtual void on_data(std::string_view data, bool last) = 0;
  // The body queued so far went out.
  virtual void on_body_sent() = 0;
  // The stream is over, whole or not; it is recycled or destroyed right afterwards.
  virtual void on_stream_closed() = 0;

  std::size_t body_queued() const { return body_.size() - body_begin_; }
  std::uint64_t body_sent() const { return body_sent_; }  // bytes of it that went out so far
  std::int32_t id() const { return id_; }

 protected:
  void reset_stream();

 private:
  friend class ServerSession;
  friend struct Callbacks;
  std::int32_t id_ = 0;
  RequestText text_;
  std::string body_;  // of the response: not sent yet, from body_begin_
  std::size_t body_begin_ = 0;
  std::uint64_t body_sent_ = 0;
  bool body_last_ = false;    // body_ ends the body
  bool is_deferred_ = false;  // the session waits for more of it
  bool request_ended_ = false;
  bool is_reset_by_us_ = false;  // because we wanted to, not because the client broke it
  bool is_responding_ = false;
  Stream* previous_ = nullptr;
  Stream* next_ = nullptr;
};

// Makes streams for a session, and takes them back.
class StreamSource {
 public:
  virtual std::unique_ptr<Stream> make_stream() = 0;
  virtual void recycle_stream(std::unique_ptr<Stream> stream) = 0;
  virtual base::SteadyTime now() const = 0;

 protected:
  ~StreamSource() = default;
};

// The server's side of one HTTP/2 connection, over libnghttp2. Bytes in, bytes out, no socket.
class ServerSession {
 public:
  // nullptr: no memory.
  static std::unique_ptr<ServerSession> create(const Limits& limits, StreamSource& source);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // False: the connection cannot go on; send() what there is (it says why to the client), then
  // close.
  bool receive(std::string_view bytes);
  // Appends what there is to send, until `out` has about `bytes_max`. False: it cannot go on.
  bool send(std::string& out, std::size_t bytes_max);
  // Calls Stream::on_body_sent() where it is due, after send().
  void tell_sent();
  bool wants_to_send() const;
  // The client had more streams reset than Limits allow, and was told to go (GOAWAY).
  bool had_too_many_resets() const { return had_too_many_resets_; }
  // Nothing will be read or sent any more.
  bool is_over() const;

  // Stream by stream. A response's head, and whether a body follows by append_body().
  void respond(Stream& stream, const std::vector<nghttp2_nv>& fields, bool with_body);
  void respond_interim(Stream& stream, const std::vector<nghttp2_nv>& fields);
  void append_body(Stream& stream, std::string_view data, bool last);
  // Ends it with an error, so that the client cannot take it for complete.
  enum class Why { internal_error, no_error, cancel };
  void reset(Stream& stream, Why why);
  void consume(Stream& stream, std::size_t bytes);

  // "No new streams, soon": those on their way are still served. Then "no new streams, now".
  void announce_goaway();
  void goaway();

  std::size_t stream_count() const { return stream_count_; }
  template <class Visit>
  void for_each_stream(Visit visit) {
    for (Stream* stream = first_; stream != nullptr;) {
      Stream* const next = stream->next_;
      visit(*stream);
      stream = next;
    }
  }

 private:
  friend struct Callbacks;
  ServerSession(const Limits& limits, StreamSource& source)
      : source_(source), resets_(limits.resets_burst, limits.resets_per_second) {}
  void count_reset();
  Stream* begin_stream(std::int32_t id);
  void end_stream(Stream& stream);

  StreamSource& source_;
  ResetBudget resets_;
  bool had_too_many_resets_ = false;
  nghttp2_session* session_ = nullptr;
  Stream* first_ = nullptr;
  std::size_t stream_count_ = 0;
  std::string* out_ = nullptr;  // during send()
  std::size_t out_bytes_max_ = 0;
  std::vector<std::int32_t> sent_;  // streams whose queued body went out
};

}  // namespace proxy::http2
