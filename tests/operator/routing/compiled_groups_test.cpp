#include "operator/routing/compiled_groups.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const ClaimantKey kRoute{"HTTPRoute", {"shop", "www"}};
const ClaimantKey kIngress{"Ingress", {"shop", "www"}};
const ClaimantKey kOther{"Ingress", {"blog", "www"}};

// The first of them owns the host.
CompiledGroup a_group(std::vector<ClaimantKey> members, const std::string& host) {
  CompiledGroup group;
  group.members = std::move(members);
  const Claimant first(group.members.front().kind, group.members.front().key, "uid", {});
  const std::vector<HostClaims> claims = {{first, {host}}};
  group.owners = HostOwners(claims, false);
  group.config.hosts.insert_or_assign(host, std::make_shared<const proxy::config::VirtualHost>());
  group.served_hosts = {host};
  return group;
}

TEST(CompiledGroups, MembersOfAnyKindAreFoundUntilTheirGroupIsTakenAway) {
  CompiledGroups groups(false);
  groups.add(a_group({kRoute, kIngress}, "a.example"));
  groups.add(a_group({kOther}, "b.example"));
  ASSERT_NE(groups.find(kIngress), nullptr);
  EXPECT_THAT(*groups.find(kIngress), ElementsAre(kRoute, kIngress));
  EXPECT_THAT(*groups.find(kOther), ElementsAre(kOther));
  const auto removed = groups.remove(kIngress);
  ASSERT_TRUE(removed);
  EXPECT_THAT(removed->members, ElementsAre(kRoute, kIngress));
  EXPECT_EQ(groups.find(kRoute), nullptr);
  EXPECT_EQ(groups.find(kIngress), nullptr);
  EXPECT_FALSE(groups.remove(kRoute));
  EXPECT_THAT(*groups.find(kOther), ElementsAre(kOther));
}

TEST(CompiledGroups, TogetherTheyHaveTheHostsAndOwnersOfEach) {
  CompiledGroups groups(false);
  groups.served().ask("a.example", kOther);
  groups.add(a_group({kRoute}, "a.example"));
  groups.add(a_group({kOther}, "b.example"));
  EXPECT_EQ(groups.config().all().hosts.size(), 2U);
  EXPECT_FALSE(groups.owners().admits("a.example", "blog"));
  EXPECT_FALSE(groups.owners().admits("b.example", "shop"));
  EXPECT_THAT(groups.served().take_changed(), ElementsAre(kOther));
  groups.remove(kRoute);
  EXPECT_EQ(groups.config().all().hosts.size(), 1U);
  EXPECT_TRUE(groups.owners().admits("a.example", "blog"));
  EXPECT_THAT(groups.served().take_changed(), ElementsAre(kOther));
}

TEST(CompiledGroups, WhereHostsMayBeSharedEverybodyHasASay) {
  EXPECT_TRUE(CompiledGroups(true).owners().may_be_shared());
  EXPECT_FALSE(CompiledGroups(false).owners().may_be_shared());
}

TEST(CompiledGroups, OfACertificateThatExpiresTheWholeGroupIsMeant) {
  const base::WallTime begin{seconds(1000)};
  CompiledGroups groups(false);
  CompiledGroup soon = a_group({kRoute, kIngress}, "a.example");
  soon.next_expiry = begin + seconds(10);
  CompiledGroup later = a_group({kOther}, "b.example");
  later.next_expiry = begin + seconds(20);
  groups.add(std::move(soon));
  groups.add(std::move(later));
  EXPECT_THAT(groups.expired(begin + seconds(9)), IsEmpty());
  EXPECT_THAT(groups.expired(begin + seconds(10)), ElementsAre(kRoute, kIngress));
  groups.remove(kRoute);
  EXPECT_THAT(groups.expired(begin + seconds(10)), IsEmpty());
  EXPECT_THAT(groups.expired(begin + seconds(20)), ElementsAre(kOther));
}

TEST(CompiledGroups, NamesOutsideHaveChangedWhenTheFirstComesOrTheLastGoes) {
  const NamedOutside name{"shop", "api.example.org"};
  CompiledGroups groups(false);
  CompiledGroup one = a_group({kRoute}, "a.example");
  one.external_names = {name};
  CompiledGroup other = a_group({kIngress}, "b.example");
  other.external_names = {name};
  groups.add(one);
  EXPECT_TRUE(groups.take_external_names_changed());
  groups.add(std::move(other));
  EXPECT_FALSE(groups.take_external_names_changed());
  EXPECT_THAT(groups.external_names(), ElementsAre(name));
  groups.remove(kRoute);
  EXPECT_FALSE(groups.take_external_names_changed());
  groups.remove(kIngress);
  EXPECT_TRUE(groups.take_external_names_changed());
  EXPECT_THAT(groups.external_names(), IsEmpty());
}

}  // namespace
}  // namespace routing
