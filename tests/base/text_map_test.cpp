#include "base/text_map.h"

#include <map>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

using testing::ElementsAre;
using testing::Pair;

static_assert(sizeof(TextMap) == sizeof(void*));

TEST(TextMap, IsInOrderHoweverItWasMade) {
  const TextMap listed = {{"c", "3"}, {"a", "1"}, {"b", "2"}};
  TextMap filled;
  filled["b"] = "2";
  filled.emplace("c", "3");
  filled["a"] = "1";
  EXPECT_THAT(listed, ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
  EXPECT_EQ(filled, listed);
  EXPECT_EQ(listed, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
}

TEST(TextMap, FindsWhatItHasAndNothingElse) {
  const TextMap map = {{"b", "2"}, {"d", "4"}};
  for (const char* name : {"", "a", "bb", "c", "e"}) {
    EXPECT_EQ(map.find(name), map.end());
    EXPECT_FALSE(map.contains(name));
    EXPECT_THROW(map.at(name), std::out_of_range);
  }
  EXPECT_EQ(map.at("d"), "4");
  EXPECT_EQ(map.find("b")->second, "2");
  EXPECT_EQ(TextMap().find("b"), TextMap().end());
}

TEST(TextMap, KeepsWhatIsThereWhereSomethingIsPutInTwice) {
  TextMap map = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(map.size(), 1u);
  EXPECT_EQ(map.at("a"), "1");
  EXPECT_FALSE(map.emplace("a", "3").second);
  EXPECT_EQ(map.at("a"), "1");
  map["a"] = "4";
  EXPECT_EQ(map.at("a"), "4");
}

TEST(TextMap, IsEmptyWhenAllIsErased) {
  TextMap map = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(map.erase("x"), 0u);
  EXPECT_EQ(map.erase("b"), 1u);
  EXPECT_THAT(map, ElementsAre(Pair("a", "1"), Pair("c", "3")));
  EXPECT_EQ(map.erase_if([](const auto& entry) { return entry.first != "x"; }), 2u);
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map, TextMap());
  map["a"] = "again";
  map.clear();
  EXPECT_EQ(map.begin(), map.end());
}

TEST(TextMap, IsAValue) {
  TextMap map = {{"a", "1"}};
  TextMap copy = map;
  copy["a"] = "2";
  EXPECT_EQ(map.at("a"), "1");
  const TextMap moved = std::move(copy);
  EXPECT_EQ(moved.at("a"), "2");
  map = moved;
  EXPECT_EQ(map, moved);
  map = {};
  EXPECT_TRUE(map.empty());
}

}  // namespace
}  // namespace base
