#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "base/http_server.h"
#include "base/result.h"
#include "operator/control/authenticator.h"
#include "operator/control/editions.h"
#include "operator/control/poll_query.h"
#include "operator/control/review_queue.h"
#include "proxy/config/model.h"

namespace control {

// What a proxy last said of itself.
struct Acknowledgement {
  std::string proxy;  // Verdict::proxy and the address that it asked from
  std::string name;   // what it calls itself, else Verdict::proxy
  std::string revision;
  base::WallTime at;
  proxy::config::Dialect dialect{};
};

// Serves the control API of proxy/config/wire.h: every operator replica does, leader or not. Until
// the first publish() polls wait, and end in 503. Thread-safe.
class Server {
 public:
  struct Options {
    base::HttpServer::Options http;
    std::size_t waiting_max = 4096;  // polls under way
    ReviewQueue::Limits reviews;     // of tokens that the API server is to be asked about
    std::size_t unchecked_bytes_max = 32u << 20;  // bodies that come with those tokens
    std::size_t checkers = 2;                     // threads that ask about callers who wait
    std::size_t renewers = 2;  // threads that ask again about those who are let in
    std::chrono::seconds proxy_forgotten_after{180};  // three polls missed
    // Called with each poll that says that the present revision is live, by threads of the server
    // and without a lock held. It is there before the first proxy can be, and never replaced.
    std::function<void()> on_acknowledged;
  };

  // authenticator and clock must outlive it.
  static base::Result<std::unique_ptr<Server>> listen(Options options, Authenticator& authenticator,
                                                      const base::Clock& clock,
                                                      prometheus::Registry& registry);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // The state that every proxy should have from now on; it must be valid (config::validate). Wakes
  // the polls that wait for it. Returns its revision.
  std::string publish(std::shared_ptr<const proxy::config::ProxyConfig> config);
  std::string revision() const;

  // How many proxies are ready, for those that share something out among them; 0: not known. Said
  // with each answer to a poll from now on.
  void set_ready_proxies(std::size_t count) { ready_proxies_ = count; }

  // The proxies that were heard of lately.
  std::vector<Acknowledgement> proxies() const;
  // Whether all of those live by the present state, each as its dialect says it.
  bool is_live_everywhere();

 private:
  class Metrics;

  struct Waiting {
    PollQuery query;
    base::SteadyTime deadline;
    base::Respond respond;
  };
  struct Unchecked {
    std::string token;
    base::ServedRequest request;
    base::Respond respond;
  };

  Server(Options options, Authenticator& authenticator, const base::Clock& clock,
         prometheus::Registry& registry);

  void take(base::ServedRequest request, base::Respond respond);
  void wait_for_verdict(std::string token, base::ServedRequest request, base::Respond respond);
  void check_tokens(const std::stop_token& stop);
  void renew_verdicts(const std::stop_token& stop);
  std::optional<ReviewQueue::Ticket> next_ticket(const std::stop_token& stop);
  std::vector<Unchecked> take_unchecked(const std::string& token);
  Unchecked take_unchecked(ReviewQueue::Ticket ticket);
  void settle(const Verdict& verdict, const base::ServedRequest& request, base::Respond respond);
  void poll(const Verdict& verdict, const base::ServedRequest& request, base::Respond respond);
  void give_ticket_keys(const base::Respond& respond);
  void give_certificates(const base::ServedRequest& request, const base::Respond& respond);
  void log_refusal(const Verdict& verdict, const base::ServedRequest& request);
  bool note(const std::string& proxy, const std::string& name, const PollQuery& query);
  bool is_up_to_date(const Acknowledgement& proxy);
  void show_proxies();
  void end_overdue_polls(const std::stop_token& stop);
  std::shared_ptr<const std::string> certificates_for(const std::string& question,
                                                      const std::vector<std::string>& hashes);
  base::ServedAnswer timeout_answer() const;
  base::ServedAnswer signed_by_us(base::ServedAnswer answer) const;

  const Options options_;
  Authenticator& authenticator_;
  const base::Clock& clock_;
  const std::string replica_;  // see proxy::config::kReplicaHeader
  std::unique_ptr<Metrics> metrics_;
  std::atomic<std::size_t> ready_proxies_{0};

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Editions editions_;
  std::string certificates_asked_;  // the last question, and what it was asked of
  std::weak_ptr<const std::string> certificates_answer_;
  std::list<Waiting> waiting_;
  unsigned polls_begun_ = 0;  // lets the thread that ends polls see a new deadline
  ReviewQueue reviews_;
  std::map<ReviewQueue::Ticket, Unchecked> unchecked_;
  std::size_t unchecked_bytes_ = 0;  // of their bodies
  ReviewQueue::Ticket next_ticket_ = 0;
  std::map<std::string, Acknowledgement> acknowledgements_;
  std::set<std::pair<std::string, std::string>> rejections_;  // (proxy, revision), logged already
  std::string last_refusal_;                                  // the same again is not news
  base::SteadyTime refusals_again_{};                         // that they are told as news

  std::vector<std::jthread> threads_;
  std::unique_ptr<base::HttpServer> http_;  // last: it calls us until it is gone
};

}  // namespace control
