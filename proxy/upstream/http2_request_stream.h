#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/http1/response_parser.h"
#include "proxy/http2/client_session.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/upstream/request_streams.h"

namespace proxy::upstream {

class Http2Connection;

// A request over HTTP/2: a stream of a connection that carries many, and never the socket; frames
// say where a body ends, so it passes as it is.
class Http2RequestStream final : public RequestStream,
                                 private http2::ClientStream::User,
                                 private net::TimerTarget {
 public:
  explicit Http2RequestStream(RequestStreams& maker);

  void begin(Http2Connection& carrier, const StreamWishes& wishes, RequestStream::User& user);
  // Ready for another request.
  void reset();
  // The memory of one that is ready.
  std::size_t kept_bytes() const;

  bool speaks_http2() const override { return true; }
  bool is_open() const override { return true; }
  bool was_reused() const override { return was_reused_; }
  bool was_left_unread() const override { return false; }
  bool response_has_begun() const override { return response_has_begun_; }
  bool is_out() const override { return stream_ && stream_->is_out(); }
  std::size_t unsent() const override { return stream_ ? stream_->unsent() : 0; }
  bool send(const RequestPart& part) override;
  bool takes_moved_request() const override { return false; }
  std::optional<net::IoResult> move_request(int /*socket*/, std::size_t /*size*/,
                                            net::Pipes& /*pipes*/) override {
    return std::nullopt;
  }
  void finish_sending() override {}
  void resume() override;
  void release(Use use) override;

 private:
  void append(const RequestPart& part);
  bool is_conversation() const { return call_idle_.count() > 0 && has_final_head_; }
  void update_wait();
  void on_timer(net::Timer& timer) override;
  void fail(const Failure& failure) { user_->on_stream_failed(failure, Cause::failed); }

  void on_response_head(std::string_view text, bool last) override;
  void on_response_data(std::string_view data) override;
  void on_response_end(const std::vector<http::Field>& trailer) override;
  void on_request_sent() override;
  void on_stream_ended(http2::ClientStream::End end) override;

  RequestStreams& maker_;
  const RequestStreams::Tools& tools_;
  RequestStream::User* user_ = nullptr;
  const Cluster* cluster_ = nullptr;
  http1::Question question_;
  std::chrono::milliseconds call_idle_{0};
  Http2Connection* carrier_ = nullptr;  // until stream_ has ended
  std::optional<http2::ClientStream> stream_;
  bool was_reused_ = false;  // carrier_, before stream_ was begun
  bool is_complete_ = false;

  http::ResponseHead head_;
  http1::ResponseParser parser_;
  bool response_has_begun_ = false;
  bool has_final_head_ = false;

  // What the timer is for, and what had gone out when that began.
  net::Timer timer_{static_cast<net::TimerTarget&>(*this)};
  bool awaits_sending_ = false;
  std::uint64_t sent_when_armed_ = 0;
};

}  // namespace proxy::upstream
