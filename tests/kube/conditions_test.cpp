#include "kube/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using kube::Condition;
using kube::ConditionStatus;
using namespace std::chrono_literals;

namespace {

const base::WallTime kThen{1000s};
const base::WallTime kNow{2000s};

Condition ready(ConditionStatus status, std::string message = "all is well") {
  return {"Ready", status, "AsPlanned", std::move(message), {}, 3};
}

TEST(Conditions, ANewConditionIsStampedWithNow) {
  std::vector<Condition> conditions;
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::is_true), kNow));
  ASSERT_EQ(conditions.size(), 1u);
  EXPECT_EQ(conditions[0].last_transition_time, kNow);
}

TEST(Conditions, TheTransitionTimeMovesOnlyWhenTheStatusChanges) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::is_false), kThen);
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::is_false, "still not"), kNow));
  EXPECT_EQ(conditions[0].message, "still not");
  EXPECT_EQ(conditions[0].last_transition_time, kThen);
  EXPECT_TRUE(set_condition(conditions, ready(ConditionStatus::is_true), kNow));
  EXPECT_EQ(conditions[0].last_transition_time, kNow);
}

TEST(Conditions, SettingTheSameAgainChangesNothing) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::is_true), kThen);
  const auto before = conditions;
  EXPECT_FALSE(set_condition(conditions, ready(ConditionStatus::is_true), kNow));
  EXPECT_EQ(conditions, before);
}

TEST(Conditions, ANewObservedGenerationIsAChange) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::is_true), kThen);
  Condition later = ready(ConditionStatus::is_true);
  later.observed_generation = 4;
  EXPECT_TRUE(set_condition(conditions, later, kNow));
  EXPECT_EQ(conditions[0].last_transition_time, kThen);
}

TEST(Conditions, EachKeepsItsPlace) {
  std::vector<Condition> conditions(3);
  conditions[0].type = "Issuing";
  conditions[1].type = "Ready";
  conditions[2].type = "Serving";
  set_condition(conditions, ready(ConditionStatus::is_true), kNow);
  EXPECT_EQ(conditions[1].status, ConditionStatus::is_true);
  EXPECT_TRUE(remove_condition(conditions, "Issuing"));
  EXPECT_FALSE(remove_condition(conditions, "Issuing"));
  EXPECT_EQ(conditions[0].type, "Ready");
}

TEST(Conditions, AnAbsentOrUnknownConditionIsNotTrue) {
  EXPECT_FALSE(kube::is_true({}, "Ready"));
  EXPECT_FALSE(kube::is_true({ready(ConditionStatus::unknown)}, "Ready"));
  EXPECT_TRUE(kube::is_true({ready(ConditionStatus::is_true)}, "Ready"));
}

TEST(Conditions, AreTheSameAfterJsonAndBack) {
  std::vector<Condition> conditions;
  set_condition(conditions, ready(ConditionStatus::is_true), kNow + 250ms);
  set_condition(conditions, {"Serving", ConditionStatus::unknown, "Asking", "", {}, 0}, kNow);
  const auto json = conditions_to_json(conditions);
  EXPECT_EQ(json[0]["lastTransitionTime"], "1970-01-01T00:33:20Z");
  EXPECT_FALSE(json[1].contains("observedGeneration"));
  const auto read = kube::conditions_from_json(json);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, conditions);
}

TEST(Conditions, AWrongTypeIsNamedByItsPath) {
  const auto read = kube::conditions_from_json({{{"type", "Ready"}, {"status", true}}});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(read.error().message, "conditions[0].status must be a string");
  EXPECT_TRUE(kube::conditions_from_json(nullptr)->empty());
}

}  // namespace
