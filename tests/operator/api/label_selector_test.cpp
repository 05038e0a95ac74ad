#include "operator/api/label_selector.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace api {
namespace {

bool selects(const nlohmann::json& selector, const Labels& labels) {
  std::string problem;
  const LabelSelector read = LabelSelector::read(Fields(selector, "selector", problem));
  EXPECT_EQ(problem, "");
  return read.selects(labels);
}

nlohmann::json expression(const char* is, const std::vector<std::string>& values = {}) {
  nlohmann::json one = {{"key", "tier"}, {"operator", is}};
  if (!values.empty()) one["values"] = values;
  return {{"matchExpressions", nlohmann::json::array({one})}};
}

TEST(LabelSelector, ThatSaysNothingSelectsAll) {
  EXPECT_TRUE(selects(nlohmann::json::object(), {}));
  EXPECT_TRUE(selects({{"matchLabels", nlohmann::json::object()}}, {{"a", "b"}}));
}

TEST(LabelSelector, WantsAllLabelsThatItNames) {
  const nlohmann::json both = {{"matchLabels", {{"a", "1"}, {"b", "2"}}}};
  EXPECT_TRUE(selects(both, {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_FALSE(selects(both, {{"a", "1"}}));
  EXPECT_FALSE(selects(both, {{"a", "1"}, {"b", "3"}}));
}

TEST(LabelSelector, HasTheFourOperatorsOfKubernetes) {
  const Labels gold = {{"tier", "gold"}}, iron = {{"tier", "iron"}}, none = {};
  const struct {
    nlohmann::json selector;
    bool of_gold, of_iron, of_none;
  } cases[] = {
      {expression("In", {"gold", "silver"}), true, false, false},
      {expression("NotIn", {"gold"}), false, true, true},
      {expression("Exists"), true, true, false},
      {expression("DoesNotExist"), false, false, true},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(selects(one.selector, gold), one.of_gold) << one.selector;
    EXPECT_EQ(selects(one.selector, iron), one.of_iron) << one.selector;
    EXPECT_EQ(selects(one.selector, none), one.of_none) << one.selector;
  }
}

}  // namespace
}  // namespace api
