#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/reconciler.h"
#include "kube/resources/ingress.h"
#include "kube/resources/service.h"
#include "kube/store.h"
#include "operator/ingress/findings.h"

namespace ingress {

using Addresses = std::vector<kube::LoadBalancerAddress>;

// Where clients reach the proxies: a list from a flag, IP addresses or host names; sorted, unique.
Addresses read_addresses(const std::vector<std::string>& texts);
// The addresses that a Service is reached at from outside, as its type says; sorted, unique.
Addresses addresses_of(const kube::Service& service);

// Writes status.loadBalancer of our Ingresses; the leader's work. Only when it differs, and not for
// an Ingress of which nothing is served for want of room: what stands there already stays, since
// names in DNS may follow it. An
// Ingress whose status another controller writes as well is left to it, and the conflict told.
class StatusPublisher final : public kube::Reconciler {
 public:
  // Everything referred to must outlive it.
  StatusPublisher(kube::Store<kube::Ingress>& ingresses, kube::Client& client,
                  kube::EventSink& events, const base::Clock& clock, std::stop_token stop);

  void wake_with(std::function<void(const kube::ObjectKey&)> enqueue) {
    enqueue_ = std::move(enqueue);
  }

  // The Ingresses that are ours now, and what each should say; nothing: not known at the moment, so
  // that what stands there stays. Enqueues those that differ, and looks only at those that have
  // changed while the addresses stay the same. Any thread.
  void follow(const Findings& findings, std::optional<Addresses> addresses);

  base::Result<kube::Outcome> reconcile(const kube::ObjectKey& key) override;

  // Ingresses of which something is noted beside the findings. Any thread.
  std::size_t remembered() const;

 private:
  struct Written {
    std::string uid;
    Addresses addresses;
    std::string before;  // resourceVersions
    std::string after;
    bool is_contested = false;
    base::SteadyTime at;
  };

  // With the mutex.
  void forget_old_writes();
  void note_differing(const Findings::ByKey<Summary>& from, const Findings::ByKey<Summary>& to,
                      std::vector<kube::ObjectKey>& differing);
  std::optional<kube::Outcome> settle_with_earlier_write(const kube::Ingress& ingress,
                                                         const Addresses& wanted);

  kube::Store<kube::Ingress>& ingresses_;
  kube::Client& client_;
  kube::EventSink& events_;
  const base::Clock& clock_;
  const std::stop_token stop_;
  std::function<void(const kube::ObjectKey&)> enqueue_;
  mutable std::mutex mutex_;
  Findings::ByKey<Summary> ours_;
  std::optional<Addresses> wanted_;
  // Of ten thousand Ingresses each is written once, and then says for months what it is to say.
  std::map<kube::ObjectKey, Written> written_;  // and not much longer ago than a truce lasts
  base::SteadyTime forgotten_at_{};
  // The version at which each that differs was last enqueued: a failure waits for its back-off, not
  // for the next compilation.
  std::map<kube::ObjectKey, std::string> enqueued_;
};

}  // namespace ingress
