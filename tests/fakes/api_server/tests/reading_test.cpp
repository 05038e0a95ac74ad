#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/admission.h"
#include "tests/fakes/api_server/body.h"
#include "tests/fakes/api_server/builtin_fields.h"
#include "tests/fakes/api_server/json_path.h"
#include "tests/fakes/api_server/selector.h"
#include "tests/fakes/api_server/table.h"
#include "tests/fakes/api_server/target.h"

namespace fakes::api_server {
namespace {

TEST(Target, PathsNameResources) {
  const std::pair<const char*, Target> rows[] = {
      {"/api/v1/secrets", {"", "v1", "", "secrets", "", ""}},
      {"/api/v1/namespaces/ns/secrets/a", {"", "v1", "ns", "secrets", "a", ""}},
      {"/api/v1/namespaces/ns", {"", "v1", "", "namespaces", "ns", ""}},
      {"/api/v1/namespaces/ns/status", {"", "v1", "", "namespaces", "ns", "status"}},
      {"/apis/g.dev/v1/namespaces/ns/things/a/status",
       {"g.dev", "v1", "ns", "things", "a", "status"}},
      {"/apis/g.dev/v1/things/a%2Eb", {"g.dev", "v1", "", "things", "a.b", ""}},
  };
  for (const auto& [path, wanted] : rows) EXPECT_EQ(read_target_path(path), wanted) << path;
  for (const char* path : {"/api", "/api/v1", "/apis", "/apis/g.dev/v1", "/version", "/",
                           "/api/v1/namespaces/ns/secrets/a/b/c"}) {
    EXPECT_FALSE(read_target_path(path)) << path;
  }
}

TEST(Selector, LabelsFitOrDoNot) {
  const Json object = {{"metadata", {{"labels", {{"app", "web"}, {"tier", "one"}}}}}};
  const std::pair<const char*, bool> rows[] = {
      {"", true},
      {"app=web", true},
      {"app==web", true},
      {"app=mail", false},
      {"app!=mail", true},
      {"other!=x", true},
      {"app", true},
      {"!app", false},
      {"!other", true},
      {"app in (a,web)", true},
      {"app notin (a, web)", false},
      {"other notin (a)", true},
      {"app=web,tier=two", false},
      {"app in (web),tier", true},
  };
  for (const auto& [text, wanted] : rows) {
    const auto selects = label_selector(text);
    ASSERT_TRUE(selects) << text;
    EXPECT_EQ((*selects)(object), wanted) << text;
  }
  for (const char* bad : {"a b", "=x", "app near (a)"}) EXPECT_FALSE(label_selector(bad)) << bad;
}

TEST(JsonPath, PrinterColumnsAreRead) {
  const Json object = Json::parse(R"({"status": {"conditions": [
      {"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}],
      "list": ["a", "b"]}, "metadata": {"annotations": {"a.b/c": "x"}}})");
  const std::pair<const char*, const char*> rows[] = {
      {R"(.status.conditions[?(@.type=="Ready")].status)", "\"True\""},
      {R"({.status.conditions[?(@.type=='Other')].status})", "\"False\""},
      {".status.list[1]", "\"b\""},
      {".status.list[9]", "null"},
      {R"(.metadata.annotations['a.b/c'])", "\"x\""},
      {R"(.metadata.annotations.a\.b/c)", "\"x\""},
      {".nothing.here", "null"},
  };
  for (const auto& [path, wanted] : rows) {
    EXPECT_EQ(first_at_path(object, path).dump(), wanted) << path;
  }
  EXPECT_EQ(at_path(object, ".status.list[*]").size(), 2u);
}

TEST(Body, YamlScalarsHaveTheirTypes) {
  const auto read = json_of_yaml(
      "a: 1\nb: \"1\"\nc: true\nd: \"true\"\ne: ~\nf: 1.5\ng: 720h\nh: on\ni: 1e3x\nj: ''\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, Json::parse(R"({"a": 1, "b": "1", "c": true, "d": "true", "e": null, "f": 1.5,
                                  "g": "720h", "h": "on", "i": "1e3x", "j": ""})"));
  EXPECT_EQ(json_of_yaml_stream("---\na: 1\n---\n---\nb: 2\n")->size(), 2u);
  EXPECT_FALSE(json_of_yaml("a: [1"));
}

TEST(Body, ProtobufIsAnUnsupportedMediaType) {
  EXPECT_EQ(decoded_body("application/vnd.kubernetes.protobuf", "k8s").error().code, 415);
  EXPECT_EQ(decoded_body("application/json", "{").error().code, 400);
}

TEST(Table, AgesAreShort) {
  using std::chrono::seconds;
  const std::pair<int, const char*> rows[] = {{0, "0s"},      {119, "119s"},    {120, "2m"},
                                              {150, "2m30s"}, {3600, "60m"},    {11100, "3h5m"},
                                              {86400, "24h"}, {200000, "2d7h"}, {864000, "10d"}};
  for (const auto& [age, wanted] : rows) EXPECT_EQ(age_text(seconds(age)), wanted);
}

TEST(BuiltinFields, UnknownOnesGoAndWrongTypesAreRefused) {
  Kind kind;
  kind.kind = "Secret";
  Json secret = {{"kind", "Secret"}, {"colour", "red"}, {"data", {{"a", "eA=="}}}};
  const auto gone = decode_builtin(kind, secret);
  ASSERT_TRUE(gone);
  EXPECT_EQ(*gone, std::vector<std::string>{"colour"});
  EXPECT_FALSE(secret.contains("colour"));
  for (const Json& bad : {Json{{"data", {{"a", "not base64"}}}}, Json{{"data", {{"a", 1}}}},
                          Json{{"data", "x"}}, Json{{"type", 1}}}) {
    Json object = bad;
    EXPECT_FALSE(decode_builtin(kind, object)) << bad;
  }
}

TEST(DnsNames, SubdomainsAndLabels) {
  for (const char* good : {"a", "a-b", "a.b", "1a.b2"}) EXPECT_TRUE(is_dns_subdomain(good)) << good;
  for (const char* bad : {"", "-a", "a-", "A", "a_b", ".a", "a.", "a..b"}) {
    EXPECT_FALSE(is_dns_subdomain(bad)) << bad;
  }
  EXPECT_FALSE(is_dns_label("a.b"));
}

}  // namespace
}  // namespace fakes::api_server
