#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/upstream/request_streams.h"

namespace proxy::support {

// A request's stream without a socket: keeps what it is sent, and says what the test has the
// endpoint say. Strict: a call that a RequestStream does not allow is a failure of the test.
class FakeStream final : public upstream::RequestStream {
 public:
  FakeStream(std::shared_ptr<upstream::Endpoint> endpoint, const upstream::StreamWishes& wishes,
             User& user, bool is_open);

  // ---- What was sent
  const upstream::Endpoint& endpoint() const { return *endpoint_; }
  bool has_head() const { return !head_.empty(); }
  const std::string& head() const { return head_; }
  const std::string& body() const { return body_; }
  const std::string& trailer() const { return trailer_; }
  bool is_chunked() const { return is_chunked_; }
  bool is_complete() const { return is_complete_; }
  // Nothing: it is in use.
  std::optional<Use> released() const { return released_; }
  int times_resumed() const { return times_resumed_; }
  // How much of the response is to be taken now.
  std::size_t room() const { return user_.room_for_response(false); }

  // ---- What is so of it
  bool reused = false;
  bool left_unread = false;
  std::size_t unsent_bytes = 0;

  // ---- What the endpoint does
  void open();
  // A head, whole, "HTTP/1.1 200 OK\r\n...\r\n\r\n"; a final one with what comes of its body.
  void say_interim(std::string_view head);
  void say_head(std::string_view head, std::string_view body = {}, bool last = false);
  // A head whose body cannot be read.
  void say_head_and_nonsense(std::string_view head);
  void say_body(std::string_view body, bool last = false);
  void say_end(std::vector<http::Field> trailer);
  void take_all();
  void fail(const upstream::Failure& failure, Cause cause = Cause::failed);

  bool speaks_http2() const override { return speaks_http2_; }
  bool is_open() const override { return is_open_; }
  bool was_reused() const override { return reused; }
  bool was_left_unread() const override { return left_unread; }
  bool response_has_begun() const override { return response_has_begun_; }
  bool is_out() const override { return is_open_ && (!speaks_http2_ || unsent_bytes == 0); }
  std::size_t unsent() const override { return unsent_bytes; }
  bool send(const upstream::RequestPart& part) override;
  bool takes_moved_request() const override { return false; }
  std::optional<net::IoResult> move_request(int, std::size_t, net::Pipes&) override {
    return std::nullopt;
  }
  void finish_sending() override {}
  void resume() override { ++times_resumed_; }
  void release(Use use) override;

 private:
  void parse(std::string_view head);
  upstream::Piece piece_of(std::string_view body);

  std::shared_ptr<upstream::Endpoint> endpoint_;
  User& user_;
  bool speaks_http2_;
  http1::Question question_;
  bool is_open_;
  std::string head_, body_, trailer_;
  bool is_chunked_ = false, is_complete_ = false;
  std::optional<Use> released_;
  int times_resumed_ = 0;
  bool response_has_begun_ = false;
  std::string text_, buffer_;
  http::ResponseHead response_;
};

// Hands out fakes, and remembers them in their order.
class FakeStreams final : public upstream::StreamSource {
 public:
  // So many connections that are there take another request: each was used before.
  int ready = 0;
  // So many connections that are to be made fail at once.
  int refused = 0;
  // Of those that are made from now on: see FakeStream.
  std::size_t unsent_bytes = 0;

  upstream::RequestStream* take_ready(const std::shared_ptr<upstream::Endpoint>& endpoint,
                                      const upstream::StreamWishes& wishes,
                                      upstream::RequestStream::User& user) override;
  upstream::RequestStream* connect(const std::shared_ptr<upstream::Endpoint>& endpoint,
                                   const upstream::StreamWishes& wishes,
                                   upstream::RequestStream::User& user) override;

  std::size_t count() const { return streams_.size(); }
  FakeStream& last() { return streams_.back(); }
  FakeStream& at(std::size_t place);

 private:
  std::list<FakeStream> streams_;
};

}  // namespace proxy::support
