#include "proxy/policy/shape.h"

#include <forward_list>
#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

std::string text_of(const Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

TEST(Shape, PutsFieldsInPlaceOfThoseThatCame) {
  const Shape shape(
      {.response_fields = {
           {"X-Frame-Options", "DENY"}, {"Link", "<a>"}, {"Link", "<b>"}, {"Server", ""}}});
  Fields fields = {{.name = "x-frame-options", .value = "ALLOW"},
                   {.name = "Server", .value = "x/1.0"},
                   {.name = "LINK", .value = "<c>"},
                   {.name = "X_Frame_Options", .value = "other"},
                   {.name = "Etag", .value = "1"}};
  std::forward_list<std::string> texts;
  shape.apply_to_response({}, fields, texts);
  EXPECT_EQ(text_of(fields),
            "X_Frame_Options: other\nEtag: 1\nX-Frame-Options: DENY\nLink: <a>\nLink: <b>\n");
}

TEST(Shape, TakesFromARequestWhatAServerMayTakeForItsFields) {
  const Shape shape({.request_fields = {{"X-Tenant", "a"}, {"X-Debug", ""}}});
  Fields fields = {{.name = "x_tenant", .value = "b"},
                   {.name = "X.Tenant", .value = "c"},
                   {.name = "x-debug", .value = "1"},
                   {.name = "X-Tenants", .value = "d"}};
  shape.apply_to_request(fields);
  EXPECT_EQ(text_of(fields), "X-Tenants: d\nX-Tenant: a\n");
}

TEST(Shape, SaysNothingOfContentInAnAnswerWithoutIt) {
  const Shape shape({.response_fields = {{"X-Frame-Options", "DENY"},
                                         {"Content-Type", "text/css"},
                                         {"cache-control", "max-age=1"},
                                         {"Content-Security-Policy", "default-src 'self'"}}});
  Fields fields;
  shape.add_to_answer({}, fields);
  EXPECT_EQ(text_of(fields),
            "X-Frame-Options: DENY\nContent-Security-Policy: default-src 'self'\n");
}

TEST(Shape, WhatCorsDecidesIsNotSetByFields) {
  config::Cors cors;
  cors.origins = {"https://a.example"};
  const Shape shape({.cors = cors, .response_fields = {{"Access-Control-Allow-Origin", "*"}}});
  Fields fields;
  std::forward_list<std::string> texts;
  shape.apply_to_response({.origin = "https://evil.example"}, fields, texts);
  EXPECT_EQ(text_of(fields), "Vary: Origin\n");
  fields.clear();
  shape.add_to_answer({.origin = "https://evil.example"}, fields);
  EXPECT_EQ(text_of(fields), "Vary: Origin\n");
}

TEST(Shape, TransportSecurityIsSaidOverHttpsAloneInPlaceOfTheBackends) {
  const Shape shape({.transport_security = "max-age=1"});
  const auto answered = [&](bool is_https) {
    Fields fields = {{.name = "strict-transport-security", .value = "max-age=0"}};
    std::forward_list<std::string> texts;
    shape.apply_to_response({.is_https = is_https}, fields, texts);
    return text_of(fields);
  };
  EXPECT_EQ(answered(true), "Strict-Transport-Security: max-age=1\n");
  EXPECT_EQ(answered(false), "strict-transport-security: max-age=0\n");
  Fields fields;
  shape.add_to_answer({.is_https = true}, fields);
  EXPECT_EQ(text_of(fields), "Strict-Transport-Security: max-age=1\n");
}

}  // namespace
}  // namespace proxy::policy
