#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/byte_queue.h"
#include "proxy/admin/held_bytes.h"
#include "proxy/admin/held_text.h"
#include "proxy/http2/response_fields.h"
#include "proxy/http2/server_session.h"
#include "proxy/http2/wide_windows.h"
#include "proxy/net/flow.h"
#include "proxy/net/queue.h"
#include "proxy/net/send_watch.h"
#include "proxy/reason/words.h"
#include "proxy/session/date_text.h"
#include "proxy/session/downstream.h"
#include "proxy/session/exchange.h"
#include "proxy/session/protocol.h"
#include "proxy/session/request_pool.h"
#include "proxy/session/tools.h"
#include "proxy/session/turn_share.h"

namespace proxy::net {
class TurnBudget;
}  // namespace proxy::net

namespace proxy::session {

class ClientConnection;
class FlushQueue;
class Http2Connection;

// One request on an HTTP/2 connection, and where its response goes.
class Http2Stream final : public http2::Stream, private Downstream {
 public:
  // What it uses of its worker, all of which outlives it.
  struct Means : Tools {
    RequestPool<Exchange>& exchanges;
    http2::ResponseFields& response_fields;
    DateText& date;
  };

  // `means` itself outlives it, too.
  explicit Http2Stream(const Means& means);
  ~Http2Stream() override;

  void attach(Http2Connection& connection);

  // Ready to be attached again.
  void reset() { connection_ = nullptr; }
  // The memory of one that is spent.
  std::size_t kept_bytes() const { return sizeof *this + Stream::kept_bytes(); }

  // A WebSocket that is open (RFC 8441).
  bool is_tunnel() const { return exchange_ != nullptr && exchange_->is_tunnel(); }
  // Now and then: whether the client, who is awaited, let this pass without sending or taking
  // enough. `connection_took`: when it last took something of a connection that cannot send for the
  // moment.
  bool has_stalled(base::SteadyTime connection_took);
  void time_out();
  void abandon();

 private:
  void on_head(http2::RequestText& text, bool last) override;
  void on_data(std::string_view data, bool last) override;
  void on_fields_too_large(http2::RequestText& text) override;
  void on_sent() override;
  void on_stream_closed(std::string_view refusal) override;

  void send_continue() override;
  void send_interim(const http::ResponseHead& head) override;
  void send_head(const http::ResponseHead& head, const upstream::Piece& piece, bool last) override;
  void send_body(const upstream::Piece& piece, bool last) override;
  void send_trailer(const std::vector<http::Field>& trailer) override;
  void send_answer(const http::Answer& answer) override;
  void break_off() override;
  void want_request_body() override;
  std::size_t unsent() const override { return body_queued() + heads_queued(); }
  std::size_t room() const override;
  std::size_t others() const override;
  void on_exchange_over() override;

  const Client& client() const;
  void begin(bool last);
  void refuse_unread(int status, std::string_view reason);
  void describe_unread();
  void give_body(std::string_view data, bool last);
  void take_trailer();
  void pass_to_tunnel(std::string_view data, bool last);
  void open_window();
  bool is_call() const;
  void note_response();
  void made_progress();

  const Means& means_;
  Http2Connection* connection_ = nullptr;
  std::unique_ptr<Exchange> exchange_;
  bool head_complete_ = false;
  bool has_begun_ = false;  // the exchange has
  bool request_complete_ = false;
  bool opens_tunnel_ = false;
  admin::HeldText early_;  // for the tunnel, before that was open; no more than the stream's window
  // When the client last sent something of it, or in a conversation either side.
  base::SteadyTime last_progress_{};
  net::SendWatch watch_;  // while there is a body for the client to take
};

// The worker's queue of those that have something to send.
struct Flush;

// HTTP/2 with a client: many exchanges at once, one flush per loop turn.
class Http2Connection final : public Protocol,
                              public net::QueuePlace<Flush>,
                              private http2::StreamSource {
 public:
  // What it uses of its worker, all of which outlives it.
  struct Means : Tools {
    RequestPool<Http2Stream>& streams;
    FlushQueue& flushes;
    http2::WideWindows& wide_windows;
  };

  // `means` itself outlives it, too.
  Http2Connection(const Means& means, ClientConnection& connection);
  ~Http2Connection() override;

  // False: no memory.
  bool start();

  void on_readable() override;
  void on_drained() override;
  void on_timeout() override;
  void on_closed(const char* reason) override;
  void begin_drain() override;
  // All that it carries is tunnels: it may be ended as one.
  bool is_tunnel() const override;

  // The worker's turn end. True: there is more to send.
  bool flush();

  ClientConnection& client_connection() { return connection_; }
  http2::ServerSession& session() { return *session_; }
  void flush_soon();
  // Whether a head that began then has had its time, of which there is less at a drain.
  bool is_head_late(base::SteadyTime begun) const;
  // Sends a large part of a response's body at once, where nothing waits that would have to go
  // before it: its bytes go out of the buffer in which they were read. What the client's windows
  // hold back waits. False: it did nothing, and all of it is to wait for the flush.
  bool pass_body(http2::Stream& stream, std::string_view data);
  const char* close_reason() const { return close_reason_; }

 private:
  enum class State : std::uint8_t {
    open,
    draining,  // GOAWAY was announced, or sent; streams that are there go on
    closed,
  };

  std::unique_ptr<http2::Stream> make_stream() override;
  void recycle_stream(std::unique_ptr<http2::Stream> stream) override;
  base::SteadyTime now() const override;
  bool may_widen(std::size_t bytes) override;
  void read();
  bool take_input(net::TurnBudget& budget);
  bool owes_too_much() const;
  void tell_held();
  template <class Write>
  std::size_t send_frames(Write write);
  void fail();
  void finish();
  void abandon_all();
  bool takes_nothing();
  void check_idle();
  void check_streams();

  const Means& means_;
  ClientConnection& connection_;
  std::unique_ptr<http2::ServerSession> session_;
  State state_ = State::open;
  bool sent_goaway_ = false;
  base::SteadyTime drains_since_{};  // when begin_drain() came
  bool has_failed_ = false;
  bool had_request_ = false;
  std::size_t widened_ = 0;       // by so much, of the worker's wide windows
  admin::HeldBytes held_;         // in session_
  net::Flow input_flow_;          // of all its streams
  base::ByteQueue input_;         // that was read, and that there was no time to look at
  admin::HeldBytes held_input_;   // in input_
  admin::HeldBytes held_fields_;  // in session_
  bool holds_back_ = false;       // it is not read from, for what it owes
  TurnShare passed_;              // by pass_body()
  bool was_waiting_ = false;      // at the last look: to send, for the client to take it
  base::SteadyTime idle_since_;   // when it began, or its last stream ended
  const char* close_reason_ = reason::client_reset_stream;
};

}  // namespace proxy::session
