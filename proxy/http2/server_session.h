#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/byte_queue.h"
#include "proxy/http/response_head.h"
#include "proxy/http2/budget.h"
#include "proxy/http2/closed_streams.h"
#include "proxy/http2/field_account.h"
#include "proxy/http2/frame_walk.h"
#include "proxy/http2/kept_fields.h"
#include "proxy/http2/request_text.h"
#include "proxy/http2/response_fields.h"

namespace proxy::http2 {

class ServerSession;

// What no client gets past; a client that tries is told GOAWAY (RFC 9113 §10.5).
struct Limits {
  std::uint32_t concurrent_streams_max = 128;
  // Of a request; it is answered 431.
  FieldAccount::Limits fields;
  // Bodies of requests that endpoints have not taken: per stream, and per connection. So much of
  // them does not close the connection's window: one request that stalls must not stall the others.
  std::int32_t stream_window = 65'535;
  std::int32_t connection_window = 1 << 20;
  std::size_t stalled_bytes_max = 512u << 10;
  // What the connection's window, and a stream's with it, may grow to while bodies are taken as
  // they come, and the source has it widened: at 50 ms 4 MiB are 80 MB/s.
  std::int32_t connection_window_max = 4 << 20;
  // Streams that the client resets (Rapid Reset, CVE-2023-44487), or breaks so that we must
  // (MadeYouReset, CVE-2025-8671): either way a request was begun in vain, and the limit on
  // concurrent streams does not count it any more.
  std::uint64_t resets_burst = 200;
  std::uint64_t resets_per_second = 33;
  // Frames that bring no request and no part of one: empty DATA, PRIORITY, PING, SETTINGS, requests
  // above the limit, CONTINUATION, frames on streams that are over, unknown ones. Requests that are
  // begun, and DATA that we send, earn a few each: WINDOW_UPDATE answers the one, and browsers send
  // PRIORITY with the other.
  std::uint64_t idle_frames_burst = 1'000;
  std::uint64_t idle_frames_per_second = 100;
};

// One request on a session. The session owns it from its first field to its end.
class Stream {
 public:
  virtual ~Stream() = default;

  // The head is complete; `last`: there is no body.
  virtual void on_head(RequestText& text, bool last) = 0;
  // The fields of the request's head, or of its trailer, are more than is allowed. They are not
  // complete, and nothing more is to come of them.
  virtual void on_fields_too_large(RequestText& text) = 0;
  // A part of the body; ServerSession::consume() all that came once it was dealt with. With the
  // last part trailer() is there.
  virtual void on_data(std::string_view data, bool last) = 0;
  // All that was queued so far went out: interim heads and the body.
  virtual void on_sent() = 0;
  // The stream is over, whole or not; it is recycled or destroyed right afterwards. `refusal`: why
  // we reset it where the client broke the rules of HTTP/2, a token for the log; else empty.
  virtual void on_stream_closed(std::string_view refusal) = 0;

  std::size_t body_queued() const { return body_.size() + passing_.size(); }
  // Of the request's body.
  std::size_t unconsumed() const { return unconsumed_; }
  std::size_t body_capacity() const { return body_.capacity(); }  // the memory for it
  std::size_t kept_bytes() const { return text_.capacity() + body_.capacity(); }  // of a spent one
  // Heads that wait to be sent.
  std::size_t heads_queued() const { return heads_queued_; }
  std::uint64_t body_sent() const { return body_sent_; }  // bytes of it that went out so far
  std::int32_t id() const { return id_; }

 protected:
  void reset_stream();
  const RequestText& text() const { return text_; }
  // Fields after the request's body as lines, "name: value\r\n"; nobody has judged them.
  std::string_view trailer() const { return trailer_lines_; }

 private:
  friend class ServerSession;
  friend struct Callbacks;
  void add_to_trailer(std::string_view name, std::string_view value);
  // Of the response's body: what is sent next.
  std::string_view next_of_body() const { return passing_.empty() ? body_.view() : passing_; }
  void take_of_body(std::size_t bytes);
  std::int32_t id_ = 0;
  RequestText text_;
  std::string trailer_lines_;
  std::size_t text_bytes_ = 0;  // that went into these two
  FieldAccount fields_;
  bool head_is_complete_ = false;
  bool fields_were_refused_ = false;
  std::size_t unconsumed_ = 0;   // of the request's body: was told, and not dealt with yet
  std::size_t held_window_ = 0;  // of it: what the connection's window was not opened for yet
  std::string incoming_;      // of the request's body: came in small DATA frames, and not told yet
  base::ByteQueue body_;      // of the response: not sent yet
  std::string_view passing_;  // during pass_body(): of it, too, while body_ is empty
  std::unique_ptr<KeptFields> trailer_;  // after it; nullptr: none
  std::size_t heads_queued_ = 0;
  std::uint64_t body_sent_ = 0;
  bool body_last_ = false;    // body_ ends the body
  bool is_deferred_ = false;  // the session waits for more of it
  bool request_ended_ = false;
  bool was_reset_by_client_ = false;
  bool is_reset_by_us_ = false;  // because we wanted to, not because the client broke it
  const char* refusal_ = "";
  Stream* previous_ = nullptr;
  Stream* next_ = nullptr;
};

// Makes streams for a session, and takes them back.
class StreamSource {
 public:
  virtual std::unique_ptr<Stream> make_stream() = 0;
  virtual void recycle_stream(std::unique_ptr<Stream> stream) = 0;
  virtual base::SteadyTime now() const = 0;
  // Whether the connection's window may be so much wider, from now to its end.
  virtual bool may_widen(std::size_t /*bytes*/) { return false; }

 protected:
  ~StreamSource() = default;
};

// The server's side of one HTTP/2 connection, over libnghttp2. Bytes in, bytes out, no socket.
class ServerSession {
 public:
  // Of a body in one frame: with the frame's head that is a whole record of TLS (RFC 8446 §5.1). A
  // body in full frames goes out in full records, with nothing left over for one more.
  static constexpr std::size_t kDataBytesMax = (16u << 10) - 9;

  // nullptr: no memory.
  static std::unique_ptr<ServerSession> create(const Limits& limits, StreamSource& source);
  ~ServerSession();
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // Takes it all, or as much as makes so much work: a frame is one piece of it, one that begins a
  // request some more, and so is each half KiB of decoded fields. Not sound: the connection cannot
  // go on; send() what there is (it says why to the client), then close.
  struct Received {
    bool is_sound = true;
    std::size_t bytes = 0;  // taken; all of them once the client was told to go
    std::size_t work = 0;
  };
  Received receive(std::string_view bytes, std::size_t work_max);
  bool receive(std::string_view bytes) {
    return receive(bytes, std::numeric_limits<std::size_t>::max()).is_sound;
  }
  // Appends what there is to send, until `out` has about `bytes_max`: at most a frame more, and a
  // small one behind it. False: it cannot go on.
  bool send(std::string& out, std::size_t bytes_max);
  // Calls Stream::on_sent() where it is due, after send().
  void tell_sent();
  bool wants_to_send() const;
  // What is waiting to be sent however little the client opens its windows: heads, resets, answers
  // to PING and SETTINGS. Grows by what the client sends, so it is to be bounded by not receiving.
  std::size_t owed() const;
  // Why the client was told to go (GOAWAY), as a token for the log; nullptr: it was not.
  const char* ended_for() const { return ended_for_; }
  // Nothing will be read or sent any more.
  bool is_over() const;

  // Stream by stream. A response's head, and whether a body follows by append_body().
  void respond(Stream& stream, const std::vector<nghttp2_nv>& fields, bool with_body);
  void respond_interim(Stream& stream, const std::vector<nghttp2_nv>& fields);
  void append_body(Stream& stream, std::string_view data, bool last);
  // Nothing at all waits to be sent, and the client takes something of this body: what is given to
  // pass_body() now is what send() would send next.
  bool may_pass_body(const Stream& stream) const;
  // As append_body(), of what is not the end of a body, and send(): while may_pass_body(). What the
  // windows let through goes from where it is into `out`, with no stop on the way; the rest waits.
  // Frames of no other stream are sent, and no stream ends by it. False: it cannot go on.
  bool pass_body(Stream& stream, std::string_view data, std::string& out, std::size_t bytes_max);
  // The body is whole; these fields follow it (RFC 9113 §8.1).
  void end_body(Stream& stream, const std::vector<nghttp2_nv>& trailer);
  // Ends it with an error, so that the client cannot take it for complete.
  enum class Why { internal_error, no_error, cancel };
  void reset(Stream& stream, Why why);
  void consume(Stream& stream);
  // Its head is not needed any more, while it may live long.
  void drop_head(Stream& stream);
  // How much of a body the client's windows let through now, of this stream and the connection.
  std::size_t window(const Stream& stream) const;
  // Decoded fields that are kept, of all streams.
  std::size_t fields_held() const { return fields_held_; }
  // Bodies that wait, of all streams.
  std::size_t bodies_queued() const { return bodies_queued_; }

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
      : source_(source),
        fields_limits_(limits.fields),
        stalled_bytes_max_(limits.stalled_bytes_max),
        connection_window_max_(limits.connection_window_max),
        resets_(limits.resets_burst, limits.resets_per_second),
        idle_frames_(limits.idle_frames_burst, limits.idle_frames_per_second) {}
  Received take(std::string_view bytes, std::size_t work_max);
  std::uint32_t error_of(const FrameWalk::Head& frame) const;
  ssize_t hand_on(std::string_view bytes, const FrameWalk::Step& step);
  void begin_frame();
  void end_frame();
  void take_goodbye(std::int32_t last_stream);
  // False: nothing more of its fields is to be looked at.
  bool add_field(Stream& stream, std::string_view name, std::string_view value);
  void cut_off(Stream& stream);
  void hold(Stream& stream, std::size_t bytes);
  void widen(Stream& stream);
  void gather(Stream& stream, std::string_view data);
  void deliver(Stream& stream, std::string_view data, bool last);
  void deliver_gathered();
  void count_reset();
  void end_for(const char* reason, std::uint32_t error);
  bool send_to(std::string& out, std::size_t bytes_max);
  static bool is_reset_alone(std::string_view frames);
  void reset_answered();
  void submit_trailer(Stream& stream);
  void count_head(Stream& stream, const std::vector<nghttp2_nv>& fields);
  void forget_head(Stream* stream, const nghttp2_frame& frame);
  Stream* begin_stream(std::int32_t id);
  void end_stream(Stream& stream);

  StreamSource& source_;
  FieldAccount::Limits fields_limits_;
  std::size_t stalled_bytes_max_;
  std::int32_t connection_window_max_;
  std::size_t unconsumed_ = 0;  // of all streams
  FrameWalk walk_;
  Budget resets_;
  Budget idle_frames_;
  std::uint64_t updates_earned_ = 0;  // WINDOW_UPDATE by DATA that was sent
  bool frame_was_useful_ = false;
  bool has_begun_ = false;       // by SETTINGS, or libnghttp2 would have ended it
  bool is_amid_fields_ = false;  // the next frame goes on with a field block
  bool is_goodbye_ = false;      // the frame that comes
  bool is_receiving_ = false;    // libnghttp2 may be further up the stack
  bool client_leaves_ = false;   // it said GOAWAY: over when its requests are
  std::size_t work_ = 0;         // of this receive()
  std::size_t field_bytes_ = 0;  // decoded, and not in work_ yet
  ClosedStreams closed_;
  std::int32_t last_begun_ = 0;  // the highest stream that the client began, or tried to
  bool sent_goaway_ = false;
  const char* ended_for_ = nullptr;
  Stream* too_large_ = nullptr;  // its fields are, and by far
  nghttp2_session* session_ = nullptr;
  Stream* first_ = nullptr;
  std::size_t stream_count_ = 0;
  std::size_t fields_held_ = 0;   // bytes, of all streams
  std::size_t heads_queued_ = 0;  // bytes, of all streams
  std::size_t bodies_queued_ = 0;
  std::string urgent_;          // frames that were made outside of send(), and go before others
  std::string late_resets_;     // behind answers in urgent_: they leave in a later turn
  std::string* out_ = nullptr;  // during send()
  std::size_t out_bytes_max_ = 0;
  std::vector<std::int32_t> gathered_;  // streams with something in incoming_
  std::vector<std::int32_t> sent_;      // streams whose queue went out
  std::vector<std::int32_t> answered_;  // whose response is out, whole, before their request
};

}  // namespace proxy::http2
