#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "kube/resources/lease.h"

namespace kube {

// Which of other programs' Leases are held by somebody alive. Pure but for memory; by the rules of
// an election: a holder is gone when its Lease has not changed for its duration, by our own clock
// and since we saw it first. The times in it were written by another clock and are not judged.
class RivalLeases {
 public:
  // seen: all of them, as they are now. Those that are held, in the order of `seen`.
  std::vector<Lease> held(const std::vector<Lease>& seen, base::SteadyTime now);

 private:
  struct Sight {
    LeaseSpec spec;
    base::SteadyTime changed_at;
  };
  std::map<ObjectKey, Sight> sights_;
};

}  // namespace kube
