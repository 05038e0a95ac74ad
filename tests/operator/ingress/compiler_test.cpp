#include "operator/ingress/compiler.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/ingress_names.h"
#include "operator/routing/shared_entries.h"
#include "proxy/config/limits.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::a_certificate;
using ingress_test::an_ingress;
using ingress_test::key_of;
using ingress_test::kNow;
using ingress_test::ViewBuilder;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using proxy::config::PathMatch;
using proxy::config::Route;
using proxy::config::VirtualHost;
using routing::Complaint;
using routing::Complaints;
using routing::Severity;
using routing::TlsSecret;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kMiB = 1u << 20;

std::vector<std::string> reasons(const Compiled& compiled) {
  std::vector<std::string> all;
  for (const Complaint& complaint : compiled.complaints) {
    all.push_back(complaint.claimant.key().text() + " " + complaint.reason);
  }
  return all;
}

std::string message_of(const Compiled& compiled, const std::string& reason) {
  for (const Complaint& complaint : compiled.complaints) {
    if (complaint.reason == reason) return complaint.message;
  }
  return "(no complaint " + reason + ")";
}

Route forward(PathMatch match, const std::string& path, const std::string& cluster) {
  return {match, path, Forward{cluster}, proxy::config::Policies{.body_bytes_max = kMiB}};
}

const VirtualHost& host(const Compiled& compiled, const std::string& name) {
  return *compiled.config.hosts.at(name);
}

// ---- Routes

TEST(Compiler, APathOfAnIngressBecomesARouteToTheEndpointsOfItsService) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.2", "10.0.0.1"})
                  .ingress(an_ingress("shop/www").path("Shop.Example", "/", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(host(compiled, "shop.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80")));
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80")->endpoints.size(), 2u);
  EXPECT_FALSE(host(compiled, "shop.example").https_redirect);
}

TEST(Compiler, HttpsToABackendIsForTheIngressThatAsksForIt) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/plain").path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/tls")
                               .annotation("nginx.ingress.kubernetes.io/backend-protocol", "HTTPS")
                               .path("b.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(host(compiled, "b.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80;tls")));
  EXPECT_FALSE(compiled.config.clusters.at("shop/web:80")->tls);
  EXPECT_TRUE(compiled.config.clusters.at("shop/web:80;tls")->tls);
}

TEST(Compiler, ASecretForBackendsThatIsNotThereClosesThePathAndIsComplainedAbout) {
  const auto ingress = an_ingress("shop/www")
                           .annotation("nginx.ingress.kubernetes.io/backend-protocol", "HTTPS")
                           .annotation("nginx.ingress.kubernetes.io/proxy-ssl-secret", "shop/trust")
                           .path("a.example", "/", "web", 80);
  EXPECT_THAT(named_secrets(ingress.get()), ElementsAre(key_of("shop/trust")));
  const Compiled compiled =
      compile(ViewBuilder().service("shop/web", 80, {"10.0.0.1"}).ingress(ingress).view);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www BackendSecretUnusable"));
  EXPECT_EQ(host(compiled, "a.example").routes.front().action,
            proxy::config::Action(FixedAnswer{503, "backend_secret"}));
}

TEST(Compiler, AnIngressOfAnotherClassIsNotOurs) {
  const Compiled compiled = compile(
      ViewBuilder()
          .ingress(an_ingress("shop/www").class_name("nginx").path("a.example", "/", "web", 80))
          .ingress(an_ingress("shop/none").no_class().path("b.example", "/", "web", 80))
          .view);
  EXPECT_THAT(compiled.config.hosts, IsEmpty());
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(compiled.summaries, IsEmpty());
}

TEST(Compiler, PathTypesAndWildcardAndNoHost) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .path("*.shop.example", "/exact", "web", 80, kube::PathType::exact)
                               .path("*.shop.example", "/prefix/", "web", 80)
                               .path("", "", "web", 80, kube::PathType::implementation_specific))
                  .view);
  EXPECT_THAT(host(compiled, "*.shop.example").routes,
              ElementsAre(forward(PathMatch::exact, "/exact", "shop/web:80"),
                          forward(PathMatch::prefix, "/prefix", "shop/web:80")));
  EXPECT_THAT(host(compiled, "").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80")));
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(Compiler, ADefaultBackendAnswersForTheIngresssHostsOrForEveryHostWhenItHasNoRules) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .service("shop/rest", 80, {"10.0.0.2"})
          .service("base/all", 80, {"10.0.0.3"})
          .ingress(
              an_ingress("shop/www").path("a.example", "/x", "web", 80).default_backend("rest", 80))
          .ingress(
              an_ingress("shop/bare").rule_without_paths("b.example").default_backend("rest", 80))
          .ingress(an_ingress("base/all").default_backend("all", 80))
          .view);
  EXPECT_EQ(std::get<Forward>(host(compiled, "a.example").default_route->action).cluster,
            "shop/rest:80");
  EXPECT_EQ(std::get<Forward>(host(compiled, "b.example").default_route->action).cluster,
            "shop/rest:80");
  EXPECT_EQ(std::get<Forward>(host(compiled, "").default_route->action).cluster, "base/all:80");
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(Compiler, WhatAnIngressSaysOfItsRequestsHoldsForItsDefaultBackendToo) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .annotation("nginx.ingress.kubernetes.io/proxy-body-size", "2m")
                               .path("a.example", "/x", "web", 80)
                               .default_backend("web", 80))
                  .view);
  const VirtualHost& made = host(compiled, "a.example");
  EXPECT_EQ(made.routes.at(0).policies->body_bytes_max, 2 * kMiB);
  EXPECT_EQ(made.default_route->policies, made.routes.at(0).policies);
}

TEST(Compiler, HostsThatSayTheSameShareIt) {
  const auto sized = [](const char* name, const char* bytes) {
    return an_ingress(std::string("shop/") + name)
        .annotation("nginx.ingress.kubernetes.io/proxy-body-size", bytes)
        .path(std::string(name) + ".example", "/", "web", 80);
  };
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .ingress(sized("a", "2m"))
                                        .ingress(sized("b", "3m"))
                                        .ingress(sized("c", "2m"))
                                        .view);
  const auto policies_of = [&](const char* name) {
    return &*host(compiled, name).routes.at(0).policies;
  };
  EXPECT_EQ(policies_of("a.example"), policies_of("c.example"));
  EXPECT_NE(policies_of("a.example"), policies_of("b.example"));
}

TEST(Compiler, ARequestIsBufferedAsItsIngressSaysElseAsTheOperatorWasTold) {
  const auto says = [](const char* name, const char* value) {
    return an_ingress(std::string("shop/") + name)
        .annotation("nginx.ingress.kubernetes.io/proxy-request-buffering", value)
        .path("a.example", std::string("/") + name, "web", 80);
  };
  for (const bool told : {true, false}) {
    ClusterView view =
        ViewBuilder()
            .service("shop/web", 80, {"10.0.0.1"})
            .ingress(says("off", "off"))
            .ingress(says("on", "on"))
            .ingress(an_ingress("shop/silent").path("a.example", "/silent", "web", 80))
            .view;
    view.buffers_requests = told;
    const Compiled compiled = compile(view);
    std::map<std::string, bool> buffers;
    for (const auto& route : host(compiled, "a.example").routes) {
      buffers[route.path] = route.policies->buffers_request;
    }
    EXPECT_EQ(buffers,
              (std::map<std::string, bool>{{"/off", false}, {"/on", true}, {"/silent", told}}));
  }
}

TEST(Compiler, TheOlderIngressHasThePathAndTheYoungerIsToldByWhom) {
  const auto older = an_ingress("shop/zoo").path("a.example", "/x", "web", 80);
  const auto younger = an_ingress("shop/abc")
                           .created_after(seconds(1))
                           .path("a.example", "/x/", "web", 80)
                           .path("a.example", "/y", "web", 80);
  const Compiled compiled = compile(
      ViewBuilder().service("shop/web", 80, {"10.0.0.1"}).ingress(younger).ingress(older).view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/x", "shop/web:80"),
                          forward(PathMatch::prefix, "/y", "shop/web:80")));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/abc PathConflict"));
  EXPECT_THAT(message_of(compiled, "PathConflict"), HasSubstr("shop/zoo"));
}

TEST(Compiler, OfTwoOfTheSameAgeTheFirstByNameHasThePath) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/b").path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/a").path("a.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/b PathConflict"));
}

// As the controllers of clouds have it (ALB, GCE).
TEST(Compiler, AStarAtTheEndOfAnImplementationSpecificPathIsEverythingBelow) {
  const auto specific = kube::PathType::implementation_specific;
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .path("a.example", "/*", "web", 80, specific)
                               .path("a.example", "/b/*", "web", 80, specific))
                  .view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80"),
                          forward(PathMatch::prefix, "/b", "shop/web:80")));
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(Compiler, AStarThatIsTakenLiterallyIsTold) {
  using kube::PathType;
  const std::pair<const char*, PathType> literal[] = {
      {"/*", PathType::prefix},
      {"/b/*", PathType::exact},
      {"/c/*/d", PathType::implementation_specific},
      {"/e*", PathType::implementation_specific},
  };
  for (const auto& [path, type] : literal) {
    const Compiled compiled =
        compile(ViewBuilder()
                    .service("shop/web", 80, {"10.0.0.1"})
                    .ingress(an_ingress("shop/www").path("a.example", path, "web", 80, type))
                    .view);
    EXPECT_EQ(host(compiled, "a.example").routes.at(0).path, path);
    EXPECT_THAT(reasons(compiled), ElementsAre("shop/www PathTakenLiterally")) << path;
  }
}

TEST(Compiler, ARegularExpressionWithoutUseRegexIsToldWithItsRemedy) {
  const auto of_path = [](const std::string& path, bool with_use_regex) {
    auto made = an_ingress("shop/www")
                    .path("a.example", path, "web", 80, kube::PathType::implementation_specific);
    if (with_use_regex) made.annotation("nginx.ingress.kubernetes.io/use-regex", "true");
    return compile(ViewBuilder().service("shop/web", 80, {"10.0.0.1"}).ingress(made).view)
        .complaints;
  };
  for (const char* path : {"/pay(/|$)(.*)", "/users/[0-9]+", "/v1/.+", "/item/\\d", "/x$"}) {
    const Complaints told = of_path(path, false);
    ASSERT_EQ(told.size(), 1u) << path;
    EXPECT_EQ(told[0].reason, "PathTakenLiterally") << path;
    EXPECT_NE(told[0].message.find("use-regex: \"true\""), std::string::npos) << path;
    EXPECT_THAT(of_path(path, true), IsEmpty()) << path;
  }
  for (const char* path : {"/", "/a.b/c", "/c++/x", "/a(b)", "/~me", "/a,b;c=d"}) {
    EXPECT_THAT(of_path(path, false), IsEmpty()) << path;
  }
}

TEST(Compiler, ACertificateWithoutItsIntermediateIsServedAndTheMissingIssuerNamed) {
  auto view =
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .secret("shop/tls", {"a.example"})
          .ingress(
              an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
          .view;
  EXPECT_THAT(compile(view).complaints, IsEmpty());
  auto secret = std::make_shared<TlsSecret>(*view.secrets.begin()->second);
  secret->untold_issuer = "CN=Middle R3,O=Somebody";
  view.secrets.begin()->second = secret;
  const Compiled compiled = compile(view);
  EXPECT_EQ(compiled.config.sni.count("a.example"), 1u);
  ASSERT_THAT(reasons(compiled), ElementsAre("shop/www CertificateChainIncomplete"));
  EXPECT_NE(compiled.complaints[0].message.find("\"CN=Middle R3,O=Somebody\""), std::string::npos);
}

TEST(Compiler, ExactAndPrefixOfOnePathAreTwoPlaces) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .path("a.example", "/x", "web", 80)
                               .path("a.example", "/x", "web", 80, kube::PathType::exact))
                  .view);
  EXPECT_EQ(host(compiled, "a.example").routes.size(), 2u);
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(Compiler, OneBadPathClosesThatPathAlone) {
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .ingress(an_ingress("shop/www")
                                                     .path("a.example", "/gone", "gone", 80)
                                                     .resource_path("a.example", "/bucket")
                                                     .path("a.example", "/../up", "web", 80)
                                                     .path("a.example", "/ok", "web", 80)
                                                     .path("*", "/", "web", 80))
                                        .view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(Route{PathMatch::prefix, "/gone", FixedAnswer{503, "service_not_found"},
                                proxy::config::Policies{kMiB}},
                          Route{PathMatch::prefix, "/bucket", FixedAnswer{503, "resource_backend"},
                                proxy::config::Policies{kMiB}},
                          forward(PathMatch::prefix, "/ok", "shop/web:80")));
  EXPECT_EQ(compiled.config.hosts.count("*"), 0u);
  EXPECT_THAT(reasons(compiled),
              ElementsAre("shop/www HostInvalid", "shop/www PathInvalid",
                          "shop/www ResourceBackendUnsupported", "shop/www ServiceNotFound"));
  ASSERT_EQ(compiled.summaries.size(), 1u);
  EXPECT_EQ(compiled.summaries[0].paths_served, 1u);
  EXPECT_EQ(compiled.summaries[0].paths_closed, 2u);
}

TEST(Compiler, OneMissingServiceIsOneComplaintHoweverManyPathsLeadThere) {
  const Compiled compiled = compile(ViewBuilder()
                                        .ingress(an_ingress("shop/www")
                                                     .path("a.example", "/x", "gone", 80)
                                                     .path("a.example", "/y", "gone", 80))
                                        .view);
  ASSERT_THAT(reasons(compiled), ElementsAre("shop/www ServiceNotFound"));
  EXPECT_THAT(compiled.complaints[0].message, HasSubstr("/x, /y"));
}

TEST(Compiler, NobodyHearsOfTroubleBehindAPathThatIsAnothers) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .service("shop/lost", 80, {"10.0.0.2"})
                  .ingress(an_ingress("shop/a").path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/b").path("a.example", "/", "gone", 80))
                  .ingress(an_ingress("shop/c").path("a.example", "/", "lost", 80))
                  .view);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/b PathConflict", "shop/c PathConflict"));
  EXPECT_EQ(compiled.config.clusters.count("shop/lost:80"), 0u);
}

// ---- Annotations

TEST(Compiler, AGuardThatIsNotHonouredClosesEveryPathOfItsIngressAndOnlyThose) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(an_ingress("shop/guarded")
                       .annotation("nginx.ingress.kubernetes.io/auth-url", "http://a/")
                       .path("a.example", "/admin", "web", 80)
                       .default_backend("web", 80))
          .ingress(
              an_ingress("shop/open").created_after(seconds(1)).path("a.example", "/", "web", 80))
          .view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(Route{PathMatch::prefix, "/admin", FixedAnswer{503, "annotation_refused"},
                                proxy::config::Policies{kMiB}},
                          forward(PathMatch::prefix, "/", "shop/web:80")));
  EXPECT_EQ(std::get<FixedAnswer>(host(compiled, "a.example").default_route->action).reason,
            "annotation_refused");
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/guarded AnnotationRefused"));
  EXPECT_THAT(message_of(compiled, "AnnotationRefused"),
              HasSubstr("nginx.ingress.kubernetes.io/auth-url"));
}

TEST(Compiler, AYoungerIngressCannotOpenAPathThatARefusedOneHas) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(an_ingress("shop/guarded")
                       .annotation("nginx.ingress.kubernetes.io/whitelist-source-range", "10/8")
                       .path("a.example", "/", "web", 80))
          .ingress(
              an_ingress("shop/thief").created_after(seconds(1)).path("a.example", "/", "web", 80))
          .view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(Route{PathMatch::prefix, "/", FixedAnswer{503, "annotation_refused"},
                                proxy::config::Policies{kMiB}}));
}

TEST(Compiler, ARewriteOfTheRootToItselfAsksForNothing) {
  const auto compiled_with = [](const std::string& target, const std::string& path) {
    return compile(
        ViewBuilder()
            .service("shop/web", 80, {"10.0.0.1"})
            .ingress(an_ingress("shop/web")
                         .annotation("nginx.ingress.kubernetes.io/rewrite-target", target)
                         .path("a.example", "/", "web", 80)
                         .path("b.example", path, "web", 80))
            .view);
  };
  const Compiled served = compiled_with("/", "/");
  EXPECT_THAT(host(served, "a.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80")));
  EXPECT_THAT(reasons(served), IsEmpty());
  for (const auto& [target, path] : {std::pair("/", "/api"), std::pair("/app", "/")}) {
    const Compiled rewritten = compiled_with(target, path);
    EXPECT_THAT(reasons(rewritten), IsEmpty());
    EXPECT_EQ(host(rewritten, "b.example").routes.at(0).policies->rewrite_target, target)
        << target << " for " << path;
  }
}

// An open "/" and a younger Ingress whose guard is not supported, as the proxy takes them.
// The guarded one is a second younger, or as much older as the open one is younger.
Compiled beside_an_open_root(ingress_test::IngressBuilder guarded, seconds open_after = {}) {
  return compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(
              an_ingress("shop/open").created_after(open_after).path("a.example", "/", "web", 80))
          .ingress(guarded.created_after(seconds(1))
                       .annotation("nginx.ingress.kubernetes.io/auth-url", "http://a/"))
          .view);
}

std::vector<std::string> expressions(const Compiled& compiled, const std::string& name) {
  std::vector<std::string> all;
  for (const auto& closed : host(compiled, name).closed) all.push_back(closed.expression);
  return all;
}

TEST(Compiler, ARefusedRegularExpressionClosesWhatItMatchesWhateverThePathTypeAndAge) {
  for (const auto type :
       {kube::PathType::prefix, kube::PathType::exact, kube::PathType::implementation_specific}) {
    for (const std::string path : {"/admin(/|$)(.*)", "/wp-(admin|login)(.*)", "/(a|b)",
                                   "/api/v[0-9]+/internal/.*", "/admin|/secret"}) {
      for (const seconds open_after : {seconds(0), seconds(2)}) {
        SCOPED_TRACE(path + " beside one after " + std::to_string(open_after.count()) + " s");
        const Compiled compiled = beside_an_open_root(
            an_ingress("shop/re").path("a.example", path, "web", 80, type), open_after);
        EXPECT_THAT(expressions(compiled, "a.example"), ElementsAre(path));
        EXPECT_EQ(host(compiled, "a.example").closed[0].answer,
                  (FixedAnswer{503, "annotation_refused"}));
        EXPECT_THAT(reasons(compiled), ElementsAre("shop/re AnnotationRefused"));
      }
    }
  }
}

TEST(Compiler, WhereOneIngressHasExpressionsEveryRefusedPathOfTheHostIsOne) {
  const auto guarded = [](const std::string& path) {
    return an_ingress("shop/guarded").path("a.example", path, "web", 80);
  };
  EXPECT_THAT(expressions(beside_an_open_root(guarded("/admin")), "a.example"), IsEmpty());
  for (const char* key : {"use-regex", "rewrite-target"}) {
    const auto with_key = [&](const std::string& path) {
      return guarded(path).annotation(std::string("nginx.ingress.kubernetes.io/") + key, "true");
    };
    EXPECT_THAT(expressions(beside_an_open_root(with_key("/admin")), "a.example"),
                ElementsAre("/admin"));
    // The root is the older Ingress's, as a location of nginx would be.
    EXPECT_THAT(expressions(beside_an_open_root(with_key("/")), "a.example"), IsEmpty());
  }
}

TEST(Compiler, AGuardedExpressionThatCannotBeComparedClosesTheHostAndAllAreTold) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .ingress(an_ingress("shop/open")
                       .path("a.example", "/", "web", 80)
                       .path("b.example", "/", "web", 80)
                       .default_backend("web", 80))
          .ingress(an_ingress("shop/re")
                       .created_after(seconds(1))
                       .annotation("nginx.ingress.kubernetes.io/server-snippet", "deny all;")
                       .path("a.example", "/(?!public).*", "web", 80))
          .ingress(
              an_ingress("shop/zoo").created_after(seconds(2)).path("a.example", "/x", "none", 80))
          .view);
  for (const Route& route : host(compiled, "a.example").routes) {
    EXPECT_FALSE(std::holds_alternative<Forward>(route.action)) << route.path;
  }
  EXPECT_FALSE(std::holds_alternative<Forward>(host(compiled, "a.example").default_route->action));
  EXPECT_EQ(host(compiled, "b.example").routes[0].action,
            proxy::config::Action(Forward{"shop/web:80"}));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/open HostClosed", "shop/re AnnotationRefused",
                                             "shop/re HostClosed", "shop/zoo ServiceNotFound"));
  EXPECT_THAT(message_of(compiled, "HostClosed"), HasSubstr("shop/re"));
  EXPECT_EQ(compiled.summaries[0].paths_served, 2u);
  EXPECT_EQ(compiled.summaries[0].paths_closed, 2u);
}

TEST(Compiler, WhatHasARuleOfItsOwnIsNotRedirectedToTheOtherSpellingWithWww) {
  const std::string nginx = "nginx.ingress.kubernetes.io/";
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/site")
                               .annotation(nginx + "from-to-www-redirect", "true")
                               .annotation(nginx + "server-alias", "~^x, b.example")
                               .path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/www")
                               .created_after(seconds(1))
                               .path("www.a.example", "/own", "web", 80))
                  .view);
  EXPECT_THAT(host(compiled, "www.a.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/own", "shop/web:80")));
  EXPECT_EQ(
      host(compiled, "www.a.example").default_route->action,
      proxy::config::Action(FixedAnswer{
          503, "redirect", proxy::config::Redirection{308, "$scheme://a.example$request_uri"}}));
  EXPECT_THAT(host(compiled, "b.example").routes,
              ElementsAre(forward(PathMatch::prefix, "/", "shop/web:80")));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/site AnnotationIgnored"));
}

TEST(Compiler, ExpressionsAreThoseOfTheIngressThatUsesThem) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/re")
                               .annotation("nginx.ingress.kubernetes.io/use-regex", "true")
                               .path("a.example", "/a(/|$)(.*)", "web", 80)
                               .path("a.example", "/plain", "web", 80)
                               .path("a.example", "/", "web", 80)
                               .path("a.example", "/v1.0", "web", 80,
                                     kube::PathType::implementation_specific))
                  .ingress(an_ingress("shop/literal")
                               .created_after(seconds(1))
                               .path("a.example", "/b(.*)", "web", 80))
                  .ingress(an_ingress("shop/late")
                               .created_after(seconds(2))
                               .annotation("nginx.ingress.kubernetes.io/rewrite-target", "/$2")
                               .path("a.example", "/a(/|$)(.*)", "web", 80))
                  .view);
  std::vector<std::string> served;
  for (const auto& route : host(compiled, "a.example").expressions) {
    served.push_back(route.expression);
  }
  EXPECT_THAT(served, ElementsAre("/a(/|$)(.*)", "/v1.0"));
  EXPECT_EQ(host(compiled, "a.example").routes.size(), 3u);
  EXPECT_THAT(reasons(compiled),
              ElementsAre("shop/late PathConflict", "shop/literal PathTakenLiterally"));
}

TEST(Compiler, AGuardedPathThatMayBeAnExpressionGuardsWhatItMatchesToo) {
  const auto of_path = [](const std::string& path, bool host_has_expressions) {
    ViewBuilder view;
    view.service("shop/web", 80, {"10.0.0.1"})
        .ingress(an_ingress("shop/open").path("a.example", "/", "web", 80))
        .ingress(an_ingress("shop/guarded")
                     .created_after(seconds(1))
                     .annotation("nginx.ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8")
                     .path("a.example", path, "web", 80));
    if (host_has_expressions) {
      view.ingress(an_ingress("shop/re")
                       .created_after(seconds(2))
                       .annotation("nginx.ingress.kubernetes.io/use-regex", "true")
                       .path("a.example", "/re[0-9]", "web", 80));
    }
    return compile(view.view);
  };
  for (const char* path : {"/admin(/|$)(.*)", "/wp-(admin)", "/api/v[0-9]+/", "^/admin"}) {
    SCOPED_TRACE(path);
    const Compiled compiled = of_path(path, false);
    const auto& expressions = host(compiled, "a.example").expressions;
    ASSERT_EQ(expressions.size(), 1u);
    EXPECT_EQ(expressions[0].expression, path);
    EXPECT_FALSE(expressions[0].policies->guards.empty());
    EXPECT_THAT(reasons(compiled), ElementsAre("shop/guarded PathTakenBothWays"));
  }
  for (const char* path : {"/admin", "/c++/x", "/a.b", "/v1.0"}) {
    EXPECT_THAT(host(of_path(path, false), "a.example").expressions, IsEmpty()) << path;
  }
  EXPECT_THAT(host(of_path("/a+b", false), "a.example").expressions, IsEmpty());
  EXPECT_EQ(host(of_path("/a+b", true), "a.example").expressions.size(), 2u);
  EXPECT_EQ(host(of_path("/c++", true), "a.example").expressions.size(), 1u);
}

TEST(Compiler, AnExpressionThatCannotBeComparedIsClosedThoughNothingElseGuards) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/open").path("a.example", "/", "web", 80))
                  .ingress(an_ingress("shop/re")
                               .created_after(seconds(1))
                               .annotation("nginx.ingress.kubernetes.io/use-regex", "true")
                               .path("a.example", "/(?!public).*", "web", 80))
                  .view);
  EXPECT_FALSE(std::holds_alternative<Forward>(host(compiled, "a.example").routes[0].action));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/open HostClosed", "shop/re HostClosed"));
}

TEST(Compiler, MoreExpressionsThanAHostMayHaveCloseIt) {
  auto many = an_ingress("shop/many");
  for (std::size_t i = 0; i <= proxy::config::kClosedMax; ++i) {
    many.path("a.example", "/x" + std::to_string(i) + ".*", "web", 80);
  }
  const Compiled compiled = beside_an_open_root(many);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/many AnnotationRefused", "shop/many HostClosed",
                                             "shop/open HostClosed"));
  EXPECT_FALSE(std::holds_alternative<Forward>(host(compiled, "a.example").routes[0].action));
}

TEST(Compiler, AnAnnotationThatOnlyTunesIsReportedAndTheIngressServed) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(an_ingress("shop/www")
                               .annotation("nginx.ingress.kubernetes.io/enable-rewrite-log", "on")
                               .annotation("nginx.ingress.kubernetes.io/proxy-body-size", "8m")
                               .path("a.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(host(compiled, "a.example").routes,
              ElementsAre(Route{PathMatch::prefix, "/", Forward{"shop/web:80"},
                                proxy::config::Policies{8 * kMiB}}));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www AnnotationIgnored"));
}

TEST(Compiler, ACanaryNeverTakesAPathFromTheIngressThatItBelongsTo) {
  const Compiled compiled = compile(
      ViewBuilder()
          .service("shop/web", 80, {"10.0.0.1"})
          .service("shop/next", 80, {"10.0.0.2"})
          .ingress(an_ingress("shop/canary")
                       .annotation("nginx.ingress.kubernetes.io/canary", "true")
                       .path("a.example", "/", "next", 80))
          .ingress(
              an_ingress("shop/www").created_after(seconds(1)).path("a.example", "/", "web", 80))
          .view);
  const auto& routes = host(compiled, "a.example").routes;
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes.at(0).action, proxy::config::Action(Forward{"shop/web:80"}));
  EXPECT_THAT(reasons(compiled), IsEmpty());
}

// ---- TLS

ViewBuilder shop() {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  return cluster;
}

TEST(Compiler, ASecretIsServedForTheHostsOfItsTlsEntry) {
  const Compiled compiled = compile(shop()
                                        .secret("shop/tls", {"a.example", "b.example"})
                                        .ingress(an_ingress("shop/www")
                                                     .path("a.example", "/", "web", 80)
                                                     .tls({"A.example", "b.example"}, "tls"))
                                        .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  // tls.hosts need not equal the rules' hosts.
  EXPECT_THAT(compiled.config.sni,
              ElementsAre(Pair("a.example", "shop/tls"), Pair("b.example", "shop/tls")));
  EXPECT_EQ(compiled.config.certificates.at("shop/tls")->key_pem, "key of shop/tls");
  EXPECT_TRUE(host(compiled, "a.example").https_redirect);
  EXPECT_THAT(compiled.summaries[0].tls_names, ElementsAre("a.example", "b.example"));
}

TEST(Compiler, ATlsEntryWithoutHostsIsForAllHostsOfTheRules) {
  const Compiled compiled = compile(shop()
                                        .secret("shop/tls", {"a.example", "*.b.example"})
                                        .ingress(an_ingress("shop/www")
                                                     .path("a.example", "/", "web", 80)
                                                     .path("*.b.example", "/", "web", 80)
                                                     .tls({}, "tls"))
                                        .view);
  EXPECT_THAT(compiled.config.sni,
              ElementsAre(Pair("*.b.example", "shop/tls"), Pair("a.example", "shop/tls")));
}

TEST(Compiler, ATlsEntryWithoutASecretIsToldWhereItsNamespaceHasNoDefaultCertificate) {
  const auto beside = [](const std::string& namespace_) {
    ViewBuilder cluster = shop();
    if (!namespace_.empty()) {
      cluster.service(namespace_ + "/rest", 80, {"10.0.0.9"})
          .secret(namespace_ + "/tls", {"a.example"})
          .ingress(an_ingress(namespace_ + "/default").default_backend("rest", 80).tls({}, "tls"));
    }
    return compile(cluster
                       .ingress(an_ingress("shop/www")
                                    .created_after(seconds(1))
                                    .path("a.example", "/", "web", 80)
                                    .tls({"a.example"}, ""))
                       .view);
  };
  const auto told = HasSubstr("its namespace has no default certificate");
  EXPECT_THAT(message_of(beside(""), "CertificateMissing"), told);
  EXPECT_THAT(beside("shop").complaints, IsEmpty());
  std::string all;
  for (const Complaint& complaint : beside("other").complaints) all += complaint.message;
  EXPECT_THAT(all, told);
}

TEST(Compiler, AMissingSecretConcernsItsOwnHostsAlone) {
  const Compiled compiled = compile(shop()
                                        .secret("shop/good", {"good.example"})
                                        .ingress(an_ingress("shop/www")
                                                     .path("good.example", "/", "web", 80)
                                                     .path("bad.example", "/", "web", 80)
                                                     .tls({"good.example"}, "good")
                                                     .tls({"bad.example", "worse.example"}, "gone"))
                                        .view);
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("good.example", "shop/good")));
  EXPECT_TRUE(host(compiled, "good.example").https_redirect);
  EXPECT_FALSE(host(compiled, "bad.example").https_redirect);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www CertificateMissing"));
  EXPECT_THAT(message_of(compiled, "CertificateMissing"), HasSubstr("bad.example, worse.example"));
  EXPECT_THAT(message_of(compiled, "CertificateMissing"), HasSubstr("shop/gone"));
  // One that is Opaque is not there, and who looks for it is told why.
  EXPECT_THAT(message_of(compiled, "CertificateMissing"),
              HasSubstr("of type kubernetes.io/tls does not exist (Secrets of other types are not "
                        "read)"));
}

TEST(Compiler, ABrokenSecretIsNamedWithItsProblemAndItsContentStaysHere) {
  const Compiled compiled = compile(
      shop()
          .broken_secret("shop/tls", "tls.key is empty")
          .ingress(
              an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
          .view);
  EXPECT_THAT(compiled.config.sni, IsEmpty());
  EXPECT_THAT(compiled.config.certificates, IsEmpty());
  EXPECT_THAT(message_of(compiled, "CertificateInvalid"), HasSubstr("tls.key is empty"));
}

TEST(Compiler, ASecretOfAnotherNamespaceIsOutOfReach) {
  const Compiled compiled = compile(
      shop()
          .secret("other/tls", {"a.example"})
          .ingress(
              an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
          .view);
  EXPECT_THAT(compiled.config.sni, IsEmpty());
}

// Whoever holds a proxy's token gets what is compiled, and so the private keys in it.
TEST(Compiler, NoKeyReachesTheProxiesButThoseThatAHostOfTheirClassesUses) {
  const Compiled compiled = compile(
      ViewBuilder()
          .ingress_class("internal", "example.com/another-controller")
          .secret("shop/tls", {"a.example"})
          .secret("shop/of-another-class", {"b.example"})
          .secret("shop/of-no-class", {"c.example"})
          .secret("shop/of-nobody", {"d.example"})
          .secret("shop/of-another-host", {"elsewhere.example"})
          .secret("shop/younger", {"a.example"})
          .secret("bank/tls", {"a.example"})
          .certificate(a_certificate("shop/of-nobody", "of-nobody", {"d.example"}))
          .ingress(
              an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
          .ingress(an_ingress("shop/internal")
                       .class_name("internal")
                       .path("b.example", "/", "web", 80)
                       .tls({"b.example"}, "of-another-class"))
          .ingress(an_ingress("shop/none")
                       .no_class()
                       .path("c.example", "/", "web", 80)
                       .tls({"c.example"}, "of-no-class"))
          .ingress(an_ingress("shop/wrong")
                       .path("e.example", "/", "web", 80)
                       .tls({"e.example"}, "of-another-host"))
          .ingress(an_ingress("shop/young")
                       .created_after(seconds(60))
                       .path("a.example", "/young", "web", 80)
                       .tls({"a.example"}, "younger"))
          .view);
  EXPECT_THAT(compiled.config.certificates, ElementsAre(Pair("shop/tls", testing::_)));
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("a.example", "shop/tls")));
}

TEST(Compiler, ACertificateForOtherHostsIsNotServed) {
  const Compiled compiled = compile(
      shop()
          .secret("shop/tls", {"other.example"})
          .ingress(
              an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
          .view);
  EXPECT_THAT(compiled.config.sni, IsEmpty());
  EXPECT_THAT(message_of(compiled, "CertificateHostMismatch"), HasSubstr("other.example"));
}

TEST(Compiler, AnUnusableSecretOfAnOlderIngressDoesNotStandInTheWay) {
  const Compiled compiled = compile(
      shop()
          .broken_secret("shop/bad", "no PEM")
          .secret("shop/good", {"a.example"})
          .ingress(an_ingress("shop/older").tls({"a.example"}, "bad"))
          .ingress(an_ingress("shop/younger").created_after(seconds(9)).tls({"a.example"}, "good"))
          .view);
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("a.example", "shop/good")));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/older CertificateInvalid"));
}

TEST(Compiler, OfTwoSoundSecretsTheOlderIngresssIsServed) {
  const Compiled compiled = compile(
      shop()
          .secret("shop/one", {"a.example"})
          .secret("shop/two", {"a.example"})
          .ingress(an_ingress("shop/older").tls({"a.example"}, "one"))
          .ingress(an_ingress("shop/younger").created_after(seconds(9)).tls({"a.example"}, "two"))
          .view);
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("a.example", "shop/one")));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/younger CertificateConflict"));
}

TEST(Compiler, TwoIngressesMayShareASecret) {
  const Compiled compiled = compile(shop()
                                        .secret("shop/tls", {"a.example"})
                                        .ingress(an_ingress("shop/one").tls({"a.example"}, "tls"))
                                        .ingress(an_ingress("shop/two").tls({"a.example"}, "tls"))
                                        .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(Compiler, AnExpiredCertificateIsServedWhenThereIsNoBetterOne) {
  auto cluster = shop();
  cluster.secret("shop/old", {"a.example"}, kNow - seconds(1))
      .ingress(an_ingress("shop/older").tls({"a.example"}, "old"));
  const Compiled alone = compile(cluster.view);
  EXPECT_THAT(alone.config.sni, ElementsAre(Pair("a.example", "shop/old")));
  EXPECT_THAT(reasons(alone), ElementsAre("shop/older CertificateExpired"));

  cluster.secret("shop/new", {"a.example"})
      .ingress(an_ingress("shop/younger").created_after(seconds(9)).tls({"a.example"}, "new"));
  EXPECT_THAT(compile(cluster.view).config.sni, ElementsAre(Pair("a.example", "shop/new")));
}

TEST(Compiler, WhatACertificateIsAboutToWriteIsPendingNotMissing) {
  for (const bool empty_secret : {false, true}) {
    auto cluster = shop();
    cluster.certificate(a_certificate("shop/tls", "tls", {"a.example"}))
        .ingress(an_ingress("shop/www").tls({"a.example"}, "tls"));
    if (empty_secret) cluster.empty_secret("shop/tls");
    const Compiled compiled = compile(cluster.view);
    ASSERT_THAT(reasons(compiled), ElementsAre("shop/www CertificatePending"));
    EXPECT_EQ(compiled.complaints[0].severity, Severity::pending);
  }
}

TEST(Compiler, WhatAnIssuerAnnotationAsksForIsPendingBeforeThereIsACertificate) {
  const Compiled compiled =
      compile(shop()
                  .ingress(an_ingress("shop/www")
                               .annotation("cert-manager.io/cluster-issuer", "le")
                               .tls({"a.example"}, "tls"))
                  .view);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www CertificatePending"));
}

TEST(Compiler, ANewHostOfACertificateIsPendingWhileTheOldOnesAreServed) {
  const Compiled compiled =
      compile(shop()
                  .secret("shop/tls", {"a.example"})
                  .certificate(a_certificate("shop/tls", "tls", {"a.example", "b.example"}))
                  .ingress(an_ingress("shop/www").tls({"a.example", "b.example"}, "tls"))
                  .view);
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("a.example", "shop/tls")));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www CertificatePending"));
}

TEST(Compiler, ACertificateWhoseSecretIsBrokenIsAProblemAllTheSame) {
  const Compiled compiled =
      compile(shop()
                  .broken_secret("shop/tls", "tls.key is empty")
                  .certificate(a_certificate("shop/tls", "tls", {"a.example"}))
                  .ingress(an_ingress("shop/www").tls({"a.example"}, "tls"))
                  .view);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/www CertificateInvalid"));
}

// ---- Redirects

Compiled with_redirects(const char* key, const char* value, bool with_secret) {
  auto cluster = shop();
  if (with_secret) cluster.secret("shop/tls", {"a.example"});
  auto ingress = an_ingress("shop/www").path("a.example", "/", "web", 80);
  if (with_secret) ingress.tls({"a.example"}, "tls");
  if (key) ingress.annotation(std::string("nginx.ingress.kubernetes.io/") + key, value);
  return compile(cluster.ingress(ingress).view);
}

TEST(Compiler, PlainHttpIsRedirectedWhereThereIsACertificateOrWhenForced) {
  EXPECT_TRUE(host(with_redirects(nullptr, "", true), "a.example").https_redirect);
  EXPECT_FALSE(host(with_redirects(nullptr, "", false), "a.example").https_redirect);
  EXPECT_FALSE(host(with_redirects("ssl-redirect", "false", true), "a.example").https_redirect);
  EXPECT_TRUE(
      host(with_redirects("force-ssl-redirect", "true", false), "a.example").https_redirect);
}

TEST(Compiler, AWildcardCertificateCountsForTheHostsUnderIt) {
  const Compiled compiled = compile(shop()
                                        .secret("shop/wild", {"*.shop.example"})
                                        .ingress(an_ingress("shop/www")
                                                     .path("a.shop.example", "/", "web", 80)
                                                     .path("shop.example", "/", "web", 80)
                                                     .tls({"*.shop.example"}, "wild"))
                                        .view);
  EXPECT_TRUE(host(compiled, "a.shop.example").https_redirect);
  EXPECT_FALSE(host(compiled, "shop.example").https_redirect);
}

TEST(Compiler, TheOldestThatSaysSomethingDecidesTheRedirectOfTheHost) {
  auto cluster = shop();
  cluster.ingress(an_ingress("shop/silent").path("a.example", "/", "web", 80))
      .ingress(an_ingress("shop/says")
                   .created_after(seconds(1))
                   .annotation("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")
                   .path("a.example", "/x", "web", 80))
      .ingress(an_ingress("shop/differs")
                   .created_after(seconds(2))
                   .annotation("nginx.ingress.kubernetes.io/ssl-redirect", "false")
                   .path("a.example", "/y", "web", 80));
  const Compiled compiled = compile(cluster.view);
  EXPECT_TRUE(host(compiled, "a.example").https_redirect);
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/differs AnnotationIgnored"));
  EXPECT_THAT(message_of(compiled, "AnnotationIgnored"), HasSubstr("shop/says"));
}

// ---- Challenges

api::AuthorizationStatus an_authorization(const std::string& host, const std::string& token,
                                          const std::string& state) {
  api::AuthorizationStatus authorization;
  authorization.identifier = host;
  authorization.state = state;
  authorization.token = token;
  authorization.key_authorization = token + ".thumbprint";
  return authorization;
}

TEST(Compiler, TheAnswersOfAllOrdersUnderWayArePublishedWithOrWithoutAnIngress) {
  auto certificate = a_certificate(
      "shop/tls", "tls", {"a.example", "b.example", "c.example", "d.example", "e.example"});
  certificate.status.order = api::OrderStatus{};
  certificate.status.order->authorizations = {
      an_authorization("A.example", "token-1", "pending"),
      an_authorization("b.example", "token-2", "valid"),
      an_authorization("c.example", "token-3", "invalid"),
      an_authorization("d.example", "../escape", "pending"),
      an_authorization("e.example", "", "pending"),
  };
  const Compiled compiled = compile(
      ViewBuilder().certificate(certificate).certificate(a_certificate("x/y", "y", {})).view);
  ASSERT_EQ(compiled.config.challenges.size(), 2u);
  EXPECT_EQ(compiled.config.challenges.at("token-1")->host, "a.example");
  EXPECT_EQ(compiled.config.challenges.at("token-1")->key_authorization, "token-1.thumbprint");
  EXPECT_EQ(compiled.config.challenges.count("token-2"), 1u);
}

TEST(Compiler, AnAnswerIsPublishedForNamesOfItsCertificateOnly) {
  auto certificate = a_certificate("tenant/tls", "tls", {"b.example"});
  certificate.status.order = api::OrderStatus{};
  certificate.status.order->authorizations = {
      an_authorization("victim.example", "token-1", "pending"),
      an_authorization("x.b.example", "token-2", "pending"),
      an_authorization("b.example", "token-3", "pending"),
  };
  const Compiled compiled = compile(ViewBuilder().certificate(certificate).view);
  ASSERT_EQ(compiled.config.challenges.size(), 1u);
  EXPECT_EQ(compiled.config.challenges.at("token-3")->host, "b.example");
}

api::Certificate with_order(api::Certificate certificate, int created,
                            std::vector<api::AuthorizationStatus> authorizations) {
  certificate.metadata.creation_timestamp = base::WallTime(seconds(created));
  certificate.status.order = api::OrderStatus{};
  certificate.status.order->authorizations = std::move(authorizations);
  return certificate;
}

// A token is the choice of whoever names the server: it takes no other host's answer away.
TEST(Compiler, OfATokenThatTwoCertificatesHaveEachHostHasItsOwnAnswer) {
  const auto older = with_order(a_certificate("z/older", "tls", {"m.example"}), 1,
                                {an_authorization("m.example", "token-1", "pending")});
  auto of_younger = an_authorization("a.example", "token-1", "pending");
  of_younger.key_authorization = "token-1.another";
  const auto younger =
      with_order(a_certificate("a/younger", "tls", {"a.example", "z.example"}), 2,
                 {an_authorization("z.example", "token-1", "pending"), of_younger});
  const Compiled compiled = compile(ViewBuilder().certificate(younger).certificate(older).view);
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  const auto& answer = *compiled.config.challenges.at("token-1");
  EXPECT_EQ(answer.host, "m.example") << "what a proxy of an earlier release answers";
  ASSERT_EQ(answer.others.size(), 2u);
  EXPECT_EQ(*answer.find("m.example"), "token-1.thumbprint");
  EXPECT_EQ(*answer.find("a.example"), "token-1.another");
  EXPECT_EQ(*answer.find("z.example"), "token-1.thumbprint");
  EXPECT_EQ(answer.find("b.example"), nullptr);
}

TEST(Compiler, OfTwoAnswersForOneHostAndTokenTheOlderCertificatesStays) {
  const auto older = with_order(a_certificate("z/older", "tls", {"a.example"}), 1,
                                {an_authorization("a.example", "token-1", "pending")});
  auto theirs = an_authorization("a.example", "token-1", "pending");
  theirs.key_authorization = "token-1.another";
  const auto younger = with_order(a_certificate("a/younger", "tls", {"a.example"}), 2, {theirs});
  const Compiled compiled = compile(ViewBuilder().certificate(younger).certificate(older).view);
  const auto& answer = *compiled.config.challenges.at("token-1");
  EXPECT_EQ(*answer.find("a.example"), "token-1.thumbprint");
  EXPECT_TRUE(answer.others.empty());
}

TEST(Compiler, AServerWithOneTokenForEverythingStaysWithinTheContractsBounds) {
  std::vector<std::string> names;
  std::vector<api::AuthorizationStatus> authorizations;
  for (std::size_t i = 0; i < proxy::config::kOtherAnswersMax + 10; ++i) {
    names.push_back("h" + std::to_string(i) + ".example");
    authorizations.push_back(an_authorization(names.back(), "token-1", "pending"));
  }
  const auto certificate = with_order(a_certificate("default/a", "tls", names), 1, authorizations);
  const Compiled compiled = compile(ViewBuilder().certificate(certificate).view);
  EXPECT_TRUE(proxy::config::validate(compiled.config));
}

// ---- Sharing

TEST(ShareUnchanged, AnEntryThatDidNotChangeKeepsItsAddress) {
  auto cluster = shop();
  cluster.secret("shop/tls", {"a.example"})
      .ingress(an_ingress("shop/www").path("a.example", "/", "web", 80).tls({"a.example"}, "tls"))
      .ingress(an_ingress("shop/other").path("b.example", "/", "web", 80));
  const Compiled before = compile(cluster.view);
  cluster.ingress(an_ingress("shop/third").path("b.example", "/new", "web", 80));
  const auto after = routing::share_unchanged(before.config, compile(cluster.view).config);
  EXPECT_EQ(after.hosts.at("a.example"), before.config.hosts.at("a.example"));
  EXPECT_NE(after.hosts.at("b.example"), before.config.hosts.at("b.example"));
  EXPECT_EQ(after.clusters.at("shop/web:80"), before.config.clusters.at("shop/web:80"));
  EXPECT_EQ(after.certificates.at("shop/tls"), before.config.certificates.at("shop/tls"));
}

}  // namespace
}  // namespace ingress
