#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "proxy/admin/held_bytes.h"
#include "proxy/http2/client_session.h"
#include "proxy/net/flow.h"
#include "proxy/net/loop.h"
#include "proxy/upstream/connection.h"
#include "proxy/upstream/failure.h"

namespace proxy::upstream {

class Endpoint;

// One HTTP/2 connection to an endpoint, with as many requests on it as there is room for. Its
// endpoint owns it until it is of no more use; then it puts itself away, and the streams that were
// left have ended. One thread.
class Http2Connection final : public net::EventHandler,
                              private Connection::User,
                              private http2::ClientOutput {
 public:
  struct Times {
    std::chrono::milliseconds connect{};
    std::chrono::milliseconds send{};
    std::chrono::milliseconds idle{};
  };

  // Begins to connect; nothing when that fails at once (errno says why).
  static std::unique_ptr<Http2Connection> connect(net::Loop& loop,
                                                  const std::shared_ptr<Endpoint>& endpoint,
                                                  const Times& times);
  ~Http2Connection() override;

  // Another request may be begun.
  bool has_room() const { return !is_in_doubt_ && session_->has_room(); }
  // It goes when the streams that it has are over, or when nothing more comes for them.
  bool is_leaving() const { return is_retired_ || is_in_doubt_ || session_->is_leaving(); }
  // False: what is begun waits until it is.
  bool is_established() const { return is_established_; }
  // It has carried something from the endpoint, which may have closed it meanwhile.
  bool was_used() const { return was_used_; }
  bool is_idle() const { return session_->stream_count() == 0 && !is_working_; }

  // False: no memory.
  bool begin(http2::ClientStream& stream, const std::vector<nghttp2_nv>& fields, bool with_body) {
    return session_->begin(stream, fields, with_body);
  }
  // The connection never came about, so this is the endpoint's failure and not the stream's.
  bool has_failed_to_connect() const { return failure_ && !is_established_; }
  // Why a stream of it ended so; to be asked during ClientStream::User::on_stream_ended().
  Failure failure_of(http2::ClientStream::End end) const;
  // A request waited in vain for its answer. If nothing else comes either, nobody may be there any
  // more: until something does, no other request is begun.
  void doubt() { is_in_doubt_ = true; }
  // Nobody will begin another request on it.
  void retire();

  void on_ready(net::Ready) override {}
  // The turn in which it sends what came together.
  void on_resumed() override;

 private:
  Http2Connection(net::Loop& loop, Endpoint& endpoint, const Times& times);
  void on_upstream_connected() override;
  void on_upstream_readable() override;
  void on_upstream_drained() override { on_output(); }
  void on_upstream_failed(const Failure& failure) override;
  void on_output() override { loop_.resume_soon(*this); }
  base::SteadyTime now() const override { return loop_.now(); }
  bool take_input();
  void send();
  void settle();
  void leave();
  void give_up();
  void send_last();
  void lose(const Failure& failure);

  net::Loop& loop_;
  Endpoint& endpoint_;  // owns it, or is owned by connection_
  Times times_;
  std::unique_ptr<http2::ClientSession> session_;
  std::unique_ptr<Connection> connection_;  // nullptr: it is over
  std::optional<Failure> failure_;          // of the connection
  net::Flow input_flow_;                    // of all its streams
  std::string out_;                         // during send()
  admin::HeldBytes held_;                   // in session_
  bool is_established_ = false;
  bool was_used_ = false;
  bool is_in_doubt_ = false;
  bool is_retired_ = false;
  bool is_working_ = false;  // it is on the stack, and not to be put away
};

}  // namespace proxy::upstream
