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
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "proxy/config/network.h"
#include "proxy/firewall/rule_set.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/kept_head.h"
#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"
#include "proxy/policy/fair_queue.h"
#include "proxy/policy/firewall.h"

namespace proxy::session {

// What is to be inspected of one request, or of one response. Whoever made it may look at it, and
// nobody may change it, from Inspectors::ask() until it was inspected or was given up before
// anybody began.
class InspectionTask {
 public:
  using Request = http::KeptHead<http::RequestHead>;
  using Response = http::KeptHead<http::ResponseHead>;

  InspectionTask(policy::Inspections::Settings by, const http::RequestHead& head);
  // By settings that have responses; of the body, which is coded so, what is here of it. Whoever
  // made it may have both while they are looked at, so neither is copied for who waits no more.
  InspectionTask(policy::Inspections::Settings by, std::shared_ptr<const Response> answer,
                 std::shared_ptr<const std::string> answer_body, http::ContentCoding coding);

  const policy::Inspections::Settings settings;
  std::shared_ptr<const Request> request;            // nullptr: it is of a response
  std::shared_ptr<const Response> response;          // nullptr: it is of a request
  std::shared_ptr<const std::string> response_body;  // likewise
  const http::ContentCoding response_coding = http::ContentCoding::identity;  // of that
  std::string_view version;
  std::string client_address;
  std::string body;                 // of a request
  std::size_t inspected_bytes = 0;  // of the body, from its beginning
  bool body_is_cut = false;         // more than that follows
  // Called on a thread of the pool, once, unless it was given up or the pool ends.
  std::function<void(policy::Inspection)> done;

  // By whom it is inspected. False: it was given up.
  bool begin() { return change(State::waits, State::is_inspected); }
  // True: nobody has begun, and nobody will.
  bool give_up() { return change(State::waits, State::is_given_up); }
  // After that: its place in the queue stays for a while, and is to hold nothing.
  void forget_message() {
    request.reset();
    response.reset();
    response_body.reset();
  }
  // Of a request, which nobody else has.
  std::size_t bytes() const {
    return (request == nullptr ? 0 : request->bytes()) + body.capacity();
  }

 private:
  enum class State : std::uint8_t { waits, is_inspected, is_given_up };
  bool change(State from, State to) {
    return state_.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }

  std::atomic<State> state_{State::waits};
};

// Inspects requests and responses, for all workers, on threads of their own and at less priority
// than those that serve: most take a millisecond, some a thousand times as long. So the threads are
// few, an address has some of them at a time, and whoever waits does so for a limited time. What a
// comparison may take grows with the square of what is compared: one of the threads is for small
// requests alone, which large ones then cannot keep waiting. The rule set is loaded, and the
// threads begin, when a configuration asks for it. Any thread may ask.
class Inspectors {
 public:
  // Of a small request's body, or a small response's.
  static constexpr std::size_t kSmallBytesMax = 16u << 10;
  // Of its head: no request's is larger, but a response's may be, with what its route adds to it.
  static constexpr std::size_t kSmallHeadBytesMax = 32u << 10;

  struct Options {
    std::size_t threads = 2;  // with one, it takes what comes
    // By client address. As many wait of one as a browser asks for at once over HTTP/2.
    policy::FairQueue<int>::Limits limits{
        .waiting_max = 1024, .waiting_of_one_max = 128, .under_way_of_one_max = 1};
    // A request that was not inspected after so long is answered for, or goes on, without.
    std::chrono::milliseconds wait_max{5'000};
    std::string rules = firewall::RuleSet::kDirectory;
    // For tests; none: the rule set.
    std::function<base::Result<firewall::Findings>(const firewall::Subject&,
                                                   const config::Firewall&)>
        inspect{};
    std::function<base::Result<firewall::Findings>(const firewall::ResponseSubject&,
                                                   const config::Firewall&)>
        inspect_response{};
  };

  explicit Inspectors(const Options& options);
  Inspectors(const Inspectors&) = delete;
  Inspectors& operator=(const Inspectors&) = delete;
  ~Inspectors();  // stops

  // Loads the rule set, unless it is there, and that about responses where they are inspected, too.
  // Takes a while: not for a worker's thread. Where one cannot be loaded nothing is inspected by
  // it, and the next call tries again.
  void prepare(bool inspects_responses);

  // False: there is no room, for all or for this address.
  bool ask(const config::IpAddress& address, std::shared_ptr<InspectionTask> task);
  // Waits for the inspections that are under way; nothing is answered after that.
  void stop();

 private:
  using Queue = policy::FairQueue<std::shared_ptr<InspectionTask>>;

  void run(const std::stop_token& stop, bool takes_large);
  Queue* next(bool takes_large);
  using Rules = std::shared_ptr<const firewall::RuleSet>;
  Rules load(firewall::RuleSet::About about) const;
  policy::Inspection inspect(const InspectionTask& task);
  template <class Message, class Comparison>
  policy::Inspection compare(const Message& message, const Comparison& of_test, const Rules& loaded,
                             const config::Firewall& settings);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Queue small_, large_;
  bool is_stopped_ = false;
  Rules rules_, response_rules_;  // nullptr: not loaded
  std::vector<std::jthread> threads_;
};

}  // namespace proxy::session
