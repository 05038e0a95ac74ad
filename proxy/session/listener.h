#pragma once

#include "proxy/net/fd.h"
#include "proxy/net/loop.h"
#include "proxy/session/worker.h"

namespace proxy::session {

// One worker's share of a listening port.
class Listener final : public net::EventHandler, private net::TimerTarget {
 public:
  Listener(Worker& worker, net::Fd fd, Entrance entrance);
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
  void pause(Worker::AcceptPause why);

  Worker& worker_;
  net::Fd fd_;
  net::Timer timer_;
  Entrance entrance_;
  bool has_more_ = false;
};

}  // namespace proxy::session
