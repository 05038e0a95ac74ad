#include "tests/fakes/api_server/managed_fields.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fakes::api_server {
namespace {

const Json schema = Json::parse(R"({
  "type": "object", "properties": {"spec": {"type": "object", "properties": {
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "whole": {"type": "array", "items": {"type": "string"}},
    "one": {"type": "object", "x-kubernetes-map-type": "atomic"},
    "ports": {"type": "array", "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["port", "protocol"],
              "items": {"type": "object", "properties": {
                "port": {"type": "integer"},
                "protocol": {"type": "string", "default": "TCP"}}}}}}}})");

Kind kind() {
  Kind made;
  made.group = "example.dev";
  made.version = "v1";
  made.kind = "Thing";
  made.plural = "things";
  made.schema = std::make_shared<const Json>(schema);
  return made;
}

Json thing(Json spec) {
  return {{"apiVersion", "example.dev/v1"},
          {"kind", "Thing"},
          {"metadata", {{"name", "a"}}},
          {"spec", std::move(spec)}};
}

TEST(ManagedFields, FieldsFollowTheListAndMapTypes) {
  const Json value = thing(
      {{"tags", {"x"}}, {"whole", {"a", "b"}}, {"one", {{"k", "v"}}}, {"ports", {{{"port", 80}}}}});
  Json owned = value;
  for (const char* name : {"apiVersion", "kind", "metadata"}) owned.erase(name);
  EXPECT_EQ(fields_v1_of(fields_of(owned, schema)), Json::parse(R"({"f:spec": {
    "f:tags": {"v:\"x\"": {}},
    "f:whole": {},
    "f:one": {},
    "f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}}})"));
}

TEST(ManagedFields, FieldsV1IsReadAndWrittenAlike) {
  for (const char* text :
       {R"({"f:a": {}})", R"({"f:a": {".": {}, "f:b": {}}})",
        R"({"f:l": {"k:{\"n\":1}": {".": {}, "f:n": {}, "f:v": {}}, "v:\"x\"": {}}})"}) {
    const Json fields = Json::parse(text);
    EXPECT_EQ(fields_v1_of(field_set_of(fields)), fields);
  }
}

TEST(ManagedFields, PathsAreWordedAsConflictsAre) {
  EXPECT_EQ(path_text({"f:spec", "k:{\"port\":80,\"protocol\":\"TCP\"}", "f:name"}),
            ".spec[port=80,protocol=\"TCP\"].name");
  EXPECT_EQ(path_text({"f:spec", "f:tags", "v:\"x\""}), ".spec.tags[=\"x\"]");
}

TEST(ManagedFields, AnAppliedFieldSurvivesAnothersApplyOfOtherFields) {
  const Kind of = kind();
  const auto first = applied_fields({"one", true, "", "example.dev/v1"}, of, Json::object(),
                                    thing({{"a", 1}, {"b", 2}}), false);
  ASSERT_TRUE(first);
  const auto second =
      applied_fields({"two", true, "", "example.dev/v1"}, of, *first, thing({{"c", 3}}), false);
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)["spec"], Json::parse(R"({"a": 1, "b": 2, "c": 3})"));
  const auto third =
      applied_fields({"one", true, "", "example.dev/v1"}, of, *second, thing({{"a", 1}}), false);
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)["spec"], Json::parse(R"({"a": 1, "c": 3})"));
}

TEST(ManagedFields, TheConflictMessageListsEveryFieldAndManager) {
  const Kind of = kind();
  const Json live = *applied_fields({"one", true, "", "example.dev/v1"}, of, Json::object(),
                                    thing({{"a", 1}, {"b", 2}}), false);
  const auto refused = applied_fields({"two", true, "", "example.dev/v1"}, of, live,
                                      thing({{"a", 9}, {"b", 9}}), false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_EQ(refused.error().message,
            "Apply failed with 2 conflicts: conflicts with \"one\" using example.dev/v1:\n"
            "- .spec.a\n- .spec.b");
}

}  // namespace
}  // namespace fakes::api_server
