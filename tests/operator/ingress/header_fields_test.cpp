#include "operator/ingress/annotations/header_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"

namespace ingress::annotations {
namespace {

using proxy::config::FieldLine;
using proxy::config::Shape;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Read {
  Shape shape;
  Issues issues;
};
Read read(std::initializer_list<std::pair<const std::string, std::string>> pairs) {
  AnnotationMap map;
  for (const auto& [key, value] : pairs) map[std::string(kOwnPrefix) + key] = value;
  Read read;
  read_header_fields(map, read.shape, read.issues);
  return read;
}

TEST(HeaderFieldAnnotations, HaveOneFieldALine) {
  const Read got = read({{"request-headers", "X-A: 1\r\n\n  X-B:two words  \nX-Gone:\n"},
                         {"response-headers", "X-Frame-Options: DENY\nLink: <a:b>; rel=x\n"},
                         {"hidden-headers", "Server, X-Powered-By\nx-frame-options"}});
  EXPECT_THAT(got.issues, IsEmpty());
  EXPECT_THAT(
      got.shape.request_fields,
      ElementsAre(FieldLine{"X-A", "1"}, FieldLine{"X-B", "two words"}, FieldLine{"X-Gone", ""}));
  EXPECT_THAT(got.shape.response_fields,
              ElementsAre(FieldLine{"X-Frame-Options", "DENY"}, FieldLine{"Link", "<a:b>; rel=x"},
                          FieldLine{"Server", ""}, FieldLine{"X-Powered-By", ""}));
}

TEST(HeaderFieldAnnotations, ALineThatCannotBeTakenIsLeftOutAndTold) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"Host: evil", "proxy's"},
      {"X_Forwarded_For: 1.2.3.4", "proxy's"},
      {"Content-Length: 0", "proxy's"},
      {"Transfer-Encoding: chunked", "proxy's"},
      {"connection: close", "proxy's"},
      {":path: /x", "no field's name"},
      {"X A: 1", "no field's name"},
      {"X-A : 1", "no field's name"},
      {"X-A", "no \"Name: value\""},
      {"X-A: a\x01", "none of a header field"},
      {"X-A: a\rX-B: b", "none of a header field"},
      {"X-A: caf\xc3\xa9", "none of a header field"},
      {"X-A: $host", "no variables"},
      {"X-A: ${host}", "no variables"},
      {"X-A: " + std::string(5000, 'x'), "none of a header field"},
  };
  for (const auto& [line, why] : cases) {
    for (const char* key : {"request-headers", "response-headers"}) {
      const Read got = read({{key, line + "\nX-Good: 1"}});
      EXPECT_THAT(got.shape.request_fields.size() + got.shape.response_fields.size(), 1u) << line;
      EXPECT_THAT(got.issues, ElementsAre(Field(&Issue::why, HasSubstr(why)))) << line;
    }
  }
  const Read two = read({{"response-headers", "Host: a\nDate: b\nTE: c"}});
  EXPECT_THAT(two.issues, ElementsAre(Field(&Issue::why, HasSubstr("2 others"))));
}

TEST(HeaderFieldAnnotations, StayWithinWhatAHeadMayHave) {
  std::string many;
  for (int i = 0; i < 150; ++i) many += "X-" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(read({{"request-headers", many}}).shape.request_fields, SizeIs(100));
  std::string large;
  for (int i = 0; i < 50; ++i)
    large += "X-" + std::to_string(i) + ": " + std::string(1000, 'v') + "\n";
  const Read got = read({{"request-headers", large}});
  EXPECT_THAT(got.shape.request_fields, SizeIs(16));
  EXPECT_THAT(got.issues, SizeIs(1));
}

std::string remedy_for(const std::string& snippet) {
  const RoutePolicy policy =
      read_route_policy({{std::string(kNginxPrefix) + "configuration-snippet", snippet}});
  EXPECT_TRUE(policy.is_refused());
  return policy.issues.empty() ? "" : policy.issues.front().remedy;
}

TEST(Snippets, NameTheKeysThatSayTheSame) {
  EXPECT_THAT(
      remedy_for("more_set_headers \"X-Frame-Options: DENY\";\nadd_header X-A 'a;b' always;"),
      HasSubstr("write what it says in gatehouse.dev/response-headers, and remove it"));
  EXPECT_THAT(remedy_for("# why\nproxy_set_header X-A $host; proxy_hide_header Server;\n"),
              HasSubstr("gatehouse.dev/hidden-headers and gatehouse.dev/request-headers"));
  EXPECT_THAT(remedy_for("return 301 https://a.example$request_uri;"),
              HasSubstr("gatehouse.dev/permanent-redirect"));
  EXPECT_THAT(remedy_for("allow 10.0.0.0/8;\ndeny all;"),
              HasSubstr("gatehouse.dev/allowlist-source-range,"));
  EXPECT_THAT(remedy_for("return 403;"), HasSubstr("gatehouse.dev/fixed-answer"));
  EXPECT_THAT(remedy_for("deny 192.0.2.1;"), HasSubstr("gatehouse.dev/denylist-source-range"));
  EXPECT_THAT(remedy_for("client_max_body_size 8m;\nproxy_read_timeout 60s;"),
              HasSubstr("gatehouse.dev/proxy-body-size and gatehouse.dev/proxy-read-timeout,"));
}

TEST(Snippets, ThatKeepPeopleOutOfAPathNameTheAnswerThatDoesTheSame) {
  for (const char* snippet :
       {"location /admin { deny all; }", "location = /admin{deny all;}",
        "location ~ \\.php$ { return 403; }", "location ~* ^/(api|admin)/ {\n  return 404;\n}\n",
        "# why\nlocation ^~ \"/a b\" { deny all; } location /b { return 403; }"}) {
    EXPECT_THAT(remedy_for(snippet), HasSubstr("gatehouse.dev/fixed-answer,")) << snippet;
    EXPECT_THAT(remedy_for(snippet), HasSubstr("an Ingress of its own")) << snippet;
  }
  for (const char* snippet :
       {"location /admin { }", "location /admin { allow 10.0.0.0/8; deny all; }",
        "location /admin { deny all; ", "location /admin { return 200; }", "location { deny all; }",
        "location /a { location /b { deny all; } }", "location /a { deny all }",
        "server { deny all; }", "location ~ ^/a{2} { deny all; }", "} deny all;"}) {
    EXPECT_THAT(remedy_for(snippet), testing::Not(HasSubstr("fixed-answer"))) << snippet;
  }
}

TEST(Snippets, WithVariablesAreToldThatThereAreNone) {
  EXPECT_THAT(remedy_for("proxy_set_header X-A $host;"), HasSubstr("have no variables"));
  EXPECT_THAT(remedy_for("proxy_set_header X-A b;"), testing::Not(HasSubstr("no variables")));
  EXPECT_THAT(remedy_for("return 301 https://a.example$request_uri;"),
              testing::Not(HasSubstr("no variables")));
}

TEST(Snippets, WithAnythingElseInThemNameNone) {
  for (const char* snippet :
       {"if ($host = x) { return 403; }", "more_set_headers \"X: y\"; lua_code x;",
        "return 200 ok;", "add_header X-A 1", "add_header X-A \"1;",
        "location /x { deny all; root /; }", ";", "rewrite a b;", "add_header X \\n;"}) {
    EXPECT_THAT(remedy_for(snippet), testing::Not(HasSubstr("gatehouse.dev/"))) << snippet;
  }
}

}  // namespace
}  // namespace ingress::annotations
