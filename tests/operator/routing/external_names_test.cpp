#include "operator/routing/external_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/routing/external_name_watches.h"

namespace routing {
namespace {

using base::NameAnswer;
using proxy::config::IpAddress;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = NameAnswer::Kind;

IpAddress at(const char* text) {
  return *IpAddress::parse(text);
}

NameAnswer found(std::vector<std::string> addresses, seconds ttl = seconds(60)) {
  return {.kind = Kind::found, .addresses = std::move(addresses), .ttl = ttl, .problem = {}};
}
const NameAnswer kFailed{.kind = Kind::failed, .problem = "nobody says"};
const NameAnswer kNone{.kind = Kind::none, .problem = "it has no address"};

TEST(ExternalNames, NobodyIsLedToWhereOnlyAHostListensOrNoHostIs) {
  for (const char* const refused : {"127.0.0.1",
                                    "127.9.9.9",
                                    "0.0.0.0",
                                    "0.1.2.3",
                                    "169.254.169.254",
                                    "169.254.0.1",
                                    "224.0.0.1",
                                    "255.255.255.255",
                                    "240.0.0.1",
                                    "192.0.0.192",
                                    "100.100.100.200",
                                    "168.63.129.16",
                                    "::",
                                    "::1",
                                    "::7f00:1",
                                    "::ffff:127.0.0.1",
                                    "::ffff:169.254.169.254",
                                    "64:ff9b::a9fe:a9fe",
                                    "64:ff9b:1::1",
                                    "2002:7f00:1::",
                                    "fe80::1",
                                    "febf::1",
                                    "fd00:ec2::254",
                                    "fd20:ce::254",
                                    "ff02::1"}) {
    EXPECT_FALSE(may_be_external(at(refused))) << refused;
  }
  for (const char* const led : {"192.0.2.1", "10.96.0.7", "172.16.0.1", "192.168.1.1", "100.64.0.1",
                                "2001:db8::1", "fd00::7", "fec0::1"}) {
    EXPECT_TRUE(may_be_external(at(led))) << led;
  }
  EXPECT_FALSE(may_be_external(at("10.96.0.1"), at("10.96.0.1")));
  EXPECT_TRUE(may_be_external(at("10.96.0.2"), at("10.96.0.1")));
}

TEST(ExternalNames, AreNamesOfDns) {
  kube::Service service;
  const auto name_of = [&](const char* written) {
    service.external_name = written;
    return external_name_of(service).value_or("none");
  };
  EXPECT_EQ(name_of("api.example.org"), "none");
  service.type_name = "ExternalName";
  EXPECT_EQ(name_of("API.example.org."), "api.example.org");
  EXPECT_EQ(name_of("web.other.svc.cluster.local"), "web.other.svc.cluster.local");
  for (const char* const bad : {"", ".", "no name", "a/b", "caf\xc3\xa9", "::1"}) {
    EXPECT_EQ(name_of(bad), "none") << bad;
  }
  EXPECT_EQ(name_of(std::string(254, 'a').c_str()), "none");
}

TEST(NameState, AnAnswerLivesAsLongAsItSaysWithinBounds) {
  NameState state;
  EXPECT_EQ(state.take(found({"192.0.2.2", "192.0.2.1", "192.0.2.2"}), {}), seconds(60));
  EXPECT_THAT(state.known->addresses, ElementsAre("192.0.2.1", "192.0.2.2"));
  EXPECT_EQ(state.known->problem, "");
  EXPECT_EQ(state.take(found({"192.0.2.1"}, seconds(0)), {}), seconds(5));
  EXPECT_EQ(state.take(found({"192.0.2.1"}, seconds(86'400)), {}), seconds(300));
}

TEST(NameState, TheSameAnswerInAnotherOrderIsNoChange) {
  NameState state;
  state.take(found({"192.0.2.1", "192.0.2.2"}), {});
  const auto before = state.known;
  state.take(found({"192.0.2.2", "192.0.2.1"}), {});
  EXPECT_EQ(state.known, before);
}

TEST(NameState, AFailureLeavesTheLastGoodAddressesAndIsRetriedMoreAndMoreSeldom) {
  NameState state;
  state.take(found({"192.0.2.1"}), {});
  for (const int after : {5, 10, 20, 40, 60, 60, 60}) {
    EXPECT_EQ(state.take(kFailed, {}), seconds(after));
    EXPECT_THAT(state.known->addresses, ElementsAre("192.0.2.1"));
    EXPECT_EQ(state.known->problem, "nobody says");
  }
  state.take(found({"192.0.2.1"}), {});
  EXPECT_EQ(state.take(kFailed, {}), seconds(5));
}

TEST(NameState, WhoeverKnowsThatThereIsNothingIsBelieved) {
  NameState state;
  state.take(found({"192.0.2.1"}), {});
  EXPECT_EQ(state.take(kNone, {}), seconds(5));
  EXPECT_THAT(state.known->addresses, IsEmpty());
  EXPECT_EQ(state.known->problem, "it has no address");
}

TEST(NameState, OfTheFirstFailureThereIsNothingToKeep) {
  NameState state;
  state.take(kFailed, {});
  ASSERT_NE(state.known, nullptr);
  EXPECT_THAT(state.known->addresses, IsEmpty());
}

TEST(NameState, AddressesWhereNobodyIsSentAreLeftOutAndTold) {
  NameState state;
  state.take(found({"169.254.169.254"}), {});
  EXPECT_THAT(state.known->addresses, IsEmpty());
  EXPECT_THAT(state.known->problem, HasSubstr("169.254.169.254"));
  state.take(found({"127.0.0.1", "192.0.2.1", "10.96.0.1"}), at("10.96.0.1"));
  EXPECT_THAT(state.known->addresses, ElementsAre("192.0.2.1"));
}

}  // namespace
}  // namespace routing
