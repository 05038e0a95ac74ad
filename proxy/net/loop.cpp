#include "proxy/net/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

namespace proxy::net {
namespace {

constexpr int kEventsPerTurn = 256;
// With these and the events a turn stays short, however many have more to do; and with its slice,
// however much each of them has.
constexpr int kResumedPerTurn = 64;
// So that last_tick() says something about an idle loop too.
constexpr std::chrono::milliseconds kSleepMax{1'000};

}  // namespace

base::Result<std::unique_ptr<Loop>> Loop::create(TurnSlice::Clock clock) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  Fd mailbox(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  Fd alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  if (!epoll.is_open() || !mailbox.is_open() || !alarm.is_open() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, mailbox.get(), &event) != 0 ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, alarm.get(), &event) != 0) {
    return base::failure(base::ErrorKind::unavailable,
                         std::string("cannot make an event loop: ") + std::strerror(errno));
  }
  return std::unique_ptr<Loop>(
      new Loop(std::move(epoll), std::move(mailbox), std::move(alarm), clock));
}

Loop::Loop(Fd epoll, Fd mailbox, Fd alarm, TurnSlice::Clock clock)
    : clock_(clock),
      epoll_(std::move(epoll)),
      mailbox_(std::move(mailbox)),
      alarm_(std::move(alarm)),
      now_(clock()),
      wall_now_(std::chrono::system_clock::now()),
      timers_(now_) {}

Loop::~Loop() = default;

bool Loop::add(int fd, EventHandler& handler) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &handler;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::run(TurnEnd& end) {
  std::array<epoll_event, kEventsPerTurn> events;
  while (!stopped_) {
    if (!more_) set_alarm();
    const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, more_ ? 0 : -1);
    read_clocks();
    is_at_events_ = true;
    for (int i = 0; i < count; ++i) {
      const std::uint32_t bits = events[static_cast<std::size_t>(i)].events;
      auto* handler = static_cast<EventHandler*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (handler == nullptr) {  // the mailbox, or the alarm, which needs nothing but this turn
        posted_here_ = true;
        continue;
      }
      Ready ready;
      ready.readable = (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      ready.writable = (bits & EPOLLOUT) != 0;
      ready.closing = (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      ready.failed = (bits & (EPOLLHUP | EPOLLERR)) != 0;
      handler->on_ready(ready);
    }
    is_at_events_ = false;
    if (!to_resume_.empty()) resume_some();
    timers_.advance(now_, clock_);
    if (posted_here_) run_posted();
    more_ = end.on_turn_end() || !to_resume_.empty() || timers_.has_due();
    destroy_disposed();
  }
  stopped_ = false;
}

// Those who ask again meanwhile are behind those who wait already, and not before the next turn.
void Loop::resume_some() {
  Queue<EventHandler, NextTurn> asked;
  asked.take_all(to_resume_);
  const TurnSlice slice = begin_slice();
  for (int i = 0; i < kResumedPerTurn; ++i) {
    EventHandler* const handler = asked.take_front();
    if (handler == nullptr) return;
    handler->on_resumed();
    if (slice.is_over()) break;
  }
  to_resume_.take_all(asked);  // the rest comes first in the next turn
}

void Loop::destroy_disposed() {
  // What is destroyed may dispose of more.
  while (!disposed_.empty()) std::exchange(disposed_, {}).clear();
}

void Loop::read_clocks() {
  now_ = clock_();
  wall_now_ = std::chrono::system_clock::now();
  last_tick_.store(
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count(),
      std::memory_order_relaxed);
}

// An alarm that rings early only costs a turn, so it is never put off.
void Loop::set_alarm() {
  if (alarm_at_ <= now_) alarm_at_ = base::SteadyTime::max();  // it has rung
  const base::SteadyTime wanted =
      std::min(timers_.next_due().value_or(base::SteadyTime::max()), now_ + kSleepMax);
  if (alarm_at_ <= wanted) return;
  alarm_at_ = wanted;
  const auto since_boot =
      std::chrono::duration_cast<std::chrono::nanoseconds>(wanted.time_since_epoch()).count();
  itimerspec when{};
  when.it_value.tv_sec = since_boot / 1'000'000'000;
  when.it_value.tv_nsec = since_boot % 1'000'000'000;
  ::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(mailbox_.get(), &one, sizeof one);
}

void Loop::run_posted() {
  posted_here_ = false;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(mailbox_.get(), &count, sizeof count);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

}  // namespace proxy::net
