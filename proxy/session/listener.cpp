#include "proxy/session/listener.h"

#include <chrono>
#include <utility>

#include "proxy/net/socket.h"

namespace proxy::session {
namespace {

// So that a storm of connects does not hold up those that are served already.
constexpr int kAcceptsPerTurn = 16;
// While others must make room, so that neither port takes all of it.
constexpr int kAcceptsWhenFull = 4;
constexpr std::chrono::milliseconds kPause{20};

}  // namespace

Listener::Listener(net::Loop& loop, Owner& owner, Limits limits, net::Fd fd, Entrance entrance)
    : loop_(loop),
      owner_(owner),
      limits_(limits),
      fd_(std::move(fd)),
      timer_(static_cast<net::TimerTarget&>(*this)),
      entrance_(entrance) {}

bool Listener::start() {
  return loop_.add(fd_.get(), *this);
}

void Listener::on_ready(net::Ready) {
  has_more_ = true;
}

void Listener::accept_some() {
  accept_some(limits_.handshakes_ahead_max);
}

void Listener::accept_some(std::size_t handshakes_max) {
  if (owner_.has_no_memory()) {
    has_more_ = net::has_waiting_client(fd_.get());
    if (!has_more_) return;
    owner_.make_room();
    pause(Pause::no_memory);
    return;
  }
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    // Those who come now wait in the kernel's queue, instead of being turned away in ours.
    if (entrance_.secure && owner_.handshakes_waiting() >= handshakes_max) return;
    if (owner_.is_full()) {
      // Nobody makes room for nobody.
      if (!net::has_waiting_client(fd_.get())) {
        has_more_ = false;
        return;
      }
      if (i >= kAcceptsWhenFull || !owner_.make_room()) {
        pause(Pause::full);
        return;
      }
    }
    net::Accepted accepted = net::accept_from(fd_.get());
    if (accepted.out_of_descriptors) {
      // Which is found before whether anybody waits; and nobody makes room for nobody.
      if (!net::has_waiting_client(fd_.get())) {
        has_more_ = false;
        return;
      }
      if (owner_.make_room()) continue;
      pause(Pause::no_descriptors);
      return;
    }
    if (!accepted.fd.is_open()) {
      has_more_ = false;
      return;
    }
    owner_.accept(std::move(accepted.fd), accepted.peer, entrance_);
  }
}

// They wait in the kernel's queue until somebody leaves.
void Listener::pause(Pause why) {
  has_more_ = false;
  owner_.note_pause(why);
  loop_.arm(timer_, kPause);
}

void Listener::accept_rest() {
  const std::size_t handshakes_max = limits_.handshakes_waiting_max;
  do {
    accept_some(handshakes_max);
  } while (has_more_ && !(entrance_.secure && owner_.handshakes_waiting() >= handshakes_max));
}

void Listener::on_timer(net::Timer&) {
  has_more_ = true;
}

}  // namespace proxy::session
