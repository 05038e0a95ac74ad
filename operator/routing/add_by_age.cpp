#include "operator/routing/add_by_age.h"

#include <algorithm>
#include <utility>

namespace routing {
namespace {

std::vector<std::pair<Rank, Load>> loads_of(const std::vector<ReadClaimant>& claimants) {
  std::vector<std::pair<Rank, Load>> loads;
  loads.reserve(claimants.size());
  for (const ReadClaimant& one : claimants) loads.emplace_back(one.rank, one.load);
  return loads;
}

}  // namespace

Room add_by_age(std::vector<ReadClaimant> claimants, const LoadBounds& bounds,
                const std::optional<WithoutRoom>& decided, IntentCompiler& compiler) {
  std::sort(
      claimants.begin(), claimants.end(),
      [](const ReadClaimant& one, const ReadClaimant& other) { return one.rank < other.rank; });
  Room room = find_room(loads_of(claimants), bounds, decided);
  std::vector<std::pair<const Claimant*, Absent>> left_out;
  for (const ReadClaimant& one : claimants) {
    const Claimant& claimant = one.rank.claimant;
    const NoRoom* const why = room.why_not(claimant.kind_and_key());
    if (why == nullptr) {
      one.source->add(one.place);
    } else {
      left_out.emplace_back(&claimant, one.source->leave_out(one.place, *why));
    }
  }
  for (const auto& [claimant, absent] : left_out) {
    compiler.close_beside(*claimant, absent.hosts, absent.guards);
  }
  return room;
}

}  // namespace routing
