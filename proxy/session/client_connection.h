#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "proxy/channel/channel.h"
#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/output.h"
#include "proxy/net/queue.h"
#include "proxy/net/send_watch.h"
#include "proxy/net/socket.h"
#include "proxy/net/socket_address.h"
#include "proxy/net/turn_budget.h"
#include "proxy/policy/in_flight.h"
#include "proxy/reason/words.h"
#include "proxy/session/buffers.h"
#include "proxy/session/client.h"
#include "proxy/session/first_stage.h"
#include "proxy/session/protocol.h"
#include "proxy/session/tools.h"
#include "proxy/tls/server_connection.h"

namespace proxy::client {
class TrustedNetworks;
}  // namespace proxy::client

namespace proxy::session {

class ClientQueues;
struct LiveState;
struct Protocols;
struct PublicPorts;

// The worker's queues of clients.
struct HandshakeStep;
struct EndOfTurn;
struct Rest;

// A client's connection from accept to close: handshake, then a protocol, then goodbye.
class ClientConnection final : public net::EventHandler,
                               public net::QueuePlace<HandshakeStep>,
                               public net::QueuePlace<EndOfTurn>,
                               public net::QueuePlace<Rest>,
                               private net::TimerTarget {
 public:
  enum class State : std::uint8_t {
    first_words,  // what comes is looked at until it is decided what is spoken here
    handshake,    // TLS is being negotiated, one step per loop turn for all of a worker's clients
    open,         // its protocol reads and writes
    lingering,  // all was said; what the client still sends is dropped, so that our last words are
                // not lost to a reset
    closed,
  };

  // What it uses of its worker, all of which outlives it: the tools, and
  struct Means : Tools {
    const LiveState& live;
    ClientQueues& clients;  // in which it waits
    const PublicPorts& ports;
    tls::ServerContext& tls;
    const Protocols& protocols;  // what those use that it may speak
  };

  // A client that has only just connected when we are to stop: its first request is on its way, or
  // what comes before that, or the rest of either. Each of them has so long: a PROXY header with
  // what begins a handshake, the rest of that, and a request's head.
  static constexpr std::chrono::milliseconds kFirstRequestAtDrain{1'000};

  // `means` itself outlives it, too. Owned by the worker, from here to close().
  ClientConnection(const Means& means, net::Fd fd, const net::SocketAddress& peer,
                   Entrance entrance);
  ~ClientConnection() override;

  bool start();
  void on_ready(net::Ready ready) override;
  void on_resumed() override;
  // The worker's turn end: this connection's step is due.
  void handshake_step();
  // More handshakes wait for their step than can be made in time.
  void refuse_handshake() { fail_handshake(reason::too_many_handshakes); }

  channel::Channel& channel() { return channel_; }
  const Client& client() const { return client_; }
  State state() const { return state_; }
  Protocol* protocol() { return protocol_.get(); }

  // Replaces the time after which Protocol::on_timeout() comes.
  void arm(std::chrono::milliseconds timeout);
  void disarm() { timer_.disarm(); }

  bool is_armed() const { return timer_.is_armed(); }
  // For when sending has to wait for the client: arms the timer for a first look; has_stalled()
  // looks, and arms it for the next one. True: the client took nothing for so long.
  void watch_sending(std::chrono::milliseconds limit);
  bool has_stalled(std::chrono::milliseconds limit);
  // When the client last took something, as has_stalled() saw it.
  base::SteadyTime last_took() const { return watch_.moved_at(); }

  // What it says, in the clear. Takes up to `most` bytes from the socket; `size` must be at least
  // Buffers::kReadBytes and a TLS record, so that all that they say has room. As
  // channel::Channel::read().
  net::IoResult read(char* out, std::size_t size, net::TurnBudget& budget,
                     std::size_t most = Buffers::kReadBytes);
  // Of a plain one: sends another socket's input inside the kernel, as net::Output::move().
  std::optional<net::Output::Moved> move_from(int socket, std::size_t size);
  // Sends; when the connection turns out to be broken, it is closed at the end of the turn.
  void write(std::string_view bytes);
  // Sends what is waiting, says goodbye, and waits for the client's goodbye; not for a client that
  // goes on sending more than that.
  void linger(std::uint64_t input_max = kAnyInput);
  static constexpr std::uint64_t kAnyInput = UINT64_MAX;
  // Nothing is under way: closes at once. Where some of our last words may not have arrived yet
  // (RFC 9112 §9.6), Protocol::on_timeout() comes soon, to try again; the second time it lingers.
  void leave();
  // Nothing of it is under way since now, or something is again. `has_asked`: ever. A client that
  // has yet to take its answers does not rest: to be said again when it has.
  void begin_rest(bool has_asked);
  void end_rest();
  base::SteadyTime rests_since() const { return rests_since_; }
  // Closes it in an orderly way, but at once.
  void make_room();
  // Now, because the client took nothing of what it is owed for too long.
  void close_stalled(bool reset = false);
  // It is about to leave(), because its client has not begun a request in time.
  void note_silence();
  // Now. `reset`: the client must not take what it got for complete.
  void close(const char* reason, bool reset = false);
  void begin_drain();

  // The worker's list of its connections.
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;

 private:
  void on_timer(net::Timer& timer) override;
  void note_trust();
  void on_first_words(net::Ready ready);
  bool may_begin_with_request() const;
  void await_proxy_header();
  void read_proxy_header();
  void give_up_header(std::string_view reason);
  void give_up_beginning();
  void refuse_proxy_header(std::string_view reason);
  void begin_conversation();
  bool takes_place();
  void await_handshake();
  void begin_tls();
  void pass_through();
  const tls::ServerConnection* tls() const;
  void on_handshake_done();
  void fail_handshake(std::string_view reason);
  void choose_protocol();
  void use_input();
  void drop_input();
  void wait_to_linger();

  const Means& means_;
  channel::Channel channel_;
  FirstStage first_stage_;
  std::unique_ptr<Protocol> protocol_;
  net::Timer timer_;
  net::SendWatch watch_;
  base::SteadyTime rests_since_{};
  State state_;
  std::uint64_t input_left_ = kAnyInput;  // lingering: that may still be dropped
  bool has_failed_ = false;               // both directions are gone
  bool draining_ = false;
  bool waited_to_leave_ = false;
  std::array<char, net::SocketAddress::kIpTextMax> address_text_{};
  Client client_;
  // As it was when the connection came: what holds for it does not change under way.
  std::shared_ptr<const client::TrustedNetworks> trusted_proxies_;
  policy::InFlight::Place place_;  // where connections of a client are counted
};

}  // namespace proxy::session
