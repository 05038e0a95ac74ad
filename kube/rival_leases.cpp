#include "kube/rival_leases.h"

#include <utility>

namespace kube {
namespace {

// Of a Lease that does not say how long it is good for: client-go's default.
constexpr std::chrono::seconds kDuration{15};

}  // namespace

std::vector<Lease> RivalLeases::held(const std::vector<Lease>& seen, base::SteadyTime now) {
  std::map<ObjectKey, Sight> sights;
  std::vector<Lease> held;
  for (const Lease& lease : seen) {
    const ObjectKey key = lease.metadata.key();
    const auto before = sights_.find(key);
    const bool is_unchanged = before != sights_.end() && before->second.spec == lease.spec;
    const Sight sight{lease.spec, is_unchanged ? before->second.changed_at : now};
    const auto duration =
        lease.spec.lease_duration.count() > 0 ? lease.spec.lease_duration : kDuration;
    if (!lease.spec.holder_identity.empty() && now < sight.changed_at + duration) {
      held.push_back(lease);
    }
    sights.emplace(key, sight);
  }
  sights_ = std::move(sights);
  return held;
}

}  // namespace kube
