#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/object.h"
#include "operator/control/authenticator.h"

namespace control {

// Asks the API server (authentication.k8s.io/v1 TokenReview) whose token it is. Fails closed: while
// the API server cannot be asked, only those get in whom it vouched for within the last minute.
//
// It is not asked about a token that says itself that it is not for us (read_token_claims), nor
// about one of another make than the cluster's are. Who is admitted and goes on asking is asked
// about again before the verdict ends.
class TokenReviewer final : public Authenticator {
 public:
  struct Options {
    kube::ObjectKey service_account;  // the only one that may ask; --proxy-service-account
    std::string audience = "gatehouse-control";
    // ServiceAccounts of this cluster have JWTs; our own is one. Else that is learnt from the first
    // that the API server vouches for.
    bool tokens_are_jwts = false;
    std::chrono::seconds remember{60};        // an allowed token
    std::chrono::seconds renew_after{40};     // of it
    std::chrono::seconds renew_again{5};      // while the API server cannot be asked
    std::chrono::seconds unused_max{120};     // two polls; then it is not renewed
    std::chrono::seconds remember_denied{5};  // a refused one: it may become valid
    std::size_t remembered_max = 4096;        // of each kind
    std::chrono::seconds clock_skew{60};      // of a token's end
  };

  // client and clock must outlive it.
  TokenReviewer(kube::Client& client, const base::Clock& clock, Options options);

  std::optional<Verdict> remembered(const std::string& token) override;
  Verdict check(const std::string& token, std::stop_token stop) override;
  base::SteadyTime renew_one(std::stop_token stop) override;

 private:
  struct Admitted {
    Verdict verdict;
    std::string token;  // to ask about it again
    base::SteadyTime until;
    base::SteadyTime renew_at;
    base::SteadyTime used_at;
  };
  struct Refused {
    Verdict verdict;
    base::SteadyTime until;
  };

  std::optional<Verdict> refuse_unasked(const std::string& token) const;
  Verdict ask(const std::string& token, std::stop_token stop);
  void remember(const std::string& token, const Verdict& verdict);
  void note_used(const std::string& token);
  void admit(const std::string& hash, const std::string& token, const Verdict& verdict);
  void refuse(const std::string& hash, const Verdict& verdict);

  kube::Client& client_;
  const base::Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  bool tokens_are_jwts_;
  // By the token's hash.
  std::map<std::string, Admitted> admitted_;
  std::map<std::string, Refused> refused_;
  std::list<std::string> refused_in_order_;  // oldest first
};

}  // namespace control
