#include "operator/ingress/annotations/address_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::nginx;
using ingress_test::ViewBuilder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts(const std::vector<proxy::config::Network>& networks) {
  std::vector<std::string> texts;
  for (const auto& network : networks) texts.push_back(network.text());
  return texts;
}

TEST(AddressLists, AreNetworksAndAddressesSortedEachOnce) {
  Issues issues;
  const AddressLists lists = read_address_lists(
      nginx({{"whitelist-source-range", " 192.0.2.7, 10.1.2.3/8,\n2001:db8::/32,10.0.0.0/8,"},
             {"denylist-source-range", "::ffff:10.0.0.9"}}),
      issues);
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_THAT(texts(lists.allowed), ElementsAre("10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"));
  EXPECT_THAT(texts(lists.denied), ElementsAre("10.0.0.9/32"));
}

TEST(AddressLists, AnEntryThatCannotBeReadClosesTheIngress) {
  for (const char* value :
       {"10/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "2001:db8::/129", "office",
        "10.0.0.0/8,x", "10.0.0.256", "fe80::1%eth0", ",", "010.0.0.1", "10.0.0.0/08", "*"}) {
    for (const char* key :
         {"whitelist-source-range", "allowlist-source-range", "denylist-source-range"}) {
      EXPECT_TRUE(read_route_policy(nginx({{key, value}})).is_refused()) << key << ": " << value;
    }
  }
}

TEST(AddressLists, TwoNamesOfOneListMustSayTheSame) {
  EXPECT_TRUE(read_route_policy(nginx({{"whitelist-source-range", "10.0.0.0/8"},
                                       {"allowlist-source-range", "0.0.0.0/0,::/0"}}))
                  .is_refused());
  EXPECT_THAT(read_route_policy(nginx({{"whitelist-source-range", "10.0.0.0/8"},
                                       {"allowlist-source-range", "10.0.0.0/8"}}))
                  .issues,
              IsEmpty());
}

TEST(AddressLists, AListOfOneFamilyKeepsTheOtherOneOut) {
  Issues issues;
  const auto lists = read_address_lists(nginx({{"whitelist-source-range", "0.0.0.0/0"}}), issues);
  EXPECT_THAT(texts(lists.allowed), ElementsAre("0.0.0.0/0"));
  const auto everybody =
      read_address_lists(nginx({{"whitelist-source-range", "0.0.0.0/0,::/0"}}), issues);
  EXPECT_THAT(everybody.allowed, IsEmpty());
  const auto nobody =
      read_address_lists(nginx({{"denylist-source-range", "0.0.0.0/0,::/0"}}), issues);
  EXPECT_THAT(nobody.denied, SizeIs(2));
  EXPECT_THAT(issues, IsEmpty());
}

TEST(AddressLists, IngressesThatSayTheSameShareOneEntryOfTheConfiguration) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  for (const char* name : {"a", "b", "c"}) {
    cluster.ingress(an_ingress(std::string("shop/") + name)
                        .annotation("nginx.ingress.kubernetes.io/whitelist-source-range",
                                    std::string(name) == "c" ? "192.0.2.1" : "10.0.0.0/8")
                        .path(std::string(name) + ".example", "/", "web", 80)
                        .default_backend("web", 80));
  }
  cluster.ingress(an_ingress("shop/open").path("open.example", "/", "web", 80));
  const Compiled compiled = compile(cluster.view);
  const auto guards_of = [&](const char* host) {
    return compiled.config.hosts.at(host)->routes.at(0).policies->guards;
  };
  EXPECT_THAT(compiled.config.guards, SizeIs(2));
  EXPECT_EQ(guards_of("a.example"), guards_of("b.example"));
  EXPECT_NE(guards_of("a.example"), guards_of("c.example"));
  EXPECT_EQ(guards_of("open.example"), "");
  EXPECT_EQ(compiled.config.hosts.at("a.example")->default_route->policies->guards,
            guards_of("a.example"));
  EXPECT_THAT(texts(compiled.config.guards.at(guards_of("a.example"))->allowed),
              ElementsAre("10.0.0.0/8"));
}

}  // namespace
}  // namespace ingress::annotations
