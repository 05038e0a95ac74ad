// What custom-http-errors and default-backend become in the configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using routing::Complaint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kNginx = "nginx.ingress.kubernetes.io/";

IngressBuilder asking(const std::string& default_backend) {
  IngressBuilder made = an_ingress("shop/www");
  made.annotation(kNginx + "custom-http-errors", "503,404").path("a.example", "/", "web", 80);
  if (!default_backend.empty()) made.annotation(kNginx + "default-backend", default_backend);
  return made;
}

Compiled compiled_with(const IngressBuilder& ingress) {
  const Compiled compiled = compile(ViewBuilder()
                                        .service("shop/web", 80, {"10.0.0.1"})
                                        .service("shop/errors", 8080, {"10.0.0.2"})
                                        .service("shop/empty", 82, {})
                                        .ingress(ingress)
                                        .view);
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  return compiled;
}

const proxy::config::VirtualHost& host(const Compiled& compiled) {
  return *compiled.config.hosts.at("a.example");
}

std::vector<std::string> reasons(const Compiled& compiled) {
  std::vector<std::string> all;
  for (const Complaint& complaint : compiled.complaints) all.push_back(complaint.reason);
  return all;
}

TEST(CompiledErrorPages, SayWhoMakesThemAndWhatTheyAreAbout) {
  const Compiled compiled = compiled_with(asking("errors"));
  const auto& pages = host(compiled).routes.at(0).policies->error_pages;
  ASSERT_TRUE(pages);
  EXPECT_EQ(*pages, (proxy::config::ErrorPages{.cluster = "shop/errors:8080",
                                               .statuses = {404, 503},
                                               .without_endpoints = true,
                                               .namespace_ = "shop",
                                               .ingress = "www",
                                               .service = "web",
                                               .port = 80}));
  EXPECT_THAT(reasons(compiled), IsEmpty());
}

TEST(CompiledErrorPages, OfTheSpecsDefaultBackendAreForTheStatusesAlone) {
  const Compiled compiled = compiled_with(asking("").default_backend("errors", 8080));
  const auto& pages = host(compiled).routes.at(0).policies->error_pages;
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->cluster, "shop/errors:8080");
  EXPECT_FALSE(pages->without_endpoints);
}

TEST(CompiledErrorPages, WhereNobodyMakesThemThereAreNoneAndThatIsTold) {
  for (const char* nobody : {"", "none"}) {
    const Compiled compiled = compiled_with(asking(nobody));
    EXPECT_FALSE(host(compiled).routes.at(0).policies->error_pages) << nobody;
    EXPECT_THAT(reasons(compiled), ElementsAre("ErrorPagesMissing")) << nobody;
  }
  const Compiled later = compiled_with(asking("empty"));
  EXPECT_TRUE(host(later).routes.at(0).policies->error_pages);
  EXPECT_THAT(reasons(later), ElementsAre("ErrorPagesMissing"));
}

TEST(CompiledErrorPages, StandInForAServiceThatIsNotThereBehindTheGuardsOfItsRoute) {
  const Compiled compiled =
      compiled_with(asking("errors")
                        .annotation(kNginx + "allowlist-source-range", "10.0.0.0/8")
                        .path("a.example", "/none", "none", 81));
  const proxy::config::Route* none = nullptr;
  for (const auto& route : host(compiled).routes) {
    if (route.path == "/none") none = &route;
  }
  ASSERT_NE(none, nullptr);
  ASSERT_TRUE(std::holds_alternative<Forward>(none->action));
  EXPECT_THAT(compiled.config.clusters.at(std::get<Forward>(none->action).cluster)->endpoints,
              IsEmpty());
  EXPECT_NE(none->policies->guards, "");
  EXPECT_EQ(none->policies->error_pages.value().service, "none");
  EXPECT_EQ(none->policies->error_pages.value().port, 81u);
  EXPECT_THAT(reasons(compiled), ElementsAre("ServiceNotFound"));
  EXPECT_THAT(compiled.complaints.front().message, HasSubstr("answered by the default-backend"));
}

TEST(CompiledErrorPages, WithoutADefaultBackendAServiceThatIsNotThereIsClosedAsEver) {
  const Compiled compiled =
      compiled_with(asking("").default_backend("errors", 8080).path("a.example", "/n", "none", 81));
  for (const auto& route : host(compiled).routes) {
    if (route.path != "/n") continue;
    EXPECT_TRUE(std::holds_alternative<FixedAnswer>(route.action));
  }
}

TEST(CompiledErrorPages, ARefusedIngressHasNone) {
  const Compiled compiled =
      compiled_with(asking("errors").annotation(kNginx + "fastcgi-index", "index.php"));
  EXPECT_EQ(host(compiled).routes.at(0).policies->error_pages, std::nullopt);
  EXPECT_FALSE(compiled.config.clusters.contains("shop/errors:8080"));
}

}  // namespace
}  // namespace ingress
