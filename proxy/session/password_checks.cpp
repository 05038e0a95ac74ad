#include "proxy/session/password_checks.h"

#include <cassert>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/policy/password.h"

namespace proxy::session {
namespace {

// On Linux it is the calling thread's alone.
void yield_to_those_who_serve() {
  constexpr int kNice = 10;
  [[maybe_unused]] const int result =
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

}  // namespace

PasswordChecks::PasswordChecks(const Options& options)
    : options_(options),
      queue_({options.limits.waiting_max, options.limits.waiting_of_one_max,
              options.limits.under_way_of_one_max}) {
  assert(options.threads > 0);
}

PasswordChecks::~PasswordChecks() {
  stop();
}

bool PasswordChecks::ask(const config::IpAddress& address, Question question) {
  const std::lock_guard lock(mutex_);
  if (is_stopped_) return false;
  if (!queue_.push(address, {std::move(question), std::chrono::steady_clock::now()})) return false;
  if (threads_.empty()) {
    for (std::size_t i = 0; i < options_.threads; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
      ::pthread_setname_np(threads_.back().native_handle(), "passwords");
    }
  }
  changed_.notify_one();
  return true;
}

void PasswordChecks::stop() {
  std::vector<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    threads.swap(threads_);
  }
  for (std::jthread& thread : threads) thread.request_stop();
}

void PasswordChecks::run(const std::stop_token& stop) {
  yield_to_those_who_serve();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    auto taken = queue_.take();
    if (!taken) {
      changed_.wait(lock, stop, [this] { return queue_.has_turn(); });
      continue;
    }
    lock.unlock();
    answer(taken->job);
    lock.lock();
    queue_.finish(taken->key);
    // Another one of this address may have its turn now.
    if (queue_.has_turn()) changed_.notify_one();
  }
}

void PasswordChecks::answer(Waiting& waiting) {
  const Question& question = waiting.question;
  if (!question.is_wanted->load(std::memory_order_relaxed)) return;
  if (std::chrono::steady_clock::now() - waiting.since > options_.wait_max) {
    question.done(Outcome::refused);
    return;
  }
  thread_local policy::PasswordHasher hasher;
  const bool is_right = options_.compare ? options_.compare(question.password, question.hash)
                                         : hasher.matches(question.password, question.hash);
  question.done(is_right ? Outcome::right : Outcome::wrong);
}

}  // namespace proxy::session
