#include "proxy/router/route_table.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::router {
namespace {

using config::DefaultRoute;
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
  return target == nullptr ? "404" : target->rest().reason;
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
  rules.default_route = DefaultRoute{FixedAnswer{503, "default"}};
  const Host host(rules, {});
  EXPECT_EQ(reason(host.find("/ccc")), "default");
  EXPECT_EQ(reason(host.find("/aaa")), "prefix /aaa");
}

TEST(RouteTable, TheDefaultHasPoliciesAsARouteHas) {
  VirtualHost rules;
  rules.default_route =
      DefaultRoute{FixedAnswer{503, "default"}, config::Policies{.body_bytes_max = 7}};
  EXPECT_EQ(*Host(rules, {}).find("/ccc")->policies, *rules.default_route->policies);
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
    host.default_route = DefaultRoute{FixedAnswer{503, name}};
    config.hosts[name] = std::make_shared<const VirtualHost>(host);
  }
  return config;
}

std::string host_found(const RouteTable& table, std::string_view host) {
  const Host* const found = table.find_host(host);
  return found == nullptr ? "none" : found->find("/")->rest().reason;
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
  host.routes.push_back({PathMatch::prefix, "/", config::Forward{"b"}, config::Policies{1000}});
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const RouteTable table(config);
  const Target* const target = table.find_host("h")->find("/");
  EXPECT_EQ(target->cluster, table.clusters().at("b").place);
  EXPECT_EQ(table.clusters().at("b").cluster, config.clusters.at("b"));
  EXPECT_EQ(target->policies->body_bytes_max, 1000u);
}

std::shared_ptr<const VirtualHost> host_with_body_max(std::uint64_t bytes) {
  VirtualHost host;
  host.routes.push_back(
      {PathMatch::prefix, "/", config::Forward{"c"}, config::Policies{.body_bytes_max = bytes}});
  return std::make_shared<const VirtualHost>(host);
}

TEST(RouteTable, HostsWithTheSamePoliciesShareThemFromTableToTable) {
  ProxyConfig config;
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  for (const char* name : {"a", "b"}) config.hosts[name] = host_with_body_max(1000);
  config.hosts["other"] = host_with_body_max(1);
  const auto policies_of = [](const RouteTable& table, const char* host) {
    return &*table.find_host(host)->find("/")->policies;
  };
  const RouteTable table(config);
  EXPECT_EQ(policies_of(table, "a"), policies_of(table, "b"));
  EXPECT_NE(policies_of(table, "a"), policies_of(table, "other"));
  config.hosts["late"] = host_with_body_max(1000);
  config.hosts["plain"] = host_with_body_max(0);
  const RouteTable next(config, &table);
  EXPECT_EQ(policies_of(next, "late"), policies_of(table, "a"));
  EXPECT_EQ(policies_of(next, "plain"), &*base::Alike<config::Policies>());
}

TEST(RouteTable, HoweverManyPoliciesThereAreEachHostHasItsOwn) {
  constexpr std::uint64_t kHosts = 50;
  ProxyConfig config;
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  for (std::uint64_t i = 0; i < kHosts; ++i) {
    config.hosts["h" + std::to_string(i)] = host_with_body_max(i);
  }
  const RouteTable table(config);
  for (std::uint64_t i = 0; i < kHosts; ++i) {
    const Target* const target = table.find_host("h" + std::to_string(i))->find("/");
    EXPECT_EQ(target->policies->body_bytes_max, i);
  }
}

// One host "h" that is open but for its guards.
ProxyConfig guarded(const std::vector<Route>& guards, const std::vector<std::string>& open) {
  ProxyConfig config;
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  VirtualHost host = host_with(guards);
  for (const std::string& path : open) {
    host.routes.push_back({PathMatch::prefix, path, config::Forward{"c"}});
  }
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  return config;
}

// "open", or why not.
std::string outcome(const RouteTable& table, std::string_view path) {
  std::string storage;
  const Decision decision = decide(table, {.host = "h", .path = path, .secure = true}, storage);
  return decision.kind == Decision::Kind::forward ? "open" : std::string(decision.reason);
}

TEST(Guard, HoldsForEverySpellingThatSomeBackendTakesForItsPath) {
  const RouteTable table(guarded({prefix("/admin")}, {"/"}));
  for (const std::string_view path : {
           "/admin",
           "/admin/",
           "/admin/secret",
           "/%61dmin/secret",
           "/x/../admin/secret",
           "/x/%2e%2e/admin",
           "/./admin/secret",
           "/.//admin",
           "/.%2e/x/../admin",
           // Merged slashes, before dot segments go or after.
           "//admin/secret",
           "///admin/secret",
           "/x//../admin/secret",
           "/x//..//../admin",
           "/x//../../admin/secret",
           "/admin//secret",
           // Escaped separators.
           "/%2Fadmin/secret",
           "/%2f%2Fadmin",
           "/admin%2Fsecret",
           "/admin%2f",
           "/admin%5Csecret",
           "/%5cadmin",
           "/%5C%5Cadmin/secret",
           "/x%2F..%2Fadmin",
           "/x/..%2Fadmin/secret",
           "/x/..%2fadmin%2fsecret",
           "/x/..%5Cadmin/secret",
           "/x%5c..%5cadmin",
           "/x/%2e%2e%2fadmin",
           // Raw backslashes, should a parser let them through.
           "/\\admin",
           "/x\\..\\admin",
           "/admin\\secret",
           // Parameters.
           "/admin;v=1/secret",
           "/admin;/secret",
           "/;/admin",
           "/;x=1/admin",
           "/x;/..;/admin/secret",
           "/x/..;/admin",
           "/x/..;a=b/admin",
           "/admin%3Bx/secret",
           "/.;/admin",
           "/admin;%2Fx",
           "/x/%2e%2e;/admin",
           "/admin;x",
           "/x/..%3B/admin",
           "/admin/..;/admin",
           // Case, the end of a name, the end of a path.
           "/ADMIN/secret",
           "/Admin",
           "/%41dmin",
           "/admin./secret",
           "/admin.",
           "/admin%20/secret",
           "/admin%20",
           "/%20admin",
           "/admin.%20.",
           "/admin%3F",
           "/admin%3fx/secret",
           "/admin%23",
           "/admin%23x/secret",
           "/x/..%3F/admin",
           "/x/..%23/admin",
           // UTF-8 by its low bits alone.
           "/%c0%2fadmin",
           "/x%c0%2f../admin",
           "/x/%C0%2E%C0%2E/admin",
           "/admin%c0%2fsecret",
           "/%C1admin",
           "/%c0%6fadmin",
           "/x%C1%1C../admin",
           "/admin%C1%2Fsecret",
           "/%e0%80%2fadmin",
           // Decoded twice or more often.
           "/%2561dmin",
           "/%252561dmin/secret",
           "/%252Fadmin",
           "/admin%252Fsecret",
           "/x/%252e%252e/admin",
           "/x/..%252Fadmin",
           "/x/..%255Cadmin",
           "/admin%253Bx",
           "/admin%2500",
           "/admin%2509/secret",
           "/%250aadmin",
           "/%2525252525252561dmin",
           // Overlong UTF-8, and what other character sets make of it.
           "/%C0%AFadmin",
           "/admin%C0%AFsecret",
           "/x/%C0%AE%C0%AE/admin",
           "/x/..%E0%80%AFadmin",
           "/x/..%C1%9Cadmin",
           "/%C1%A1dmin",
           "/%EF%BC%8Fadmin",
           "/%EF%BD%81dmin",
           "/x/%EF%BC%8E%EF%BC%8E/admin",
           "/x/..%E2%88%95admin",
           "/adm%C4%B1n",
           "/adm%C4%B0n",
           // Letters that normalisation makes ASCII of: circled, mathematical (bold, script, double
           // struck, of one width), in parts of a word, raised, squared, as one letter for two.
           "/%e2%93%90dmin",
           "/%E2%92%B6dmin",
           "/%F0%9D%90%9A%F0%9D%90%9D%F0%9D%90%A6%F0%9D%90%A2%F0%9D%90%A7",
           "/%F0%9D%93%AAdmin/secret",
           "/%F0%9D%95%92dmin",
           "/%F0%9D%9A%8Admin",
           "/a%E2%85%86min",
           "/a%E2%85%BEmin",
           "/ad%E2%85%BFin",
           "/adm%E2%85%B0n",
           "/adm%E2%81%B1n",
           "/admi%E2%81%BF",
           "/%C2%AAdmin",
           "/%F0%9F%84%B0dmin",
           "/adm%E3%8F%8C",
           "/x/..%EF%BC%8Fadmin",
           "/x/%E2%80%A5/admin",
           "/%25E2%2593%2590dmin",
           "/x/..%C2%A5admin",
           // Characters that nobody sees.
           "/ad%C2%ADmin",
           "/admin%E2%80%8B",
           "/%EF%BB%BFadmin/secret",
           "/ad%E2%80%8Dmin",
           "/x/.%E2%80%8B./admin",
           // What is no UTF-8 is dropped, or taken for what it comes to.
           "/ad%ffmin",
           "/%FEadmin",
           "/admin%80",
           "/admin%80/secret",
           "/ad%c0min",
           "/ad%e2%93min",
           "/ad%ed%a0%80min",
           "/ad%f5%80%80%80min",
           "/ad%c0%afmin",
           "/x/.%ff./admin",
           "/x/..%ff/admin",
           "/ad%25ffmin",
           // "+" as a space.
           "/admin+",
           "/+admin",
           "/admin+/secret",
           "/x/..+/admin",
           "/admin%2B",
           // The streams of NTFS.
           "/admin::$INDEX_ALLOCATION",
           "/admin::$index_allocation/secret",
           "/admin:$I30:$INDEX_ALLOCATION/secret",
           "/admin%3A%3A%24INDEX_ALLOCATION",
           "/admin::$DATA",
           "/x/..::$INDEX_ALLOCATION/admin",
           // IIS's escapes of wide characters, alone or behind another layer.
           "/%u0061dmin",
           "/%25u0061dmin",
           "/%25uff41dmin",
           "/x/..%25u002fadmin",
           "/admin%25u003bx",
           "/%00admin",
           "/admin%00",
           // A backend that leaves dot segments where they are.
           "/admin/../x",
           "/admin/%2e%2e/x",
           "/admin/secret/../../x",
           "/admin/./../x",
           // What ".." takes away is a matter of what counts as an element.
           "/%252f/../admin%2f;a=b/../",
           "/x/%2F/../admin",
           "/admin/;a/..",
           "/y%2Fadmin/..",
       }) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
}

TEST(Guard, LetsPassWhatNoReadingPutsBehindIt) {
  const RouteTable table(guarded({prefix("/admin")}, {"/", "/v2"}));
  for (const std::string_view path :
       {"/", "//", "/v2/", "//v2/", "/v2//x", "/administrator", "/x/admin", "/admin-x", "/ad/min",
        "/x/../y", "/x/./y", "/caf%C3%A9", "/a%20b", "/a%2Fb", "/x%2Fadmin", "/x;y=1/z", "/a;b",
        "/Admins", "/admi", "/x.admin", "/a%252Fb", "/100%25", "/100%2525", "/.well-known/x",
        "/a.b", "/x/y.", "/x%5Cy", "/%E6%97%A5%E6%9C%AC", "/admin,x", "/admin~", "/admin.php",
        "/x/%3Fadmin", "/@scope%2Fname", "/A/B",
        // Letters that are what they are.
        "/%C3%A1dmin", "/%D0%B0dmin", "/stra%C3%9Fe", "/%F0%9F%98%80", "/%E2%93%A9dmin", "/caf%E9",
        "/%ff/x", "/ad%ff/min", "/search+admin", "/a+b", "/c++", "/admin+x", "/admin:x",
        "/admin:x/secret", "/v1/x:$y", "/$metadata", "/admin$"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
}

TEST(Guard, WhatCannotBeToldIsRefusedWithItsOwnReason) {
  const RouteTable table(guarded({prefix("/admin")}, {"/"}));
  for (const std::string_view path :
       {"/x/..%2Fy", "/x/..;/y", "/x/..%5Cy", "/x/%252e%252e/y", "/x;a=%2Fy", "/%2525252525252561",
        "/x//../../y", "/x/...%20/y", "/x/..%20/y"}) {
    EXPECT_EQ(outcome(table, path), "ambiguous_path") << path;
  }
  // Nothing is guarded here, so nothing can be walked around.
  const RouteTable open(guarded({}, {"/"}));
  for (const std::string_view path :
       {"/x/..%2Fy", "/x/..;/y", "/ADMIN", "/x;a=%2Fy", "/%e2%93%90", "/%ff", "/x/..+/y", "/c++",
        "/x::$DATA", "/%25u0061", "/%C0%AF"}) {
    EXPECT_EQ(outcome(open, path), "open") << path;
  }
}

TEST(Guard, ABackendThatCannotBeResolvedGuardsNothing) {
  for (const std::string reason :
       {"service_not_found", "port_not_found", "external_name", "resource_backend", "no_backend"}) {
    const Route broken{PathMatch::prefix, "/users", FixedAnswer{503, reason}};
    ProxyConfig config = guarded({broken}, {"/"});
    EXPECT_EQ(outcome(RouteTable(config), "/users/x"), reason);
    for (const std::string_view path : {"/USERS", "/x/..%2Fy", "/x;a=%2Fy", "/users;x"}) {
      EXPECT_EQ(outcome(RouteTable(config), path), "open") << path;
    }
    VirtualHost host = *config.hosts["h"];
    host.routes.push_back(prefix("/admin"));
    host.default_route = DefaultRoute{FixedAnswer{503, reason}};
    config.hosts["h"] = std::make_shared<const VirtualHost>(host);
    const RouteTable beside_a_guard(config);
    EXPECT_EQ(outcome(beside_a_guard, "/USERS"), "open");
    EXPECT_EQ(outcome(beside_a_guard, "/ADMIN"), "prefix /admin");
  }
}

TEST(Guard, OneWrittenWithAPlusOrBeyondAsciiHoldsForWhatOthersMakeOfIt) {
  const RouteTable table(
      guarded({prefix("/a+b"), prefix("/c++"), prefix("/caf\xc3\xa9"), prefix("/\xd0\xb0\xd0\xb4")},
              {"/"}));
  for (const std::string_view path :
       {"/a+b", "/a%20b", "/A%2Bb/x", "/a%2520b", "/c++", "/C++/x", "/c%2b%2B", "/caf%C3%A9",
        "/CAF%C3%89", "/caf%25C3%25A9/x", "/%D0%90%d0%94/x"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
  for (const std::string_view path : {"/c", "/c/x", "/c+", "/a", "/ab", "/a/b", "/caf", "/cafe"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
}

TEST(Guard, AnOpenPathInsideOfAGuardedOneStaysOpenHoweverItIsWritten) {
  const RouteTable table(guarded(
      {prefix("/")}, {"/c++", "/a+b", "/caf\xc3\xa9", "/x%FFy", "/\xe2\x93\x90", "/v1/x:list"}));
  for (const std::string_view path :
       {"/c++", "/c++/x", "/a+b/x", "/caf%C3%A9/x", "/x%FFy/z", "/%E2%93%90/x", "/v1/x:list"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
  for (const std::string_view path : {"/c", "/c/x", "/", "/caf", "/v1/x"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
}

TEST(Guard, AnExactOneHoldsForItsPathInEverySpelling) {
  const RouteTable table(guarded({exact("/admin"), exact("/x/Panel/")}, {"/"}));
  for (const std::string_view path :
       {"/admin", "//admin", "/ADMIN", "/admin;x", "/admin%3Fx/y", "/admin;x/y", "/admin%23",
        "/admin.", "/%61dmin", "/y/../admin", "/x/panel/", "/x/Panel/", "/x%2Fpanel/",
        "/x/panel%2F", "/x//panel/;y"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
  for (const std::string_view path : {"/admin/", "/admin/x", "/x/panel", "/x/Panel/y", "/x"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
}

// It is another path there, too, and a Prefix says both.
TEST(Guard, AnExactOneDoesNotHoldForItsPathWithASlashBehindItAsWithNginx) {
  const RouteTable table(guarded({exact("/admin"), prefix("/both")}, {"/"}));
  EXPECT_NE(outcome(table, "/admin"), "open");
  EXPECT_EQ(outcome(table, "/admin/"), "open");
  EXPECT_NE(outcome(table, "/both"), "open");
  EXPECT_NE(outcome(table, "/both/"), "open");
}

TEST(Guard, StandsOverLessSpecificRoutesOnly) {
  const RouteTable table(guarded({prefix("/admin"), prefix("/admin/public/x"), prefix("/Api")},
                                 {"/", "/admin/public", "/api"}));
  EXPECT_EQ(outcome(table, "/admin/public"), "open");
  EXPECT_EQ(outcome(table, "/admin//public/y"), "open");
  EXPECT_EQ(outcome(table, "/admin/public/x"), "prefix /admin/public/x");
  EXPECT_EQ(outcome(table, "/admin/public/X;y"), "prefix /admin/public/x");
  EXPECT_EQ(outcome(table, "/admin/PUBLIC"), "prefix /admin");
  EXPECT_EQ(outcome(table, "/ADMIN/publi%2563"), "prefix /admin");
  EXPECT_EQ(outcome(table, "/admin/public/../y"), "prefix /admin");
  // Two rules that differ in case alone are told apart by those who wrote them.
  EXPECT_EQ(outcome(table, "/api/z"), "open");
  EXPECT_EQ(outcome(table, "/Api/z"), "prefix /Api");
  EXPECT_EQ(outcome(table, "/aPI/z"), "prefix /Api");
}

TEST(Guard, ARefusedRootOrDefaultHoldsForWhatLeavesAnOpenPath) {
  ProxyConfig config = guarded({}, {"/public"});
  VirtualHost host = *config.hosts["h"];
  host.default_route = DefaultRoute{FixedAnswer{503, "default"}};
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const RouteTable with_default(config);
  const RouteTable with_root(guarded({prefix("/")}, {"/public"}));
  for (const RouteTable* const table : {&with_default, &with_root}) {
    EXPECT_EQ(outcome(*table, "/public/x"), "open");
    EXPECT_EQ(outcome(*table, "/public/X%2Fy;z"), "open");
    for (const std::string_view path :
         {"/public/../x", "/x/../public", "/public/..%2Fx", "/public/..;/x",
          "/public/x//../../../y", "/PUBLIC/x", "/public%2Fx"}) {
      EXPECT_NE(outcome(*table, path), "open") << path;
    }
  }
}

ProxyConfig closed_by(const std::string& expression, const std::vector<std::string>& open) {
  ProxyConfig config = guarded({}, open);
  VirtualHost host = *config.hosts["h"];
  host.closed.push_back({expression, FixedAnswer{503, "closed"}});
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  return config;
}

TEST(Guard, AClosedExpressionHoldsForEverySpellingOfWhatItMatches) {
  const RouteTable table(closed_by("/api/v[0-9]+/internal/.*", {"/", "/api/v1"}));
  for (const std::string_view path :
       {"/api/v1/internal/x", "/api/v22/internal/", "/API/V1/Internal/x", "//api//v1/internal/x",
        "/api%2Fv1%2Finternal%2Fx", "/api/v1;a=b/internal/x", "/api/v%31/internal/",
        "/x/../api/v1/internal/", "/api/v1/x/..%2Finternal/x", "/api%5Cv1/internal/x",
        "/api/v1/internal/../y", "/api/v%2531/internal/x", "/api/v1/internal/%3Fx",
        "/api/v1/internal./x"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
  for (const std::string_view path :
       {"/", "/api/v1", "/api/v1/public", "/api/vx/internal/x", "/x/api/v1/internal/x",
        "/api/v1/internals", "/API/v1/Public", "/a%2Fb"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
}

TEST(Guard, AnExpressionMayBeginWithAGroupOrLookAtCharactersThatOthersCut) {
  const RouteTable group(closed_by("/(admin|wp-(login|admin))(.*)", {"/"}));
  EXPECT_EQ(outcome(group, "/wp-login.php"), "closed");
  EXPECT_EQ(outcome(group, "/%41dmin"), "closed");
  EXPECT_EQ(outcome(group, "/public"), "open");
  const RouteTable space(closed_by("/a b;c", {"/"}));
  EXPECT_EQ(outcome(space, "/a%20b;c"), "closed");
}

TEST(Guard, ARouteWithALongerPathThanTheExpressionIsExcepted) {
  const RouteTable table(closed_by("/wp-.*", {"/", "/wp-content/uploads"}));
  EXPECT_EQ(outcome(table, "/wp-content/uploads/a.png"), "open");
  EXPECT_EQ(outcome(table, "/wp-content/x"), "closed");
  EXPECT_EQ(outcome(table, "/WP-content/uploads/a.png"), "closed");
  EXPECT_EQ(outcome(table, "/wp-content/uploads/../x"), "closed");
}

// RE2 simulates all of these where they meet a path like that, and each request would keep its
// worker from all others for many seconds.
TEST(Guard, APathThatWouldTakeTooLongToCompareIsRefused) {
  const std::string path = "/" + std::string(8'000, 'a');
  ProxyConfig config;
  VirtualHost host = host_with({prefix("/")});
  host.routes[0].action = config::Forward{"c"};
  for (int i = 0; i < 100; ++i) {
    host.closed.push_back({"/.*[ab].{900}x" + std::to_string(i), FixedAnswer{503, "closed"}});
  }
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  EXPECT_EQ(outcome(RouteTable(config), path), "ambiguous_path");
  EXPECT_EQ(outcome(RouteTable(config), "/%61" + path), "ambiguous_path");
  EXPECT_EQ(outcome(RouteTable(config), "/a"), "open");
  // Likewise where they are routes.
  host.closed.clear();
  for (int i = 0; i < 100; ++i) {
    host.expressions.push_back({"/.*[ab].{900}x" + std::to_string(i), config::Forward{"c"}});
  }
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  EXPECT_EQ(outcome(RouteTable(config), path), "ambiguous_path");
  EXPECT_EQ(outcome(RouteTable(config), "/a"), "open");
}

TEST(Guard, ALongPathIsComparedWithAsManyExpressionsAsAHostMostlyHas) {
  ProxyConfig config = closed_by("/admin(/|$)(.*)", {"/"});
  VirtualHost host = *config.hosts["h"];
  for (int i = 0; i < 10; ++i) {
    host.expressions.push_back({"/pay" + std::to_string(i) + "(/|$)(.*)", config::Forward{"c"}});
  }
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const std::string rest(4'000, 'a');
  EXPECT_EQ(outcome(RouteTable(config), "/pay3/" + rest), "open");
  EXPECT_EQ(outcome(RouteTable(config), "/ADMIN/" + rest), "closed");
}

TEST(Guard, AnExpressionThatCannotBeComparedClosesItsHost) {
  const RouteTable table(closed_by("/(?!public).*", {"/", "/public"}));
  for (const std::string_view path : {"/", "/public", "/x", "/public/y"}) {
    EXPECT_EQ(outcome(table, path), "closed") << path;
  }
}

// The answer of each route is its text as the reason.
Host with_expressions(const std::vector<std::string>& expressions, std::vector<Route> routes) {
  VirtualHost host = host_with(std::move(routes));
  for (const std::string& text : expressions) {
    host.expressions.push_back({text, FixedAnswer{503, text}});
  }
  return Host(host, {});
}

TEST(ExpressionRoute, TheLongestTextThatMatchesIsTakenAsNginxTakesIt) {
  const Host host = with_expressions({"/x/.*", "/x/[a-z]+/.*", "/x/b", "/x/a"}, {});
  EXPECT_EQ(reason(host.find("/x/a/b")), "/x/[a-z]+/.*");
  EXPECT_EQ(reason(host.find("/X/A/B")), "/x/[a-z]+/.*");
  EXPECT_EQ(reason(host.find("/x/1")), "/x/.*");
  EXPECT_EQ(reason(host.find("/x/a")), "/x/.*");
  EXPECT_EQ(reason(host.find("/y/x/1")), "404");
}

TEST(ExpressionRoute, APlainPathComesFirstWhereItIsExactOrNotShorter) {
  const Host host = with_expressions(
      {"/api/(.*)"}, {prefix("/"), prefix("/api/longer"), prefix("/api/same"), exact("/api/x")});
  EXPECT_EQ(reason(host.find("/api/a")), "/api/(.*)");
  EXPECT_EQ(reason(host.find("/api/longer/a")), "prefix /api/longer");
  EXPECT_EQ(reason(host.find("/api/same/a")), "prefix /api/same");
  EXPECT_EQ(reason(host.find("/api/x")), "exact /api/x");
  EXPECT_EQ(reason(host.find("/b")), "prefix /");
}

TEST(ExpressionRoute, OneThatGuardsHoldsForEverySpelling) {
  ProxyConfig config = guarded({}, {"/"});
  VirtualHost open = *config.hosts["h"];
  open.expressions.push_back({"/admin(/|$)(.*)", FixedAnswer{503, "closed"}});
  config.hosts["h"] = std::make_shared<const VirtualHost>(open);
  const RouteTable table(config);
  for (const std::string_view path : {"/admin", "/ADMIN/x", "//admin/", "/%61dmin", "/admin%2Fx",
                                      "/admin;a=b/x", "/x/..%2Fadmin", "/admin%5Cx"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
  for (const std::string_view path : {"/", "/administrator", "/x/admin"}) {
    EXPECT_EQ(outcome(table, path), "open") << path;
  }
}

TEST(ExpressionRoute, AnExactGuardStandsOverItInEverySpelling) {
  ProxyConfig config = guarded({exact("/x/secret")}, {});
  VirtualHost host = *config.hosts["h"];
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  host.expressions.push_back({"/x(/|$)(.*)", config::Forward{"c"}});
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const RouteTable table(config);
  EXPECT_EQ(outcome(table, "/x/a"), "open");
  for (const std::string_view path : {"/x/secret", "/x/Secret", "/x%2Fsecret", "/x//secret"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
}

TEST(Guard, OneWrittenInAnOddSpellingHoldsForThePlainOne) {
  const RouteTable table(
      guarded({prefix("/Admin"), prefix("/a%20b"), prefix("/caf\xc3\xa9")}, {"/"}));
  for (const std::string_view path : {"/admin", "/Admin", "/ADMIN/x", "/a%20b", "/A%20B/c",
                                      "/caf%C3%A9", "/CAF%c3%a9/x", "/caf\xc3\xa9"}) {
    EXPECT_NE(outcome(table, path), "open") << path;
  }
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

// A token is the choice of whoever names the ACME server.
TEST(Challenge, OfOneTokenEachHostHasItsOwnAnswer) {
  ProxyConfig config;
  config.challenges["tok-1"] =
      std::make_shared<const config::ChallengeAnswer>(config::ChallengeAnswer{
          "m.example", "tok-1.m", {{"192.0.2.1", "tok-1.ip"}, {"a.example", "tok-1.a"}}});
  const RouteTable table(config);
  const std::string path = "/.well-known/acme-challenge/tok-1";
  struct {
    const char* host;
    const char* answer;  // nullptr: none
  } rows[] = {
      {"m.example", "tok-1.m"},       {"a.example", "tok-1.a"},    {"A.Example", "tok-1.a"},
      {"a.example.", "tok-1.a"},      {"a.example:80", "tok-1.a"}, {"192.0.2.1", "tok-1.ip"},
      {"A.EXAMPLE.:8080", "tok-1.a"}, {"b.example", nullptr},      {"", nullptr},
      {"x.a.example", nullptr},       {"192.0.2.2", nullptr},      {"a.example..", nullptr},
  };
  for (const auto& row : rows) {
    const std::string* const answer = table.find_challenge(row.host, path);
    EXPECT_EQ(answer != nullptr ? *answer : "none", row.answer != nullptr ? row.answer : "none")
        << row.host;
  }
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

TEST(Decide, PlainHttpIsRefusedButForChallengesWhateverElseIsSaid) {
  ProxyConfig config = with_challenge();
  VirtualHost host = *config.hosts["shop.example"];
  host.refuses_plain_http = true;
  host.routes.push_back(prefix("/.well-known/acme-challenge/another"));
  config.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
  const RouteTable table(config);
  const auto plain = [&](std::string_view path) {
    return decided(table, {.host = "shop.example", .path = path});
  };
  for (const char* path : {"/", "/%00", "*", "/.well-known/acme-challenge/other"}) {
    EXPECT_EQ(plain(path).status, 403) << path;
    EXPECT_EQ(plain(path).reason, "plain_http_refused") << path;
  }
  EXPECT_EQ(plain("/.well-known/acme-challenge/tok-1").kind, Decision::Kind::challenge);
  EXPECT_EQ(plain("/.well-known/acme-challenge/another").status, 503);
  EXPECT_EQ(decided(table, {.host = "shop.example", .path = "/", .secure = true}).reason,
            "shop.example");
}

TEST(Decide, AChallengePathWithARuleOfItsOwnIsNotRedirected) {
  const auto with_rule = [](Route rule) {
    ProxyConfig config;
    VirtualHost host = host_with({prefix("/"), std::move(rule)});
    host.https_redirect = true;
    config.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
    return RouteTable(config);
  };
  const auto kind = [](const RouteTable& table, std::string_view path) {
    return decided(table, {.host = "shop.example", .path = path}).kind;
  };
  const std::string token = "/.well-known/acme-challenge/tok_en-1";
  for (const Route& rule : {prefix(token), exact(token), prefix("/.well-known/acme-challenge/")}) {
    const RouteTable table = with_rule(rule);
    EXPECT_EQ(decided(table, {.host = "shop.example", .path = token}).reason,
              std::get<FixedAnswer>(rule.action).reason);
    for (const char* other : {"/", "/.well-known/acme-challenge", "/.well-known/x",
                              "/.well-known/acme-challenge/../../secret", "/%00"}) {
      EXPECT_EQ(kind(table, other), Decision::Kind::redirect) << other;
    }
  }
  EXPECT_EQ(kind(with_rule(prefix("/.well-known")), token), Decision::Kind::redirect);
  EXPECT_EQ(kind(with_rule(prefix(token)), "/.well-known/acme-challenge/another"),
            Decision::Kind::redirect);
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

// "/" is open, "/admin" is not for everybody, "/admin/public" is open again.
TEST(Decide, AGuardIsAskedInEveryReadingOfAPathAndTheRequestStaysWhereItGoes) {
  ProxyConfig config;
  config.clusters["c"] = std::make_shared<const config::Cluster>();
  config.guards["g"] = std::make_shared<const config::Guards>();
  VirtualHost host = host_with({prefix("/"), prefix("/admin"), prefix("/admin/public")});
  for (Route& route : host.routes) route.action = config::Forward{"c"};
  host.routes[1].policies.change().guards = "g";
  config.hosts["h"] = std::make_shared<const VirtualHost>(host);
  const RouteTable table(config);
  const Host& rules = *table.find_host("h");
  const policy::Guards* const guards = rules.find("/admin")->guards;
  ASSERT_NE(guards, nullptr);
  for (const char* path : {"/ADMIN", "//admin", "/admin;v=1", "/%61dmin%2fx", "/x/%2e%2e/admin"}) {
    const Decision decision = decided(table, {.host = "h", .path = path});
    if (decision.kind != Decision::Kind::forward) {
      EXPECT_EQ(decision.status, 400) << path;
      continue;
    }
    EXPECT_TRUE(decision.target->guards == guards || decision.others[0] == guards) << path;
  }
  EXPECT_EQ(decided(table, {.host = "h", .path = "/ADMIN"}).target, rules.find("/"));
  for (const char* path : {"/", "/shop", "/admin/public/x", "/administrator"}) {
    const Decision decision = decided(table, {.host = "h", .path = path});
    EXPECT_EQ(decision.target->guards, nullptr) << path;
    EXPECT_EQ(decision.others[0], nullptr) << path;
  }
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
