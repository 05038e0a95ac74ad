#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proxy/admin/held_bytes.h"
#include "proxy/http1/body_decoder.h"
#include "proxy/http1/request_parser.h"
#include "proxy/net/flow.h"
#include "proxy/session/date_text.h"
#include "proxy/session/downstream.h"
#include "proxy/session/exchange.h"
#include "proxy/session/held_input.h"
#include "proxy/session/protocol.h"
#include "proxy/session/request_pool.h"
#include "proxy/session/standing.h"
#include "proxy/session/tools.h"

namespace proxy::net {
class TurnBudget;
}  // namespace proxy::net

namespace proxy::session {

class ClientConnection;
class ClientQueues;

// HTTP/1.0 and HTTP/1.1 with a client: one exchange at a time, pipelined requests wait their turn.
class Http1Connection final : public Protocol, private Downstream {
 public:
  // What it uses of its worker, all of which outlives it.
  struct Means : Tools {
    ClientQueues& clients;  // that of those that are to be closed
    RequestPool<Exchange>& exchanges;
    const Standing& standing;
    DateText& date;
  };

  // `means` itself outlives it, too.
  Http1Connection(const Means& means, ClientConnection& connection);
  ~Http1Connection() override;

  void on_readable() override;
  void on_drained() override;
  void on_timeout() override;
  void on_closed(const char* reason) override;
  void begin_drain() override;
  bool is_tunnel() const override { return state_ == State::tunnel; }

 private:
  enum class State : std::uint8_t {
    idle,      // between requests; no byte of the next one was seen
    head,      // part of a head was read
    body,      // the exchange is under way, and its request's body is being read
    response,  // the request was read whole; only the response is under way
    tunnel,    // after 101: bytes
    finished,  // nothing more is read; the connection lingers or is closed
  };

  void send_continue() override;
  void send_interim(const http::ResponseHead& head) override;
  void send_head(const http::ResponseHead& head, const upstream::Piece& piece, bool last) override;
  void send_body(const upstream::Piece& piece, bool last) override;
  void send_trailer(const std::vector<http::Field>& trailer) override;
  bool takes_moved_body() const override;
  std::optional<net::IoResult> move_body(int socket, std::size_t size) override;
  void send_answer(const http::Answer& answer) override;
  void break_off() override;
  void want_request_body() override;
  std::size_t unsent() const override;
  void on_exchange_over() override;

  bool owes_too_much() const;
  bool wants_input() const;
  // What comes is the endpoint's.
  bool passes_on() const { return state_ == State::body || state_ == State::tunnel; }
  void proceed();
  void use_held(net::TurnBudget& budget);
  bool read_some(net::TurnBudget& budget);
  std::size_t movable_input() const;
  bool move_input(std::size_t size, net::TurnBudget& budget);
  char* process(char* begin, char* end, net::TurnBudget& budget);
  char* process_head(char* begin, char* end);
  char* process_body(char* begin, char* end, net::TurnBudget& budget);
  void begin_exchange(char* head_end, char* end, char*& rest);
  void refuse_head();
  void recall_head();
  void on_end_of_input();
  void arm_after_sending();
  std::chrono::milliseconds tunnel_idle() const;
  bool may_keep_alive() const;
  void watch_sending();
  void note_end_of_client();
  void begin_body_period();
  bool has_body_come_to_rest();
  void arm_for_head();
  void arm_between_requests();
  void leave_if_idle();

  const Means& means_;
  ClientConnection& connection_;
  State state_ = State::idle;
  bool processing_ = false;  // input is being used, further up the stack
  bool needs_more_ = false;  // of the input that was looked at last, the rest is a part
  bool draining_ = false;
  bool had_request_ = false;
  bool client_keeps_alive_ = true;  // for the exchange under way
  bool keeps_alive_ = true;         // what the client was told
  bool response_chunked_ = false;
  bool takes_trailers_ = false;  // the client of the exchange under way does
  bool input_ended_ = false;
  bool waits_half_closed_ = false;  // the timer is Timeouts::half_closed
  std::uint8_t minor_version_ = 1;
  http1::RequestParser parser_;
  http1::BodyDecoder body_;
  bool body_came_ = false;  // some of it, in this period
  net::Flow input_flow_;
  std::unique_ptr<Exchange> exchange_;
  HeldInput held_;
  admin::HeldBytes held_bytes_;  // in held_
};

}  // namespace proxy::session
