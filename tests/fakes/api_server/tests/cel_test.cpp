#include "tests/fakes/api_server/cel.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace fakes::api_server::cel {
namespace {

const Json anything = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};

const Json self = Json::parse(R"({
  "name": "www", "size": 5, "half": 0.5, "on": true, "list": [1, 2, 3], "words": ["ab", "cd"],
  "map": {"a": 1}, "wait": "90m", "text": "größe"})");

// "true", "false", or "error" with its words.
std::string outcome(const std::string& text, const Json* old_self = nullptr) {
  const auto rule = Rule::read(text, anything);
  if (!rule) return "unread: " + rule.error();
  const auto holds = rule->holds(self, old_self);
  if (!holds) return "error: " + holds.error();
  return *holds ? "true" : "false";
}

TEST(Cel, RulesHoldOrDoNot) {
  const std::pair<const char*, const char*> rows[] = {
      {"true", "true"},
      {"!self.on", "false"},
      {"self.name == 'www' && self.size != 6", "true"},
      {"self.size < 5 || self.size >= 5", "true"},
      {"1 + 2 * 3 == 7", "true"},
      {"(1 + 2) * 3 == 9", "true"},
      {"7 / 2 == 3 && -7 % 3 == -1", "true"},
      {"10 - 3 - 2 == 5", "true"},
      {"'a' + 'b' == \"ab\"", "true"},
      {"[1] + [2] == [1, 2]", "true"},
      {"2 in self.list", "true"},
      {"'a' in self.map && !('b' in self.map)", "true"},
      {"self.size in [1, 5]", "true"},
      {"has(self.name) && !has(self.nothing)", "true"},
      {"size(self.list) == 3 && self.list.size() == 3", "true"},
      {"size(self.text) == 5", "true"},
      {"self.list[0] == 1 && self.map['a'] == 1", "true"},
      {"self.name.startsWith('w') && self.name.endsWith('w')", "true"},
      {"self.name.contains('x')", "false"},
      {"self.name.matches('^w{3}$')", "true"},
      {"self.name.matches(r'^\\w+$')", "true"},
      {"self.list.all(x, x > 0) && !self.list.all(x, x > 1)", "true"},
      {"self.list.exists(x, x == 3)", "true"},
      {"self.words.exists_one(w, w == 'ab')", "true"},
      {"self.list.map(x, x * 2) == [2, 4, 6]", "true"},
      {"self.list.filter(x, x != 2) == [1, 3]", "true"},
      {"self.map.all(k, k == 'a')", "true"},
      {"self.list.all(x, self.words.exists(w, size(w) == 2 && x > 0))", "true"},
      {"duration(self.wait) == duration('1h30m')", "true"},
      {"duration('1s') < duration('1m') && duration('-1s') < duration('0')", "true"},
      {"timestamp('2026-01-01T00:00:00Z') + duration('1h') == timestamp('2026-01-01T01:00:00Z')",
       "true"},
      {"string(self.size) == '5' && int('7') == 7", "true"},
      {"self.on ? self.size == 5 : self.size == 6", "true"},
      {"false ? 1 == 1 : true ? false : true", "false"},
      {"{'a': 1} == self.map", "true"},
      {"self.half < 1.0", "true"},
      {"null == null", "true"},
  };
  for (const auto& [rule, wanted] : rows) EXPECT_EQ(outcome(rule), wanted) << rule;
}

TEST(Cel, ErrorsAreErrorsUnlessTheOtherSideDecides) {
  const std::pair<const char*, const char*> rows[] = {
      {"self.nothing == 1", "error: no such key: nothing"},
      {"self.nothing == 1 || true", "true"},
      {"true || self.nothing == 1", "true"},
      {"self.nothing == 1 && false", "false"},
      {"self.list[9] == 1", "error: index out of bounds: 9"},
      {"1 / 0 == 1", "error: division by zero"},
      {"9223372036854775807 + 1 == 0", "error: integer overflow"},
      {"self.size < 'a'", "error: no such overload: <"},
      {"duration('soon') == duration('1s')", "error: invalid duration: \"soon\""},
      {"self.list.exists(x, self.nothing == x || x == 2)", "true"},
      {"self.size", "error: the rule is no boolean"},
  };
  for (const auto& [rule, wanted] : rows) EXPECT_EQ(outcome(rule), wanted) << rule;
}

TEST(Cel, WhatIsBeyondTheSubsetIsRefusedWhenRead) {
  for (const char* rule :
       {"self.a ==", "self.a.fly()", "fly(self)", "'open", "1 2", "a.b.c", "self.list.all(x)",
        "has(self)", "self.name.lowerAscii() == 'a'", "@", "99999999999999999999 > 1", "size()"}) {
    EXPECT_FALSE(Rule::read(rule, anything)) << rule;
  }
}

TEST(Cel, FieldsAreCheckedAgainstTheSchema) {
  const Json schema = Json::parse(R"({
    "type": "object", "properties": {
      "name": {"type": "string"},
      "parts": {"type": "array", "items": {"type": "object",
                "properties": {"kind": {"type": "string"}}}},
      "labels": {"type": "object", "additionalProperties": {"type": "string"}}}})");
  EXPECT_TRUE(Rule::read("self.parts.all(p, p.kind != '')", schema));
  EXPECT_TRUE(Rule::read("self.labels.anything == 'x'", schema));
  EXPECT_FALSE(Rule::read("self.nmae == 'x'", schema));
  EXPECT_FALSE(Rule::read("self.parts.all(p, p.knid != '')", schema));
  EXPECT_FALSE(Rule::read("self.parts[0].knid == ''", schema));
  EXPECT_FALSE(Rule::read("self.name.first == 'x'", schema));
  EXPECT_FALSE(Rule::read("has(oldSelf.nmae)", schema));
}

TEST(Cel, OldSelfMakesATransitionRule) {
  EXPECT_TRUE(Rule::read("self == oldSelf", anything)->uses_old_self());
  EXPECT_FALSE(Rule::read("self.size > 1", anything)->uses_old_self());
  const Json before = {{"name", "www"}};
  EXPECT_EQ(outcome("self.name == oldSelf.name", &before), "true");
}

}  // namespace
}  // namespace fakes::api_server::cel
