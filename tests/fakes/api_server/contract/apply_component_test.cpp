// Server-side apply. See cluster.h for what this is run against.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/contract/cluster.h"

namespace fakes::api_server::contract {
namespace {

const Json* entry_of(const Json& object, const std::string& manager) {
  for (const Json& entry : object["metadata"]["managedFields"]) {
    if (entry["manager"] == manager) return &entry;
  }
  return nullptr;
}

TEST_F(Contract, ApplyCreatesAndOwnsWhatItSays) {
  const Reply applied =
      apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"tags", {"x"}}}), "one");
  ASSERT_EQ(applied.status, 201) << applied.message();
  const Json* entry = entry_of(applied.body, "one");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ((*entry)["operation"], "Apply");
  EXPECT_EQ((*entry)["fieldsV1"],
            Json::parse(R"({"f:spec": {"f:owner": {}, "f:tags": {"v:\"x\"": {}}}})"));
}

TEST_F(Contract, ApplyWithoutAManagerIsRefused) {
  const Reply refused =
      call("PATCH", widgets("/a"), widget("a", {{"owner", "ann"}}), "application/apply-patch+yaml");
  EXPECT_EQ(refused.status, 422);
}

TEST_F(Contract, ApplyAgainChangesNothing) {
  const Reply first = apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "one");
  const Reply again = apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "one");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.version(), first.version());
}

TEST_F(Contract, ApplyOverAnothersFieldIsAConflictThatNamesBoth) {
  apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"size", 1}}), "one");
  const Json wanted = widget("a", {{"owner", "ann"}, {"size", 2}});
  const Reply refused = apply(widgets("/a"), wanted, "two");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.reason(), "Conflict");
  EXPECT_NE(refused.message().find("\"one\""), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find(".spec.size"), std::string::npos) << refused.message();
  EXPECT_EQ(refused.body["details"]["causes"][0]["reason"], "FieldManagerConflict");

  const Reply forced = apply(widgets("/a"), wanted, "two", "&force=true");
  EXPECT_EQ(forced.status, 200);
  EXPECT_EQ(forced.body["spec"]["size"], 2);
  EXPECT_EQ((*entry_of(forced.body, "one"))["fieldsV1"],
            Json::parse(R"({"f:spec": {"f:owner": {}}})"));
}

TEST_F(Contract, FieldsOfTheSameValueAreShared) {
  apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "one");
  const Reply shared = apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "two");
  EXPECT_EQ(shared.status, 200);
  EXPECT_NE(entry_of(shared.body, "one"), nullptr);
  EXPECT_NE(entry_of(shared.body, "two"), nullptr);
}

TEST_F(Contract, WhatIsNoLongerAppliedGoesUnlessAnotherOwnsIt) {
  apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"size", 1}, {"tags", {"x", "y"}}}), "one");
  apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"tags", {"y"}}}), "two");
  const Reply less = apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "one");
  EXPECT_FALSE(less.body["spec"].contains("size"));
  EXPECT_EQ(less.body["spec"]["tags"], Json::parse(R"(["y"])"));
}

TEST_F(Contract, ItemsOfAKeyedListAreMergedAndRemovedOneByOne) {
  const auto ports = [](std::vector<std::pair<const char*, int>> wanted) {
    Json list = Json::array();
    for (const auto& [name, number] : wanted) {
      list.push_back({{"name", name}, {"number", number}});
    }
    return Json{{"owner", "ann"}, {"ports", list}};
  };
  apply(widgets("/a"), widget("a", ports({{"web", 80}, {"old", 1}})), "one");
  const Reply both = apply(widgets("/a"), widget("a", ports({{"mail", 25}})), "two");
  EXPECT_EQ(both.body["spec"]["ports"].size(), 3u);
  const Reply less = apply(widgets("/a"), widget("a", ports({{"web", 81}})), "one");
  ASSERT_EQ(less.body["spec"]["ports"].size(), 2u) << less.body;
  for (const Json& port : less.body["spec"]["ports"]) {
    EXPECT_TRUE(port["name"] == "web" ? port["number"] == 81 : port["name"] == "mail") << port;
  }
}

TEST_F(Contract, AWriteTakesTheFieldsThatItChanges) {
  apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"size", 1}}), "one");
  call("PATCH", widgets("/a?fieldManager=editor"), {{"spec", {{"size", 2}}}},
       "application/merge-patch+json");
  const Reply refused = apply(widgets("/a"), widget("a", {{"owner", "ann"}, {"size", 1}}), "one");
  EXPECT_EQ(refused.status, 409);
  EXPECT_NE(refused.message().find("\"editor\""), std::string::npos) << refused.message();
}

TEST_F(Contract, ApplyOnStatusOwnsStatusAlone) {
  apply(widgets("/a"), widget("a", {{"owner", "ann"}}), "one");
  Json status = widget("a", {{"owner", "eve"}});
  status["status"]["conditions"] = {{{"type", "Ready"}, {"status", "True"}}};
  const Reply applied = apply(widgets("/a/status"), status, "two");
  ASSERT_EQ(applied.status, 200) << applied.message();
  EXPECT_EQ(applied.body["spec"]["owner"], "ann");
  EXPECT_EQ(applied.body["metadata"]["generation"], 1);
  const Json* entry = entry_of(applied.body, "two");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ((*entry)["subresource"], "status");
  EXPECT_FALSE((*entry)["fieldsV1"].contains("f:spec"));

  Json other = status;
  other["status"]["conditions"] = {{{"type", "Serving"}, {"status", "True"}}};
  EXPECT_EQ(apply(widgets("/a/status"), other, "three").body["status"]["conditions"].size(), 2u);
}

}  // namespace
}  // namespace fakes::api_server::contract
