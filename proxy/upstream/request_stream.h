#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"
#include "proxy/http/response_head.h"
#include "proxy/net/pipe.h"
#include "proxy/net/socket.h"
#include "proxy/upstream/failure.h"
#include "proxy/upstream/piece.h"

namespace proxy::upstream {

// What goes to an endpoint at a time: the message, and nothing of how a protocol has it.
struct RequestPart {
  std::string_view head{};  // of the first part alone; as HTTP/1.1 writes it
  Piece body{};
  bool is_chunked = false;     // of the first part: what the head says of the body's end
  bool last = false;           // of the body
  std::string_view trailer{};  // lines after the last of it; see http1/trailer.h
};

// One request on its way to an endpoint and the response on its way back, whatever protocol carries
// them: the mirror of session::Downstream. It is had from a StreamSource, and given back by
// release(), once. One thread.
class RequestStream {
 public:
  // Why a request that had begun came to nothing.
  enum class Cause : std::uint8_t {
    failed,
    no_room,          // nothing was sent: its connection takes fewer requests than was thought
    connection_lost,  // which it shared with others
  };

  // Who made the request. May release the stream in any of these but room_for_response() and its
  // kin, and on_request_sent().
  class User {
   public:
    // A connection was made for it: now the first part can be sent. Only of one that was not
    // is_open() from the beginning.
    virtual void on_stream_open() = 0;
    // A 1xx response; `bytes`: of its head as it came.
    virtual void on_interim_head(const http::ResponseHead& head, std::size_t bytes) = 0;
    // The final head. Before this turn is over it is followed by on_response_body() with what came
    // with it, which may be nothing, or by a failure; until then its views are valid. `last`: there
    // is no body, though the head itself may not say so.
    virtual void on_response_head(http::ResponseHead& head, bool last) = 0;
    // Of the body, or, after 101, of what passes in place of it. `last`: the response is whole, and
    // the stream is to be released.
    virtual void on_response_body(const Piece& piece, bool last) = 0;
    // The response is whole, and these came after it: nobody has judged them.
    virtual void on_response_end(std::vector<http::Field> trailer) = 0;
    // unsent() is 0 again.
    virtual void on_request_sent() = 0;
    // The stream is of no more use but to be asked about, and released.
    virtual void on_stream_failed(const Failure& failure, Cause cause) = 0;

    // How much of the response is to be taken now; 0: nothing, until resume(). `moves`: by
    // move_response().
    virtual std::size_t room_for_response(bool moves) = 0;
    // The response's bytes may pass inside the kernel.
    virtual bool takes_moved_response() const = 0;
    // Takes up to `size` bytes of it from this socket. Nothing: it cannot now.
    virtual std::optional<net::IoResult> move_response(int socket, std::size_t size) = 0;
    // More of the response may be let in at a time, if it is taken as it comes.
    virtual bool may_let_in_more() const = 0;

   protected:
    ~User() = default;
  };

  // How the use of a stream ends.
  enum class Use : std::uint8_t {
    broken,    // its connection, if it has one of its own, carries no other request
    complete,  // it does, if all is well with it
    // During on_response_head(): the response is not wanted. Its connection goes on where what is
    // here of the response is all of it.
    unwanted,
  };

  virtual bool speaks_http2() const = 0;
  // False: on_stream_open() is to come.
  virtual bool is_open() const = 0;
  // Its connection carried requests before.
  virtual bool was_reused() const = 0;
  // As Connection::was_left_unread().
  virtual bool was_left_unread() const = 0;
  // At least a byte of it came.
  virtual bool response_has_begun() const = 0;
  // Something of the request was sent.
  virtual bool is_out() const = 0;
  // Of the request: what no endpoint has taken yet. May count the head as one.
  virtual std::size_t unsent() const = 0;

  // Sends what there is room for and keeps the rest. False: no memory. Other failures are told by
  // an event. After a 101 of the endpoint the bytes pass as they are.
  virtual bool send(const RequestPart& part) = 0;
  // Its body, or what passes in place of it, may come by move_request(), too, once unsent() is 0.
  virtual bool takes_moved_request() const = 0;
  // Takes up to `size` bytes, never a body's last ones, from this socket. Nothing: it cannot now.
  virtual std::optional<net::IoResult> move_request(int socket, std::size_t size,
                                                    net::Pipes& pipes) = 0;
  // After 101: no more will be sent.
  virtual void finish_sending() = 0;
  // There is room for more of the response.
  virtual void resume() = 0;
  virtual void release(Use use) = 0;

 protected:
  ~RequestStream() = default;
};

}  // namespace proxy::upstream
