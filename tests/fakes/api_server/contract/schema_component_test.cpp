// What a CustomResourceDefinition's schema and rules make the server do. See cluster.h.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/contract/cluster.h"

namespace fakes::api_server::contract {
namespace {

TEST_F(Contract, ASchemaRefusesWhatDoesNotFit) {
  struct Row {
    Json spec;
    const char* field;
    const char* reason;
  };
  const Row rows[] = {
      {Json::object(), "spec.owner", "FieldValueRequired"},
      {{{"owner", 5}}, "spec.owner", "FieldValueTypeInvalid"},
      {{{"owner", ""}}, "spec.owner", "FieldValueInvalid"},
      {{{"owner", "UPPER"}}, "spec.owner", "FieldValueInvalid"},
      {{{"owner", "abcdefghijklmnopqrstuvwxyz"}}, "spec.owner", "FieldValueTooLong"},
      {{{"owner", "ann"}, {"size", 0}}, "spec.size", "FieldValueInvalid"},
      {{{"owner", "ann"}, {"size", 101}}, "spec.size", "FieldValueInvalid"},
      {{{"owner", "ann"}, {"size", 1.5}}, "spec.size", "FieldValueTypeInvalid"},
      {{{"owner", "ann"}, {"shade", "Grey"}}, "spec.shade", "FieldValueNotSupported"},
      {{{"owner", "ann"}, {"tags", {"a", "a"}}}, "spec.tags[1]", "FieldValueDuplicate"},
      {{{"owner", "ann"}, {"ports", Json::array({Json{{"number", 1}}})}},
       "spec.ports[0].name",
       "FieldValueRequired"},
  };
  for (const Row& row : rows) {
    const Reply refused = call("POST", widgets(), widget("bad", row.spec));
    EXPECT_EQ(refused.status, 422) << row.spec;
    EXPECT_EQ(refused.reason(), "Invalid") << row.spec;
    bool is_named = false;
    for (const Json& cause : refused.body["details"]["causes"]) {
      is_named |= cause["field"] == row.field && cause["reason"] == row.reason;
    }
    EXPECT_TRUE(is_named) << row.field << ": " << refused.body;
  }
}

TEST_F(Contract, DefaultsAreFilledInAndUnknownFieldsDropped) {
  const Reply created = call("POST", widgets(), widget("a", {{"owner", "ann"}, {"colour", "red"}}));
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(created.body["spec"]["shade"], "Dark");
  EXPECT_FALSE(created.body["spec"].contains("colour"));
  EXPECT_NE(created.warning.find("unknown field"), std::string::npos);
}

TEST_F(Contract, StrictFieldValidationRefusesUnknownFields) {
  const Reply refused = call("POST", widgets("?fieldValidation=Strict"),
                             widget("a", {{"owner", "ann"}, {"colour", "red"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.message().find("unknown field \"spec.colour\""), std::string::npos);
}

TEST_F(Contract, ARuleRefusesWithItsMessage) {
  const Reply refused = call("POST", widgets(), widget("a", {{"owner", "ann"}, {"size", 13}}));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.message(),
            "Widget.contract.gatehouse.dev \"a\" is invalid: spec: Invalid value: 13 is unlucky");
}

TEST_F(Contract, ATransitionRuleHoldsOnUpdatesOnly) {
  ASSERT_EQ(call("POST", widgets(), widget("a", {{"owner", "ann"}})).status, 201);
  const Reply refused =
      call("PATCH", widgets("/a"), {{"spec", {{"owner", "bob"}}}}, "application/merge-patch+json");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.message().find("owner is immutable"), std::string::npos);
}

TEST_F(Contract, ARuleThatCannotBeReadIsRefusedWithItsDefinition) {
  const auto definition = [](const std::string& rule) {
    const Json spec = {{"type", "object"},
                       {"x-kubernetes-validations", {{{"rule", rule}}}},
                       {"properties", {{"a", {{"type", "string"}, {"maxLength", 10}}}}}};
    return Json{
        {"apiVersion", "apiextensions.k8s.io/v1"},
        {"kind", "CustomResourceDefinition"},
        {"metadata", {{"name", "gadgets.contract.gatehouse.dev"}}},
        {"spec",
         {{"group", "contract.gatehouse.dev"},
          {"scope", "Namespaced"},
          {"names", {{"kind", "Gadget"}, {"plural", "gadgets"}}},
          {"versions",
           {{{"name", "v1"},
             {"served", true},
             {"storage", true},
             {"schema",
              {{"openAPIV3Schema", {{"type", "object"}, {"properties", {{"spec", spec}}}}}}}}}}}}};
  };
  const std::string path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All";
  for (const char* rule : {"self.a ==", "self.nobody == 'x'", "nobody.a == 'x'", "self.a.fly()"}) {
    const Reply refused = call("POST", path, definition(rule));
    EXPECT_EQ(refused.status, 422) << rule;
    EXPECT_NE(refused.message().find(rule), std::string::npos) << refused.message();
  }
  EXPECT_EQ(call("POST", path, definition("self.a == 'x'")).status, 201);
}

}  // namespace
}  // namespace fakes::api_server::contract
