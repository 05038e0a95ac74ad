#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/event_recorder.h"
#include "kube/leader_election.h"
#include "kube/resources/lease.h"
#include "kube/rival_leases.h"
#include "operator/program/release.h"

namespace program {

// The other releases of the cluster, as their Leases show them: whoever stands for election looks
// around first (release.h says what follows from it). look_around() and report_refusal() are for
// the elector's thread alone, the rest for all.
class Neighbours {
 public:
  // Everything referred to outlives it. lease: our own.
  Neighbours(Release own, kube::ObjectKey lease, kube::Client& client, const base::Clock& clock,
             kube::EventSink& events);

  base::Result<kube::LeaderElector::Surroundings> look_around(const std::stop_token& stop);
  // An Event at our Lease: `kubectl get events` where the release is shows it.
  void report_refusal(const std::string& why);
  // Without an election nobody looks around.
  void lead_without_election() { has_classless_ = own_.may_have_classless; }

  // Whether Certificates and issuers that name no class are ours; meaningful while we lead.
  bool has_classless() const { return has_classless_; }
  // Whose spec.ingressClassName this is, for as long as this replica leads.
  bool is_our_class(const std::string& name) const;
  std::set<std::string> classes_elsewhere() const;

 private:
  base::Result<std::vector<kube::Lease>> operators_leases(const std::stop_token& stop);

  const Release own_;
  const kube::ObjectKey lease_;
  kube::Client& client_;
  const base::Clock& clock_;
  kube::EventSink& events_;
  kube::RivalLeases rivals_;
  std::atomic<bool> has_classless_ = true;
  mutable std::mutex mutex_;
  std::set<std::string> classes_elsewhere_;
};

}  // namespace program
