#pragma once

#include <compare>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "kube/object.h"
#include "operator/routing/claimant.h"

namespace routing {

// When a claimant has its say: oldest first (creationTimestamp, then namespace/name, then kind),
// and those that are ending after all others. Their Pods go first, and they yield their places to
// whoever stays. The first by this order has what several claim.
struct Rank {
  bool is_ending = false;  // it is being deleted, or its namespace is
  Claimant claimant;

  friend std::strong_ordering operator<=>(const Rank& one, const Rank& other) {
    return one.in_order() <=> other.in_order();
  }
  friend bool operator==(const Rank& one, const Rank& other) {
    return one.in_order() == other.in_order();
  }

 private:
  using InOrder = std::tuple<bool, base::WallTime, const kube::ObjectKey&, const ClaimantKind&,
                             const std::string&>;
  InOrder in_order() const {
    const ClaimantKey& which = claimant.kind_and_key();
    return {is_ending, claimant.created(), which.key, which.kind, claimant.uid()};
  }
};

}  // namespace routing
