#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/resources/secret.h"
#include "kube/store.h"
#include "operator/api/certificate.h"
#include "operator/api/issuer.h"
#include "operator/certificate/data_plane.h"
#include "operator/certificate/issuer_health.h"
#include "operator/certificate/metrics.h"
#include "operator/certificate/order_history.h"
#include "operator/certificate/proxy_waiters.h"
#include "operator/issuer/accounts.h"
#include "operator/issuer/order_budget.h"
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
  // then it is waited for, until on_uses_known(). No function: always.
  std::function<std::optional<bool>(const kube::ObjectKey& secret)> is_used = {};
  // The Ingresses that name this Secret: whoever wrote one looks there for what went wrong.
  std::function<std::vector<kube::ObjectReference>(const kube::ObjectKey& secret)> ingresses_of =
      {};
  // Why a Certificate must not be ordered, although its issuer could: a reason of its conditions,
  // and a sentence with the remedy. No function: never.
  struct HeldBack {
    std::string reason;
    std::string message;
  };
  std::function<std::optional<HeldBack>(const api::Certificate& certificate)> hold_back = {};
  // Whether this release is in charge of Certificates and issuers with this spec.ingressClassName.
  // No function: of all.
  std::function<bool(const std::string& ingress_class)> is_ours = {};
  // A release for some namespaces has no part in ClusterIssuers.
  bool has_cluster_issuers = true;
  issuer::OrderBudget::Limits orders_of_an_issuer = {};
};

// What the reconciles of all Certificates share. Everything in it may be used from many threads.
struct Context {
  const ReconcilerOptions options;
  const Stores stores;
  kube::Client& client;
  issuer::Accounts& accounts;
  DataPlane& data_plane;
  const base::Clock& clock;
  kube::EventSink& events;
  issuer::RequestCounts& requests;
  Metrics& metrics;
  const std::stop_token stop;
  issuer::Turns turns;
  issuer::OrderBudget orders;
  IssuerHealth issuer_health;
  ProxyWaiters proxy_waiters{};
  OrderHistory order_history{};

  base::WallTime now() const { return clock.now(); }
  base::SteadyTime steady_now() const { return clock.steady_now(); }
};

// How a reconcile ends. Where nothing is returned instead, it goes on.
using End = base::Result<kube::Outcome>;
using Delay = std::chrono::milliseconds;

// Indexes of the Certificates: "namespace/secret", and issuer::IssuerKey::text().
inline constexpr const char* kBySecret = "certificates-by-secret";
inline constexpr const char* kByIssuer = "certificates-by-issuer";
// Likewise: names_digest().
inline constexpr const char* kByNames = "certificates-by-names";
// Likewise: what it waits for, kOnOwners or kOnProxies, which mostly is nothing.
inline constexpr const char* kByWait = "certificates-by-wait";
inline constexpr const char* kOnOwners = "owners";    // whose its hosts are
inline constexpr const char* kOnProxies = "proxies";  // that serve it
// Index of the Secrets: the Certificate that their annotation names, "namespace/name".
inline constexpr const char* kByCertificate = "secrets-by-certificate";

}  // namespace certificate
