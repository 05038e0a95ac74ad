#include "proxy/session/listener.h"

#include "proxy/net/socket.h"
#include "proxy/session/worker.h"

namespace proxy::session {
namespace {

// So that a storm of connects does not hold up those that are served already.
constexpr int kAcceptsPerTurn = 16;
// While others must make room, so that neither port takes all of it.
constexpr int kAcceptsWhenFull = 4;
constexpr std::chrono::milliseconds kPause{20};

}  // namespace

Listener::Listener(Worker& worker, net::Fd fd, Entrance entrance)
    : worker_(worker),
      fd_(std::move(fd)),
      timer_(static_cast<net::TimerTarget&>(*this)),
      entrance_(entrance) {}

bool Listener::start() {
  return worker_.loop().add(fd_.get(), *this);
}

void Listener::on_ready(net::Ready) {
  has_more_ = true;
}

void Listener::accept_some() {
  accept_some(worker_.options().handshakes_ahead_max);
}

void Listener::accept_some(std::size_t handshakes_max) {
  if (worker_.has_no_memory()) {
    has_more_ = net::has_waiting_client(fd_.get());
    if (!has_more_) return;
    worker_.make_room();
    pause(Worker::AcceptPause::no_memory);
    return;
  }
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    // Those who come now wait in the kernel's queue, instead of being turned away in ours.
    if (entrance_.secure && worker_.handshakes_waiting() >= handshakes_max) return;
    if (worker_.is_full()) {
      // Nobody makes room for nobody.
      if (!net::has_waiting_client(fd_.get())) {
        has_more_ = false;
        return;
      }
      if (i >= kAcceptsWhenFull || !worker_.make_room()) {
        pause(Worker::AcceptPause::full);
        return;
      }
    }
    net::Accepted accepted = net::accept_from(fd_.get());
    if (accepted.out_of_descriptors) {
      if (worker_.make_room()) continue;
      pause(Worker::AcceptPause::no_descriptors);
      return;
    }
    if (!accepted.fd.is_open()) {
      has_more_ = false;
      return;
    }
    worker_.accept(std::move(accepted.fd), accepted.peer, entrance_);
  }
}

// They wait in the kernel's queue until somebody leaves.
void Listener::pause(Worker::AcceptPause why) {
  has_more_ = false;
  worker_.note_pause(why);
  worker_.loop().arm(timer_, kPause);
}

void Listener::accept_rest() {
  const std::size_t handshakes_max = worker_.options().handshakes_waiting_max;
  do {
    accept_some(handshakes_max);
  } while (has_more_ && !(entrance_.secure && worker_.handshakes_waiting() >= handshakes_max));
}

void Listener::on_timer(net::Timer&) {
  has_more_ = true;
}

}  // namespace proxy::session
