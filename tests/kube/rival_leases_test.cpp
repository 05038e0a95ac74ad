#include "kube/rival_leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace kube {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};

Lease held_by(const std::string& holder, int renewals = 0) {
  Lease lease;
  lease.metadata.namespace_ = "other";
  lease.metadata.name = "operator";
  lease.spec.holder_identity = holder;
  lease.spec.lease_duration = 15s;
  lease.spec.renew_time = base::WallTime(std::chrono::seconds(renewals));
  return lease;
}

std::vector<std::string> holders(const std::vector<Lease>& leases) {
  std::vector<std::string> names;
  for (const Lease& lease : leases) names.push_back(lease.spec.holder_identity);
  return names;
}

TEST(RivalLeases, OneThatIsSeenForTheFirstTimeIsHeldUntilItHasNotChangedForItsDuration) {
  RivalLeases rivals;
  EXPECT_THAT(holders(rivals.held({held_by("them")}, kNow)), ElementsAre("them"));
  EXPECT_THAT(holders(rivals.held({held_by("them")}, kNow + 14s)), ElementsAre("them"));
  EXPECT_THAT(rivals.held({held_by("them")}, kNow + 15s), IsEmpty());
}

TEST(RivalLeases, ARenewalKeepsItHeldWhateverItsTimesSay) {
  RivalLeases rivals;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(holders(rivals.held({held_by("them", i)}, kNow + i * 14s)), ElementsAre("them"));
  }
}

TEST(RivalLeases, OneThatWasGivenUpIsHeldByNobody) {
  RivalLeases rivals;
  EXPECT_THAT(rivals.held({held_by("")}, kNow), IsEmpty());
}

TEST(RivalLeases, OneThatWasGoneForAWhileIsSeenForTheFirstTime) {
  RivalLeases rivals;
  rivals.held({held_by("them")}, kNow);
  rivals.held({}, kNow + 5s);
  EXPECT_THAT(holders(rivals.held({held_by("them")}, kNow + 20s)), ElementsAre("them"));
}

}  // namespace
}  // namespace kube
