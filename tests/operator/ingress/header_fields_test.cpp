#include "operator/ingress/annotations/header_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"
#include "tests/operator/ingress/cluster_builder.h"

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

TEST(CustomHeaders, AreOfAConfigMapOfTheIngressesOwnNamespace) {
  const auto read_name = [](const std::string& value, Issues& issues) {
    const kube::Ingress ingress =
        ingress_test::an_ingress("shop/www")
            .annotation(std::string(kNginxPrefix) + "custom-headers", value)
            .get();
    const auto custom = read_custom_headers(ingress, issues);
    return custom ? custom->map.text() : "";
  };
  Issues none;
  EXPECT_EQ(read_name("fields", none), "shop/fields");
  EXPECT_EQ(read_name(" shop/fields ", none), "shop/fields");
  EXPECT_EQ(read_name("", none), "");
  EXPECT_THAT(none, IsEmpty());
  for (const auto& [value, why] :
       {std::pair("id/fields", "of another namespace"), std::pair("a b", "the name of a ConfigMap"),
        std::pair("/fields", "the name of a ConfigMap")}) {
    Issues issues;
    EXPECT_EQ(read_name(value, issues), "");
    EXPECT_THAT(issues, ElementsAre(testing::AllOf(Field(&Issue::why, HasSubstr(why)),
                                                   Field(&Issue::effect, Issue::Effect::tunes))));
  }
}

TEST(CustomHeaders, StandBesideTheFieldsOfAnnotationsWhichComeFirst) {
  const auto add = [](std::map<std::string, std::string> fields, Shape& shape) {
    Issues issues;
    add_custom_headers({{"shop", "fields"}, "custom-headers"}, fields, shape, issues);
    return issues;
  };
  Shape shape;
  shape.response_fields = {{"Server", ""}};
  EXPECT_THAT(add({{"X-A", " 1 $x \n"}, {"server", "map"}}, shape), IsEmpty());
  EXPECT_THAT(shape.response_fields,
              ElementsAre(FieldLine{"Server", ""}, FieldLine{"X-A", "1 $x"}));
  for (const auto& [name, value] :
       {std::pair("Content-Length", "1"), std::pair("X A", "1"), std::pair("X-A", " "),
        std::pair("X-A", "1\nX-B: 2"), std::pair("X-A", "caf\xc3\xa9")}) {
    Shape empty;
    EXPECT_THAT(add({{name, value}}, empty), testing::SizeIs(1)) << name;
    EXPECT_EQ(empty, Shape{}) << name;
  }
}

std::string remedy_for(const std::string& snippet) {
  const RoutePolicy policy =
      read_route_policy({{std::string(kNginxPrefix) + "configuration-snippet", snippet}});
  EXPECT_TRUE(policy.is_refused());
  return policy.issues.empty() ? "" : policy.issues.front().remedy;
}

struct SnippetRow {
  const char* snippet;
  const char* told;  // "": no key is named
};

TEST(Snippets, NameTheKeysThatSayTheSame) {
  for (const auto& [snippet, told] : std::initializer_list<SnippetRow>{
           {"more_set_headers \"X-Frame-Options: DENY\";\nadd_header X-A 'a;b' always;",
            "write what it says in gatehouse.dev/response-headers, and remove it"},
           {"more_set_headers \"X-A: \\\"q\\\"\";", "gatehouse.dev/response-headers,"},
           {"more_clear_headers Server 'X-Powered-By';", "gatehouse.dev/hidden-headers,"},
           {"expires 1d;", "gatehouse.dev/response-headers,"},
           {"# why\nproxy_set_header X-A b; proxy_hide_header Server;\n",
            "gatehouse.dev/hidden-headers and gatehouse.dev/request-headers,"},
           {"proxy_set_header Host web.internal;", "gatehouse.dev/upstream-vhost,"},
           {"proxy_set_header X-A \"${host}\";", "gatehouse.dev/request-headers,"},
           {"return 301 https://a.example$request_uri;", "gatehouse.dev/permanent-redirect,"},
           {"return 302 https://a.example;", "gatehouse.dev/temporal-redirect,"},
           {"return https://a.example/;", "gatehouse.dev/temporal-redirect,"},
           {"allow 10.0.0.0/8;\ndeny all;", "gatehouse.dev/allowlist-source-range,"},
           {"return 403;", "gatehouse.dev/fixed-answer,"},
           {"return 404 gone;", "gatehouse.dev/fixed-answer,"},
           {"return 200 'ok; all is {well}';", "gatehouse.dev/fixed-answer,"},
           {"deny 192.0.2.1;", "gatehouse.dev/denylist-source-range,"},
           {"client_max_body_size 8m;\nproxy_read_timeout 60s;",
            "gatehouse.dev/proxy-body-size and gatehouse.dev/proxy-read-timeout,"},
       }) {
    EXPECT_THAT(remedy_for(snippet), HasSubstr(told)) << snippet;
    EXPECT_THAT(remedy_for(snippet), testing::Not(HasSubstr("Ingress of its own"))) << snippet;
  }
}

TEST(Snippets, InTheVeryWordsOfGuidesForWhatIsDoneAnywayCloseNothing) {
  const auto is_refused = [](const char* key, const std::string& snippet, const char* url = "") {
    const RoutePolicy policy = read_route_policy({{std::string(kNginxPrefix) + key, snippet},
                                                  {std::string(kNginxPrefix) + "auth-url", url}});
    EXPECT_EQ(policy.issues.size(), 1u) << snippet;
    return policy.is_refused();
  };
  const char* const websockets =
      "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n"
      "proxy_set_header Connection \"Upgrade\";\nproxy_set_header Host $host;\n"
      "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
  EXPECT_FALSE(is_refused("configuration-snippet", websockets));
  EXPECT_FALSE(is_refused("server-snippet", "server_tokens off;"));
  EXPECT_TRUE(is_refused("stream-snippet", "server_tokens off;")) << "it is another place";
  for (const char* const snippet :
       {"proxy_set_header X-Forwarded-Proto https;", "proxy_set_header Host web.internal;",
        "proxy_set_header X-Forwarded-User $remote_user;", "proxy_set_header Connection close;",
        "proxy_set_header Upgrade $http_upgrade; deny all;", "proxy_http_version 1.0;",
        "proxy_set_header X-Real-IP $http_x_real_ip;", "location / { proxy_buffering off; }"}) {
    EXPECT_TRUE(is_refused("configuration-snippet", snippet)) << snippet;
  }
  const char* const host = "proxy_set_header X-Forwarded-Host $http_host;";
  EXPECT_FALSE(is_refused("auth-snippet", host, "http://outpost.auth.svc.cluster.local:9000/auth"));
  EXPECT_FALSE(is_refused("auth-snippet", host, "https://$host/oauth2/auth"));
  EXPECT_TRUE(is_refused("auth-snippet", host, "https://login.example/auth")) << "another host";
  EXPECT_TRUE(is_refused("auth-snippet", host, "https://login.svc-team.example.com/auth"));
  EXPECT_TRUE(is_refused("auth-snippet", host, "https://login.example?to=auth.id.svc"));
  // Behind a proxy that is trusted it is what that one says, and another address beside it.
  const char* const client = "proxy_set_header X-Forwarded-For $remote_addr;";
  EXPECT_TRUE(is_refused("configuration-snippet", client));
  EXPECT_TRUE(is_refused("auth-snippet", client, "http://outpost.auth.svc/auth"));
  EXPECT_TRUE(is_refused("auth-snippet", "proxy_set_header X-Forwarded-Host a.example;",
                         "http://outpost.auth.svc/auth"));
  EXPECT_TRUE(is_refused("auth-snippet", "proxy_set_header Authorization \"\";",
                         "http://outpost.auth.svc/auth"));
}

TEST(Snippets, OfWhatIsDoneAnywaySayThatNothingIsToBeWritten) {
  EXPECT_EQ(remedy_for("proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n"
                       "proxy_set_header Connection \"upgrade\";\n"
                       "proxy_set_header X-Forwarded-Proto https;\nproxy_set_header Host $host;\n"),
            "Configuration text is never taken from annotations; remove it to have it served: what "
            "it asks for is done anyway (HTTP/1.1 to backends, WebSockets, X-Forwarded-* and "
            "X-Real-IP and the client's Host).");
  EXPECT_THAT(
      remedy_for("proxy_set_header X-Real-IP $remote_addr; add_header X-A b;"),
      HasSubstr("gatehouse.dev/response-headers, and remove it, to have it served; the rest "
                "is done anyway (X-Forwarded-* and X-Real-IP)."));
}

TEST(Snippets, OfAPathOrAHostNameWhatAnIngressOfItsOwnSays) {
  for (const auto& [snippet, told] : std::initializer_list<SnippetRow>{
           {"location /admin { deny all; }", "gatehouse.dev/fixed-answer,"},
           {"location = /admin{deny all;}", "gatehouse.dev/fixed-answer,"},
           {"location ~ \\.php$ { return 403; }", "gatehouse.dev/fixed-answer,"},
           {"location ~* ^/(api|admin)/ {\n  access_log off;\n  return 404;\n}\n",
            "gatehouse.dev/fixed-answer,"},
           {"location ^~ \"/a b\" { deny all; } location /b { return 403; }",
            "gatehouse.dev/fixed-answer,"},
           {"location = /robots.txt { return 200 \"User-agent: *\\nDisallow: /\\n\"; }",
            "gatehouse.dev/fixed-answer,"},
           {"location /old { return 301 https://new.example$request_uri; }",
            "gatehouse.dev/permanent-redirect,"},
           {"location /admin { allow 10.0.0.0/8; deny all; }",
            "gatehouse.dev/allowlist-source-range,"},
           {"if ($host = 'old.example') { return 301 https://new.example$request_uri; }",
            "gatehouse.dev/permanent-redirect,"},
           {"if ($host ~* ^www\\.(.*)$) { return 302 https://a.example; }",
            "gatehouse.dev/temporal-redirect,"},
           {"if ( $request_uri ~* \"/(metrics|admin)\" ) { return 403; }",
            "gatehouse.dev/fixed-answer,"},
           {"if ($uri ~ \\.env$) {\n  return 404;\n}", "gatehouse.dev/fixed-answer,"},
       }) {
    EXPECT_THAT(remedy_for(snippet), HasSubstr(told)) << snippet;
    EXPECT_THAT(remedy_for(snippet), HasSubstr("an Ingress of its own")) << snippet;
  }
}

TEST(Snippets, OfAConditionNameTheKeyThatIsAboutWhatItAsks) {
  for (const auto& [snippet, told] : std::initializer_list<SnippetRow>{
           {"if ($scheme = http) { return 301 https://$host$request_uri; }",
            "gatehouse.dev/force-ssl-redirect,"},
           {"if ($http_x_forwarded_proto != 'https') { return 308 https://$host$request_uri; }",
            "gatehouse.dev/force-ssl-redirect,"},
           {"if ($remote_addr = 192.0.2.1) { return 403; }",
            "gatehouse.dev/denylist-source-range,"},
           {"if ($remote_addr != 192.0.2.1) { return 403; }",
            "gatehouse.dev/allowlist-source-range,"},
           {"if ($request_method = OPTIONS) { return 204; }", "gatehouse.dev/enable-cors,"},
       }) {
    EXPECT_THAT(remedy_for(snippet), HasSubstr(told)) << snippet;
  }
}

TEST(Snippets, WithVariablesAreToldThatThereAreNone) {
  EXPECT_THAT(remedy_for("proxy_set_header X-A $host;"), HasSubstr("have no variables"));
  EXPECT_THAT(remedy_for("proxy_set_header X-A b;"), testing::Not(HasSubstr("no variables")));
  EXPECT_THAT(remedy_for("return 301 https://a.example$request_uri;"),
              testing::Not(HasSubstr("no variables")));
}

TEST(Snippets, WithSomethingElseInThemNameTheKeysAndWhatHasNone) {
  const std::string told = remedy_for(
      "more_set_headers \"X: y\";\nrewrite ^/a /b last;\nrewrite ^/c /d last;\n"
      "if ($http_user_agent ~* bot) { return 403; }\n"
      "location ~ ^/(build|tests)/ { deny all; }\nlocation /x { root /; }");
  EXPECT_THAT(told, HasSubstr("write what it says in gatehouse.dev/fixed-answer and "
                              "gatehouse.dev/response-headers, and remove it"));
  EXPECT_THAT(told, HasSubstr("Nothing here takes the place of if ($http_user_agent ~* bot), "
                              "location /x and rewrite: see that you can do without."));
  EXPECT_THAT(told, HasSubstr("an Ingress of its own"));
  EXPECT_THAT(remedy_for("proxy_http_version 1.1; lua_code x;"),
              testing::Not(HasSubstr("is done anyway")))
      << "what is done anyway is no reason to remove the rest";
  std::string much = "deny all;";
  for (int i = 0; i < 7; ++i) much += "lua_" + std::to_string(i) + " x;";
  EXPECT_THAT(remedy_for(much), testing::Not(HasSubstr("gatehouse.dev/")));
}

TEST(Snippets, WithAnythingElseInThemNameNone) {
  for (const std::string& snippet : std::initializer_list<std::string>{
           "add_header X-A 1",
           "add_header X-A \"1;",
           "add_header X-A \"1\\\";",
           "location /x { deny all; root /; }",
           ";",
           "{ }",
           "}",
           "# only",
           "rewrite a b;",
           "return;",
           "return 100;",
           "return 301;",
           "return 200 a b;",
           "return 999;",
           "location /admin { }",
           "location /admin { deny all; ",
           "location /admin { deny all }",
           "location { deny all; }",
           "location /a { location /b { deny all; } }",
           "location /a { add_header X y; deny all; }",
           "server { deny all; }",
           "location ~ ^/a{2} { deny all; }",
           "} deny all;",
           "deny all; }",
           "if ($http_user_agent ~* bot) { return 403; }",
           "if ($host != a.example) { return 403; }",
           "if ($request_method = POST) { return 405; }",
           "if ($host = a) { rewrite ^ /b; }",
           "if ($host = a) { return 403; add_header X y; }",
           "if { return 403; }",
           "if ($remote_addr = 192.0.2.1) { return 301 https://a.example; }",
           "add_header X \"" + std::string(17000, 'a') + "\";"}) {
    EXPECT_THAT(remedy_for(snippet), testing::Not(HasSubstr("gatehouse.dev/"))) << snippet;
  }
  std::string many;
  for (int i = 0; i < 300; ++i) many += "deny all;";
  EXPECT_THAT(remedy_for(many), testing::Not(HasSubstr("gatehouse.dev/")));
}

}  // namespace
}  // namespace ingress::annotations
