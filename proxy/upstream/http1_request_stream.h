#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "proxy/admin/held_text.h"
#include "proxy/http1/body_decoder.h"
#include "proxy/http1/response_parser.h"
#include "proxy/net/flow.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/request_streams.h"

namespace proxy::net {
class TurnBudget;
}  // namespace proxy::net

namespace proxy::upstream {

// A request over HTTP/1.1: it has a connection to itself, and that is kept for the next one if
// nobody can take what is on it for anything else.
class Http1RequestStream final : public RequestStream, private Connection::User {
 public:
  explicit Http1RequestStream(RequestStreams& maker);

  // False: no connection is idle.
  bool begin_on_idle(Endpoint& endpoint, const StreamWishes& wishes, RequestStream::User& user);
  // False: it failed at once (errno says why).
  bool begin_on_new(const std::shared_ptr<Endpoint>& endpoint, const StreamWishes& wishes,
                    RequestStream::User& user);
  // Ready for another request.
  void reset();
  // The memory of one that is ready.
  std::size_t kept_bytes() const;

  bool speaks_http2() const override { return false; }
  bool is_open() const override { return is_open_; }
  bool was_reused() const override { return connection_->was_reused(); }
  bool was_left_unread() const override { return connection_->was_left_unread(); }
  bool response_has_begun() const override { return response_has_begun_; }
  bool is_out() const override { return is_open_; }
  std::size_t unsent() const override { return connection_->unsent(); }
  bool send(const RequestPart& part) override;
  bool takes_moved_request() const override {
    return is_open_ && connection_->is_plain() && (is_tunnel_ || !is_chunked_);
  }
  std::optional<net::IoResult> move_request(int socket, std::size_t size,
                                            net::Pipes& pipes) override;
  void finish_sending() override { connection_->finish_sending(); }
  void resume() override;
  void release(Use use) override;

 private:
  void begin(const StreamWishes& wishes, RequestStream::User& user);
  std::string_view framed(const RequestPart& part);
  void update_wait();
  bool has_input() const { return holds_unread_ || connection_->is_readable(); }
  void read();
  std::size_t movable() const;
  bool move(std::size_t size, net::TurnBudget& budget);
  void take(char* begin, char* end, net::TurnBudget& budget);
  bool take_head(char*& begin, char* end);
  void take_body(char* begin, char* end, bool with_head, net::TurnBudget& budget);
  void take_end_of_input();
  std::chrono::milliseconds rest_after_response() const;
  bool ends_with_what_is_here();
  void fail(const Failure& failure) { user_->on_stream_failed(failure, Cause::failed); }

  void on_upstream_connected() override;
  void on_upstream_readable() override { read(); }
  void on_upstream_drained() override;
  void on_upstream_failed(const Failure& failure) override { fail(failure); }

  RequestStreams& maker_;
  const RequestStreams::Tools& tools_;
  RequestStream::User* user_ = nullptr;
  const Cluster* cluster_ = nullptr;
  http1::Question question_;
  std::unique_ptr<Connection> connection_;  // nullptr: released

  // The request.
  bool is_open_ = false;
  bool is_chunked_ = false;
  bool is_complete_ = false;

  // The response.
  http::ResponseHead head_;
  http1::ResponseParser parser_;
  http1::BodyDecoder decoder_;
  admin::HeldText held_;       // a part of a head; or of a body, see holds_unread_
  bool holds_unread_ = false;  // it was read, and there was no time to look at it
  admin::HeldText trailer_;    // lines, as they come
  net::Flow flow_;
  bool response_has_begun_ = false;
  bool has_final_head_ = false;
  bool is_tunnel_ = false;  // after 101
  // While the head is told: what came behind it. Else nullptr.
  char* behind_head_ = nullptr;
  char* end_of_input_ = nullptr;
  // The connection after this response.
  std::chrono::milliseconds rest_ = Connection::kNotReusable;
};

}  // namespace proxy::upstream
