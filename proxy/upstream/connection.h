#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/channel/channel.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/output.h"
#include "proxy/net/send_watch.h"
#include "proxy/net/socket.h"
#include "proxy/net/turn_budget.h"
#include "proxy/tls/client_connection.h"
#include "proxy/upstream/failure.h"
#include "proxy/upstream/idle_list.h"

namespace proxy::upstream {

class Endpoint;

// One connection to an endpoint. Its user owns it while it carries a request; between requests the
// endpoint's pool does.
class Connection final : public net::EventHandler, private net::TimerTarget {
 public:
  enum class State {
    connecting,  // the handshakes of TCP and TLS are under way; nothing can be written
    busy,        // its user may read and write
    idle,        // in the pool: any event on it means that the endpoint gave it up
    closed,
  };

  // Who carries a request on it. After on_upstream_failed() the connection is useless, and its user
  // is expected to close() it.
  class User {
   public:
    virtual void on_upstream_connected() = 0;
    virtual void on_upstream_readable() = 0;
    virtual void on_upstream_drained() = 0;  // unsent() is 0 again
    virtual void on_upstream_failed(const Failure& failure) = 0;

   protected:
    ~User() = default;
  };

  // Begins to connect; nothing when that fails at once (errno says why). `preface`: what it begins
  // with, before TLS and before its user writes. It tells of one client, so such a connection is
  // never pooled.
  static std::unique_ptr<Connection> connect(net::Loop& loop, std::shared_ptr<Endpoint> endpoint,
                                             User& user, std::chrono::milliseconds timeout,
                                             std::string preface = {});
  ~Connection() override;

  State state() const { return state_; }
  bool was_reused() const { return uses_ > 1; }
  // Once it failed: true when the endpoint ended it before a byte of what this user wrote had
  // arrived there, so nobody can have read it. A reset alone does not tell: what it acknowledges is
  // not counted.
  bool was_left_unread() const;
  // False: not a byte of what this user wrote had arrived at the endpoint, so what came from there
  // answers somebody else. Asks the kernel.
  bool may_be_answered() const;
  // The same, of the first bytes that this user has read, and to be asked once then: true when they
  // answer somebody else. The kernel is asked where that is likelier than usual: where the endpoint
  // is known for it, and where no answer on this connection came as soon as these bytes. What is
  // sent before the request has arrived is here within a round trip, and no answer to it is.
  bool is_stray_answer();
  Endpoint& endpoint() { return *endpoint_; }

  // True while reading may give something without an event first.
  bool is_readable() const { return channel_.is_readable(); }
  // What was taken is spent of the budget, and so are the records that it was made of.
  net::IoResult read(char* out, std::size_t size, net::TurnBudget& budget);
  // After read() said that the endpoint is done: true when it did not say so in TLS, so that
  // anybody on the way may have cut off what had more to come (RFC 8446 §6.1).
  bool was_cut_off() const {
    return !channel_.is_plain() &&
           channel_.tls()->state() != tls::Connection::State::closed_by_peer;
  }
  // Bytes may pass inside the kernel, both ways.
  bool is_plain() const { return channel_.is_plain(); }
  // For whoever moves, inside the kernel, what read() would have read; then takes what came of it,
  // and returns that as read() would have.
  int socket() const { return channel_.fd(); }
  net::IoResult::Kind note_taken(net::IoResult::Kind kind);
  // Sends what the socket takes and keeps the rest. A failure is told by an event, not here.
  void write(std::string_view bytes) {
    channel_.write(bytes);
    if (is_watched_) look_at_unread();
  }
  // The same with input of this socket, inside the kernel; only while nothing is unsent(). As
  // net::Output::move().
  std::optional<net::IoResult> move_from(int socket, std::size_t size, net::Pipes& pipes);
  std::size_t unsent() const { return channel_.unsent(); }
  // The endpoint's program has what was written so far.
  void note_heard() { unread_from_ = channel_.written(); }
  // No more will be written (a tunnel's client is done): FIN once all is sent.
  void finish_sending();

  // The failure when it runs out is a timeout of this kind. An endpoint that still takes what it is
  // sent has its time again.
  enum class Waiting { none, to_send, to_read };
  void wait(Waiting waiting, std::chrono::milliseconds timeout);

  // Ends the use of a connection: back to the pool for at most this time, or gone. A connection
  // with unread input, with unsent output or of a retired endpoint is never pooled.
  static constexpr std::chrono::milliseconds kNotReusable{0};
  static constexpr std::chrono::milliseconds kRestAsConfigured =
      std::chrono::milliseconds::max();  // PoolOptions says how long
  static void release(std::unique_ptr<Connection> connection, std::chrono::milliseconds rest_max);
  static void close(std::unique_ptr<Connection> connection);

  void on_ready(net::Ready ready) override;
  // A user that did not read all that it could asks for it by net::Loop::resume_soon().
  void on_resumed() override;

  IdleLinks<Connection> idle_links;  // the pool's

 private:
  friend class Endpoint;
  Connection(net::Loop& loop, std::shared_ptr<Endpoint> endpoint, User& user, net::Fd fd);
  void on_timer(net::Timer& timer) override;
  void take_from_pool(User& user);
  void rest_in_pool(std::chrono::milliseconds idle_timeout);
  bool is_quiet();
  base::SteadyTime rests_since() const { return rests_since_; }
  base::SteadyTime now() const { return loop_.now(); }
  void on_connect_event(net::Ready ready);
  void send_preface();
  void begin_tls();
  void step_tls();
  tls::Connection::Handshake take_tls_step();
  void on_established();
  void on_handshake_failed();
  net::IoResult read_tls(char* out, std::size_t size, net::TurnBudget& budget);
  bool takes_bytes();
  void watch_host();
  void look_at_unread();
  net::IoResult::Kind true_kind(net::IoResult::Kind kind);
  void close_socket();

  net::Loop& loop_;
  std::shared_ptr<Endpoint> endpoint_;
  User* user_;
  channel::Channel channel_;  // plain until TCP is connected
  net::Timer timer_;
  State state_ = State::connecting;
  Waiting waiting_ = Waiting::none;
  net::SendWatch watch_;
  std::chrono::milliseconds send_timeout_{};
  base::SteadyTime rests_since_{};       // idle: that it is
  bool said_no_more_ = false;            // or will, once all is sent
  bool ended_ = false;                   // the peer's FIN was read
  std::uint64_t written_by_others_ = 0;  // of what the channel was written, before this user
  std::uint64_t unread_from_ = 0;        // likewise, that the endpoint's program is known to have
  bool is_watched_ = false;              // its host may not be silent for long
  std::uint32_t uses_ = 1;
  base::SteadyTime used_since_{};  // by this user; of one that was reused
  // Between that and the answer: the shortest of those that are known to have been answers.
  base::SteadyTime::duration soonest_answer_ = base::SteadyTime::duration::max();
  bool is_one_clients_ = false;  // had a preface
  std::string preface_;          // until it is sent
};

}  // namespace proxy::upstream
