#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/net/fd.h"
#include "proxy/net/queue.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/net/turn_slice.h"

namespace proxy::net {

// What epoll said about a descriptor.
struct Ready {
  bool readable = false;  // data, or the end of it
  bool writable = false;
  bool closing = false;  // the peer sent FIN or RST, or the socket failed: read to see which
  bool failed = false;   // the socket failed, or both directions are closed
};

// Of the queue of handlers that have more to do.
struct NextTurn;

// Something with a descriptor. Events are edges: they come once, and are to be remembered.
class EventHandler : public QueuePlace<NextTurn> {
 public:
  virtual ~EventHandler() = default;
  // May come once more in the turn in which the handler closed its descriptor: it must then do
  // nothing.
  virtual void on_ready(Ready ready) = 0;
  // The turn that it asked for by Loop::resume_soon(). Comes once more, likewise.
  virtual void on_resumed() {}
};

// What is to be done after all events of a turn.
class TurnEnd {
 public:
  // True: there is more to do, the next turn must not sleep.
  virtual bool on_turn_end() = 0;

 protected:
  ~TurnEnd() = default;
};

// One thread's event loop: epoll, edge-triggered; each descriptor is registered once, for
// everything. All but post() belongs to the thread that calls run().
class Loop {
 public:
  // `clock`: another one than the machine's, for tests of the order in which things are done.
  static base::Result<std::unique_ptr<Loop>> create(TurnSlice::Clock clock = &machine_clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The handler must live until the turn after its descriptor was closed; see dispose(). False: no
  // memory in the kernel.
  bool add(int fd, EventHandler& handler);

  // Runs turns until stop(); may be called again then.
  void run(TurnEnd& end);
  void stop() { stopped_ = true; }

  // For a handler that has more to do than one turn should take, or that nobody waits for: it is
  // resumed after the events of a turn, behind those who asked before, in this turn or a later one.
  // Asking twice is asking once.
  void resume_soon(EventHandler& handler) {
    if (!is_waiting_for_turn(handler)) to_resume_.push_back(handler);
  }
  static bool is_waiting_for_turn(const EventHandler& handler) {
    return Queue<EventHandler, NextTurn>::is_waiting(handler);
  }
  static void forget_turn(EventHandler& handler) { Queue<EventHandler, NextTurn>::leave(handler); }

  // Among a turn's events: those before have taken a slice of it already. Whoever is in the middle
  // of bulk then (Flow) asks for a turn, and the events behind it have theirs first, of which most
  // are of those who have little to say. False once the events are dealt with: whoever is resumed
  // goes on, for as long as the slice of that lasts.
  bool is_late() const { return is_at_events_ && clock_() - now_ >= TurnSlice::kTime; }

  // For others who do at a turn's end what nobody waits for.
  TurnSlice begin_slice() const { return TurnSlice(clock_); }

  // Runs the task in the loop's thread, at the end of a turn. Any thread.
  void post(std::function<void()> task);

  // Destroys it when no event of this turn can refer to it any more.
  void dispose(std::unique_ptr<EventHandler> handler) { disposed_.push_back(std::move(handler)); }

  // The same, for when no turn will end any more.
  void destroy_disposed();

  // Read once per turn.
  base::SteadyTime now() const { return now_; }
  base::WallTime wall_now() const { return wall_now_; }

  void arm(Timer& timer, std::chrono::milliseconds from_now) {
    timers_.arm(timer, now_ + from_now);
  }

  // When the last turn began, in milliseconds of the steady clock; any thread. A loop that does not
  // tick is stuck.
  std::int64_t last_tick_millis() const { return last_tick_.load(std::memory_order_relaxed); }

 private:
  Loop(Fd epoll, Fd mailbox, Fd alarm, TurnSlice::Clock clock);
  void read_clocks();
  void set_alarm();
  void resume_some();
  void run_posted();

  TurnSlice::Clock clock_;
  Fd epoll_;
  Fd mailbox_;  // eventfd: somebody posted
  // timerfd for the next deadline. Set only when that comes nearer, which is rare, where a timeout
  // of epoll_wait() would set up and take down a timer of the kernel in every turn.
  Fd alarm_;
  base::SteadyTime alarm_at_ = base::SteadyTime::max();
  bool stopped_ = false;
  bool more_ = false;
  bool is_at_events_ = false;
  bool posted_here_ = false;
  base::SteadyTime now_;
  base::WallTime wall_now_;
  TimerWheel timers_;
  Queue<EventHandler, NextTurn> to_resume_;
  std::vector<std::unique_ptr<EventHandler>> disposed_;
  std::atomic<std::int64_t> last_tick_{0};

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace proxy::net
