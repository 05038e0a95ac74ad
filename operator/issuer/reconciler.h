#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "acme/client.h"
#include "base/clock.h"
#include "base/http.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/store.h"
#include "operator/api/issuer.h"
#include "operator/issuer/accounts.h"
#include "operator/issuer/request_counts.h"
#include "operator/issuer/turns.h"

namespace issuer {

// Of one answer of an ACME server; a TransportFactory's transports read no more.
inline constexpr std::size_t kAnswerBytesMax = 1u << 20;

// Makes a transport that trusts these CA certificates (PEM), or the system's when empty.
using TransportFactory =
    std::function<std::shared_ptr<base::HttpTransport>(const std::string& ca_pem)>;

struct ReconcilerOptions {
  bool cluster_issuers = false;    // the kind that this instance keeps
  std::string operator_namespace;  // where the Secrets of ClusterIssuers are
  std::string user_agent = "gatehouse";
  int workers = 8;  // that call reconcile(); issuers whose servers hang have half of them
  // Called with the Secrets that an issuer names, and with none when it is gone: a change of one is
  // to bring the issuer back. False, or no function: nobody watches them, and they are looked at
  // from time to time.
  std::function<bool(const IssuerKey& issuer, const std::set<kube::ObjectKey>& secrets)>
      follow_secrets = {};
  // Whether this release is in charge of issuers with this spec.ingressClassName. No function: of
  // all.
  std::function<bool(const std::string& ingress_class)> is_ours = {};
};

// Keeps the ACME account of each Issuer (or ClusterIssuer; one instance a kind): the key in a
// Secret, the registration, the Ready condition, and the Account that certificates are ordered
// with. A first registration is two writes: the key's Secret, then status. What fails is in the
// condition with the server's own words, the remedy and the time of the next attempt; an account
// that was ready stays usable while its server cannot be reached.
class Reconciler final : public kube::Reconciler {
 public:
  // Everything referred to outlives it.
  Reconciler(ReconcilerOptions options, kube::Store<api::Issuer>& issuers, kube::Client& client,
             Accounts& accounts, TransportFactory transports, const base::Clock& clock,
             kube::EventSink& events, RequestCounts& requests, std::stop_token stop);
  ~Reconciler() override;

  // An issuer whose account is reported lost is enqueued. Call once, before anything runs.
  void wake_with(std::function<void(const kube::ObjectKey&)> enqueue);

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

 private:
  struct Memory;
  class Run;

  std::shared_ptr<Memory> memory_of(const kube::ObjectKey& key);
  void forget(const kube::ObjectKey& key);

  const ReconcilerOptions options_;
  kube::Store<api::Issuer>& issuers_;
  kube::Client& client_;
  Accounts& accounts_;
  const TransportFactory transports_;
  const base::Clock& clock_;
  kube::EventSink& events_;
  RequestCounts& requests_;
  const std::stop_token stop_;
  Turns turns_;
  std::mutex mutex_;
  std::map<kube::ObjectKey, std::shared_ptr<Memory>> memories_;
};

}  // namespace issuer
