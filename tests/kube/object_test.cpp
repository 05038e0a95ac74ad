#include "kube/object.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/json_reader.h"

namespace {

using nlohmann::json;

TEST(ObjectMeta, ReadsWhatWeUse) {
  const kube::ObjectMeta meta = kube::read_meta(json::parse(R"({"metadata":{
    "name":"www","namespace":"shop","uid":"u1","resourceVersion":"77","generation":4,
    "creationTimestamp":"2026-11-21T12:00:00Z","deletionTimestamp":"2026-11-21T13:00:00Z",
    "labels":{"app":"shop"},"annotations":{"note":"hello"},"managedFields":[{"any":1}],
    "ownerReferences":[{"apiVersion":"v1","kind":"Service","name":"s","uid":"u2","controller":true}]
  }})"));
  EXPECT_EQ(meta.key().text(), "shop/www");
  EXPECT_EQ(meta.uid, "u1");
  EXPECT_EQ(meta.resource_version, "77");
  EXPECT_EQ(meta.generation, 4);
  EXPECT_EQ(meta.creation_timestamp, base::WallTime(std::chrono::seconds(1795262400)));
  EXPECT_TRUE(meta.is_being_deleted);
  EXPECT_EQ(meta.labels.at("app"), "shop");
  EXPECT_EQ(meta.annotation("note"), "hello");
  EXPECT_EQ(meta.annotation("absent"), "");
  EXPECT_EQ(meta.owner_references,
            (std::vector<kube::OwnerReference>{{"v1", "Service", "s", "u2", true}}));
}

TEST(ObjectMeta, LeavesTheWholeObjectThatKubectlWritesIntoAnAnnotation) {
  json object = {{"metadata", {{"name", "www"}, {"annotations", {{"note", "hello"}}}}}};
  object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  EXPECT_EQ(kube::read_meta(object).annotations,
            (std::map<std::string, std::string>{{"note", "hello"}}));
}

TEST(ObjectMeta, AbsentFieldsAndStrangeValuesReadAsDefaults) {
  EXPECT_EQ(kube::read_meta(json::object()).name, "");
  EXPECT_EQ(kube::read_meta(json::array()).name, "");
  EXPECT_EQ(kube::read_key(json::parse(R"({"metadata":7})")), kube::ObjectKey());
  EXPECT_EQ(kube::read_key(json::parse(R"({"metadata":{"name":"n","namespace":3}})")).namespace_,
            "");
}

TEST(ObjectKey, AClusterScopedKeyIsItsNameAlone) {
  EXPECT_EQ((kube::ObjectKey{"", "gatehouse"}.text()), "gatehouse");
}

// Every way that a field can have the wrong type, and how it is told.
TEST(JsonReader, NamesTheFirstWrongFieldByItsPath) {
  const json value = json::parse(R"({"text":"a","number":7,"list":[{"inner":{"flag":"yes"}}],
    "mixed":["a",1],"map":{"k":[]},"time":"yesterday","big":18446744073709551615})");
  const std::vector<std::pair<std::function<void(const kube::JsonReader&)>, std::string>> cases = {
      {[](const auto& r) { r.text("number"); }, "number must be a string"},
      {[](const auto& r) { r.integer("text"); }, "text must be an integer"},
      {[](const auto& r) { r.integer("big"); }, "big must be an integer"},
      {[](const auto& r) { r.integer("number", 8, 9); }, "number must be from 8 to 9"},
      {[](const auto& r) { r.flag("text"); }, "text must be true or false"},
      {[](const auto& r) { r.texts("mixed"); }, "mixed must hold strings only"},
      {[](const auto& r) { r.texts("text"); }, "text must be an array"},
      {[](const auto& r) { r.text_map("map"); }, "map must hold strings only, and k is not one"},
      {[](const auto& r) { r.text_map("text"); }, "text must be an object"},
      {[](const auto& r) { r.object("text"); }, "text must be an object"},
      {[](const auto& r) { r.time("time"); }, "time must be an RFC 3339 time"},
      {[](const auto& r) { r.integer_or_text("list"); }, "list must be an integer or a string"},
      {[](const auto& r) {
         r.each("list", [](const auto& one) { one.object("inner").flag("flag"); });
       },
       "list[0].inner.flag must be true or false"},
  };
  for (const auto& [read, problem] : cases) {
    kube::JsonReader::Fault fault;
    const kube::JsonReader reader(value, fault);
    read(reader);
    EXPECT_EQ(fault, problem);
    EXPECT_EQ(reader.text("text"), "") << "after a fault every read gives a default";
  }
}

TEST(JsonReader, AbsentAndNullReadAsDefaults) {
  const json value = json::parse(R"({"null":null})");
  kube::JsonReader::Fault fault;
  const kube::JsonReader reader(value, fault);
  for (const char* name : {"null", "absent"}) {
    EXPECT_EQ(reader.text(name), "");
    EXPECT_EQ(reader.integer(name, 5, 6), 0);
    EXPECT_EQ(reader.optional_flag(name), std::nullopt);
    EXPECT_EQ(reader.time(name), std::nullopt);
    EXPECT_EQ(reader.object(name).text("inner"), "");
    EXPECT_TRUE(reader.texts(name).empty());
    EXPECT_FALSE(reader.has(name));
  }
  EXPECT_EQ(fault, "");
}

}  // namespace
