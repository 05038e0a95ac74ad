#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "proxy/config/network.h"
#include "proxy/policy/fair_queue.h"

namespace proxy::session {

// Hashes passwords, for all workers, on a few threads of their own and at less priority than those
// that serve: a hash takes as long as ten thousand requests. The threads begin with the first
// question. What cannot be answered soon is refused, and whoever asks closes. Any thread may ask.
class PasswordChecks {
 public:
  enum class Outcome : std::uint8_t { right, wrong, refused };

  struct Options {
    std::size_t threads = 2;
    policy::FairQueue<int>::Limits limits{};  // by client address
    // Who has waited longer gets no answer: the client has given up, or will ask again anyway.
    std::chrono::milliseconds wait_max{5'000};
    // Whether this password has this hash. For tests; none: policy::PasswordHasher.
    std::function<bool(const std::string& password, const std::string& hash)> compare{};
  };

  struct Question {
    std::string password;
    std::string hash;
    // Nobody waits any more: then it is not worth a hash.
    std::shared_ptr<std::atomic<bool>> is_wanted;
    // Called on a thread of the pool, once, unless nobody wants it or the pool ends.
    std::function<void(Outcome)> done;
  };

  explicit PasswordChecks(const Options& options);
  PasswordChecks(const PasswordChecks&) = delete;
  PasswordChecks& operator=(const PasswordChecks&) = delete;
  ~PasswordChecks();  // stops

  // False: there is no room, for all or for this address.
  bool ask(const config::IpAddress& address, Question question);
  // Waits for the hashes that are under way; nothing is answered after that.
  void stop();

 private:
  struct Waiting {
    Question question;
    base::SteadyTime since;
  };
  using Queue = policy::FairQueue<Waiting>;

  void run(const std::stop_token& stop);
  void answer(Waiting& waiting);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Queue queue_;
  bool is_stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace proxy::session
