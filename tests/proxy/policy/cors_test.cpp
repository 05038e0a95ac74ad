#include "proxy/policy/cors.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

config::Cors listing(std::vector<std::string> origins) {
  config::Cors cors;
  cors.origins = std::move(origins);
  std::sort(cors.origins.begin(), cors.origins.end());
  cors.credentials = true;
  cors.methods = "GET, PUT";
  cors.headers = "X-A";
  cors.max_age = 600;
  return cors;
}

std::string text_of(const Fields& fields) {
  std::string text;
  for (const http::Field& field : fields) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

std::string answered(const config::Cors& config, std::string_view origin, Fields fields = {}) {
  const Cors cors(config);
  cors.replace_in(fields, origin);
  return text_of(fields);
}

TEST(Cors, AdmitsTheOriginsOfTheListAndNoOthers) {
  const Cors cors(listing({"https://shop.example", "https://*.wild.example", "http://[::1]:3000",
                           "http://port.example:8080", "https://a.*.example"}));
  for (const char* origin :
       {"https://shop.example", "HTTPS://Shop.Example", "https://a.wild.example",
        "https://x.wild.example", "https://LONG-label_1.wild.example", "http://[::1]:3000",
        "http://port.example:8080"}) {
    EXPECT_TRUE(cors.admits(origin)) << origin;
  }
  for (const char* origin : {"",
                             "null",
                             "*",
                             "http://shop.example",
                             "https://shop.example:444",
                             "https://shop.example.evil.example",
                             "https://evilshop.example",
                             "https://sub.shop.example",
                             "https://wild.example",
                             "https://a.b.wild.example",
                             "http://a.wild.example",
                             "https://a.wild.example:8443",
                             "https://.wild.example",
                             "https://*.wild.example",
                             "https://a.wild.example.evil.example",
                             "https://evil.example/.wild.example",
                             "https://evil.example#.wild.example",
                             "https://shop.example/",
                             "http://port.example",
                             "http://port.example:80801",
                             "https://shop.example https://evil.example",
                             "evilhttps://shop.example",
                             "https://shop.example\t"}) {
    EXPECT_FALSE(cors.admits(origin)) << origin;
  }
  EXPECT_FALSE(cors.admits("https://" + std::string(400, 'a') + ".wild.example"));
}

TEST(Cors, AdmitsNobodyWhereTheListIsEmpty) {
  const Cors cors(listing({}));
  EXPECT_FALSE(cors.admits("https://shop.example"));
  EXPECT_FALSE(cors.admits(""));
  EXPECT_FALSE(cors.admits("null"));
}

TEST(Cors, AdmitsAnOpaqueOriginOnlyWhereItIsListed) {
  EXPECT_TRUE(Cors(listing({"null"})).admits("null"));
  config::Cors any = listing({});
  any.any_origin = true;
  EXPECT_FALSE(Cors(any).admits("null"));  // with credentials: whoever it is
  any.credentials = false;
  EXPECT_TRUE(Cors(any).admits("null"));
}

TEST(Cors, NamesTheOriginThatItAdmitsAsItWasSent) {
  EXPECT_EQ(answered(listing({"https://shop.example"}), "https://Shop.example"),
            "Vary: Origin\n"
            "Access-Control-Allow-Origin: https://Shop.example\n"
            "Access-Control-Allow-Credentials: true\n"
            "Access-Control-Allow-Methods: GET, PUT\n"
            "Access-Control-Allow-Headers: X-A\n"
            "Access-Control-Max-Age: 600\n");
}

TEST(Cors, SaysAStarOnlyWithoutCredentials) {
  config::Cors any = listing({});
  any.any_origin = true;
  EXPECT_EQ(answered(any, "https://a.example").find('*'), std::string::npos);
  EXPECT_EQ(answered(any, "https://a.example").rfind("Vary: Origin\n", 0), 0u);
  EXPECT_EQ(answered(any, ""), "Vary: Origin\n");
  EXPECT_EQ(answered(any, "https://a.example/x"), "Vary: Origin\n");
  any.credentials = false;
  any.methods.clear();
  any.headers.clear();
  for (const char* origin : {"", "https://a.example", "rubbish"}) {
    EXPECT_EQ(answered(any, origin),
              "Access-Control-Allow-Origin: *\nAccess-Control-Max-Age: 600\n");
  }
}

TEST(Cors, TakesOutWhatTheEndpointSays) {
  const Fields said = {{.name = "access-control-allow-origin", .value = "*"},
                       {.name = "Access-Control-Allow-Credentials", .value = "true"},
                       {.name = "ACCESS-CONTROL-ALLOW-METHODS", .value = "*"},
                       {.name = "Access-Control-Expose-Headers", .value = "X-Own"},
                       {.name = "Access-Control-Allow-Private-Network", .value = "true"},
                       {.name = "X-Own", .value = "1"},
                       {.name = "Vary", .value = "origin"}};
  const config::Cors cors = listing({"https://shop.example"});
  EXPECT_EQ(answered(cors, "https://evil.example", said), "X-Own: 1\nVary: origin\n");
  const std::string allowed = answered(cors, "https://shop.example", said);
  EXPECT_EQ(allowed,
            "Access-Control-Expose-Headers: X-Own\n"
            "Access-Control-Allow-Private-Network: true\n"
            "X-Own: 1\n"
            "Vary: origin\n"
            "Access-Control-Allow-Origin: https://shop.example\n"
            "Access-Control-Allow-Credentials: true\n"
            "Access-Control-Allow-Methods: GET, PUT\n"
            "Access-Control-Allow-Headers: X-A\n"
            "Access-Control-Max-Age: 600\n");
  config::Cors strict = cors;
  strict.credentials = false;
  strict.exposed_headers = "X-B";
  const std::string told = answered(strict, "https://shop.example", said);
  EXPECT_EQ(told.find("Credentials"), std::string::npos);
  EXPECT_EQ(told.find("Expose-Headers: X-Own"), std::string::npos);
  EXPECT_NE(told.find("Expose-Headers: X-B"), std::string::npos);
}

TEST(Cors, TakesTheOneOriginOfARequest) {
  EXPECT_EQ(origin_of({{.name = "origin", .value = "https://a.example"}}), "https://a.example");
  EXPECT_EQ(origin_of({}), "");
  EXPECT_EQ(origin_of({{.name = "Origin", .value = "https://a.example"},
                       {.name = "origin", .value = "https://b.example"}}),
            "");
  EXPECT_EQ(origin_of({{.name = "Origin", .value = std::string(400, 'a')}}), "");
}

TEST(Cors, TellsAPreflightByItsTwoFields) {
  const Fields both = {{.name = "Origin", .value = "https://a.example"},
                       {.name = "access-control-request-method", .value = "PUT"}};
  EXPECT_TRUE(is_preflight(http::Method::options, both));
  EXPECT_FALSE(is_preflight(http::Method::get, both));
  EXPECT_FALSE(is_preflight(http::Method::options, {both[0]}));
  EXPECT_FALSE(is_preflight(http::Method::options, {both[1]}));
}

}  // namespace
}  // namespace proxy::policy
