#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "operator/routing/admission.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/load.h"
#include "operator/routing/rank.h"

namespace routing {

using WithoutRoom = std::map<ClaimantKey, NoRoom>;

// Who finds room in a configuration, of those that ask for something there.
struct Room {
  // Of those that are no more than one claimant may be, in the order in which they were asked
  // about.
  std::vector<std::pair<Rank, Load>> loads{};
  WithoutRoom without{};

  // nullptr: there is room for it.
  const NoRoom* why_not(const ClaimantKey& claimant) const;
};

// Who is more than one claimant may be is left out by itself; all others share what there is
// (Admission). decided: by who sees all claimants, where these are a part of them; the bounds that
// concern others are not looked at then.
Room find_room(std::vector<std::pair<Rank, Load>> asked, const LoadBounds& bounds,
               const std::optional<WithoutRoom>& decided);

}  // namespace routing
