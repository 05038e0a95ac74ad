#include "tests/fakes/api_server/patch.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {
namespace {

TEST(Patch, StrategicMergeMergesListsByKey) {
  struct Row {
    const char* live;
    const char* patch;
    const char* wanted;
  };
  const Row rows[] = {
      {R"({"spec": {"ports": [{"port": 80, "name": "a"}]}})",
       R"({"spec": {"ports": [{"port": 443, "name": "b"}]}})",
       R"({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 443, "name": "b"}]}})"},
      {R"({"spec": {"ports": [{"port": 80, "name": "a"}]}})",
       R"({"spec": {"ports": [{"port": 80, "name": "z"}]}})",
       R"({"spec": {"ports": [{"port": 80, "name": "z"}]}})"},
      {R"({"spec": {"ports": [{"port": 80}, {"port": 81}]}})",
       R"({"spec": {"ports": [{"port": 80, "$patch": "delete"}]}})",
       R"({"spec": {"ports": [{"port": 81}]}})"},
      {R"({"spec": {"ports": [{"port": 80}]}})",
       R"({"spec": {"ports": [{"$patch": "replace"}, {"port": 1}]}})",
       R"({"spec": {"ports": [{"port": 1}]}})"},
      {R"({"spec": {"list": [1, 2]}})", R"({"spec": {"list": [3]}})", R"({"spec": {"list": [3]}})"},
      {R"({"data": {"a": "1", "b": "2"}})", R"({"data": {"a": null}})", R"({"data": {"b": "2"}})"},
      {R"({"data": {"a": "1"}})", R"({"data": {"$patch": "replace", "b": "2"}})",
       R"({"data": {"b": "2"}})"},
      {R"({"metadata": {"finalizers": ["a"]}})", R"({"metadata": {"finalizers": ["b"]}})",
       R"({"metadata": {"finalizers": ["a", "b"]}})"},
      {R"({"metadata": {"finalizers": ["a", "b"]}})",
       R"({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}})",
       R"({"metadata": {"finalizers": ["b"]}})"},
  };
  for (const Row& row : rows) {
    const auto patched = strategic_merge_patched(Json::parse(row.live), Json::parse(row.patch),
                                                 *builtin_merge_schema("Service"));
    ASSERT_TRUE(patched) << row.patch;
    EXPECT_EQ(*patched, Json::parse(row.wanted)) << row.patch;
  }
}

TEST(Patch, AListItemWithoutItsMergeKeyIsRefused) {
  EXPECT_FALSE(strategic_merge_patched(Json::parse(R"({"spec": {"ports": [{"port": 80}]}})"),
                                       Json::parse(R"({"spec": {"ports": [{"name": "x"}]}})"),
                                       *builtin_merge_schema("Service")));
}

TEST(Patch, AFailedTestOperationIsAnAnswer) {
  const auto refused =
      json_patched({{"a", 1}}, Json::parse(R"([{"op": "test", "path": "/a", "value": 2}])"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 422);
  EXPECT_EQ(json_patched({{"a", 1}}, Json::object()).error().code, 400);
}

}  // namespace
}  // namespace fakes::api_server
