#include "operator/routing/claimant_groups.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Names = ClaimantGroups::Names;

ClaimantKey key(const std::string& name, ClaimantKind kind = "Ingress") {
  return {kind, {"shop", name}};
}

TEST(ClaimantGroups, ThoseWithAHostOrACertificateInCommonAreOneGroup) {
  ClaimantGroups groups;
  groups.put(key("a"), {{"a.example"}, {}});
  groups.put(key("b"), {{"b.example"}, {{"shop", "tls"}}});
  groups.put(key("c"), {{"c.example"}, {{"shop", "tls"}}});
  groups.put(key("wild"), {{"*.example"}, {}});
  groups.put(key("other"), {{"other.test"}, {}});
  const ClaimantGroups::Members all = {key("a"), key("b"), key("c"), key("wild"), key("other")};
  EXPECT_THAT(groups.groups_of(all),
              UnorderedElementsAre(UnorderedElementsAre(key("a"), key("b"), key("c"), key("wild")),
                                   ElementsAre(key("other"))));
  EXPECT_THAT(groups.neighbours(key("a")), ElementsAre(key("a"), key("wild")));
  EXPECT_THAT(groups.neighbours(key("b")), ElementsAre(key("b"), key("c"), key("wild")));
}

// That shows one wildcard by this Secret.
Names showing(const std::string& host, const std::string& secret) {
  return {.hosts = {host, "*.example"}, .shown = {{"*.example", {"shop", secret}}}};
}

TEST(ClaimantGroups, AWildcardThatAllShowByOneSecretJoinsNobody) {
  ClaimantGroups groups;
  groups.put(key("a"), showing("a.example", "tls"));
  groups.put(key("b"), showing("b.example", "tls"));
  const ClaimantGroups::Members both = {key("a"), key("b")};
  EXPECT_THAT(groups.groups_of(both),
              UnorderedElementsAre(ElementsAre(key("a")), ElementsAre(key("b"))));
  EXPECT_THAT(groups.neighbours(key("a")), ElementsAre(key("a")));
  // Their hosts join them all the same.
  groups.put(key("b"), showing("a.example", "tls"));
  EXPECT_THAT(groups.groups_of(both), ElementsAre(ElementsAre(key("a"), key("b"))));
}

TEST(ClaimantGroups, AWildcardJoinsAllWhereOneOfThemShowsItOtherwise) {
  const std::vector<Names> others = {
      showing("c.example", "other"),
      Names{.hosts = {"c.example"}},
      Names{.hosts = {"*.example"}},
      Names{.hosts = {"c.example", "*.example"}},
  };
  ClaimantGroups groups;
  groups.put(key("a"), showing("a.example", "tls"));
  groups.put(key("b"), showing("b.example", "tls"));
  const ClaimantGroups::Members all = {key("a"), key("b"), key("c")};
  for (const Names& other : others) {
    groups.put(key("c"), other);
    EXPECT_THAT(groups.neighbours(key("c")), ElementsAre(key("a"), key("b"), key("c")));
    EXPECT_THAT(groups.groups_of(all), ElementsAre(ElementsAre(key("a"), key("b"), key("c"))));
    groups.erase(key("c"));
    EXPECT_THAT(groups.groups_of({key("a"), key("b")}),
                UnorderedElementsAre(ElementsAre(key("a")), ElementsAre(key("b"))));
  }
}

// Whoever shows it first finds those who are there.
TEST(ClaimantGroups, AWildcardThatComesToBeShownJoinsThoseBeneathWhoDoNotShowIt) {
  ClaimantGroups groups;
  groups.put(key("a"), {.hosts = {"a.example"}});
  groups.put(key("b"), showing("b.example", "tls"));
  EXPECT_THAT(groups.neighbours(key("b")), ElementsAre(key("a"), key("b")));
  groups.put(key("a"), showing("a.example", "tls"));
  EXPECT_THAT(groups.neighbours(key("b")), ElementsAre(key("b")));
  groups.erase(key("b"));
  groups.put(key("a"), {.hosts = {"a.example", "*.example"}});
  groups.put(key("b"), showing("b.example", "tls"));
  EXPECT_THAT(groups.neighbours(key("b")), ElementsAre(key("a"), key("b")));
}

TEST(ClaimantGroups, WhoIsKnownIsSoUntilErasedAndItsKeyStaysWhereItIs) {
  ClaimantGroups groups;
  const ClaimantKey& kept = groups.put(key("a"), {{"a.example"}, {}});
  EXPECT_EQ(&groups.put(key("a"), {{"a.example"}, {}}), &kept);
  EXPECT_EQ(&groups.put(key("a"), {{"other.example"}, {}}), &kept);
  groups.put(key("b"), {});
  EXPECT_TRUE(groups.has(key("b")));
  EXPECT_THAT(groups.all(), ElementsAre(key("a"), key("b")));
  groups.erase(key("a"));
  EXPECT_FALSE(groups.has(key("a")));
  EXPECT_THAT(groups.all(), ElementsAre(key("b")));
}

TEST(ClaimantGroups, TwoKindsMayHaveOneNameEach) {
  ClaimantGroups groups;
  groups.put(key("www"), {{"a.example"}, {}});
  groups.put(key("www", "HTTPRoute"), {{"b.example"}, {}});
  EXPECT_THAT(groups.groups_of({key("www"), key("www", "HTTPRoute")}),
              UnorderedElementsAre(ElementsAre(key("www")), ElementsAre(key("www", "HTTPRoute"))));
  groups.erase(key("www"));
  EXPECT_FALSE(groups.has(key("www")));
  EXPECT_THAT(groups.neighbours(key("www", "HTTPRoute")), ElementsAre(key("www", "HTTPRoute")));
}

}  // namespace
}  // namespace routing
