#include "operator/ingress/annotations/external_auth.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "operator/ingress/ingress_names.h"
#include "proxy/config/limits.h"
#include "proxy/config/valid_config.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kNginx = "nginx.ingress.kubernetes.io/";
const std::string kService = "http://auth.id.svc.cluster.local:4180/check";

using Annotations = std::vector<std::pair<std::string, std::string>>;

IngressBuilder annotated(const Annotations& annotations) {
  IngressBuilder builder = an_ingress("shop/www").path("shop.example", "/", "web", 80);
  for (const auto& [key, value] : annotations) builder.annotation(kNginx + key, value);
  return builder;
}

TEST(ExternalAuthAnnotations, NameAServiceTheHostThatIsAskedForOrAnotherOne) {
  const struct {
    std::string url;
    std::string service;
    int port;
    std::string other_host;
    std::string host;
    std::string target;
    bool speaks_tls = false;
  } rows[] = {
      {kService, "id/auth", 4180, "", "auth.id.svc.cluster.local:4180", "/check"},
      {" http://auth.id.svc ", "id/auth", 80, "", "auth.id.svc", "/"},
      {"https://Auth.id.svc/a?b=c", "id/auth", 443, "", "Auth.id.svc", "/a?b=c", true},
      {"http://auth.id.svc?x=$request_uri", "id/auth", 80, "", "auth.id.svc", "/?x=$request_uri"},
      {"http://auth.$namespace.svc/$ingress_name", "shop/auth", 80, "", "auth.shop.svc", "/www"},
      {"https://$host/oauth2/auth", "", 0, "", "$host", "/oauth2/auth", true},
      {"$scheme://$http_host/a", "", 0, "", "$http_host", "/a"},
      {"https://login.example/auth", "", 0, "login.example", "login.example", "/auth", true},
      {"http://svc", "", 0, "svc", "svc", "/"},
      {"http://a.b.c.svc.cluster.local/", "", 0, "a.b.c.svc.cluster.local",
       "a.b.c.svc.cluster.local", "/"},
  };
  for (const auto& row : rows) {
    Issues issues;
    const auto auth = read_external_auth(annotated({{"auth-url", row.url}}).get(), issues);
    ASSERT_TRUE(auth) << row.url << issues.at(0).why;
    EXPECT_TRUE(issues.empty());
    EXPECT_EQ(auth->service ? auth->service->key.text() : "", row.service) << row.url;
    EXPECT_EQ(auth->service ? auth->service->port : 0, row.port);
    EXPECT_EQ(auth->other_host, row.other_host);
    EXPECT_EQ(auth->settings.host, row.host);
    EXPECT_EQ(auth->settings.target, row.target);
    EXPECT_EQ(auth->speaks_tls, row.speaks_tls) << row.url;
    EXPECT_EQ(auth->settings.method, "GET");
    EXPECT_EQ(auth->settings.signin, "");
  }
}

TEST(ExternalAuthAnnotations, WhatCannotBeReadCloses) {
  const Annotations rows[] = {
      {{"auth-url", "auth.id.svc/check"}},
      {{"auth-url", "ftp://auth.id.svc/"}},
      {{"auth-url", "http:///check"}},
      {{"auth-url", "http://user:pw@auth.id.svc/"}},
      {{"auth-url", "http://auth.id.svc:0/"}},
      {{"auth-url", "http://auth.id.svc:99999/"}},
      {{"auth-url", "http://10.0.0.1/"}},
      {{"auth-url", "http://[::1]/"}},
      {{"auth-url", "http://*.example/"}},
      {{"auth-url", "http://$host.example/"}},
      {{"auth-url", "http://$host:8080/"}},
      {{"auth-url", "http://auth.id.svc/a b"}},
      {{"auth-url", "http://auth.id.svc/\r\nX: y"}},
      {{"auth-url", "http://auth.id.svc/#a"}},
      {{"auth-url", "http://auth.id.svc/$tomorrow"}},
      {{"auth-url", "http://auth.id.svc/$"}},
      {{"auth-url", "http://auth.id.svc/" + std::string(5000, 'a')}},
      {{"auth-url", "$scheme://auth.id.svc/"}},
      {{"auth-url", kService}, {"auth-method", "CONNECT"}},
      {{"auth-url", kService}, {"auth-method", "GET POST"}},
      {{"auth-url", kService}, {"auth-signin", "//evil.example/"}},
      {{"auth-url", kService}, {"auth-signin", "javascript:alert(1)"}},
      {{"auth-url", kService}, {"auth-signin", "https://a/$cookie_x"}},
      {{"auth-url", kService}, {"auth-signin", "https://a/\nSet-Cookie: b"}},
      {{"auth-url", kService}, {"auth-signin", "https://a"}, {"auth-signin-redirect-param", "a&b"}},
      {{"auth-url", kService}, {"auth-request-redirect", "https://a b"}},
      {{"auth-url", kService}, {"auth-response-headers", "X-User, Content-Length"}},
      {{"auth-url", kService}, {"auth-response-headers", "Host"}},
      {{"auth-url", kService}, {"auth-response-headers", "X-Forwarded-For"}},
      {{"auth-url", kService}, {"auth-response-headers", "X User"}},
      {{"auth-url", kService}, {"auth-response-headers", "X: y"}},
      {{"auth-signin", "https://a"}},
      {{"auth-response-headers", "X-User"}},
      {{"auth-method", "GET"}},
      {{"auth-cache-key", "$remote_addr"}},
      {{"auth-proxy-set-headers", "fields"}},
      {{"auth-url", kService}, {"auth-proxy-set-headers", "id/fields"}},
      {{"auth-url", kService}, {"auth-proxy-set-headers", "no name"}},
      {{"auth-url", kService}, {"auth-method", "DELETE"}},
      {{"auth-url", kService}, {"auth-method", "POST"}},
      {{"auth-always-set-cookie", "true"}},
  };
  for (const auto& row : rows) {
    Issues issues;
    const bool says_who = row.size() > 1;
    EXPECT_EQ(read_external_auth(annotated(row).get(), issues).has_value(), says_who)
        << row.back().second;
    ASSERT_FALSE(issues.empty()) << row.back().second;
    EXPECT_EQ(issues[0].effect, Issue::Effect::guards) << row.back().second;
    EXPECT_THAT(named_services(annotated(row).get()), ::testing::SizeIs(says_who ? 2 : 1));
  }
}

TEST(ExternalAuthAnnotations, TheWayToSignInHasTheWayBackAsIngressNginxWritesIt) {
  const std::string back = "$scheme://$http_host$escaped_request_uri";
  const struct {
    Annotations annotations;
    std::string signin;
  } rows[] = {
      {{{"auth-signin", "https://$host/oauth2/start"}}, "https://$host/oauth2/start?rd=" + back},
      {{{"auth-signin", "https://$host/start?"}}, "https://$host/start?rd=" + back},
      {{{"auth-signin", "https://$host/start?rd=$escaped_request_uri"}},
       "https://$host/start?rd=$escaped_request_uri"},
      {{{"auth-signin", "/start?a=b&rd=/"}}, "/start?a=b&rd=/"},
      {{{"auth-signin", "https://a/start?a=b"}}, "https://a/start?a=b&rd=" + back},
      {{{"auth-signin", "https://a/start?rd="}}, "https://a/start?rd=&rd=" + back},
      {{{"auth-signin", "https://a/?rd=x"}, {"auth-signin-redirect-param", "to"}},
       "https://a/?rd=x&to=" + back},
      {{{"auth-signin", "$pass_access_scheme://a.b/"}, {"auth-signin-redirect-param", "to"}},
       "$pass_access_scheme://a.b/?to=" + back},
  };
  for (const auto& row : rows) {
    Annotations annotations = row.annotations;
    annotations.emplace_back("auth-url", kService);
    Issues issues;
    const auto auth = read_external_auth(annotated(annotations).get(), issues);
    ASSERT_TRUE(auth) << row.signin;
    EXPECT_EQ(auth->settings.signin, row.signin);
  }
}

TEST(ExternalAuthAnnotations, TheOthersSayHowItIsAskedAndWhatIsTakenOver) {
  Issues issues;
  const auto auth = read_external_auth(annotated({{"auth-url", "http://auth.shop.svc/"},
                                                  {"auth-method", " post "},
                                                  {"auth-response-headers", "X-User, ,X-Email,"},
                                                  {"auth-request-redirect", "https://$host/"},
                                                  {"auth-always-set-cookie", "true"}})
                                           .get(),
                                       issues);
  ASSERT_TRUE(auth);
  EXPECT_EQ(auth->settings.method, "POST");
  EXPECT_EQ(auth->settings.asked_for, "https://$host/");
  EXPECT_TRUE(auth->settings.always_sets_cookies);
  EXPECT_EQ(auth->settings.copied,
            (std::vector<proxy::config::CopiedField>{{"X-User"}, {"X-Email"}}));
}

// ---- Compiled

const proxy::config::Guards* guards_of(const Compiled& compiled, const std::string& host) {
  const auto& routes = compiled.config.hosts.at(host)->routes;
  const auto found = compiled.config.guards.find(routes.at(0).policies->guards);
  return found == compiled.config.guards.end() ? nullptr : found->second.get();
}

std::string told(const Compiled& compiled) {
  std::string all;
  for (const routing::Complaint& complaint : compiled.complaints) {
    all += complaint.reason + " " + complaint.message + "\n";
  }
  return all;
}

TEST(ExternalAuthCompiled, AServiceOfAnyNamespaceIsAskedByItsEndpoints) {
  const auto ingress = annotated({{"auth-url", "https://auth.id.svc:8443/check"}});
  EXPECT_THAT(named_services(ingress.get()), Contains(kube::ObjectKey{"id", "auth"}));
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .service("id/auth", 8443, {"10.0.0.2"})
                                        .ingress(ingress)
                                        .view);
  const auto* const guards = guards_of(compiled, "shop.example");
  ASSERT_NE(guards, nullptr);
  ASSERT_TRUE(guards->external_auth);
  const auto& cluster = *compiled.config.clusters.at(guards->external_auth->cluster);
  EXPECT_EQ(cluster.endpoints.at(0).address, "10.0.0.2");
  ASSERT_TRUE(cluster.tls);
  EXPECT_EQ(cluster.tls->server_name, "auth.id.svc");
  EXPECT_FALSE(cluster.speaks_http2);
  EXPECT_EQ(told(compiled), "");
}

TEST(ExternalAuthCompiled, WhoCannotBeAskedClosesTheIngressAndSaysWhy) {
  const struct {
    std::string url;
    std::string why;
  } rows[] = {
      {"http://gone.id.svc/", "Service id/gone does not exist"},
      {"http://auth.id.svc:81/", "has no TCP port 81"},
      {"http://login.example/", "login.example, which no Ingress of this edge serves"},
      {"$scheme://login.example/", "login.example, which no Ingress of this edge serves"},
  };
  for (const auto& row : rows) {
    const Compiled compiled = compile(ViewBuilder()
                                          .service("shop/web", 80, {"10.0.0.1"})
                                          .service("id/auth", 80, {"10.0.0.2"})
                                          .ingress(annotated({{"auth-url", row.url}}))
                                          .view);
    EXPECT_THAT(told(compiled), HasSubstr("AnnotationRefused")) << row.url;
    EXPECT_THAT(told(compiled), HasSubstr(row.why));
    const auto& action = compiled.config.hosts.at("shop.example")->routes.at(0).action;
    EXPECT_TRUE(std::holds_alternative<proxy::config::FixedAnswer>(action)) << row.url;
  }
}

TEST(ExternalAuthCompiled, WhatElseIsRefusedAndToleratedTakesNoGuardAway) {
  Issues issues;
  const auto auth = read_external_auth(
      annotated({{"auth-url", kService}, {"auth-signin", "//evil.example"}}).get(), issues);
  ASSERT_TRUE(auth);
  EXPECT_EQ(auth->settings.signin, "");
  EXPECT_EQ(issues.size(), 1u);
}

TEST(ExternalAuthCompiled, WhoIsThereButNotReadyIsTold) {
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .service("id/auth", 4180, {})
                                        .ingress(annotated({{"auth-url", kService}}))
                                        .view);
  ASSERT_NE(guards_of(compiled, "shop.example"), nullptr);
  EXPECT_THAT(told(compiled), HasSubstr("AuthServerNotReady"));
}

TEST(ExternalAuthCompiled, ASigninThatLeavesNoRoomForTheWayBackIsRefused) {
  const std::string signin = "https://in.login.test/";
  const std::string longest(proxy::config::kTextBytesMax - signin.size(), 'a');
  for (const std::string& path : {longest, longest.substr(30)}) {
    const Compiled compiled =
        compile(ViewBuilder()
                    .service("shop/web", 80, {"10.0.0.1"})
                    .service("id/auth", 4180, {"10.0.0.2"})
                    .ingress(annotated({{"auth-url", kService}, {"auth-signin", signin + path}}))
                    .view);
    EXPECT_TRUE(proxy::config::validate(compiled.config));
    EXPECT_THAT(told(compiled), HasSubstr("AnnotationRefused"));
  }
}

TEST(ExternalAuthAnnotations, WhoIsAskedOfItsOwnNamespaceIsAskedWithAnyMethod) {
  for (const char* const url :
       {"http://auth.shop.svc/", "http://auth.$namespace.svc/", "https://$host/auth"}) {
    Issues issues;
    const auto auth =
        read_external_auth(annotated({{"auth-url", url}, {"auth-method", "DELETE"}}).get(), issues);
    EXPECT_TRUE(auth && issues.empty()) << url;
  }
  for (const char* const url : {"https://login.example/", "http://auth.id.svc/"}) {
    Issues issues;
    read_external_auth(annotated({{"auth-url", url}, {"auth-method", "PUT"}}).get(), issues);
    ASSERT_EQ(issues.size(), 1u) << url;
    EXPECT_EQ(issues[0].effect, Issue::Effect::guards);
  }
  for (const char* const method : {"GET", "HEAD", "OPTIONS"}) {
    Issues issues;
    read_external_auth(annotated({{"auth-url", kService}, {"auth-method", method}}).get(), issues);
    EXPECT_TRUE(issues.empty()) << method;
  }
}

std::string text_of(const std::vector<proxy::config::CachedStatus>& cached) {
  std::string text;
  for (const auto& [status, seconds] : cached) {
    text += std::to_string(status) + "=" + std::to_string(seconds) + " ";
  }
  return text;
}

TEST(ExternalAuthAnnotations, TheCacheKeepsWhatNginxWouldOfWhatDecides) {
  const struct {
    std::string key, duration, cached;
  } rows[] = {
      {"$cookie_session", "", "200=300 202=300 401=300 "},
      {"$remote_user$http_authorization", "200 202 10m, 401 5m", "200=600 202=600 401=300 "},
      {"$http_x_token", " 403 90 ", "403=90 "},
      {"$http_x_token", "1h", "200=3600 "},
      {"$http_x_token", "200 0s, 404 5m, 401 2w", "401=86400 "},
      {"$remote_addr", "200 18446744073709551615d", "200=86400 "},
  };
  for (const auto& row : rows) {
    Issues issues;
    const auto auth = read_external_auth(annotated({{"auth-url", kService},
                                                    {"auth-cache-key", row.key},
                                                    {"auth-cache-duration", row.duration}})
                                             .get(),
                                         issues);
    ASSERT_TRUE(auth) << row.duration;
    EXPECT_TRUE(issues.empty()) << row.duration << issues.size();
    EXPECT_EQ(auth->settings.cache_key, row.key);
    EXPECT_EQ(text_of(auth->settings.cached), row.cached) << row.duration;
  }
  Issues issues;
  const auto any = read_external_auth(annotated({{"auth-url", kService},
                                                 {"auth-cache-key", "$cookie_a"},
                                                 {"auth-cache-duration", "401 1m, any 5"}})
                                          .get(),
                                      issues);
  EXPECT_EQ(any->settings.cached.size(), 102u);
  EXPECT_THAT(text_of(any->settings.cached), HasSubstr("401=60 403=5 "));
}

TEST(ExternalAuthAnnotations, WhatTheCacheCannotKeepByIsToldAndEachRequestIsAskedAbout) {
  const Annotations rows[] = {
      {{"auth-cache-key", "static"}},
      {{"auth-cache-key", "$pid"}},
      {{"auth-cache-key", "$host$request_uri"}},
      {{"auth-cache-key", "$cookie_a\n"}, {"auth-cache-duration", "soon"}},
      {{"auth-cache-key", "$cookie_a"},
       {"auth-cache-duration",
        "200"
        " 5x"}},
      {{"auth-cache-key", "$cookie_a"},
       {"auth-cache-duration",
        "200 5m,"
        " ,"}},
      {{"auth-cache-key", "$cookie_a"}, {"auth-cache-duration", "OK 5m"}},
      {{"auth-cache-key", "$cookie_a"}, {"auth-cache-duration", "20000 5m"}},
      {{"auth-cache-key", "caf\xc3\xa9$cookie_a"}},
      {{"auth-cache-key", "$cookie_a"}, {"auth-method", "OPTIONS"}},
      {{"auth-cache-duration", "200 5m"}},
  };
  for (Annotations row : rows) {
    const std::string what = row.front().second + row.back().second;
    row.emplace_back("auth-url", kService);
    Issues issues;
    const auto auth = read_external_auth(annotated(row).get(), issues);
    ASSERT_TRUE(auth) << what;
    ASSERT_EQ(issues.size(), 1u) << what;
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
    EXPECT_TRUE(auth->settings.cached.empty()) << what;
  }
}

TEST(ExternalAuthCompiled, AQuestionSaysTheFieldsOfAConfigMapAndWithoutItNobodyIsAsked) {
  const auto compiled_with = [](std::map<std::string, std::string> fields) {
    return compile(
        ViewBuilder()
            .service("shop/web", 80, {"10.0.0.1"})
            .service("id/auth", 4180, {"10.0.0.2"})
            .field_map("shop/fields", std::move(fields))
            .ingress(annotated({{"auth-url", kService}, {"auth-proxy-set-headers", "shop/fields"}}))
            .view);
  };
  const auto ingress =
      annotated({{"auth-url", kService}, {"auth-proxy-set-headers", "shop/fields"}});
  EXPECT_THAT(named_field_maps(ingress.get()), Contains(kube::ObjectKey{"shop", "fields"}));
  const Compiled good = compiled_with(
      {{"X-Forwarded-Method", "$request_method\n"}, {"X-Client", "shop $http_x_client"}});
  EXPECT_EQ(told(good), "");
  const auto* const guards = guards_of(good, "shop.example");
  ASSERT_NE(guards, nullptr);
  EXPECT_EQ(guards->external_auth->said,
            (std::vector<proxy::config::SaidField>{{"X-Client", "shop $http_x_client"},
                                                   {"X-Forwarded-Method", "$request_method"}}));
  EXPECT_TRUE(proxy::config::validate(good.config));
  for (const auto& [name, value] :
       {std::pair("X-Forwarded-For", "1"), std::pair("Host", "a"), std::pair("Content-Length", "1"),
        std::pair("X-A", "$pid"), std::pair("X-A", "a\nb"), std::pair("X A", "a")}) {
    EXPECT_THAT(told(compiled_with({{name, value}})), HasSubstr("AnnotationRefused")) << name;
  }
  const Compiled none = compile(ViewBuilder()
                                    .service("shop/web", 80, {"10.0.0.1"})
                                    .service("id/auth", 4180, {"10.0.0.2"})
                                    .ingress(ingress)
                                    .view);
  EXPECT_THAT(told(none), HasSubstr("names the ConfigMap shop/fields, which does not exist"));
}

TEST(ExternalAuthCompiled, ForWhomElseAKeptAnswerCountsIsTold) {
  const auto said = [](const std::string& key, const std::string& url) {
    const Compiled compiled =
        compile(ViewBuilder()
                    .service("shop/web", 80, {"10.0.0.1"})
                    .service("id/auth", 4180, {"10.0.0.2"})
                    .ingress(annotated({{"auth-url", url}, {"auth-cache-key", key}}))
                    .view);
    EXPECT_LE(compiled.complaints.size(), 1u) << told(compiled);
    for (const routing::Complaint& one : compiled.complaints)
      EXPECT_EQ(one.severity, routing::Severity::note);
    return told(compiled);
  };
  EXPECT_THAT(said("$cookie_a", kService),
              testing::AllOf(HasSubstr("AuthAnswersShared"), HasSubstr("all paths of its host"),
                             testing::Not(HasSubstr("one address"))));
  EXPECT_THAT(said("$remote_addr$request_uri", kService),
              testing::AllOf(HasSubstr("all clients of one address"),
                             testing::Not(HasSubstr("all paths"))));
  EXPECT_THAT(said("$remote_addr", kService), HasSubstr(", and for all clients of one address"));
  EXPECT_EQ(said("$http_authorization$uri", kService), "");
  EXPECT_EQ(said("$cookie_a", std::string(kService) + "?for=$escaped_request_uri"), "");
}

TEST(ExternalAuthCompiled, WhoIsOutsideIsAskedByNameAndByTheAuthoritiesOfTheSystem) {
  const auto ingress = annotated({{"auth-url", "https://login.example:8443/auth"}});
  EXPECT_EQ(named_outside(ingress.get()).at(0).host, "login.example");
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).ingress(ingress);
  const Compiled unknown = compile(builder.view);
  EXPECT_THAT(told(unknown), HasSubstr("AuthServerNotReady"));
  EXPECT_THAT(told(unknown), HasSubstr("it is login.example, which DNS is being asked for"));
  ASSERT_NE(guards_of(unknown, "shop.example"), nullptr);
  builder.view.external_names["login.example"] = std::make_shared<const routing::ResolvedName>(
      routing::ResolvedName{.addresses = {"198.51.100.7"}, .problem = {}});
  const Compiled compiled = compile(builder.view);
  EXPECT_EQ(told(compiled), "");
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  const auto* const guards = guards_of(compiled, "shop.example");
  ASSERT_NE(guards, nullptr);
  const auto& cluster = *compiled.config.clusters.at(guards->external_auth->cluster);
  EXPECT_EQ(cluster.endpoints, (std::vector<proxy::config::Endpoint>{{"198.51.100.7", 8443}}));
  EXPECT_TRUE(cluster.trusts_system);
  ASSERT_TRUE(cluster.tls);
  EXPECT_EQ(cluster.tls->verified_name, "login.example");
  EXPECT_EQ(cluster.tls->server_name, "login.example");
}

TEST(ExternalAuthCompiled, NobodyAsksTheApiServer) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .service("default/kubernetes", 443, {"10.0.0.2"})
                  .ingress(annotated({{"auth-url", "https://kubernetes.default.svc:443/api"}}))
                  .view);
  EXPECT_THAT(told(compiled), HasSubstr("would ask the API server"));
}

TEST(ExternalAuthCompiled, AHostOfAnotherIngressIsAskedByItsRoutes) {
  for (const char* served : {"in.login.test", "*.login.test"}) {
    const auto ingress = annotated({{"auth-url", "https://in.login.test/auth"}});
    EXPECT_THAT(asked_hosts(ingress.get()), Contains("in.login.test"));
    const Compiled compiled =
        compile(ViewBuilder()
                    .service("shop/web", 80, {"10.0.0.1"})
                    .service("id/auth", 80, {"10.0.0.2"})
                    .ingress(ingress)
                    .ingress(an_ingress("id/login").path(served, "/", "auth", 80))
                    .view);
    const auto* const guards = guards_of(compiled, "shop.example");
    ASSERT_NE(guards, nullptr) << served;
    EXPECT_EQ(guards->external_auth->cluster, "");
    EXPECT_EQ(guards->external_auth->host, "in.login.test");
  }
}

}  // namespace
}  // namespace ingress::annotations
