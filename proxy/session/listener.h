#pragma once

#include <cstddef>
#include <cstdint>

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/net/socket_address.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/session/client.h"

namespace proxy::session {

// One worker's share of a listening port.
class Listener final : public net::EventHandler, private net::TimerTarget {
 public:
  // Accepting stops for a moment.
  enum class Pause : std::uint8_t { full, no_descriptors, no_memory };
  // Whoever takes the clients.
  class Owner {
   public:
    virtual void accept(net::Fd fd, const net::SocketAddress& peer, Entrance entrance) = 0;
    // There is no memory for clients.
    virtual bool has_no_memory() const = 0;
    // There are as many clients as there may be.
    virtual bool is_full() const = 0;
    // Handshakes that wait for their step.
    virtual std::size_t handshakes_waiting() const = 0;
    // Closes the client that has been silent for longest, if that is long enough. False: there is
    // none.
    virtual bool make_room() = 0;
    virtual void note_pause(Pause pause) = 0;

   protected:
    ~Owner() = default;
  };
  // How many handshakes may wait before TLS clients are left in the kernel's queue: while others
  // come, and when the port is about to be closed.
  struct Limits {
    std::size_t handshakes_ahead_max;
    std::size_t handshakes_waiting_max;
  };

  Listener(net::Loop& loop, Owner& owner, Limits limits, net::Fd fd, Entrance entrance);
  bool start();
  void on_ready(net::Ready ready) override;
  // Some were left for the next turn.
  bool has_more() const { return has_more_; }
  void accept_some();
  // Those whose connect has succeeded already: closing the port would reset them.
  void accept_rest();

 private:
  // No more TLS clients while so many handshakes wait for their step.
  void accept_some(std::size_t handshakes_max);
  void on_timer(net::Timer& timer) override;
  void pause(Pause why);

  net::Loop& loop_;
  Owner& owner_;
  Limits limits_;
  net::Fd fd_;
  net::Timer timer_;
  Entrance entrance_;
  bool has_more_ = false;
};

}  // namespace proxy::session
