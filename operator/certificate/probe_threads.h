#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "operator/certificate/data_plane.h"

namespace certificate {

// The DataPlane of a cluster: asks the proxies on threads of its own, so that one that does not
// answer holds up nobody but those who want to know of it. Each Certificate has one question at a
// time, so what waits here has the bound of the Certificates.
class ProbeThreads final : public DataPlane {
 public:
  // Called from the threads here, without a lock held.
  using Wake = std::function<void(const kube::ObjectKey& certificate)>;

  struct Options {
    // A question takes milliseconds, and a second where a proxy is newly deaf.
    std::size_t threads = 4;
    // An answer that nobody fetched for so long is no answer any more.
    std::chrono::seconds fresh_for{30};
    // As DataPlane has them.
    std::function<std::string()> proxies;
    std::function<Given(const std::string& host, const std::string& token)> is_given_token;
    std::function<Given(const kube::ObjectKey& secret, const std::string& fingerprint)>
        is_given_certificate;
  };

  // questions and clock outlive it.
  ProbeThreads(Options options, ProxyQuestions& questions, const base::Clock& clock);
  ~ProbeThreads() override;  // stops

  // Set once, before anything is asked.
  void wake_with(Wake wake) { wake_ = std::move(wake); }

  std::string proxies() const override { return options_.proxies(); }
  Given is_given_token(const std::string& host, const std::string& token) const override {
    return options_.is_given_token(host, token);
  }
  Given is_given_certificate(const kube::ObjectKey& secret,
                             const std::string& fingerprint) const override {
    return options_.is_given_certificate(secret, fingerprint);
  }
  std::optional<ProxyAnswers> check_challenge(const kube::ObjectKey& certificate,
                                              const std::string& host, const std::string& token,
                                              const std::string& key_authorization) override;
  std::optional<ProxyAnswers> check_serial(const kube::ObjectKey& certificate,
                                           const std::string& host,
                                           const std::string& serial) override;
  void forget(const kube::ObjectKey& certificate) override;

  void request_stop();
  void stop();

 private:
  using Question = std::function<ProxyAnswers(ProxyQuestions&)>;
  struct Asked {
    std::string name;  // two questions of one name are the same
    Question question;
    std::uint64_t number = 0;
    bool is_waiting = true;  // in the queue
    std::optional<ProxyAnswers> answers{};
    base::SteadyTime answered_at{};
  };

  std::optional<ProxyAnswers> ask(const kube::ObjectKey& certificate, const std::string& name,
                                  Question question);
  void work(const std::stop_token& stop);

  const Options options_;
  ProxyQuestions& questions_;
  const base::Clock& clock_;
  Wake wake_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<kube::ObjectKey, Asked> asked_;  // by who asks
  std::deque<kube::ObjectKey> waiting_;
  std::uint64_t next_number_ = 1;
  std::vector<std::jthread> threads_;
};

}  // namespace certificate
