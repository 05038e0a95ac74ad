#include "operator/ingress/class_parameters.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/ingress/compiler.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "operator/ingress/overlooked.h"
#include "operator/ingress/owned_ingresses.h"
#include "proxy/config/limits.h"
#include "proxy/config/line_form.h"
#include "proxy/config/wire.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using api::EdgeParameters;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using routing::Complaint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kNginx = "nginx.ingress.kubernetes.io/";

// The class "gatehouse" names "strict", which says this; null: it is not there.
ClusterView view_with(const nlohmann::json& spec, const std::vector<IngressBuilder>& ingresses) {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).service("evil/web", 80, {"10.0.0.2"});
  for (const IngressBuilder& ingress : ingresses) builder.ingress(ingress);
  auto named = std::make_shared<kube::IngressClass>(*builder.view.classes.front());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  builder.view.classes.front() = named;
  if (!spec.is_null()) {
    const nlohmann::json object = {{"metadata", {{"name", "strict"}}}, {"spec", spec}};
    auto parameters = sound_edge_parameters(object);
    EXPECT_TRUE(parameters) << parameters.error().message;
    builder.view.parameters["strict"] = std::make_shared<const EdgeParameters>(*parameters);
  }
  return builder.view;
}

IngressBuilder a_shop() {
  return an_ingress("shop/www").path("a.example", "/", "web", 80);
}

std::vector<std::string> reasons(const Compiled& compiled) {
  std::vector<std::string> all;
  for (const Complaint& one : compiled.complaints) {
    all.push_back(one.claimant.key().text() + " " + one.reason);
  }
  return all;
}

const proxy::config::Route& route_of(const Compiled& compiled, const std::string& host) {
  return compiled.config.hosts.at(host)->routes.at(0);
}

TEST(ClassParameters, ItsDefaultsHoldWhereAnIngressSaysNothing) {
  const nlohmann::json spec = {{"defaults",
                                {{"bodySize", "8m"},
                                 {"connectTimeout", "3s"},
                                 {"readTimeout", "2m"},
                                 {"requestBuffering", true}}}};
  const Compiled compiled = compile(
      view_with(spec, {a_shop(), an_ingress("shop/own")
                                     .path("b.example", "/", "web", 80)
                                     .annotation(kNginx + "proxy-body-size", "1k")
                                     .annotation(kNginx + "proxy-read-timeout", "7")
                                     .annotation(kNginx + "proxy-request-buffering", "off")}));
  const auto cluster_of = [&](const std::string& host) -> const proxy::config::Cluster& {
    const auto& action = std::get<proxy::config::Forward>(route_of(compiled, host).action);
    return *compiled.config.clusters.at(action.cluster);
  };
  EXPECT_EQ(route_of(compiled, "a.example").policies->body_bytes_max, 8u << 20);
  EXPECT_TRUE(route_of(compiled, "a.example").policies->buffers_request);
  EXPECT_EQ(cluster_of("a.example").connect_timeout, std::chrono::seconds(3));
  EXPECT_EQ(cluster_of("a.example").read_timeout, std::chrono::minutes(2));
  EXPECT_EQ(cluster_of("a.example").send_timeout, std::chrono::seconds(60));
  EXPECT_EQ(route_of(compiled, "b.example").policies->body_bytes_max, 1u << 10);
  EXPECT_FALSE(route_of(compiled, "b.example").policies->buffers_request);
  EXPECT_EQ(cluster_of("b.example").read_timeout, std::chrono::seconds(7));
  EXPECT_EQ(cluster_of("b.example").connect_timeout, std::chrono::seconds(3));
}

TEST(ClassParameters, ABodySizeThatCannotBeReadIsNotTheLooserOneOfTheClass) {
  const auto limit = [](const char* of_class) {
    const Compiled compiled =
        compile(view_with({{"defaults", {{"bodySize", of_class}}}},
                          {a_shop().annotation(kNginx + "proxy-body-size", "nonsense")}));
    return route_of(compiled, "a.example").policies->body_bytes_max;
  };
  EXPECT_EQ(limit("1g"), 1u << 20);
  EXPECT_EQ(limit("0"), 1u << 20);
  EXPECT_EQ(limit("10k"), 10u << 10);
}

TEST(ClassParameters, PlainHttpIsServedWhereTheClassSaysSoAndNoIngressAsksForMore) {
  const auto redirects = [](const nlohmann::json& spec, IngressBuilder ingress) {
    ClusterView view = view_with(spec, {ingress.tls({"a.example"}, "tls")});
    ViewBuilder secret;
    secret.secret("shop/tls", {"a.example"});
    view.secrets = secret.view.secrets;
    return compile(view).config.hosts.at("a.example")->https_redirect;
  };
  EXPECT_TRUE(redirects(nlohmann::json::object(), a_shop()));
  EXPECT_TRUE(redirects({{"plainHttp", "Redirect"}}, a_shop()));
  EXPECT_FALSE(redirects({{"plainHttp", "Serve"}}, a_shop()));
  EXPECT_TRUE(
      redirects({{"plainHttp", "Serve"}}, a_shop().annotation(kNginx + "ssl-redirect", "true")));
  EXPECT_TRUE(redirects({{"plainHttp", "Serve"}},
                        a_shop().annotation(kNginx + "force-ssl-redirect", "true")));
}

TEST(ClassParameters, PlainHttpIsRefusedUnlessAnIngressSaysOtherwiseInThatVeryKey) {
  const auto made = [](IngressBuilder ingress) {
    ClusterView view = view_with({{"plainHttp", "Refuse"}}, {ingress.tls({"a.example"}, "tls")});
    ViewBuilder secret;
    secret.secret("shop/tls", {"a.example"});
    view.secrets = secret.view.secrets;
    return compile(view);
  };
  const auto refuses = [&](const Compiled& compiled) {
    return compiled.config.hosts.at("a.example")->refuses_plain_http;
  };
  const Compiled silent = made(a_shop());
  EXPECT_TRUE(refuses(silent));
  EXPECT_THAT(reasons(silent), IsEmpty());
  EXPECT_TRUE(refuses(made(a_shop().annotation(kNginx + "ssl-redirect", "true"))));
  EXPECT_TRUE(refuses(made(a_shop().annotation(kNginx + "force-ssl-redirect", "true"))));
  const Compiled open = made(a_shop().annotation(kNginx + "ssl-redirect", "false"));
  EXPECT_TRUE(refuses(open));
  EXPECT_THAT(reasons(open), ElementsAre("shop/www AnnotationIgnored"));
  EXPECT_THAT(open.complaints[0].message, HasSubstr("EdgeParameters strict"));
  EXPECT_FALSE(refuses(made(a_shop().annotation("gatehouse.dev/plain-http", "serve"))));
  const Compiled redirected = made(a_shop().annotation("gatehouse.dev/plain-http", "redirect"));
  EXPECT_FALSE(refuses(redirected));
  EXPECT_TRUE(redirected.config.hosts.at("a.example")->https_redirect);
}

TEST(ClassParameters, HstsIsOfAnswersOverHttpsUnlessTheIngressSetsOrHidesIt) {
  const auto said = [](IngressBuilder ingress) {
    const nlohmann::json hsts = {
        {"maxAgeSeconds", 31536000}, {"includeSubDomains", true}, {"preload", true}};
    const Compiled compiled = compile(view_with({{"hsts", hsts}}, {ingress}));
    EXPECT_TRUE(proxy::config::validate(compiled.config));
    return compiled.config.shapes.begin()->second->transport_security;
  };
  EXPECT_EQ(said(a_shop()), "max-age=31536000; includeSubDomains; preload");
  EXPECT_EQ(said(a_shop().annotation("gatehouse.dev/response-headers",
                                     "strict-transport-security: max-age=1")),
            "");
  EXPECT_EQ(said(a_shop().annotation("gatehouse.dev/hidden-headers", "Strict-Transport-Security")),
            "");
}

TEST(ClassParameters, TheStatusOfALimitIsTheClasssUnlessTheIngressSaysOne) {
  const auto status = [](const nlohmann::json& spec, IngressBuilder ingress) {
    const Compiled compiled =
        compile(view_with(spec, {ingress.annotation(kNginx + "limit-rps", "5")}));
    return compiled.config.guards.begin()->second->limits->status;
  };
  EXPECT_EQ(status(nlohmann::json::object(), a_shop()), 503);
  EXPECT_EQ(status({{"limitStatus", 429}}, a_shop()), 429);
  EXPECT_EQ(
      status({{"limitStatus", 429}}, a_shop().annotation("gatehouse.dev/limit-status", "503")),
      503);
  EXPECT_EQ(
      status(nlohmann::json::object(), a_shop().annotation("gatehouse.dev/limit-status", "429")),
      429);
}

const nlohmann::json kPages = {
    {"defaultBackend", {{"namespace", "evil"}, {"name", "web"}, {"port", 80}}},
    {"customHttpErrors", {503, 404}}};

TEST(ClassParameters, TheDefaultBackendAnswersWhatNobodyElseDoes) {
  IngressBuilder own = an_ingress("shop/own").path("b.example", "/x", "web", 80);
  own.default_backend("web", 80);
  IngressBuilder first = an_ingress("shop/first").path("c.example", "/x", "web", 80);
  IngressBuilder second = an_ingress("shop/second").path("c.example", "/y", "web", 80);
  second.default_backend("web", 80).created_after(std::chrono::hours(1));
  const Compiled compiled = compile(view_with(kPages, {a_shop(), own, first, second}));
  const auto default_of = [&](const std::string& host) {
    return std::get<proxy::config::Forward>(compiled.config.hosts.at(host)->default_route->action)
        .cluster;
  };
  EXPECT_EQ(default_of("a.example"), "evil/web:80");
  EXPECT_EQ(default_of("b.example"), "shop/web:80");
  EXPECT_EQ(default_of("c.example"), "shop/web:80") << "a younger Ingress's own is not taken away";
  EXPECT_THAT(reasons(compiled), IsEmpty());
  EXPECT_TRUE(proxy::config::validate(compiled.config));
  EXPECT_EQ(compiled.summaries[0].paths_served, 1u) << "it is nobody's path";
}

TEST(ClassParameters, PagesForErrorsAreMadeByTheDefaultBackendOfTheClass) {
  const auto pages = [](IngressBuilder ingress) {
    return route_of(compile(view_with(kPages, {ingress})), "a.example").policies->error_pages;
  };
  const auto of_class = pages(a_shop());
  ASSERT_TRUE(of_class);
  EXPECT_EQ(of_class->cluster, "evil/web:80");
  EXPECT_THAT(of_class->statuses, ElementsAre(404, 503));
  EXPECT_EQ(of_class->namespace_, "shop");
  const auto own = pages(a_shop().annotation(kNginx + "custom-http-errors", "500"));
  EXPECT_EQ(own->cluster, "evil/web:80") << "nobody else is named";
  EXPECT_THAT(own->statuses, ElementsAre(500));
  const auto own_service = pages(a_shop().annotation(kNginx + "default-backend", "web"));
  EXPECT_EQ(own_service->cluster, "shop/web:80");
  EXPECT_THAT(own_service->statuses, ElementsAre(404, 503));
  EXPECT_FALSE(pages(a_shop().annotation(kNginx + "disable-proxy-intercept-errors", "true")));
}

TEST(ClassParameters, ADefaultBackendThatIsNotThereLeavesHostsAsTheyAre) {
  const nlohmann::json spec = {
      {"defaultBackend", {{"namespace", "shop"}, {"name", "none"}, {"port", 80}}}};
  const Compiled compiled = compile(view_with(spec, {a_shop()}));
  EXPECT_FALSE(compiled.config.hosts.at("a.example")->default_route);
  EXPECT_EQ(compiled.summaries[0].paths_served, 1u);
}

TEST(ClassParameters, TheTlsPolicyIsOfHostsWhoseIngressesSayNothing) {
  const nlohmann::json spec = {{"tlsPolicy", "Modern"}};
  const Compiled compiled =
      compile(view_with(spec, {a_shop(), an_ingress("shop/own")
                                             .path("b.example", "/", "web", 80)
                                             .annotation("gatehouse.dev/tls-policy", "old")}));
  EXPECT_TRUE(compiled.config.hosts.at("a.example")->tls13_only);
  EXPECT_FALSE(compiled.config.hosts.at("b.example")->tls13_only);
  EXPECT_TRUE(compiled.config.hosts.at("b.example")->takes_old_ciphers);
  EXPECT_THAT(reasons(compiled), IsEmpty());
}

TEST(ClassParameters, TheFieldServerIsSetUnlessTheIngressSetsOrHidesIt) {
  const auto fields = [](IngressBuilder ingress) {
    const Compiled compiled = compile(view_with({{"server", "edge"}}, {ingress}));
    EXPECT_TRUE(proxy::config::validate(compiled.config));
    return compiled.config.shapes.begin()->second->response_fields;
  };
  using proxy::config::FieldLine;
  EXPECT_THAT(fields(a_shop()), ElementsAre(FieldLine{"Server", "edge"}));
  EXPECT_THAT(fields(a_shop().annotation("gatehouse.dev/hidden-headers", "server")),
              ElementsAre(FieldLine{"server", ""}));
  std::string lines;
  for (std::size_t i = 0; i < proxy::config::kFieldLinesMax; ++i) {
    lines += "X-Mine-" + std::to_string(i) + ": x\n";
  }
  EXPECT_THAT(fields(a_shop().annotation("gatehouse.dev/response-headers", lines)),
              testing::SizeIs(proxy::config::kFieldLinesMax))
      << "one more would break the contract for all";
}

TEST(ClassParameters, TheFormOfTheAccessLogIsThatOfAllItsIngresses) {
  const auto line = [](const nlohmann::json& spec) {
    const Compiled compiled = compile(view_with(spec, {a_shop()}));
    EXPECT_TRUE(proxy::config::validate(compiled.config));
    return compiled.config.shapes.empty() ? std::nullopt
                                          : compiled.config.shapes.begin()->second->access_line;
  };
  using proxy::config::LogFormat;
  EXPECT_FALSE(line({{"accessLog", {{"format", "Json"}}}})) << "as it is anyway";
  EXPECT_EQ(line({{"accessLog", {{"format", "Common"}}}}).value().format, LogFormat::common);
  const auto few = line({{"accessLog", {{"fields", {"host", "status"}}}}});
  ASSERT_TRUE(few);
  EXPECT_EQ(few->format, LogFormat::json);
  ASSERT_EQ(few->fields.size(), 2u);
  EXPECT_EQ(few->fields[1].name, "status");
}

TEST(ClassParameters, ExpressionsAreOfAllOfAHostWhereTheClassSaysSo) {
  const auto expressions = [](const nlohmann::json& spec, IngressBuilder other) {
    IngressBuilder asking = an_ingress("shop/asking").annotation(kNginx + "use-regex", "true");
    asking.path("a.example", "/x/[0-9]+", "web", 80, kube::PathType::implementation_specific);
    const Compiled compiled = compile(view_with(spec, {asking, other}));
    EXPECT_TRUE(proxy::config::validate(compiled.config));
    std::vector<std::string> all;
    for (const auto& one : compiled.config.hosts.at("a.example")->expressions) {
      all.push_back(one.expression);
    }
    return all;
  };
  const auto other = [](const char* host = "a.example") {
    return an_ingress("shop/other")
        .path(host, "/y/[a-z]+", "web", 80, kube::PathType::implementation_specific)
        .path(host, "/c++", "web", 80)
        .path(host, "/plain", "web", 80);
  };
  const nlohmann::json host = {{"regexScope", "Host"}};
  EXPECT_THAT(expressions({{"regexScope", "Ingress"}}, other()), ElementsAre("/x/[0-9]+"));
  EXPECT_THAT(expressions(host, other()), testing::UnorderedElementsAre("/x/[0-9]+", "/y/[a-z]+"));
  EXPECT_THAT(expressions(host, other("b.example")), ElementsAre("/x/[0-9]+"));
  EXPECT_THAT(expressions(host, other().annotation(kNginx + "use-regex", "false")),
              ElementsAre("/x/[0-9]+"));
}

TEST(ClassParameters,
     AGuardedPathIsGuardedAsItIsWrittenAlsoWhereAnotherIngressMakesItAnExpression) {
  IngressBuilder asking = an_ingress("shop/asking").annotation(kNginx + "use-regex", "true");
  asking.path("a.example", "/x/[0-9]+", "web", 80, kube::PathType::implementation_specific);
  const IngressBuilder open = an_ingress("shop/open").path("a.example", "/", "web", 80);
  const IngressBuilder guarded =
      an_ingress("shop/guarded")
          .annotation(kNginx + "whitelist-source-range", "10.0.0.0/8")
          .path("a.example", "/report(final)", "web", 80)
          .path("a.example", "/plain", "web", 80, kube::PathType::implementation_specific);
  const Compiled compiled = compile(view_with({{"regexScope", "Host"}}, {asking, open, guarded}));
  const auto& host = *compiled.config.hosts.at("a.example");
  std::vector<std::string> by_text;
  for (const auto& route : host.routes) {
    if (!route.policies->guards.empty()) by_text.push_back(route.path);
  }
  std::vector<std::string> by_expression;
  for (const auto& route : host.expressions) {
    if (!route.policies->guards.empty()) by_expression.push_back(route.expression);
  }
  EXPECT_THAT(by_text, ElementsAre("/report(final)"));
  EXPECT_THAT(by_expression, testing::UnorderedElementsAre("/report(final)", "/plain"));
  EXPECT_THAT(reasons(compiled), ElementsAre("shop/guarded PathTakenBothWays"));
}

TEST(ClassParameters, ARefusedKeyClosesUnderEitherPrefixThoughItIsSupported) {
  for (const char* prefix : {"nginx.ingress.kubernetes.io/", "gatehouse.dev/"}) {
    const Compiled compiled =
        compile(view_with({{"annotations", {{"refused", {"enable-cors"}}}}},
                          {a_shop().annotation(std::string(prefix) + "enable-cors", "true")}));
    EXPECT_THAT(reasons(compiled), ElementsAre("shop/www AnnotationRefused"));
    EXPECT_THAT(compiled.complaints[0].message, HasSubstr("EdgeParameters strict"));
    EXPECT_EQ(compiled.summaries[0].paths_closed, 1u);
  }
}

// Of what tools note down at an Ingress no value is kept.
TEST(ClassParameters, ARefusedNameOfAToolClosesAnIngressThatWasReadFromTheCluster) {
  const nlohmann::json service = {{"name", "web"}, {"port", {{"number", 80}}}};
  const nlohmann::json path = {
      {"path", "/"}, {"pathType", "Prefix"}, {"backend", {{"service", service}}}};
  const nlohmann::json rule = {{"host", "a.example"},
                               {"http", {{"paths", nlohmann::json::array({path})}}}};
  for (const char* name : {"argocd.argoproj.io/sync-options", "kapp.k14s.io/original",
                           "field.cattle.io/publicEndpoints", "objectset.rio.cattle.io/applied",
                           "meta.helm.sh/release-name"}) {
    const nlohmann::json object = {
        {"metadata", {{"name", "www"}, {"namespace", "shop"}, {"annotations", {{name, "x"}}}}},
        {"spec", {{"ingressClassName", "gatehouse"}, {"rules", nlohmann::json::array({rule})}}}};
    const nlohmann::json spec = {{"annotations", {{"refused", nlohmann::json::array({name})}}}};
    const auto ingress = kube::Ingress::from_json(object);
    ASSERT_TRUE(ingress) << ingress.error().message;
    ClusterView view = view_with(spec, {});
    view.ingresses.push_back(std::make_shared<const kube::Ingress>(*ingress));
    const Compiled compiled = compile(view);
    EXPECT_THAT(reasons(compiled), ElementsAre("shop/www AnnotationRefused")) << name;
    ASSERT_EQ(compiled.summaries.size(), 1u) << name;
    EXPECT_EQ(compiled.summaries[0].paths_closed, 1u) << name;
  }
}

TEST(ClassParameters, AToleratedKeyThatIsNotSupportedIsAWarningAndABadValueOfASupportedOneIsNot) {
  const nlohmann::json spec = {
      {"annotations", {{"tolerated", {"server-snippet", "whitelist-source-range"}}}}};
  const Compiled tolerated =
      compile(view_with(spec, {a_shop().annotation(kNginx + "server-snippet", "more_x y;")}));
  EXPECT_THAT(reasons(tolerated), ElementsAre("shop/www AnnotationIgnored"));
  EXPECT_EQ(tolerated.summaries[0].paths_served, 1u);
  const Compiled closed = compile(
      view_with(spec, {a_shop().annotation(kNginx + "whitelist-source-range", "nonsense")}));
  EXPECT_THAT(reasons(closed), ElementsAre("shop/www AnnotationRefused"));
}

TEST(ClassParameters, ANamespaceThatMayNotHaveTheClassOwnsNoHostAndIsTold) {
  const nlohmann::json spec = {{"namespaces", {"shop"}}};
  IngressBuilder squatter = an_ingress("evil/www").path("a.example", "/", "web", 80);
  IngressBuilder by_annotation = an_ingress("evil/old").path("b.example", "/", "web", 80);
  by_annotation.no_class().annotation(kClassAnnotation, "gatehouse");
  const ClusterView view =
      view_with(spec, {squatter, by_annotation, a_shop().created_after(std::chrono::hours(1))});
  const Compiled compiled = compile(view);
  ASSERT_EQ(compiled.summaries.size(), 1u);
  EXPECT_EQ(compiled.summaries[0].paths_served, 1u) << "the older one has no say";
  EXPECT_EQ(compiled.config.hosts.count("b.example"), 0u);
  const auto remark = why_not_admitted(by_annotation.get(), ownership_of(view));
  ASSERT_TRUE(remark);
  EXPECT_EQ(remark->reason, "NamespaceNotAllowed");
  EXPECT_FALSE(remark->is_nobodys) << "the release that has the class says it";
  EXPECT_FALSE(why_not_admitted(a_shop().get(), ownership_of(view)));
  EXPECT_THAT(compile(view_with({{"namespaces", nlohmann::json::array()}}, {a_shop()})).summaries,
              IsEmpty())
      << "an empty list is nobody";
}

TEST(ClassParameters, NamespacesAreThoseOfTheListAndThoseThatTheSelectorSelects) {
  const auto admitted = [](const nlohmann::json& spec, const NamespaceLabels& labels) {
    ClassParameters parameters;
    parameters.named = "EdgeParameters strict";
    parameters.parameters = with_selected(
        std::make_shared<const EdgeParameters>(
            *sound_edge_parameters({{"metadata", {{"name", "strict"}}}, {"spec", spec}})),
        labels);
    std::string all;
    for (const char* const name : {"shop", "blog", "evil"}) {
      if (parameters.admits(name)) all.append(all.empty() ? "" : " ").append(name);
    }
    return all;
  };
  const NamespaceLabels labels = {{"shop", {{"edge", "strict"}}}, {"blog", {}}, {"evil", {}}};
  const nlohmann::json selector = {{"matchLabels", {{"edge", "strict"}}}};
  EXPECT_EQ(admitted({{"namespaceSelector", selector}}, labels), "shop");
  EXPECT_EQ(admitted({{"namespaceSelector", selector}, {"namespaces", {"blog"}}}, labels),
            "shop blog");
  EXPECT_EQ(admitted({{"namespaceSelector", nlohmann::json::object()}}, labels), "shop blog evil");
  EXPECT_EQ(admitted({{"namespaceSelector", selector}}, {}), "") << "nobody who is not known";
  ClassParameters unselected;
  unselected.parameters = std::make_shared<const EdgeParameters>(*sound_edge_parameters(
      {{"metadata", {{"name", "strict"}}}, {"spec", {{"namespaceSelector", selector}}}}));
  EXPECT_FALSE(unselected.admits("shop"));
}

TEST(ClassParameters, AClassThatNamesWhatIsNotThereClosesAndKeepsItsHosts) {
  const Compiled compiled =
      compile(view_with(nullptr, {a_shop(), an_ingress("evil/www")
                                                .path("a.example", "/", "web", 80)
                                                .created_after(std::chrono::hours(1))}));
  ASSERT_EQ(compiled.summaries.size(), 2u);
  EXPECT_EQ(compiled.summaries[0].paths_served, 0u);
  EXPECT_EQ(compiled.summaries[0].paths_closed, 1u);
  EXPECT_TRUE(compiled.owners.admits("a.example", "shop"));
  EXPECT_FALSE(compiled.owners.admits("a.example", "evil"));
  EXPECT_THAT(reasons(compiled), testing::Contains("shop/www ClassParametersMissing"));
}

TEST(ClassParameters, OfAnotherKindTheyAreUndecided) {
  kube::IngressClass one;
  one.parameters = kube::IngressClassParameters{"k8s.example", "Settings", "strict", ""};
  EXPECT_TRUE(parameters_of(one, {}).is_undecided());
  one.parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "p", "evil"};
  EXPECT_EQ(named_parameters(one), "") << "one of a namespace is not read";
  one.parameters.reset();
  EXPECT_FALSE(parameters_of(one, {}).is_undecided());
}

TEST(EdgeParameters, TheDefinitionHasTheFieldsThatLinesHave) {
  std::ifstream file(std::string(GATEHOUSE_GOLDEN_DIR) + "/../../crds/edgeparameters.yaml");
  const std::string definition(std::istreambuf_iterator<char>(file), {});
  const std::size_t place = definition.find("accessLog:");
  std::istringstream lines(definition.substr(definition.find("- client\n", place)));
  for (const std::string_view name : proxy::config::kLogFields) {
    std::string line;
    std::getline(lines, line);
    EXPECT_THAT(line, testing::EndsWith("- " + std::string(name)));
  }
}

TEST(EdgeParameters, WhatTheDefinitionLetsPassIsReadStrictly) {
  const auto problem = [](const nlohmann::json& spec) {
    return read_edge_parameters({{"metadata", {{"name", "strict"}}}, {"spec", spec}})->problem;
  };
  EXPECT_EQ(problem(nlohmann::json::object()), "");
  EXPECT_THAT(problem({{"namespaces", "shop"}}), HasSubstr("spec.namespaces"));
  EXPECT_THAT(problem({{"defaults", {{"bodySize", "many"}}}}), HasSubstr("spec.defaults.bodySize"));
  EXPECT_THAT(problem({{"defaults", {{"readTimeout", "48h"}}}}), HasSubstr("from 1s to 24h"));
  EXPECT_THAT(problem({{"plainHttp", "Maybe"}}), HasSubstr("spec.plainHttp"));
  EXPECT_THAT(problem({{"hsts", {{"maxAgeSeconds", -1}}}}), HasSubstr("spec.hsts.maxAgeSeconds"));
  EXPECT_THAT(problem({{"hsts", {{"preload", true}}}}), HasSubstr("spec.hsts.preload"));
  EXPECT_THAT(problem({{"customHttpErrors", {404}}}), HasSubstr("spec.customHttpErrors"));
  EXPECT_THAT(problem({{"customHttpErrors", {"404"}}}), HasSubstr("a list of whole numbers"));
  EXPECT_THAT(problem({{"defaultBackend", {{"namespace", "shop"}, {"name", "web"}}}}),
              HasSubstr("spec.defaultBackend.port"));
  EXPECT_THAT(problem({{"limitStatus", 200}}), HasSubstr("spec.limitStatus"));
  EXPECT_THAT(problem({{"tlsPolicy", "TLSv1.3"}}), HasSubstr("spec.tlsPolicy"));
  EXPECT_THAT(problem({{"server", "a\r\nSet-Cookie: x"}}), HasSubstr("spec.server"));
  EXPECT_THAT(problem({{"regexScope", "Server"}}), HasSubstr("spec.regexScope"));
  EXPECT_THAT(problem({{"namespaceSelector", {{"matchLabels", {"edge"}}}}}),
              HasSubstr("spec.namespaceSelector.matchLabels"));
  const auto expression = [](const nlohmann::json& one) {
    return nlohmann::json{
        {"namespaceSelector", {{"matchExpressions", nlohmann::json::array({one})}}}};
  };
  EXPECT_EQ(problem(expression({{"key", "a"}, {"operator", "Exists"}})), "");
  EXPECT_THAT(problem(expression({{"key", "a"}, {"operator", "Is"}})), HasSubstr("operator"));
  EXPECT_THAT(problem(expression({{"key", "a"}, {"operator", "In"}})), HasSubstr("values"));
  EXPECT_THAT(problem(expression({{"operator", "Exists"}})), HasSubstr("key"));
  EXPECT_THAT(problem({{"accessLog", {{"format", "Text"}}}}), HasSubstr("spec.accessLog.format"));
  EXPECT_THAT(problem({{"accessLog", {{"fields", {"status", "cookie"}}}}}),
              HasSubstr("spec.accessLog.fields"));
  EXPECT_THAT(problem({{"accessLog", {{"format", "Common"}, {"fields", {"status"}}}}}),
              HasSubstr("spec.accessLog.fields"));
}

}  // namespace
}  // namespace ingress
