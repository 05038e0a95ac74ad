#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "proxy/http/answer.h"
#include "proxy/http/field.h"
#include "proxy/http/response_head.h"
#include "proxy/net/socket.h"
#include "proxy/upstream/piece.h"

namespace proxy::session {

// Where an exchange's response goes: an HTTP/1 connection, or one HTTP/2 stream. The exchange calls
// these in the order of a response; any of them may find the client gone, and the exchange then
// hears of it by Exchange::abandon().
class Downstream {
 public:
  // "Go on, send your body": the client waits for it.
  virtual void send_continue() = 0;
  // A 1xx response of the endpoint.
  virtual void send_interim(const http::ResponseHead& head) = 0;
  // The head, and what there is of the body already. `piece` lies in the buffer that the head's
  // views point into.
  virtual void send_head(const http::ResponseHead& head, const upstream::Piece& piece,
                         bool last) = 0;
  virtual void send_body(const upstream::Piece& piece, bool last) = 0;
  // The end of the body, and fields after it: http::may_trail(). Whoever cannot pass them on drops
  // them (RFC 9110 §6.5.1).
  virtual void send_trailer(const std::vector<http::Field>& /*trailer*/) { send_body({}, true); }
  // True: this response's bytes may come by move_body() too, once unsent() is 0.
  virtual bool takes_moved_body() const { return false; }
  // Takes up to `size` bytes of the body, never its last ones, from the endpoint's socket itself.
  // Nothing: it cannot now, and they must come by send_body().
  virtual std::optional<net::IoResult> move_body(int /*socket*/, std::size_t /*size*/) {
    return std::nullopt;
  }
  // An answer of the proxy's own, whole. The request's body may be unread: it never will be.
  virtual void send_answer(const http::Answer& answer) = 0;
  // The response cannot be completed, and the client must not take it for complete.
  virtual void break_off() = 0;
  // The exchange can take more of the request's body.
  virtual void want_request_body() = 0;
  // Bytes that the client has not taken yet.
  virtual std::size_t unsent() const = 0;
  // How much of a response is to be read from the endpoint at once: little, for a client that takes
  // little. 0: nothing, until on_downstream_drained().
  virtual std::size_t room() const { return std::numeric_limits<std::size_t>::max(); }
  // Other requests that are under way on its connection.
  virtual std::size_t others() const { return 0; }
  // The exchange is over, and is not to be called any more.
  virtual void on_exchange_over() = 0;

 protected:
  ~Downstream() = default;
};

}  // namespace proxy::session
