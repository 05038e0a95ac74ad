#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/object.h"
#include "operator/control/authenticator.h"

namespace control {

// Asks the API server (authentication.k8s.io/v1 TokenReview) whose token it is. Fails closed: while
// the API server cannot be asked, only those get in whom it vouched for within the last minute.
class TokenReviewer final : public Authenticator {
 public:
  struct Options {
    kube::ObjectKey service_account;  // the only one that may ask; --proxy-service-account
    std::string audience = "gatehouse-control";
    std::chrono::seconds remember{60};        // an allowed token
    std::chrono::seconds remember_denied{5};  // a refused one: it may become valid
    std::size_t remembered_max = 4096;
  };

  // client and clock must outlive it.
  TokenReviewer(kube::Client& client, const base::Clock& clock, Options options);

  std::optional<Verdict> remembered(const std::string& token) override;
  Verdict check(const std::string& token, std::stop_token stop) override;

 private:
  struct Entry {
    Verdict verdict;
    base::SteadyTime until;
  };

  Verdict ask(const std::string& token, std::stop_token stop);
  void remember(const std::string& token, const Verdict& verdict);

  kube::Client& client_;
  const base::Clock& clock_;
  const Options options_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // by the token's hash: tokens are not kept
};

}  // namespace control
