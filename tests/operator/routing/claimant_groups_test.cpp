#include "operator/routing/claimant_groups.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
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
  EXPECT_THAT(groups.neighbours(Names{{"a.example"}, {}}), ElementsAre(key("a"), key("wild")));
  EXPECT_THAT(groups.neighbours(Names{{}, {{"shop", "tls"}}}), ElementsAre(key("b"), key("c")));
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
  EXPECT_THAT(groups.neighbours(Names{{"a.example"}, {}}), IsEmpty());
  EXPECT_THAT(groups.neighbours(Names{{"b.example"}, {}}), ElementsAre(key("www", "HTTPRoute")));
}

}  // namespace
}  // namespace routing
