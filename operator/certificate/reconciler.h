#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/api/certificate.h"
#include "operator/api/issuer.h"
#include "operator/certificate/data_plane.h"
#include "operator/certificate/metrics.h"
#include "operator/issuer/accounts.h"
#include "operator/issuer/request_counts.h"
#include "operator/issuer/turns.h"

namespace certificate {

// What is read of the cluster. The constructor of Reconciler adds indexes and listeners, so the
// reflectors start after it.
struct Stores {
  kube::Store<api::Certificate>& certificates;
  kube::Store<kube::Secret>& tls_secrets;  // those of type kubernetes.io/tls
  kube::Store<api::Issuer>& issuers;
  kube::Store<api::Issuer>& cluster_issuers;
};

struct ReconcilerOptions {
  // The Certificate owns its Secret, which then dies with it.
  bool secret_owner_reference = false;
  // The workers that call reconcile(): no issuer has more than half of them.
  int workers = 8;
  // How long Ready waits for the proxies to serve the new certificate, so that both are one write.
  std::chrono::milliseconds serving_wait = std::chrono::seconds(3);
  // Whether an Ingress names this Secret, so that proxies are to serve it; nothing: not known yet,
  // then it is waited for. No function: always.
  std::function<std::optional<bool>(const kube::ObjectKey& secret)> is_used = {};
};

// Issues and renews: keeps one Secret for each Certificate as spec and time want it.
//
// A reconcile is a switch over what is recorded in status and Secret; each step is at most one
// request to the ACME server or one look at the proxies, and steps follow each other until
// something must be waited for (requeue). An issuance is four writes:
//   1  status   the order, its authorizations and tokens: from here on the proxies can answer
//   2  Secret   the next private key, before finalize, so that a crash afterwards loses nothing
//   3  Secret   the new chain and key
//   4  status   Ready, Serving, serial, dates; the order is done
// A restart between any two of them goes on with the same order.
class Reconciler final : public kube::Reconciler {
 public:
  // Everything referred to outlives it, and it outlives the reflectors of the stores.
  Reconciler(ReconcilerOptions options, Stores stores, kube::Client& client,
             issuer::Accounts& accounts, DataPlane& data_plane, const base::Clock& clock,
             kube::EventSink& events, issuer::RequestCounts& requests, Metrics& metrics,
             std::stop_token stop);
  ~Reconciler() override;

  // How to ask for a reconcile when a Secret, an issuer or a sharer of a Secret has changed; a
  // change of the Certificate itself is its controller's to follow. Call before the reflectors
  // start.
  void wake_with(std::function<void(const kube::ObjectKey&)> enqueue);

  // A proxy has taken over a newer configuration: those that wait for proxies look again at once.
  void on_proxy_acknowledged();
  // The set of ready proxies has changed: those that wait for proxies look again.
  void on_proxies_changed();

  // An Ingress names this Secret now, or does no more.
  void on_use_changed(const kube::ObjectKey& secret);

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

 private:
  struct Memory;
  class Run;

  void wake_all(const std::vector<std::shared_ptr<const api::Certificate>>& certificates) const;
  std::shared_ptr<Memory> memory_of(const kube::ObjectKey& key);
  void forget(const kube::ObjectKey& key);
  // A server that did not answer one has issued for another: who waited because of it looks at
  // once. A mere answer is no such sign, it may be the next request that hangs.
  void note_unwell(const issuer::IssuerKey& issuer);
  void note_issued(const issuer::IssuerKey& issuer);
  void note_well(const issuer::IssuerKey& issuer);
  bool is_well_since(const issuer::IssuerKey& issuer, base::WallTime time) const;
  base::Status remove_leftover_key(const kube::ObjectKey& certificate);
  void set_waiting(const kube::ObjectKey& key, bool is_waiting);

  // Indexes of the Certificates: "namespace/secret", and issuer::IssuerKey::text().
  static constexpr const char* kBySecret = "certificates-by-secret";
  static constexpr const char* kByIssuer = "certificates-by-issuer";
  // Index of the Secrets: the Certificate that their annotation names, "namespace/name".
  static constexpr const char* kByCertificate = "secrets-by-certificate";

  const ReconcilerOptions options_;
  const Stores stores_;
  kube::Client& client_;
  issuer::Accounts& accounts_;
  DataPlane& data_plane_;
  const base::Clock& clock_;
  kube::EventSink& events_;
  issuer::RequestCounts& requests_;
  Metrics& metrics_;
  const std::stop_token stop_;
  std::function<void(const kube::ObjectKey&)> enqueue_;
  mutable std::mutex mutex_;
  issuer::Turns turns_;
  std::map<kube::ObjectKey, std::shared_ptr<Memory>> memories_;
  std::set<kube::ObjectKey> waiting_for_proxies_;
  std::map<issuer::IssuerKey, base::WallTime> well_since_;
  std::set<issuer::IssuerKey> unwell_;
};

}  // namespace certificate
