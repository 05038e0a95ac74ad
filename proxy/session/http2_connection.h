#pragma once

#include <memory>
#include <vector>

#include "proxy/http2/server_session.h"
#include "proxy/net/queue.h"
#include "proxy/session/downstream.h"
#include "proxy/session/exchange.h"
#include "proxy/session/protocol.h"

namespace proxy::session {

class ClientConnection;
class Http2Connection;
class Worker;

// One request on an HTTP/2 connection, and where its response goes.
class Http2Stream final : public http2::Stream, private Downstream {
 public:
  explicit Http2Stream(Worker& worker) : worker_(worker) {}
  ~Http2Stream() override;

  void attach(Http2Connection& connection);

  bool has_head() const { return head_complete_; }
  // True while it is the client who is awaited: for its body, or to take the response's.
  bool waits_for_client() const;
  base::SteadyTime last_progress() const { return last_progress_; }
  // Now and then: what went out since the last time is progress, and so is what the client took of
  // a connection that cannot send for the moment.
  void note_sending(base::SteadyTime last_took);
  void time_out();
  void abandon();

 private:
  void on_head(http2::RequestText& text, bool last) override;
  void on_data(std::string_view data, bool last) override;
  void on_body_sent() override;
  void on_stream_closed() override;

  void send_continue() override;
  void send_interim(const http1::ResponseHead& head) override;
  void send_head(const http1::ResponseHead& head, const Piece& piece, bool last) override;
  void send_body(const Piece& piece, bool last) override;
  void send_answer(const http1::Answer& answer) override;
  void break_off() override;
  void want_request_body() override;
  std::size_t unsent() const override { return body_queued(); }
  void on_exchange_over() override;

  void give_body(std::string_view data, bool last);
  void made_progress();

  Worker& worker_;
  Http2Connection* connection_ = nullptr;
  std::unique_ptr<Exchange> exchange_;
  bool head_complete_ = false;
  bool request_complete_ = false;
  std::size_t unconsumed_ = 0;  // of the window: the endpoint has not taken it yet
  std::uint64_t noted_sent_ = 0;
  base::SteadyTime last_progress_{};
};

// The worker's queue of those that have something to send.
struct Flush;

// HTTP/2 with a client: many exchanges at once, one flush per loop turn.
class Http2Connection final : public Protocol,
                              public net::QueuePlace<Flush>,
                              private http2::StreamSource {
 public:
  Http2Connection(Worker& worker, ClientConnection& connection);
  ~Http2Connection() override;

  // False: no memory.
  bool start();

  void on_readable() override;
  void on_drained() override;
  void on_timeout() override;
  void on_closed(const char* reason) override;
  void begin_drain() override;
  bool is_tunnel() const override { return false; }

  // The worker's turn end. True: there is more to send.
  bool flush();

  ClientConnection& client_connection() { return connection_; }
  http2::ServerSession& session() { return *session_; }
  void flush_soon();
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
  void read();
  void fail();
  void finish();
  void abandon_all();
  void check_streams();

  Worker& worker_;
  ClientConnection& connection_;
  std::unique_ptr<http2::ServerSession> session_;
  State state_ = State::open;
  bool sent_goaway_ = false;
  bool has_failed_ = false;
  bool had_request_ = false;
  base::SteadyTime last_active_{};
  const char* close_reason_ = "client_reset_stream";
};

}  // namespace proxy::session
