#include "operator/routing/room.h"

namespace routing {
namespace {

// Of those that share what there is.
void decide(const LoadBounds& bounds, Room& room) {
  Admission admission(bounds);
  for (const auto& [rank, load] : room.loads) admission.put(rank, load);
  for (const ClaimantKey& claimant : admission.decide()) {
    if (const auto why = admission.find(claimant)) room.without.emplace(claimant, *why);
  }
}

}  // namespace

const NoRoom* Room::why_not(const ClaimantKey& claimant) const {
  const auto found = without.find(claimant);
  return found == without.end() ? nullptr : &found->second;
}

Room find_room(std::vector<std::pair<Rank, Load>> asked, const LoadBounds& bounds,
               const std::optional<WithoutRoom>& decided) {
  Room room;
  room.loads.reserve(asked.size());
  if (decided) room.without = *decided;
  for (auto& one : asked) {
    const auto kind = one.second.beyond(bounds.claimant);
    if (!kind) {
      room.loads.push_back(std::move(one));
      continue;
    }
    room.without.insert_or_assign(one.first.claimant.kind_and_key(),
                                  NoRoom{NoRoom::Of::claimant, *kind});
  }
  if (!decided) decide(bounds, room);
  return room;
}

}  // namespace routing
