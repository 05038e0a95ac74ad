#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "base/byte_queue.h"
#include "base/clock.h"
#include "proxy/http/field.h"
#include "proxy/http2/budget.h"
#include "proxy/http2/field_account.h"
#include "proxy/http2/frame_walk.h"
#include "proxy/http2/kept_fields.h"

namespace proxy::http2 {

class ClientSession;

// Whoever has the bytes of a session sent.
class ClientOutput {
 public:
  // There is something to send: soon, and not in this call.
  virtual void on_output() = 0;
  virtual base::SteadyTime now() const = 0;

 protected:
  ~ClientOutput() = default;
};

// One request on a session to an endpoint. Its user owns it; destroyed before its end, it is reset
// (CANCEL, RFC 9113 §8.1). It must not outlive its session; see ClientSession::end_all().
class ClientStream {
 public:
  // Why there will be no more of a response that is not whole.
  enum class End : std::uint8_t {
    // The endpoint says that nothing was done for the request (RFC 9113 §8.7): it may be sent once
    // more, whatever it asks for.
    not_processed,
    // Nothing of it was sent: the endpoint takes fewer at a time than was thought, or is leaving.
    no_room,
    reset,      // by the endpoint
    broken,     // by what the endpoint sent: the stream was reset for it
    too_large,  // its fields were
    connection_lost,
  };

  // Who made the request. May destroy the stream in any of these but on_request_sent().
  class User {
   public:
    // A head, written down as HTTP/1.1 has it, for the one parser that judges both; interim heads
    // come so, too. It is there until the next head or trailer. `last`: nothing follows.
    virtual void on_response_head(std::string_view head, bool last) = 0;
    // Of the body. The endpoint may send more when it was dealt with: see consume().
    virtual void on_response_data(std::string_view data) = 0;
    // The response is whole. `trailer`: fields, which nobody has judged; valid during the call.
    virtual void on_response_end(const std::vector<http::Field>& trailer) = 0;
    // All that was queued of the request went out.
    virtual void on_request_sent() = 0;
    virtual void on_stream_ended(End end) = 0;

   protected:
    ~User() = default;
  };

  explicit ClientStream(User& user) : user_(user) {}
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  // Of the request's body, which ends with this if it is the last.
  void append(std::string_view data, bool last);
  // The last of it, and the fields after it (RFC 9113 §8.1); without any it is as append().
  void finish(std::string_view data, const std::vector<nghttp2_nv>& trailer);
  // What was told of the response's body is dealt with. `may_grow`: the window may, if it was taken
  // as it came.
  void consume(bool may_grow);

  // Something of the request was sent.
  bool is_out() const { return head_is_out_; }
  // Of the request: what is not sent yet.
  std::size_t unsent() const { return body_.size() + (head_is_out_ ? 0 : 1); }
  std::uint64_t body_sent() const { return body_sent_; }
  // Of the response's body: was told, and not consumed yet.
  std::size_t unconsumed() const { return unconsumed_; }

 private:
  friend class ClientSession;
  friend struct ClientCallbacks;
  void end(End end);

  User& user_;
  ClientSession* session_ = nullptr;  // nullptr: it is over, or has not begun
  std::int32_t id_ = 0;
  base::ByteQueue body_;
  std::unique_ptr<KeptFields> request_trailer_;  // after it; nullptr: none
  std::uint64_t body_sent_ = 0;
  std::size_t unconsumed_ = 0;
  std::string text_;  // the head or the trailer that is coming in, or came in last
  FieldAccount fields_;
  bool head_is_out_ = false;
  bool request_is_out_ = false;
  bool body_last_ = false;    // body_ ends the body
  bool is_deferred_ = false;  // the session waits for more of it
  bool is_whole_ = false;     // END_STREAM came
  bool is_broken_ = false;
  bool is_too_large_ = false;
  ClientStream* previous_ = nullptr;
  ClientStream* next_ = nullptr;
};

// The client's side of one HTTP/2 connection, over libnghttp2: the proxy's to an endpoint. Bytes
// in, bytes out, no socket. One thread.
class ClientSession {
 public:
  static constexpr std::uint32_t kStreamsMax = 100;
  struct Limits {
    // On one connection, whatever the endpoint allows; RFC 9113 §6.5.2 advises endpoints not to
    // allow less. Until it has said what it allows, all but the first wait for that.
    std::uint32_t streams_max = kStreamsMax;
    // Of a response, and of its trailer.
    FieldAccount::Limits fields{.bytes_max = 64u << 10, .fields_max = 1'000};
    // What a stream's client has not taken: at first, and while it takes what comes. Little at
    // first, for thousands of streams may be held whose clients take nothing. The connection's
    // window is opened at once: a client that takes nothing must not hold up the others, and
    // streams_max bounds them all.
    std::int32_t stream_window = 8 << 10;
    std::int32_t stream_window_max = 128 << 10;
    std::int32_t connection_window = 1 << 20;
    // Frames that bring nothing of a response, as on the clients' side (http2::Limits), but ten
    // times as many: an endpoint may answer each DATA of ours with a PING (gRPC's estimate of
    // bandwidth) and some WINDOW_UPDATE. What it had sent when a request was given up comes after
    // all, and is free as far as that request's window allowed it.
    std::uint64_t idle_frames_burst = 10'000;
    std::uint64_t idle_frames_per_second = 1'000;
  };

  // nullptr: no memory.
  static std::unique_ptr<ClientSession> create(const Limits& limits, ClientOutput& output);
  // Ends what is left of its streams, without a word to their users.
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // A request may be begun: the endpoint has not said that it goes, nor refused one a moment ago,
  // and there is room.
  bool has_room() const;
  // Will never have room again.
  bool is_leaving() const;
  // Streams at a time; nothing: the endpoint has not said yet.
  std::optional<std::uint32_t> streams_allowed() const;
  std::uint32_t stream_count() const { return stream_count_; }

  // False: no memory, or it cannot be on this session.
  bool begin(ClientStream& stream, const std::vector<nghttp2_nv>& fields, bool with_body);

  // False: the connection cannot go on; send() what there is, then close. `frames` are added to, as
  // many as the fields that came take as long as, too.
  bool receive(std::string_view bytes, std::size_t& frames);
  // That was for too many frames that brought nothing.
  bool was_flooded() const { return was_flooded_; }
  // Appends what there is to send, until `out` has about `bytes_max`. False: it cannot go on.
  bool send(std::string& out, std::size_t bytes_max);
  // Tells the users of streams whose queue went out; after send().
  void tell_sent();
  bool wants_to_send() const;
  // Nothing will be read or sent any more.
  bool is_over() const;
  // Requests that wait to be sent.
  std::size_t bodies_queued() const { return bodies_queued_; }
  // "No more from us" (RFC 9113 §6.8).
  void say_goodbye();
  // All streams, for a connection that is gone.
  void end_all(ClientStream::End end);

 private:
  friend class ClientStream;
  friend struct ClientCallbacks;
  ClientSession(const Limits& limits, ClientOutput& output)
      : limits_(limits),
        output_(output),
        idle_frames_(limits.idle_frames_burst, limits.idle_frames_per_second) {}
  void end_frame();
  void forget(ClientStream& stream);
  void leave(ClientStream& stream);
  bool take_field(ClientStream& stream, std::string_view name, std::string_view value);
  bool is_paid_for();
  void end_those_without_room();
  void finish_fields(ClientStream& stream, bool last);

  Limits limits_;
  ClientOutput& output_;
  Budget idle_frames_;
  std::uint64_t updates_earned_ = 0;  // WINDOW_UPDATE by DATA that was sent
  // DATA that may be under way for requests that were given up. One client's must not end the
  // connection for the others on it.
  std::uint64_t left_over_bytes_ = 0;
  std::size_t field_bytes_ = 0;  // decoded, and not counted as frames yet
  FrameWalk walk_{FrameWalk::Side::server};
  bool frame_is_idle_ = false;  // the one that comes: it brought nothing yet
  bool was_flooded_ = false;
  nghttp2_session* session_ = nullptr;
  ClientStream* first_ = nullptr;
  std::uint32_t stream_count_ = 0;
  bool has_refused_ = false;  // with no word about the connection; until one of its streams ends
  bool has_failed_ = false;
  bool has_settings_ = false;  // the endpoint's
  std::size_t bodies_queued_ = 0;
  std::string* out_ = nullptr;  // during send()
  std::size_t out_bytes_max_ = 0;
  std::vector<std::int32_t> sent_;  // streams whose queue went out
  std::vector<http::Field> trailer_;
};

}  // namespace proxy::http2
