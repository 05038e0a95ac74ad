#include "operator/issuer/order_budget.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What was begun first is finished first.
namespace {

using issuer::OrderBudget;
using kube::ObjectKey;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class OrderBudgetTest : public testing::Test {
 protected:
  OrderBudgetTest() {
    budget_.wake_with([this](const ObjectKey& key) { woken_.push_back(key.name); });
  }

  static ObjectKey key(const std::string& name) { return {"shop", name}; }
  bool admit(const std::string& name, const std::string& issuer = "ca") {
    return budget_.admit(issuer, key(name), now_);
  }

  base::SteadyTime now_{std::chrono::hours(1)};
  OrderBudget budget_{{2, 3}};
  std::vector<std::string> woken_;
};

TEST_F(OrderBudgetTest, AnIssuerHasSoManyOrdersThatMoveAndAnotherItsOwn) {
  EXPECT_TRUE(admit("a"));
  EXPECT_TRUE(admit("b"));
  EXPECT_FALSE(admit("c"));
  EXPECT_TRUE(admit("a")) << "it has its place";
  EXPECT_TRUE(admit("d", "another"));
}

TEST_F(OrderBudgetTest, WhoStandsInLineIsCalledInOrderAndHasItsPlaceThen) {
  admit("a");
  admit("b");
  EXPECT_FALSE(admit("c"));
  EXPECT_FALSE(admit("d"));
  EXPECT_FALSE(admit("c")) << "standing there twice changes nothing";
  budget_.release(key("a"), now_);
  EXPECT_THAT(woken_, ElementsAre("c"));
  EXPECT_FALSE(admit("late")) << "nobody passes those who wait";
  EXPECT_TRUE(admit("c"));
}

TEST_F(OrderBudgetTest, OneThatStandsStillHoldsUpNobodyUntilTheyAreTooManyInAll) {
  admit("a");
  admit("b");
  EXPECT_FALSE(admit("c"));
  now_ += OrderBudget::kMovesWithin;
  EXPECT_TRUE(admit("c"));
  EXPECT_FALSE(admit("d")) << "three in all";
  budget_.release(key("a"), now_);
  EXPECT_THAT(woken_, ElementsAre("d"));
}

TEST_F(OrderBudgetTest, OneThatMovesAgainCountsAgain) {
  admit("a");
  admit("b");
  now_ += OrderBudget::kMovesWithin;
  for (const char* name : {"a", "b"}) budget_.hold("ca", key(name), now_);
  EXPECT_FALSE(admit("c"));
}

TEST_F(OrderBudgetTest, WhoAsksFromTheMiddleOfTheLineCallsThoseBefore) {
  admit("a");
  admit("b");
  EXPECT_FALSE(admit("c"));
  EXPECT_FALSE(admit("d"));
  now_ += OrderBudget::kMovesWithin;
  EXPECT_FALSE(admit("d"));
  EXPECT_THAT(woken_, ElementsAre("c"));
}

TEST_F(OrderBudgetTest, AnOrderOfAnEarlierProcessCountsLikeAnyOther) {
  budget_.hold("ca", key("a"), now_);
  budget_.hold("ca", key("b"), now_);
  EXPECT_FALSE(admit("c"));
}

TEST_F(OrderBudgetTest, WhoGoesToAnotherIssuerLeavesTheFirst) {
  admit("a");
  admit("b");
  EXPECT_FALSE(admit("c"));
  EXPECT_TRUE(admit("a", "another"));
  EXPECT_THAT(woken_, ElementsAre("c"));
}

TEST_F(OrderBudgetTest, PlacesGoRoundTheNamespaces) {
  admit("a");
  admit("b");
  for (const char* name : {"c", "d", "e"}) EXPECT_FALSE(admit(name));
  for (const char* name : {"x", "y"}) EXPECT_FALSE(budget_.admit("ca", {"bank", name}, now_));
  for (const char* name : {"a", "b", "c"}) budget_.release(key(name), now_);
  EXPECT_THAT(woken_, ElementsAre("x", "c", "y"));
}

TEST_F(OrderBudgetTest, OrdersOfOneNamespaceThatNeverEndDoNotStopThoseOfAnother) {
  OrderBudget budget({10, 20, 2});
  for (const char* name : {"a", "b"}) EXPECT_TRUE(budget.admit("ca", key(name), now_));
  EXPECT_FALSE(budget.admit("ca", key("c"), now_));
  EXPECT_TRUE(budget.admit("ca", {"bank", "x"}, now_));
  now_ += std::chrono::hours(1);
  EXPECT_FALSE(budget.admit("ca", key("c"), now_));
  EXPECT_TRUE(budget.admit("ca", {"bank", "y"}, now_));
  budget.release(key("a"), now_);
  EXPECT_TRUE(budget.admit("ca", key("c"), now_));
}

TEST_F(OrderBudgetTest, WhoLeavesTheLineIsNotCalled) {
  admit("a");
  admit("b");
  EXPECT_FALSE(admit("c"));
  budget_.release(key("c"), now_);
  budget_.release(key("a"), now_);
  budget_.release(key("unknown"), now_);
  EXPECT_THAT(woken_, IsEmpty());
}

}  // namespace
