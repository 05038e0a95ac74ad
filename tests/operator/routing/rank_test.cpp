#include "operator/routing/rank.h"

#include <chrono>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::seconds;

Rank rank(ClaimantKind kind, const std::string& namespace_, const std::string& name, int age,
          bool is_ending = false) {
  return {is_ending, Claimant(kind, {namespace_, name}, "", base::WallTime{} + seconds(age))};
}

TEST(Rank, IsByAgeThenKeyThenKindAndWhoIsEndingComesLast) {
  const std::set<Rank> all = {
      rank("Ingress", "a", "ending", 0, true),
      rank("Ingress", "b", "x", 2),
      rank("Ingress", "b", "y", 1),
      rank("Ingress", "a", "z", 2),
      rank("HTTPRoute", "b", "x", 2),
      rank("HTTPRoute", "z", "first", 0),
  };
  std::string order;
  for (const Rank& one : all) order += one.claimant.text() + " ";
  EXPECT_EQ(
      order,
      "HTTPRoute z/first Ingress b/y Ingress a/z HTTPRoute b/x Ingress b/x Ingress a/ending ");
}

TEST(Rank, IsAnotherOneWhereWhoHasItIs) {
  EXPECT_EQ(rank("Ingress", "a", "x", 1), rank("Ingress", "a", "x", 1));
  const Rank again{false,
                   Claimant("Ingress", {"a", "x"}, "another", base::WallTime{} + seconds(1))};
  EXPECT_NE(again, rank("Ingress", "a", "x", 1));
}

}  // namespace
}  // namespace routing
