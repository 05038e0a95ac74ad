#include "kube/leader_election.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using kube::LeaderElectionOptions;
using kube::LeaderRules;
using kube::Lease;
using namespace std::chrono_literals;

namespace {

const base::SteadyTime kNow{1000s};
const base::WallTime kWall{1795262400s};

LeaderElectionOptions options() {
  return {.lease = {"gatehouse-system", "leader"}, .identity = "us"};
}

Lease held_by(const std::string& holder, const std::string& version = "1") {
  Lease lease;
  lease.metadata.namespace_ = "gatehouse-system";
  lease.metadata.name = "leader";
  lease.metadata.resource_version = version;
  lease.spec = {holder, 15s, kWall, kWall, 3};
  return lease;
}

class LeaderElection : public testing::Test {
 protected:
  LeaderRules::Step next(const std::optional<Lease>& seen, std::chrono::milliseconds after = 0ms) {
    return rules_.next(seen, kNow + after, kWall + after);
  }
  bool stands_by(const std::optional<Lease>& seen, std::chrono::milliseconds after) {
    return std::holds_alternative<LeaderRules::Stand>(next(seen, after));
  }
  LeaderRules rules_{options()};
};

TEST_F(LeaderElection, CreatesTheLeaseThatIsNotThere) {
  const auto step = next(std::nullopt);
  ASSERT_TRUE(std::holds_alternative<LeaderRules::Create>(step));
  EXPECT_EQ(std::get<LeaderRules::Create>(step).lease.spec,
            (kube::LeaseSpec{"us", 15s, kWall, kWall, 0}));
  EXPECT_FALSE(rules_.holds(kNow));
}

TEST_F(LeaderElection, WhatTheLeaseSaysOfItsHolderGoesWithWhatOthersWroteThere) {
  LeaderElectionOptions labelled = options();
  labelled.labels = {{"kind", "operator"}};
  LeaderRules rules(labelled);
  rules.annotate({{"serves", "a"}});
  const auto created = rules.next(std::nullopt, kNow, kWall);
  EXPECT_EQ(std::get<LeaderRules::Create>(created).lease.metadata.labels.at("kind"), "operator");
  Lease released = held_by("");
  released.metadata.annotations = {{"serves", "b"}, {"note", "a person's"}};
  const auto taken = rules.next(released, kNow, kWall);
  EXPECT_EQ(std::get<LeaderRules::Update>(taken).lease.metadata.annotations,
            (std::map<std::string, std::string>{{"serves", "a"}, {"note", "a person's"}}));
}

TEST_F(LeaderElection, StandsByWhileTheHolderRenews) {
  Lease lease = held_by("them");
  EXPECT_TRUE(stands_by(lease, 0s));
  for (int i = 1; i < 20; ++i) {
    lease.spec.renew_time = kWall + i * 10s;
    EXPECT_TRUE(stands_by(lease, i * 10s)) << "after " << i * 10 << " s";
  }
}

// The other clock may be wrong by hours, in either direction.
TEST_F(LeaderElection, ExpiryIsJudgedByOurClockSinceTheLastChangeNotByTheTimesInTheLease) {
  Lease lease = held_by("them");
  lease.spec.renew_time = kWall - 24h;
  EXPECT_TRUE(stands_by(lease, 0s));
  EXPECT_TRUE(stands_by(lease, 14999ms));
  EXPECT_FALSE(stands_by(lease, 15s));

  LeaderRules other{options()};
  lease.spec.renew_time = kWall + 24h;
  other.next(lease, kNow, kWall);
  EXPECT_FALSE(
      std::holds_alternative<LeaderRules::Stand>(other.next(lease, kNow + 15s, kWall + 15s)));
}

TEST_F(LeaderElection, AHoldersLongerDurationIsRespected) {
  Lease lease = held_by("them");
  lease.spec.lease_duration = 60s;
  EXPECT_TRUE(stands_by(lease, 0s));
  EXPECT_TRUE(stands_by(lease, 59s));
  EXPECT_FALSE(stands_by(lease, 60s));
}

TEST_F(LeaderElection, TakesAnExpiredLeaseAtTheVersionThatItSaw) {
  next(held_by("them"));
  const auto step = next(held_by("them", "1"), 15s);
  ASSERT_TRUE(std::holds_alternative<LeaderRules::Update>(step));
  const Lease& taken = std::get<LeaderRules::Update>(step).lease;
  EXPECT_EQ(taken.metadata.resource_version, "1");
  EXPECT_EQ(taken.spec, (kube::LeaseSpec{"us", 15s, kWall + 15s, kWall + 15s, 4}));
}

TEST_F(LeaderElection, TakesAReleasedLeaseAtOnce) {
  const auto step = next(held_by(""));
  ASSERT_TRUE(std::holds_alternative<LeaderRules::Update>(step));
  EXPECT_EQ(std::get<LeaderRules::Update>(step).lease.spec.lease_transitions, 4);
}

TEST_F(LeaderElection, ARenewalKeepsTheTimeOfAcquisition) {
  rules_.on_written(held_by("us", "7"), kNow);
  const Lease renewed = rules_.renew(kWall + 2s).lease;
  EXPECT_EQ(renewed.metadata.resource_version, "7");
  EXPECT_EQ(renewed.spec, (kube::LeaseSpec{"us", 15s, kWall, kWall + 2s, 3}));
}

TEST_F(LeaderElection, HoldsUntilTheRenewDeadlineAfterTheLastWrite) {
  rules_.on_written(held_by("us"), kNow);
  EXPECT_TRUE(rules_.holds(kNow + 9999ms));
  EXPECT_FALSE(rules_.holds(kNow + 10s));
}

TEST_F(LeaderElection, SeeingAnotherHolderEndsIt) {
  rules_.on_written(held_by("us"), kNow);
  EXPECT_TRUE(stands_by(held_by("them"), 1s));
  EXPECT_FALSE(rules_.holds(kNow + 1s));
}

TEST_F(LeaderElection, ALeaseDeletedUnderUsIsNotOursUntilWrittenAgain) {
  rules_.on_written(held_by("us"), kNow);
  EXPECT_TRUE(std::holds_alternative<LeaderRules::Create>(next(std::nullopt, 1s)));
  EXPECT_FALSE(rules_.holds(kNow + 1s));
}

TEST_F(LeaderElection, AReleaseLeavesNoHolderAndKeepsTheCount) {
  rules_.on_written(held_by("us"), kNow);
  const Lease released = rules_.release(kWall + 1s).lease;
  EXPECT_EQ(released.spec.holder_identity, "");
  EXPECT_EQ(released.spec.lease_duration, 1s);
  EXPECT_EQ(released.spec.lease_transitions, 3);
  rules_.on_written(released, kNow + 1s);
  EXPECT_FALSE(rules_.holds(kNow + 1s));
}

TEST(LeaderElectionOptions, AreCheckedSoThatTwoCanNeverLead) {
  EXPECT_TRUE(kube::check(options()));
  LeaderElectionOptions wrong = options();
  wrong.renew_deadline = 15s;
  EXPECT_FALSE(kube::check(wrong));
  wrong = options();
  wrong.retry_period = 9s;
  EXPECT_FALSE(kube::check(wrong));
  wrong = options();
  wrong.retry_period = 0s;
  EXPECT_FALSE(kube::check(wrong));
  wrong = options();
  wrong.lease_duration = 15500ms;
  EXPECT_FALSE(kube::check(wrong));
  wrong = options();
  wrong.identity = "";
  EXPECT_FALSE(kube::check(wrong));
  wrong = options();
  wrong.lease.namespace_ = "";
  ASSERT_FALSE(kube::check(wrong));
  EXPECT_EQ(kube::check(wrong).error().kind, base::ErrorKind::invalid);
}

}  // namespace
