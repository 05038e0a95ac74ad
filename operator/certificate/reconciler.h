#pragma once

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
#include "operator/api/certificate.h"
#include "operator/certificate/context.h"
#include "operator/certificate/data_plane.h"
#include "operator/certificate/metrics.h"
#include "operator/issuer/accounts.h"
#include "operator/issuer/request_counts.h"

namespace certificate {

struct Memory;

// Issues and renews: keeps one Secret for each Certificate as spec and time want it.
//
// A reconcile is a switch over what is recorded in status and Secret; each step is at most one
// request to the ACME server or one look at the proxies, and steps follow each other until
// something must be waited for (requeue). An issuance is four writes:
//   0  status   an order is begun, so that no crash loses its pace; not where the object tells of
//               it: a Certificate that has come, a renewal that is due or was asked for
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

  // This process is in charge from now on; before the first reconcile. What there is by then, or
  // with the first listing if that comes later, another may have begun to order.
  void begin_to_lead();

  // A proxy has taken over a newer configuration: those that wait for proxies look again at once.
  void on_proxy_acknowledged();
  // The set of ready proxies has changed: those that wait for proxies look again; all, when the
  // last one has gone.
  void on_proxies_changed();

  // What is_used() did not know it knows now: all that wait for it look again.
  void on_uses_known();
  // An Ingress names this Secret now, or does no more.
  void on_use_changed(const kube::ObjectKey& secret);

  // The proxies are given another certificate of this Secret ("namespace/name"), or none.
  void on_given_changed(const std::string& secret);

  // Hosts belong to other namespaces than before: those that were held back look again.
  void on_owners_changed();

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

 private:
  void wake_all(const std::vector<std::shared_ptr<const api::Certificate>>& certificates) const;
  void note_what_is_there();
  void note_gone(const std::string& uid);
  std::shared_ptr<Memory> memory_of(const api::Certificate& certificate);
  void forget(const kube::ObjectKey& key);
  base::Status remove_leftover_key(const kube::ObjectKey& certificate);

  Context context_;
  std::function<void(const kube::ObjectKey&)> enqueue_;
  std::mutex mutex_;
  bool has_proxies_ = true;  // until something else is heard
  bool is_leading_ = false;
  // Those that others, or we in a memory that was forgotten, may have begun to order for: without
  // a certificate when we began to lead, or known since. By uid; nothing: not known yet.
  std::optional<std::set<std::string>> begun_by_others_;
  std::map<kube::ObjectKey, std::shared_ptr<Memory>> memories_;
};

}  // namespace certificate
