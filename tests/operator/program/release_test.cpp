#include "operator/program/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using testing::HasSubstr;

namespace program {
namespace {

const kube::ObjectKey kOwnLease{"ours", "gatehouse-operator"};

kube::Lease lease_of(const Release& release, bool has_classless,
                     const std::string& namespace_ = "theirs") {
  kube::Lease lease;
  lease.metadata.namespace_ = namespace_;
  lease.metadata.name = "gatehouse-operator";
  lease.metadata.annotations = release.annotations(has_classless);
  lease.spec.holder_identity = "their-pod";
  return lease;
}

Standing beside(const Release& own, const kube::Lease& other, bool is_held = true) {
  return standing_of(own, kOwnLease, {other},
                     is_held ? std::vector<kube::Lease>{other} : std::vector<kube::Lease>{});
}

TEST(Release, AloneItLeadsAndHasTheObjectsWithoutAClass) {
  const Standing standing = standing_of({{"gatehouse"}, {}}, kOwnLease, {}, {});
  EXPECT_EQ(standing.refusal, "");
  EXPECT_TRUE(standing.has_classless);
}

TEST(Release, ASecondOneForTheSameClassDoesNotLeadAndSaysWhoDoesAndWhatToDo) {
  const Release same{{"gatehouse"}, {}};
  const Standing standing = beside(same, lease_of(same, true));
  EXPECT_THAT(standing.refusal, HasSubstr("their-pod"));
  EXPECT_THAT(standing.refusal, HasSubstr("theirs/gatehouse-operator"));
  EXPECT_THAT(standing.refusal, HasSubstr("--ingress-class"));
}

TEST(Release, ItsOwnLeaseIsNoRivals) {
  const Release same{{"gatehouse"}, {}};
  EXPECT_EQ(beside(same, lease_of(same, true, "ours")).refusal, "");
}

TEST(Release, OneThatNobodyHoldsIsInNobodysWay) {
  const Release same{{"gatehouse"}, {}};
  const Standing standing = beside(same, lease_of(same, true), false);
  EXPECT_EQ(standing.refusal, "");
  EXPECT_TRUE(standing.has_classless) << "we stand in its place";
}

TEST(Release, AnotherClassLeadsBesideItAndLeavesTheObjectsWithoutAClassToTheFirst) {
  const Release first{{"gatehouse"}, {}};
  const Release second{{"internal"}, {}};
  for (const bool is_held : {true, false}) {
    const Standing standing = beside(second, lease_of(first, true), is_held);
    EXPECT_EQ(standing.refusal, "");
    EXPECT_FALSE(standing.has_classless);
    EXPECT_EQ(standing.classes_elsewhere, std::set<std::string>{"gatehouse"});
  }
  EXPECT_TRUE(beside(first, lease_of(second, false)).has_classless);
}

TEST(Release, OneClassInCommonIsEnoughToBeInTheWay) {
  EXPECT_THAT(beside({{"a", "b"}, {}}, lease_of({{"b", "c"}, {}}, false)).refusal,
              HasSubstr("IngressClass b already"));
}

TEST(Release, NamespacesSplitTooUnlessOneHasThemAll) {
  const Release shop{{"gatehouse"}, {"shop", "blog"}};
  EXPECT_EQ(beside(shop, lease_of({{"gatehouse"}, {"bank"}}, true)).refusal, "");
  EXPECT_TRUE(beside(shop, lease_of({{"gatehouse"}, {"bank"}}, true)).has_classless);
  EXPECT_NE(beside(shop, lease_of({{"gatehouse"}, {"blog"}}, true)).refusal, "");
  EXPECT_NE(beside(shop, lease_of({{"gatehouse"}, {}}, true)).refusal, "");
}

TEST(Release, WhoIsToldToLeaveThemHasNoObjectsWithoutAClass) {
  Release release{{"gatehouse"}, {}};
  release.may_have_classless = false;
  EXPECT_FALSE(standing_of(release, kOwnLease, {}, {}).has_classless);
}

}  // namespace
}  // namespace program
