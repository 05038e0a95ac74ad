#include "operator/routing/host_owners.h"

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/owned_ingresses.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using routing::HostOwners;
using std::chrono::seconds;

HostOwners owners(const std::vector<IngressBuilder>& ingresses) {
  ViewBuilder cluster;
  for (const IngressBuilder& ingress : ingresses) cluster.ingress(ingress);
  return owners_of(cluster.view);
}

std::string owner(const HostOwners& owners, const std::string& host) {
  const routing::Claimant* const found = owners.owner_of(host);
  return found ? found->key().text() : "nobody";
}

IngressBuilder rule(const std::string& key, const std::string& host, int created = 0) {
  return an_ingress(key).created_after(seconds(created)).path(host, "/", "web", 80);
}

TEST(HostOwners, TheOldestIngressWithARuleForAHostMakesItsNamespaceTheOwner) {
  const HostOwners made =
      owners({rule("b/younger", "a.example", 5), rule("a/older", "a.example", 4)});
  EXPECT_EQ(owner(made, "a.example"), "a/older");
  EXPECT_TRUE(made.admits("a.example", "a"));
  EXPECT_FALSE(made.admits("a.example", "b"));
}

TEST(HostOwners, OfTwoOfTheSameAgeTheFirstByNamespaceAndNameIsTheOwnerInEveryOrder) {
  EXPECT_EQ(owner(owners({rule("b/x", "a.example"), rule("a/y", "a.example")}), "a.example"),
            "a/y");
  EXPECT_EQ(owner(owners({rule("a/y", "a.example"), rule("b/x", "a.example")}), "a.example"),
            "a/y");
}

TEST(HostOwners, AnAliasAndTheOtherSpellingWithWwwAreClaimsLikeARule) {
  const std::string nginx = "nginx.ingress.kubernetes.io/";
  const HostOwners made = owners(
      {rule("a/site", "a.example").annotation(nginx + "server-alias", "b.example,*.c.example"),
       rule("a/www", "www.d.example").annotation(nginx + "from-to-www-redirect", "true"),
       rule("b/late", "b.example", 1), rule("b/later", "d.example", 1)});
  EXPECT_EQ(owner(made, "b.example"), "a/site");
  EXPECT_EQ(owner(made, "x.c.example"), "a/site");
  EXPECT_EQ(owner(made, "d.example"), "a/www");
}

TEST(OwnedIngresses, AreClaimantsOfTheKindThatTheApiNames) {
  EXPECT_EQ(kIngressKind.text(), kube::Ingress::type().kind);
}

TEST(HostOwners, AHostIsTheSameInEverySpelling) {
  for (const char* spelling : {"A.Example", "a.example.", "a.EXAMPLE."}) {
    const HostOwners made = owners({rule("a/x", spelling), rule("b/x", "a.example", 1)});
    EXPECT_EQ(owner(made, "a.example"), "a/x") << spelling;
  }
}

TEST(HostOwners, ANameUnderAWildcardBelongsToWhoeverOfTheTwoWasFirst) {
  const HostOwners wildcard_first =
      owners({rule("a/wild", "*.example.com"), rule("b/exact", "x.example.com", 1)});
  EXPECT_EQ(owner(wildcard_first, "x.example.com"), "a/wild");
  EXPECT_EQ(owner(wildcard_first, "y.example.com"), "a/wild");
  EXPECT_EQ(owner(wildcard_first, "example.com"), "nobody");
  EXPECT_EQ(owner(wildcard_first, "x.y.example.com"), "nobody");

  const HostOwners exact_first =
      owners({rule("a/wild", "*.example.com", 1), rule("b/exact", "x.example.com")});
  EXPECT_EQ(owner(exact_first, "x.example.com"), "b/exact");
  EXPECT_EQ(owner(exact_first, "y.example.com"), "a/wild");
  EXPECT_FALSE(exact_first.admits("*.example.com", "b"));
}

TEST(HostOwners, EveryOtherHostIsAHostOfItsOwn) {
  const HostOwners made = owners({an_ingress("a/all").default_backend("web", 80),
                                  rule("b/none", "", 1), rule("c/x", "a.example", 2)});
  EXPECT_EQ(owner(made, ""), "a/all");
  EXPECT_EQ(owner(made, "a.example"), "c/x");
  EXPECT_EQ(owner(made, "b.example"), "nobody");
  EXPECT_TRUE(made.admits("b.example", "d"));
}

TEST(HostOwners, OnlyARuleMakesAnOwner) {
  const HostOwners made = owners({an_ingress("a/tls").tls({"a.example"}, "tls"),
                                  rule("b/x", "a.example", 1), rule("c/bad", "*", 0)});
  EXPECT_EQ(owner(made, "a.example"), "b/x");
  EXPECT_EQ(owner(made, "*"), "nobody");
}

TEST(HostOwners, ACanaryAndAnIngressOfAnotherClassOwnNothing) {
  const HostOwners made = owners(
      {rule("a/canary", "a.example").annotation("nginx.ingress.kubernetes.io/canary", "true"),
       rule("b/nginx", "a.example").class_name("nginx"), rule("c/x", "a.example", 3)});
  EXPECT_EQ(owner(made, "a.example"), "c/x");
}

TEST(HostOwners, WhoHasAHostUnderAWildcardIsKnownByTheOwnerOfThatHost) {
  const HostOwners made = owners({rule("a/wild", "*.example.com"), rule("b/x", "x.example.com", 1),
                                  rule("c/y", "y.example.com", -1)});
  EXPECT_TRUE(made.has_host_under("*.example.com", "a"));
  EXPECT_FALSE(made.has_host_under("*.example.com", "b"));
  EXPECT_TRUE(made.has_host_under("*.example.com", "c"));
}

// As shops of a wildcard's domain that nobody has as a whole.
TEST(HostOwners, GroupsThatComeAndGoTogetherSayWhatAllClaimsDo) {
  constexpr std::size_t kGroups = 20;
  constexpr std::size_t kNamespaces = 6;
  const auto namespace_of = [](std::size_t i) { return "team-" + std::to_string(i % kNamespaces); };
  std::vector<routing::HostClaims> claims;
  for (std::size_t i = 0; i < kGroups; ++i) {
    const std::string name = "shop-" + std::to_string(i);
    const routing::Claimant by(kIngressKind, {namespace_of(i), name}, name, {});
    claims.push_back({by, {name + ".example", "a." + name + ".example", "b." + name + ".example"}});
  }
  std::mt19937 random(3);
  std::vector<bool> is_there(kGroups, false);
  HostOwners together;
  for (int step = 0; step < 300; ++step) {
    const std::size_t one = random() % kGroups;
    const HostOwners group({claims[one]}, false);
    if (is_there[one]) {
      together.remove(group);
    } else {
      together.add(group);
    }
    is_there[one] = !is_there[one];
    std::vector<routing::HostClaims> all;
    std::vector<std::size_t> hosts(kNamespaces, 0);
    for (std::size_t i = 0; i < kGroups; ++i) {
      if (!is_there[i]) continue;
      all.push_back(claims[i]);
      ++hosts[i % kNamespaces];
    }
    ASSERT_TRUE(together == HostOwners(all, false)) << step;
    for (std::size_t i = 0; i < kNamespaces; ++i) {
      ASSERT_EQ(together.has_host_under("*.example", namespace_of(i)), hosts[i] != 0) << step;
    }
  }
}

TEST(HostOwners, ACertificateForAForeignHostIsRefusedWithTheOwnerAndARemedy) {
  const HostOwners made = owners({rule("a/x", "a.example"), rule("a/wild", "*.b.example")});
  EXPECT_EQ(made.why_not({"a.example", "10.0.0.1", "nobodys.example"}, "a"), "");
  EXPECT_EQ(made.why_not({"10.0.0.1", "nobodys.example"}, "b"), "");
  for (const char* name : {"A.Example.", "x.b.example", "*.b.example"}) {
    const std::string why = made.why_not({"nobodys.example", name}, "b");
    EXPECT_THAT(why, testing::HasSubstr("belongs to namespace a")) << name;
    EXPECT_THAT(why, testing::HasSubstr("remedy: ")) << name;
  }
}

TEST(HostOwners, WhereHostsMayBeSharedEveryNamespaceHasASayAndTheOwnerIsKnown) {
  ViewBuilder cluster;
  cluster.ingress(rule("a/x", "a.example")).ingress(rule("b/x", "a.example", 1));
  cluster.view.shares_hosts = true;
  const HostOwners made = owners_of(cluster.view);
  EXPECT_TRUE(made.admits("a.example", "b"));
  EXPECT_EQ(owner(made, "a.example"), "a/x");
}

}  // namespace
}  // namespace ingress
