#include "operator/routing/served_hosts.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ClaimantKey kOne{"Ingress", {"shop", "one"}};
const ClaimantKey kOther{"HTTPRoute", {"shop", "one"}};

TEST(ServedHosts, WhoAsksIsTakenWhenTheHostComesToBeServedAndWhenItIsNoLonger) {
  ServedHosts hosts;
  hosts.ask("auth.example", kOne);
  hosts.ask("auth.example", kOther);
  EXPECT_THAT(hosts.take_changed(), IsEmpty()) << "nobody serves it";
  hosts.add({"auth.example", "other.example"});
  EXPECT_FALSE(hosts.is_told("auth.example")) << "until they are taken";
  EXPECT_THAT(hosts.take_changed(), ElementsAre(kOther, kOne));
  EXPECT_TRUE(hosts.is_told("auth.example"));
  hosts.add({"auth.example"});
  EXPECT_THAT(hosts.take_changed(), IsEmpty()) << "it is served as before";
  hosts.remove({"auth.example", "other.example"});
  EXPECT_THAT(hosts.take_changed(), IsEmpty()) << "the second group serves it still";
  hosts.remove({"auth.example"});
  EXPECT_THAT(hosts.take_changed(), ElementsAre(kOther, kOne));
  EXPECT_FALSE(hosts.is_told("auth.example"));
}

TEST(ServedHosts, AGroupThatIsTakenAwayAndComesBackChangesNothing) {
  ServedHosts hosts;
  hosts.add({"auth.example"});
  hosts.ask("auth.example", kOne);
  EXPECT_TRUE(hosts.is_told("auth.example")) << "who comes is told what is so";
  EXPECT_THAT(hosts.take_changed(), IsEmpty());
  hosts.remove({"auth.example"});
  hosts.add({"auth.example"});
  EXPECT_THAT(hosts.take_changed(), IsEmpty());
}

TEST(ServedHosts, AWildcardServesTheHostsOfOneLabelMore) {
  ServedHosts hosts;
  hosts.ask("auth.example.org", kOne);
  hosts.ask("a.auth.example.org", kOther);
  hosts.ask("example.org", kOther);
  hosts.take_changed();
  hosts.add({"*.example.org"});
  EXPECT_THAT(hosts.take_changed(), ElementsAre(kOne));
  EXPECT_TRUE(hosts.is_told("auth.example.org"));
  EXPECT_FALSE(hosts.is_told("a.auth.example.org"));
  hosts.add({"auth.example.org"});
  hosts.remove({"*.example.org"});
  EXPECT_THAT(hosts.take_changed(), IsEmpty());
}

TEST(ServedHosts, WhoAsksNoMoreIsNotTaken) {
  ServedHosts hosts;
  hosts.ask("auth.example", kOne);
  hosts.ask("auth.example", kOther);
  hosts.ask_no_more("auth.example", kOne);
  hosts.add({"auth.example"});
  EXPECT_THAT(hosts.take_changed(), ElementsAre(kOther));
  hosts.ask_no_more("auth.example", kOther);
  EXPECT_FALSE(hosts.is_told("auth.example"));
  hosts.remove({"auth.example"});
  EXPECT_THAT(hosts.take_changed(), IsEmpty());
  hosts.ask("auth.example", kOne);
  EXPECT_FALSE(hosts.is_told("auth.example"));
}

}  // namespace
}  // namespace routing
