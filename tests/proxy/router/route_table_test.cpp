#include "proxy/router/route_table.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::router {
namespace {

using config::FixedAnswer;
using config::PathMatch;
using config::ProxyConfig;
using config::Route;
using config::VirtualHost;

// A route whose answer carries its own text as the reason, so that a test sees which one it was.
Route route(PathMatch match, std::string path) {
  const std::string name = (match == PathMatch::exact ? "exact " : "prefix ") + path;
  return {match, std::move(path), FixedAnswer{503, name}};
}
Route prefix(std::string path) {
  return route(PathMatch::prefix, std::move(path));
}
Route exact(std::string path) {
  return route(PathMatch::exact, std::move(path));
}

VirtualHost host_with(std::vector<Route> routes) {
  VirtualHost host;
  host.routes = std::move(routes);
  return host;
}

std::string reason(const Target* target) {
  return target == nullptr ? "404" : target->reason;
}

// KEP-1453, "Path matching": its table, row by row.
TEST(RouteTable, MatchesPathsAsTheKepSays) {
  struct {
    std::vector<Route> routes;
    std::vector<std::string> paths;
    std::string expected;
  } rows[] = {
      {{prefix("/")}, {"/", "/anything", "/a/b/c"}, "prefix /"},
      {{exact("/foo")}, {"/foo"}, "exact /foo"},
      {{exact("/foo")}, {"/bar"}, "404"},
      {{exact("/foo")}, {"/foo/"}, "404"},
      {{exact("/foo/")}, {"/foo"}, "404"},
      {{prefix("/foo")}, {"/foo", "/foo/"}, "prefix /foo"},
      {{prefix("/foo/")}, {"/foo", "/foo/"}, "prefix /foo/"},
      {{prefix("/aaa/bb")}, {"/aaa/bbb"}, "404"},
      {{prefix("/aaa/bbb")}, {"/aaa/bbb"}, "prefix /aaa/bbb"},
      {{prefix("/aaa/bbb/")}, {"/aaa/bbb"}, "prefix /aaa/bbb/"},
      {{prefix("/aaa/bbb")}, {"/aaa/bbb/"}, "prefix /aaa/bbb"},
      {{prefix("/aaa/bbb")}, {"/aaa/bbb/ccc"}, "prefix /aaa/bbb"},
      {{prefix("/aaa/bbb")}, {"/aaa/bbbxyz"}, "404"},
      {{prefix("/"), prefix("/aaa")}, {"/aaa/ccc"}, "prefix /aaa"},
      {{prefix("/"), prefix("/aaa"), prefix("/aaa/bbb")}, {"/aaa/bbb"}, "prefix /aaa/bbb"},
      {{prefix("/"), prefix("/aaa"), prefix("/aaa/bbb")}, {"/ccc"}, "prefix /"},
      {{prefix("/aaa")}, {"/ccc"}, "404"},
      {{prefix("/foo"), exact("/foo")}, {"/foo"}, "exact /foo"},
  };
  for (const auto& row : rows) {
    const Host host(host_with(row.routes), {});
    for (const std::string& path : row.paths) {
      EXPECT_EQ(reason(host.find(path)), row.expected) << path;
    }
  }
}

TEST(RouteTable, PathsAreCaseSensitive) {
  const Host host(host_with({prefix("/Foo"), exact("/Bar")}), {});
  EXPECT_EQ(reason(host.find("/foo")), "404");
  EXPECT_EQ(reason(host.find("/bar")), "404");
}

TEST(RouteTable, TheDefaultActionAnswersWhatNoPathMatches) {
  VirtualHost rules = host_with({prefix("/aaa")});
  rules.default_action = FixedAnswer{503, "default"};
  const Host host(rules, {});
  EXPECT_EQ(reason(host.find("/ccc")), "default");
  EXPECT_EQ(reason(host.find("/aaa")), "prefix /aaa");
}

TEST(RouteTable, OfTwoRulesForOnePathTheFirstCounts) {
  VirtualHost rules = host_with({prefix("/foo/"), prefix("/foo")});
  EXPECT_EQ(reason(Host(rules, {}).find("/foo")), "prefix /foo/");
}

TEST(RouteTable, ARuleInUnicodeMatchesTheEscapedPath) {
  const Host host(host_with({prefix("/caf\xc3\xa9"), exact("/%7euser")}), {});
  EXPECT_EQ(reason(host.find("/caf%C3%A9/menu")), "prefix /caf\xc3\xa9");
  EXPECT_EQ(reason(host.find("/~user")), "exact /%7euser");
}

TEST(RouteTable, LongPathsMeetLongRules) {
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "/x";
  const Host host(host_with({prefix(deep), prefix("/x/x")}), {});
  EXPECT_EQ(reason(host.find(deep + "/y")), "prefix " + deep);
  EXPECT_EQ(reason(host.find(deep.substr(2))), "prefix /x/x");
}

ProxyConfig config_with(const std::vector<std::string>& hosts) {
  ProxyConfig config;
  for (const std::string& name : hosts) {
    VirtualHost host;
    host.default_action = FixedAnswer{503, name};
    config.hosts[name] = std::make_shared<const VirtualHost>(host);
  }
  return config;
}

std::string host_found(const RouteTable& table, std::string_view host) {
  const Host* const found = table.find_host(host);
  return found == nullptr ? "none" : found->find("/")->reason;
}

TEST(RouteTable, AnExactHostBeatsAWildcardAndAWildcardBeatsNone) {
  const RouteTable table(config_with({"shop.example", "*.shop.example", ""}));
  EXPECT_EQ(host_found(table, "shop.example"), "shop.example");
  EXPECT_EQ(host_found(table, "a.shop.example"), "*.shop.example");
  EXPECT_EQ(host_found(table, "other.example"), "");
  EXPECT_EQ(host_found(table, ""), "");
}

TEST(RouteTable, AWildcardCoversExactlyOneLabel) {
  const RouteTable table(config_with({"*.shop.example"}));
  EXPECT_EQ(host_found(table, "a.shop.example"), "*.shop.example");
  EXPECT_EQ(host_found(table, "a.b.shop.example"), "none");
  EXPECT_EQ(host_found(table, "shop.example"), "none");
  EXPECT_EQ(host_found(table, ".shop.example"), "none");
}

TEST(RouteTable, CasePortAndOneTrailingDotDoNotCount) {
  const RouteTable table(config_with({"shop.example", "::1"}));
  for (const char* host : {"SHOP.Example", "shop.example:8443", "shop.example.", "Shop.example.:80",
                           "shop.example:"}) {
    EXPECT_EQ(host_found(table, host), "shop.example") << host;
  }
  EXPECT_EQ(host_found(table, "shop.example.."), "none");
  EXPECT_EQ(host_found(table, "[::1]:443"), "::1");
  EXPECT_EQ(host_found(table, std::string(300, 'a')), "none");
}

TEST(RouteTable, ThereIsNoFallThroughToAnotherHost) {
  ProxyConfig config = config_with({"*.shop.example", ""});
  config.hosts["a.shop.example"] = std::make_shared<const VirtualHost>(host_with({exact("/only")}));
  const RouteTable table(config);
  EXPECT_EQ(table.find_host("a.shop.example")->find("/other"), nullptr);
}

TEST(RouteTable, ForwardNamesTheClusterByPosition) {
  ProxyConfig config;
  for (const char* id : {"a", "b", "c"}) {
    config.clusters[id] = std::make_shared<const config::Cluster>();
  }
  VirtualHost host;
  host.routes.push_back({PathMatch::prefix, "/", config::Forward{"b"}, 1000});
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const RouteTable table(config);
  const Target* const target = table.find_host("h")->find("/");
  ASSERT_LT(target->cluster, table.clusters().size());
  EXPECT_EQ(table.clusters()[target->cluster].id, "b");
  EXPECT_EQ(table.clusters()[target->cluster].cluster, config.clusters["b"]);
  EXPECT_EQ(target->body_bytes_max, 1000u);
}

ProxyConfig with_challenge() {
  ProxyConfig config = config_with({"shop.example"});
  VirtualHost host = *config.hosts["shop.example"];
  host.https_redirect = true;
  config.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
  config.challenges["tok-1"] = std::make_shared<const config::ChallengeAnswer>(
      config::ChallengeAnswer{"shop.example", "tok-1.thumb"});
  return config;
}

TEST(Challenge, IsAnsweredForItsHostAndItsExactPathOnly) {
  const RouteTable table(with_challenge());
  const std::string path = "/.well-known/acme-challenge/tok-1";
  ASSERT_NE(table.find_challenge("Shop.Example:80", path), nullptr);
  EXPECT_EQ(*table.find_challenge("shop.example", path), "tok-1.thumb");
  EXPECT_EQ(table.find_challenge("other.example", path), nullptr);
  EXPECT_EQ(table.find_challenge("shop.example", path + "/"), nullptr);
  EXPECT_EQ(table.find_challenge("shop.example", path + "x"), nullptr);
  EXPECT_EQ(table.find_challenge("shop.example", "/x" + path), nullptr);
  EXPECT_EQ(table.find_challenge("shop.example", "/.well-known/acme-challenge/"), nullptr);
}

Decision decided(const RouteTable& table, const RequestLine& request) {
  std::string storage;
  return decide(table, request, storage);
}

TEST(Decide, TheChallengeComesBeforeTheRedirect) {
  const RouteTable table(with_challenge());
  const Decision challenge =
      decided(table, {.host = "shop.example", .path = "/.well-known/acme-challenge/tok-1"});
  EXPECT_EQ(challenge.kind, Decision::Kind::challenge);
  EXPECT_EQ(*challenge.challenge, "tok-1.thumb");
  // A token that we do not hold is nothing special.
  const Decision unknown =
      decided(table, {.host = "shop.example", .path = "/.well-known/acme-challenge/other"});
  EXPECT_EQ(unknown.kind, Decision::Kind::redirect);
  EXPECT_EQ(unknown.status, 308);
}

TEST(Decide, AChallengeNeedsNoRuleForItsHost) {
  ProxyConfig config;
  config.challenges["t"] =
      std::make_shared<const config::ChallengeAnswer>(config::ChallengeAnswer{"new.example", "a"});
  const RouteTable table(config);
  EXPECT_EQ(decided(table, {.host = "new.example", .path = "/.well-known/acme-challenge/t"}).kind,
            Decision::Kind::challenge);
}

TEST(Decide, PlainHttpIsRedirectedAndTlsIsNot) {
  const RouteTable table(with_challenge());
  EXPECT_EQ(decided(table, {.host = "shop.example", .path = "/"}).kind, Decision::Kind::redirect);
  const Decision secure = decided(table, {.host = "shop.example", .path = "/", .secure = true});
  EXPECT_EQ(secure.kind, Decision::Kind::answer);
  EXPECT_EQ(secure.reason, "shop.example");
}

TEST(Decide, EachRefusalHasItsOwnReason) {
  ProxyConfig config = with_challenge();
  VirtualHost routes = host_with({prefix("/a")});
  config.hosts["routes.example"] = std::make_shared<const VirtualHost>(routes);
  VirtualHost redirects;
  redirects.https_redirect = true;
  config.hosts[""] = std::make_shared<const VirtualHost>(redirects);
  const RouteTable table(config);
  struct {
    RequestLine request;
    int status;
    std::string_view reason;
  } cases[] = {
      {{"routes.example", "/b", false}, 404, "no_path"},
      {{"routes.example", "/a/%00", false}, 400, "bad_path"},
      {{"routes.example", "/a/../../b", false}, 400, "bad_path"},
      {{"routes.example", "/a/b", false}, 503, "prefix /a"},
      {{"routes.example", "/b/../a", false}, 503, "prefix /a"},
      {{"", "/", false}, 400, "missing_host"},
  };
  for (const auto& c : cases) {
    const Decision decision = decided(table, c.request);
    EXPECT_EQ(decision.kind, Decision::Kind::answer) << c.request.path;
    EXPECT_EQ(decision.status, c.status) << c.request.path;
    EXPECT_EQ(decision.reason, c.reason) << c.request.path;
  }
  const RouteTable empty{ProxyConfig()};
  EXPECT_EQ(decided(empty, {.host = "a", .path = "/"}).reason, "no_host");
}

TEST(Decide, AsteriskGoesToTheRoot) {
  ProxyConfig config;
  config.hosts["h"] = std::make_shared<const VirtualHost>(host_with({prefix("/")}));
  const RouteTable table(config);
  EXPECT_EQ(decided(table, {.host = "h", .path = "*"}).reason, "prefix /");
}

TEST(HttpsLocation, KeepsPathAndQueryAndReplacesThePort) {
  EXPECT_EQ(https_location("shop.example", "/a%20b", "?x=1", 443),
            "https://shop.example/a%20b?x=1");
  EXPECT_EQ(https_location("shop.example:8080", "/", "", 443), "https://shop.example/");
  EXPECT_EQ(https_location("shop.example:8080", "/", "", 8443), "https://shop.example:8443/");
  EXPECT_EQ(https_location("[::1]:80", "/", "", 443), "https://[::1]/");
  EXPECT_EQ(https_location("a", "*", "", 443), "https://a/");
}

}  // namespace
}  // namespace proxy::router
