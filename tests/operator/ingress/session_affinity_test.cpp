#include "operator/ingress/annotations/session_affinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/operator/ingress/nginx_annotations.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::nginx;
using ingress_test::ViewBuilder;
using proxy::config::CookieSecure;
using proxy::config::SameSite;
using proxy::config::StickyCookie;
using testing::IsEmpty;
using testing::SizeIs;

TEST(SessionAffinity, IsAskedForByItsOwnKeyOnly) {
  Issues issues;
  EXPECT_FALSE(read_session_affinity({}, issues));
  EXPECT_FALSE(read_session_affinity(nginx({{"session-cookie-name", "x"}}), issues));
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_FALSE(read_session_affinity(nginx({{"affinity", "ip"}}), issues));
  EXPECT_THAT(issues, SizeIs(1));
}

TEST(SessionAffinity, EachKeySaysItsPart) {
  Issues issues;
  StickyCookie wanted;
  wanted.path.clear();
  EXPECT_EQ(read_session_affinity(nginx({{"affinity", "cookie"}}), issues), wanted);
  wanted = {.name = "route",
            .path = "/shop",
            .domain = "shop.example",
            .max_age = 172'800,
            .expires = 3600,
            .secure = CookieSecure::always,
            .same_site = SameSite::none,
            .same_site_none_if_known = true,
            .change_on_failure = true};
  EXPECT_EQ(read_session_affinity(nginx({{"affinity", "cookie"},
                                         {"affinity-mode", "persistent"},
                                         {"session-cookie-name", "route"},
                                         {"session-cookie-path", "/shop"},
                                         {"session-cookie-domain", "shop.example"},
                                         {"session-cookie-max-age", "172800"},
                                         {"session-cookie-expires", "3600"},
                                         {"session-cookie-secure", "true"},
                                         {"session-cookie-samesite", "None"},
                                         {"session-cookie-conditional-samesite-none", "true"},
                                         {"session-cookie-change-on-failure", "true"}}),
                                  issues),
            wanted);
  EXPECT_THAT(issues, IsEmpty());
}

TEST(SessionAffinity, IsBalancedWhereThatIsWritten) {
  Issues issues;
  const auto names_client = [&](const std::string& mode) {
    return read_session_affinity(nginx({{"affinity", "cookie"}, {"affinity-mode", mode}}), issues)
        ->names_client;
  };
  EXPECT_TRUE(names_client("balanced"));
  EXPECT_FALSE(names_client("persistent"));
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_FALSE(names_client("loose"));
  EXPECT_THAT(issues, SizeIs(1));
}

TEST(SessionAffinity, WhatCannotStandInACookieIsSaidAndLeftOut) {
  StickyCookie defaults;
  defaults.path.clear();
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"session-cookie-name", "a b"},
           {"session-cookie-name", "a;Domain=evil"},
           {"session-cookie-name", "a=b"},
           {"session-cookie-name", std::string(300, 'x')},
           {"session-cookie-path", "shop"},
           {"session-cookie-path", "/a; Domain=evil"},
           {"session-cookie-path", "/a\r\nX: y"},
           {"session-cookie-path", std::string("/a\0", 3)},
           {"session-cookie-path", "/a\x7f"},
           {"session-cookie-path", "/a\"b"},
           {"session-cookie-domain", "a,b"},
           {"session-cookie-domain", "a.example; HttpOnly"},
           {"session-cookie-domain", "a.example\nX: y"},
           {"session-cookie-domain", "a.example/x"},
           {"session-cookie-domain", std::string(300, 'x')},
           {"session-cookie-max-age", "-1"},
           {"session-cookie-max-age", "forever"},
           {"session-cookie-max-age", "1h"},
           {"session-cookie-max-age", "60; Path=/"},
           {"session-cookie-max-age", "99999999999999999999999"},
           {"session-cookie-expires", "999999999999"},
           {"session-cookie-secure", "maybe"},
           {"session-cookie-samesite", "Sometimes"},
           {"session-cookie-change-on-failure", "perhaps"},
           {"affinity-mode", "loose"}}) {
    Issues issues;
    AnnotationMap map = nginx({{"affinity", "cookie"}});
    map[std::string(kNginxPrefix) + key] = value;
    EXPECT_EQ(read_session_affinity(map, issues), defaults) << key << " " << value;
    EXPECT_THAT(issues, SizeIs(1)) << key << " " << value;
  }
}

TEST(SessionAffinity, ACookieBelongsToThePathOfItsRuleAndItsKeyToTheService) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/sticky")
                               .annotation("nginx.ingress.kubernetes.io/affinity", "cookie")
                               .path("a.example", "/one", "web", 80)
                               .path("a.example", "/two", "web", 80))
                  .ingress(an_ingress("shop/plain").path("b.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  const auto& routes = compiled.config.hosts.at("a.example")->routes;
  ASSERT_THAT(routes, SizeIs(2));
  EXPECT_EQ(routes[0].policies->sticky.value().path, "/one");
  EXPECT_EQ(routes[1].policies->sticky.value().path, "/two");
  EXPECT_FALSE(compiled.config.hosts.at("b.example")->routes[0].policies->sticky);
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80;sticky")->affinity_key,
            "uid-shop/web/shop/web");
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80")->affinity_key, "");
}

// What nobody can be bound to is told to nobody: a Pod that ends changes their clusters once.
TEST(SessionAffinity, ThoseWhoAreBoundAreToldOfEndpointsThatLeave) {
  kube::EndpointSlice slice = ingress_test::a_slice("shop/web", "http", 8080, {"10.0.0.1"});
  kube::Endpoint leaving;
  leaving.addresses = {"10.0.0.9"};
  leaving.ready = false;
  leaving.serving = leaving.terminating = true;
  slice.endpoints.push_back(leaving);
  kube::Service by_address = ingress_test::a_service("shop/lasting", 80);
  by_address.session_affinity = "ClientIP";
  kube::EndpointSlice lasting = slice;
  lasting.metadata.name = "lasting-abc";
  lasting.metadata.labels["kubernetes.io/service-name"] = "lasting";
  const Compiled compiled =
      compile(ViewBuilder()
                  .service_object(ingress_test::a_service("shop/web", 80))
                  .slice(slice)
                  .service_object(by_address)
                  .slice(lasting)
                  .ingress(an_ingress("shop/sticky")
                               .annotation("nginx.ingress.kubernetes.io/affinity", "cookie")
                               .path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/plain")
                               .path("b.example", "/", "web", 80)
                               .path("b.example", "/lasting", "lasting", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  const proxy::config::Endpoint ready{"10.0.0.1", 8080}, last{"10.0.0.9", 8080};
  for (const char* id : {"shop/web:80", "shop/web:80;sticky", "shop/lasting:80"}) {
    const auto& cluster = *compiled.config.clusters.at(id);
    EXPECT_THAT(cluster.endpoints, testing::ElementsAre(ready)) << id;
    if (std::string(id) == "shop/web:80") {
      EXPECT_THAT(cluster.leaving, IsEmpty());
    } else {
      EXPECT_THAT(cluster.leaving, testing::ElementsAre(last)) << id;
    }
  }
}

TEST(SessionAffinity, ACookieIsForEveryPathThatItsRouteTakes) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/plain")
                               .annotation("nginx.ingress.kubernetes.io/affinity", "cookie")
                               .path("a.example", "/one/", "web", 80))
                  .ingress(an_ingress("shop/regex")
                               .annotation("nginx.ingress.kubernetes.io/affinity", "cookie")
                               .annotation("nginx.ingress.kubernetes.io/use-regex", "true")
                               .path("b.example", "/pay(/|$)(.*)", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_EQ(compiled.config.hosts.at("a.example")->routes[0].policies->sticky.value().path, "/one");
  EXPECT_EQ(compiled.config.hosts.at("b.example")->expressions[0].policies->sticky.value().path,
            "/");
}

TEST(LoadBalance, LeastRequestsIsAClusterOfItsOwn) {
  Issues issues;
  EXPECT_FALSE(read_prefers_least_requests({}, issues));
  EXPECT_FALSE(read_prefers_least_requests(nginx({{"load-balance", "round_robin"}}), issues));
  EXPECT_TRUE(read_prefers_least_requests(nginx({{"load-balance", "ewma"}}), issues));
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_FALSE(read_prefers_least_requests(nginx({{"load-balance", "ip_hash"}}), issues));
  EXPECT_THAT(issues, SizeIs(1));
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .annotation("nginx.ingress.kubernetes.io/load-balance", "ewma")
                               .path("a.example", "/", "web", 80))
                  .view);
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80;least")->balancing,
            proxy::config::Balancing::least_requests);
}

}  // namespace
}  // namespace ingress::annotations
