#include "operator/routing/arbitration.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Rank rank(const std::string& namespace_, const std::string& name, bool is_ending = false) {
  return {is_ending, Claimant("HTTPRoute", {namespace_, name}, "uid-of-" + name, {})};
}

std::vector<std::string> told(Complaints complaints) {
  std::vector<std::string> all;
  for (const Complaint& one : bounded(std::move(complaints))) {
    all.push_back(one.claimant.key().text() + " " + one.reason);
  }
  return all;
}

Arbitration of_one_host(const Rank& owner, bool may_be_shared = false) {
  return Arbitration({{owner.claimant, {"a.example"}}}, may_be_shared);
}

TEST(Arbitration, WhoAsksForAnothersHostHasNoSayAndBothAreTold) {
  Arbitration arbitration = of_one_host(rank("shop", "www"));
  EXPECT_TRUE(arbitration.asks_for(rank("shop", "api"), "a.example"));
  EXPECT_FALSE(arbitration.asks_for(rank("bank", "www"), "a.example"));
  EXPECT_TRUE(arbitration.asks_for(rank("bank", "www"), "nobodys.example"));
  Complaints complaints;
  arbitration.report(complaints);
  EXPECT_THAT(told(complaints), ElementsAre("bank/www HostNotOwned", "shop/www HostAskedFor"));
}

TEST(Arbitration, OfWhoIsEndingNobodyIsTold) {
  Arbitration arbitration = of_one_host(rank("shop", "www"));
  EXPECT_FALSE(arbitration.asks_for(rank("bank", "www", true), "a.example"));
  Complaints complaints;
  arbitration.report(complaints);
  EXPECT_THAT(told(complaints), IsEmpty());
}

TEST(Arbitration, WhereHostsMayBeSharedEverybodyHasASay) {
  Arbitration arbitration = of_one_host(rank("shop", "www"), true);
  EXPECT_TRUE(arbitration.asks_for(rank("bank", "www"), "a.example"));
  Complaints complaints;
  arbitration.report(complaints);
  EXPECT_THAT(told(complaints), ElementsAre("bank/www HostShared", "shop/www HostShared"));
}

TEST(Arbitration, ACertificateForAHostWhoseTlsPassesIsNotOffered) {
  const Rank passing = rank("shop", "passing");
  const Rank younger = rank("shop", "younger");
  const std::vector<std::string> hosts = {"a.example"};
  Arbitration arbitration({{passing.claimant, hosts, {}, true}, {younger.claimant, hosts}}, false);
  const Resources resources{};
  SniTable sni(resources);
  Complaints complaints;
  arbitration.offer(passing, "tls", "a.example", false, sni, complaints);
  EXPECT_THAT(told(complaints), ElementsAre("shop/passing CertificateNotUsed"));
  complaints.clear();
  arbitration.offer(younger, "tls", "a.example", false, sni, complaints);
  EXPECT_THAT(told(complaints),
              ElementsAre("shop/passing CertificateConflict", "shop/younger CertificateConflict"));
  EXPECT_THAT(sni.decide(arbitration.owners(), {}, complaints).outcomes, IsEmpty());
}

TEST(Arbitration, AHostThatIsRedirectedIsOwnedAndItsTlsEndsHere) {
  const Rank shop = rank("shop", "www");
  const Arbitration arbitration({{shop.claimant, {"a.example"}, {"www.a.example"}, true}}, false);
  EXPECT_TRUE(arbitration.passthrough().has("a.example"));
  EXPECT_FALSE(arbitration.passthrough().has("www.a.example"));
  ASSERT_NE(arbitration.owners().owner_of("www.a.example"), nullptr);
  EXPECT_EQ(*arbitration.owners().owner_of("www.a.example"), shop.claimant);
}

}  // namespace
}  // namespace routing
