#include "proxy/config/text_template.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::config {
namespace {

TEST(TextTemplate, IsTextAndTheVariablesThatAreKnown) {
  const auto parts = read_template("https://${host}/a?rd=$scheme://$http_host$request_uri!");
  ASSERT_TRUE(parts);
  const TextTemplate expected = {{"https://", Variable::none}, {"", Variable::host},
                                 {"/a?rd=", Variable::none},   {"", Variable::scheme},
                                 {"://", Variable::none},      {"", Variable::http_host},
                                 {"", Variable::request_uri},  {"!", Variable::none}};
  EXPECT_EQ(*parts, expected);
  EXPECT_TRUE(read_template("")->empty());
}

TEST(TextTemplate, WhatIsNotKnownMakesItUnreadableAndIsNamed) {
  const struct {
    std::string text;
    std::string unknown;
  } rows[] = {
      {"/a?b=$foo", "$foo"},
      {"$hostname", "$hostname"},
      {"/$", "$"},
      {"$", "$"},
      {"${host", "${host"},
      {"${}", "${}"},
      {"$host$Host", "$Host"},
      {"${foo}bar", "${foo}"},
      {"$$host", "$"},
      {"/a$1", "$1"},
      {"$http_cookie", "$http_cookie"},
      {"$request_uri2", "$request_uri2"},
  };
  for (const auto& row : rows) {
    EXPECT_FALSE(read_template(row.text)) << row.text;
    EXPECT_EQ(unknown_variable(row.text), row.unknown) << row.text;
  }
  for (const char* text : {"", "plain", "$host", "a${args}b", "$host.example$uri"}) {
    EXPECT_TRUE(read_template(text)) << text;
    EXPECT_EQ(unknown_variable(text), "") << text;
  }
}

}  // namespace
}  // namespace proxy::config
