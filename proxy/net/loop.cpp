#include "proxy/net/loop.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace proxy::net {
namespace {

constexpr int kEventsPerTurn = 256;
// So that last_tick() says something about an idle loop too.
constexpr std::chrono::milliseconds kSleepMax{1'000};

}  // namespace

base::Result<std::unique_ptr<Loop>> Loop::create() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  Fd mailbox(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  if (!epoll.is_open() || !mailbox.is_open() ||
      ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, mailbox.get(), &event) != 0) {
    return base::failure(base::ErrorKind::unavailable,
                         std::string("cannot make an event loop: ") + std::strerror(errno));
  }
  return std::unique_ptr<Loop>(new Loop(std::move(epoll), std::move(mailbox)));
}

Loop::Loop(Fd epoll, Fd mailbox)
    : epoll_(std::move(epoll)),
      mailbox_(std::move(mailbox)),
      now_(std::chrono::steady_clock::now()),
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
    const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, sleep_millis());
    read_clocks();
    for (int i = 0; i < count; ++i) {
      const std::uint32_t bits = events[static_cast<std::size_t>(i)].events;
      auto* handler = static_cast<EventHandler*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (handler == nullptr) {
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
    timers_.advance(now_);
    if (posted_here_) run_posted();
    more_ = end.on_turn_end();
    destroy_disposed();
  }
}

void Loop::destroy_disposed() {
  // What is destroyed may dispose of more.
  while (!disposed_.empty()) std::exchange(disposed_, {}).clear();
}

void Loop::read_clocks() {
  now_ = std::chrono::steady_clock::now();
  wall_now_ = std::chrono::system_clock::now();
  last_tick_.store(
      std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count(),
      std::memory_order_relaxed);
}

int Loop::sleep_millis() const {
  if (more_) return 0;
  auto sleep = kSleepMax;
  if (const auto due = timers_.next_due()) {
    if (*due <= now_) return 0;
    sleep = std::min(sleep, std::chrono::ceil<std::chrono::milliseconds>(*due - now_));
  }
  return static_cast<int>(sleep.count());
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
