#include "operator/ingress/annotations/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"
#include "proxy/config/origin.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::nginx;
using proxy::config::Cors;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// With enable-cors and these.
struct Read {
  Cors cors;
  Issues issues;
};
Read enabled(std::initializer_list<std::pair<const std::string, std::string>> pairs) {
  AnnotationMap map = nginx(pairs);
  map[std::string(kNginxPrefix) + "enable-cors"] = "true";
  Read read;
  const auto cors = read_cors(map, read.issues);
  EXPECT_TRUE(cors);
  if (cors) read.cors = *cors;
  return read;
}

TEST(CorsAnnotations, HaveTheDefaultsOfIngressNginx) {
  const Read read = enabled({});
  EXPECT_THAT(read.issues, IsEmpty());
  EXPECT_TRUE(read.cors.any_origin);
  EXPECT_EQ(read.cors.methods, "GET, PUT, POST, DELETE, PATCH, OPTIONS");
  EXPECT_EQ(read.cors.headers,
            "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,"
            "Content-Type,Range,Authorization");
  EXPECT_EQ(read.cors.exposed_headers, "");
  EXPECT_EQ(read.cors.max_age, 1'728'000u);
}

TEST(CorsAnnotations, SayNothingUnlessTheyAreEnabled) {
  Issues issues;
  EXPECT_FALSE(read_cors(nginx({}), issues));
  EXPECT_FALSE(read_cors(nginx({{"enable-cors", "false"}, {"cors-max-age", "5"}}), issues));
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_FALSE(read_cors(nginx({{"cors-max-age", "5"}}), issues));
  EXPECT_THAT(issues, ElementsAre(Field(&Issue::why, HasSubstr("without enable-cors"))));
  issues.clear();
  EXPECT_FALSE(read_cors(nginx({{"enable-cors", "yes"}}), issues));
  EXPECT_THAT(issues, SizeIs(1));
}

TEST(CorsAnnotations, TakeTheOriginsOfTheList) {
  const Read read =
      enabled({{"cors-allow-origin",
                " https://Shop.example:443, http://b.example:80,https://*.c.example:8443 ,null,"
                "https://shop.example"}});
  EXPECT_THAT(read.issues, IsEmpty());
  EXPECT_FALSE(read.cors.any_origin);
  EXPECT_THAT(read.cors.origins, ElementsAre("http://b.example", "https://*.c.example:8443",
                                             "https://shop.example", "null"));
  EXPECT_TRUE(enabled({{"cors-allow-origin", "https://a.example, *"}}).cors.any_origin);
}

TEST(CorsAnnotations, AWrongValueAdmitsLessAndIsTold) {
  for (const char* value :
       {"", " ", ",", "shop.example", "https://shop.example/", "https://shop.example/x",
        "https://*", "https://sh*p.example", "https://a.*.example", "~https://.*", ".*", "**",
        "https://a\r\nX-Evil: 1", "https://a.example https://b.example", "https://", "true"}) {
    const Read read = enabled({{"cors-allow-origin", value}});
    EXPECT_FALSE(read.cors.any_origin) << value;
    EXPECT_THAT(read.cors.origins, IsEmpty()) << value;
    EXPECT_THAT(read.issues, SizeIs(1)) << value;
  }
  const Read some = enabled({{"cors-allow-origin", "https://a.example,b.example"}});
  EXPECT_THAT(some.cors.origins, ElementsAre("https://a.example"));
  EXPECT_THAT(some.issues, ElementsAre(AllOf(Field(&Issue::effect, Issue::Effect::tunes),
                                             Field(&Issue::why, HasSubstr("\"b.example\"")))));
  for (const char* value : {"G ET", "GET;PUT", ",", "GET\r\nX: y", "(GET)"}) {
    const Read read = enabled({{"cors-allow-methods", value}});
    EXPECT_EQ(read.cors.methods, "") << value;
    EXPECT_THAT(read.issues, SizeIs(1)) << value;
  }
  for (const char* value : {"-1", "1h", "x", "9999999999", "1.5"}) {
    const Read read = enabled({{"cors-max-age", value}});
    EXPECT_EQ(read.cors.max_age, 0u) << value;
    EXPECT_THAT(read.issues, SizeIs(1)) << value;
  }
  const Read credentials =
      enabled({{"cors-allow-origin", "https://a.example"}, {"cors-allow-credentials", "yes"}});
  EXPECT_FALSE(credentials.cors.credentials);
  EXPECT_THAT(credentials.issues, SizeIs(1));
}

TEST(CorsAnnotations, AllowCredentialsToListedOriginsAlone) {
  EXPECT_FALSE(enabled({}).cors.credentials);
  EXPECT_FALSE(enabled({{"cors-allow-origin", "*"}}).cors.credentials);
  EXPECT_TRUE(enabled({{"cors-allow-origin", "https://a.example"}}).cors.credentials);
  const Read of_everybody = enabled({{"cors-allow-credentials", "true"}});
  EXPECT_FALSE(of_everybody.cors.credentials) << "every site could read what the users may";
  EXPECT_THAT(of_everybody.issues, SizeIs(1));
  EXPECT_FALSE(
      enabled({{"cors-allow-origin", "https://a.example"}, {"cors-allow-credentials", "false"}})
          .cors.credentials);
}

TEST(CorsAnnotations, KeepListsOfTokensAsTheyWereWritten) {
  const Read read = enabled({{"cors-allow-methods", " GET,PUT "},
                             {"cors-allow-headers", "X-A, X_B,Content-Type"},
                             {"cors-expose-headers", "*, X-C"},
                             {"cors-max-age", " 0 "}});
  EXPECT_THAT(read.issues, IsEmpty());
  EXPECT_EQ(read.cors.methods, "GET,PUT");
  EXPECT_EQ(read.cors.headers, "X-A, X_B,Content-Type");
  EXPECT_EQ(read.cors.exposed_headers, "*, X-C");
  EXPECT_EQ(read.cors.max_age, 0u);
  EXPECT_EQ(enabled({{"cors-allow-methods", "GET,\n PUT"}}).cors.methods, "GET, PUT");
  EXPECT_EQ(enabled({{"cors-allow-methods", "GET, P U T, PATCH"}}).cors.methods, "GET, PATCH");
}

TEST(CorsAnnotations, LeaveOutAStarThatWouldMeanNothingBesideCredentials) {
  const Read read = enabled({{"cors-allow-origin", "https://a.example"},
                             {"cors-allow-methods", "*"},
                             {"cors-expose-headers", "*, X-A"}});
  EXPECT_EQ(read.cors.methods, "");
  EXPECT_EQ(read.cors.exposed_headers, "X-A");
  EXPECT_THAT(read.issues, SizeIs(2));
}

TEST(CorsAnnotations, StayWithinWhatAConfigurationMayHave) {
  std::string many;
  for (int i = 0; i < 1500; ++i) many += "https://a" + std::to_string(i) + ".example,";
  const Read read = enabled({{"cors-allow-origin", many},
                             {"cors-allow-headers", std::string(5000, 'x')},
                             {"cors-allow-methods", std::string(5000, ',') + "GET"}});
  EXPECT_THAT(read.cors.origins, SizeIs(1000));
  EXPECT_EQ(read.cors.headers, "");
  EXPECT_EQ(read.cors.methods, "GET");
  EXPECT_THAT(read.issues, SizeIs(2));
}

TEST(CorsAnnotations, NeverRefuseAnIngress) {
  EXPECT_FALSE(
      read_route_policy(nginx({{"enable-cors", "true"}, {"cors-allow-origin", "?"}})).is_refused());
}

}  // namespace
}  // namespace ingress::annotations
