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
      {"$http_", "$http_"},
      {"$cookie_", "$cookie_"},
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

TEST(TextTemplate, WhatAClientShowsInItsFieldsStandsInFieldsAlone) {
  const auto parts = read_template("$remote_user:$http_x_token;${cookie_Session}");
  ASSERT_TRUE(parts);
  const TextTemplate expected = {{"", Variable::remote_user},
                                 {":", Variable::none},
                                 {"x_token", Variable::field},
                                 {";", Variable::none},
                                 {"Session", Variable::cookie}};
  EXPECT_EQ(*parts, expected);
  for (const std::string text : {"$remote_user", "$http_cookie", "$cookie_a"}) {
    EXPECT_EQ(unknown_variable(text), text);
    EXPECT_EQ(unknown_variable(text, TextPlace::field), "") << text;
  }
}

}  // namespace
}  // namespace proxy::config
