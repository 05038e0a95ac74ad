#include "proxy/policy/auth_cache.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

using std::chrono::seconds;

const base::SteadyTime kNow{std::chrono::hours(1)};
const AuthPlace kPlace{"auth.svc", "/check", ""};

config::ExternalAuth settings(const std::string& key) {
  config::ExternalAuth auth;
  auth.host = "auth.svc";
  auth.target = "/check";
  auth.cache_key = key;
  auth.cached = {{200, 60}, {401, 5}};
  return auth;
}

AuthAnswer said(int status, const std::string& user = "ann") {
  AuthAnswer answer;
  answer.status = status;
  answer.user = user;
  answer.fresh_for = seconds(3600);
  return answer;
}

std::optional<AuthCache::Digest> digest(const AuthCache& cache, const std::string& key,
                                        const std::vector<http::Field>& fields,
                                        const AuthPlace& place = kPlace,
                                        std::string_view host = "shop.example") {
  RequestWords request;
  request.host = host;
  request.client_address = "192.0.2.7";
  request.fields = &fields;
  return cache.digest_of(ExternalAuth(settings(key), 1), place, request);
}

http::Field field(std::string_view name, std::string_view value) {
  return {.name = name, .value = value, .id = http::field_id(name)};
}

TEST(AuthCache, TellsClientsApartByWhatTheKeyNamesAndNothingElse) {
  const AuthCache cache;
  const std::string key = "$cookie_session$http_x_token";
  const auto one = digest(cache, key, {field("Cookie", "a=b; session=1")});
  EXPECT_TRUE(one);
  EXPECT_EQ(one, digest(cache, key, {field("Cookie", "session=1"), field("X-Other", "x")}));
  EXPECT_NE(one, digest(cache, key, {field("Cookie", "session=2")}));
  EXPECT_NE(one, digest(cache, key, {field("Cookie", "session=1; session=2")}));
  EXPECT_NE(one, digest(cache, key, {field("Cookie", "session=1"), field("X-Token", "1")}));
  EXPECT_NE(one, digest(cache, key, {field("X-Token", "1")}));
  EXPECT_NE(one, digest(cache, key, {field("Cookie", "session=1")}, {"auth.svc", "/other", ""}));
  EXPECT_NE(digest(cache, key, {field("Cookie", "session=%20")}),
            digest(cache, key, {field("Cookie", "session= ")}));
  EXPECT_EQ(digest(cache, "$remote_addr", {}), digest(cache, "$remote_addr", {}));
}

TEST(AuthCache, WhatWasSaidAboutOneHostCountsForNoOther) {
  const AuthCache cache;
  const std::vector<http::Field> fields = {field("Cookie", "session=1")};
  const auto on = [&](std::string_view host) {
    return digest(cache, "$cookie_session", fields, kPlace, host);
  };
  ASSERT_TRUE(on("shop.example"));
  EXPECT_NE(on("shop.example"), on("other.example"));
  EXPECT_EQ(on("shop.example"), on("SHOP.example"));
}

TEST(AuthCache, WhoShowsNothingOfTheKeyIsAskedAbout) {
  const AuthCache cache;
  const std::string key = "$host$remote_user$http_authorization";
  EXPECT_FALSE(digest(cache, key, {}));
  EXPECT_FALSE(digest(cache, key, {field("Authorization", "")}));
  EXPECT_FALSE(digest(cache, "$cookie_session", {field("Cookie", "session=")}));
  EXPECT_FALSE(digest(cache, "", {field("Cookie", "session=1")}));
  EXPECT_TRUE(digest(cache, key, {field("Authorization", "Bearer x")}));
}

TEST(AuthCache, KeepsAnAnswerForItsTimeAndForTheSettingsThatAsked) {
  AuthCache cache;
  const auto asked = std::make_shared<const config::ExternalAuth>(settings("$cookie_a"));
  const AuthCache::Digest one = *digest(cache, "$cookie_a", {field("Cookie", "a=1")});
  EXPECT_EQ(cache.find(one, *asked, kNow), nullptr);
  cache.add(one, asked, said(200), kNow);
  const config::ExternalAuth same = *asked;
  ASSERT_NE(cache.find(one, same, kNow + seconds(59)), nullptr);
  EXPECT_EQ(cache.find(one, same, kNow + seconds(59))->user, "ann");
  EXPECT_EQ(cache.find(one, *asked, kNow + seconds(60)), nullptr);
  EXPECT_EQ(cache.size(), 0u);
  cache.add(one, asked, said(401), kNow);
  EXPECT_EQ(cache.find(one, *asked, kNow + seconds(5)), nullptr);
  cache.add(one, asked, said(200), kNow);
  config::ExternalAuth other = *asked;
  other.copied = {{"X-User"}};
  EXPECT_EQ(cache.find(one, other, kNow), nullptr);
}

TEST(AuthCache, KeepsNothingThatDecidesNothingOrIsOneClients) {
  AuthCache cache;
  const auto asked = std::make_shared<const config::ExternalAuth>(settings("$cookie_a"));
  const AuthCache::Digest one = *digest(cache, "$cookie_a", {field("Cookie", "a=1")});
  AuthAnswer cookies = said(200), stale = said(200), large = said(200);
  cookies.cookies = {"a=2"};
  stale.fresh_for = seconds(0);
  large.copied = {{"X-A", std::string(20u << 10, 'a')}};
  for (const AuthAnswer& answer : {said(500), said(0), said(202), cookies, stale, large}) {
    cache.add(one, asked, said(200), kNow);
    cache.add(one, asked, answer, kNow);
    EXPECT_EQ(cache.find(one, *asked, kNow), nullptr) << answer.status;
    EXPECT_EQ(cache.bytes(), 0u);
  }
}

TEST(AuthCache, ForgetsWhatWasNotUsedForTheLongestOnceItIsFull) {
  AuthCache cache;
  const auto asked = std::make_shared<const config::ExternalAuth>(settings("$cookie_a"));
  const auto of = [&](std::size_t i) {
    AuthCache::Digest digest{};
    for (std::size_t at = 0; at < 8; ++at) digest.at(at) = static_cast<unsigned char>(i >> 8 * at);
    return digest;
  };
  for (std::size_t i = 0; i < AuthCache::kEntriesMax; ++i) cache.add(of(i), asked, said(200), kNow);
  EXPECT_NE(cache.find(of(0), *asked, kNow), nullptr);
  cache.add(of(AuthCache::kEntriesMax), asked, said(200), kNow);
  EXPECT_EQ(cache.size(), AuthCache::kEntriesMax);
  EXPECT_NE(cache.find(of(0), *asked, kNow), nullptr);
  EXPECT_EQ(cache.find(of(1), *asked, kNow), nullptr);
  AuthAnswer large = said(200);
  large.copied = {{"X-A", std::string(15u << 10, 'a')}};
  for (std::size_t i = 0; i < 1000; ++i) {
    cache.add(of(i), asked, large, kNow);
    ASSERT_LE(cache.bytes(), AuthCache::kBytesMax);
  }
}

}  // namespace
}  // namespace proxy::policy
