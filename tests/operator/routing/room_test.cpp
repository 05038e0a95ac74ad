#include "operator/routing/room.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::seconds;
using Asked = std::pair<Rank, Load>;

Asked of_hosts(ClaimantKind kind, const std::string& name, int age, std::uint64_t hosts) {
  Load load;
  load[Load::hosts] = hosts;
  const base::WallTime created{seconds(1000 - age)};
  return {Rank{false, Claimant(kind, {"shop", name}, "uid", created)}, load};
}

LoadBounds little_room() {
  LoadBounds bounds;
  bounds.claimant[Load::hosts] = 3;
  bounds.namespace_[Load::hosts] = 4;
  return bounds;
}

const ClaimantKey kOld{"HTTPRoute", {"shop", "www"}};
const ClaimantKey kYoung{"Ingress", {"shop", "www"}};
const ClaimantKey kLarge{"Ingress", {"shop", "large"}};

std::vector<Asked> who_ask() {
  return {of_hosts("Ingress", "large", 3, 4), of_hosts("HTTPRoute", "www", 2, 3),
          of_hosts("Ingress", "www", 1, 2)};
}

TEST(FindRoom, WhoIsTooLargeTakesNoRoomFromOthersOfWhomTheOlderOneGoesFirst) {
  const Room room = find_room(who_ask(), little_room(), std::nullopt);
  ASSERT_NE(room.why_not(kLarge), nullptr);
  EXPECT_EQ(room.why_not(kLarge)->of, NoRoom::Of::claimant);
  EXPECT_EQ(room.why_not(kOld), nullptr);
  ASSERT_NE(room.why_not(kYoung), nullptr);
  EXPECT_EQ(room.why_not(kYoung)->of, NoRoom::Of::namespace_);
  ASSERT_EQ(room.loads.size(), 2U);
  EXPECT_EQ(room.loads.front().first.claimant.kind_and_key(), kOld);
}

TEST(FindRoom, OfAPartThatIsDecidedByWhoSeesAll) {
  const WithoutRoom decided = {{kOld, {NoRoom::Of::all, Load::names}}};
  const Room room = find_room(who_ask(), little_room(), decided);
  ASSERT_NE(room.why_not(kOld), nullptr);
  EXPECT_EQ(room.why_not(kOld)->of, NoRoom::Of::all);
  EXPECT_EQ(room.why_not(kYoung), nullptr);
  ASSERT_NE(room.why_not(kLarge), nullptr) << "that is known of it alone";
  EXPECT_EQ(room.loads.size(), 2U);
}

}  // namespace
}  // namespace routing
