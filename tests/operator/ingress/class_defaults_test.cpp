#include "operator/ingress/annotations/class_defaults.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using annotations::ClassDefaults;
using annotations::problem_of;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using routing::Complaint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kNginx = "nginx.ingress.kubernetes.io/";

IngressBuilder a_shop() {
  return an_ingress("shop/www").path("a.example", "/", "web", 80);
}

api::EdgeParameters::Spec saying(const ClassDefaults& defaults) {
  api::EdgeParameters::Spec spec;
  spec.default_annotations = defaults;
  return spec;
}

// The class of all of them says this.
ClusterView view_with(const api::EdgeParameters::Spec& spec,
                      const std::vector<IngressBuilder>& ingresses) {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).service("id/auth", 80, {"10.0.0.9"});
  for (const IngressBuilder& ingress : ingresses) builder.ingress(ingress);
  auto named = std::make_shared<kube::IngressClass>(*builder.view.classes.front());
  named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
  builder.view.classes.front() = named;
  auto parameters = std::make_shared<api::EdgeParameters>();
  parameters->metadata.name = "strict";
  parameters->spec = spec;
  builder.view.parameters["strict"] = parameters;
  return builder.view;
}

proxy::config::Guards guards_on(const Compiled& compiled, const std::string& host) {
  const std::string& id = compiled.config.hosts.at(host)->routes.at(0).policies->guards;
  return id.empty() ? proxy::config::Guards{} : *compiled.config.guards.at(id);
}

proxy::config::Guards guards_of(const ClassDefaults& defaults, const IngressBuilder& ingress) {
  const Compiled compiled = compile(view_with(saying(defaults), {ingress}));
  EXPECT_THAT(compiled.complaints, IsEmpty());
  return guards_on(compiled, "a.example");
}

std::string messages_of(const Compiled& compiled) {
  std::string all;
  for (const Complaint& one : compiled.complaints) all += one.message + "\n";
  return all;
}

const ClassDefaults kAuth = {{"auth-url", "http://auth.id.svc.cluster.local/check"},
                             {"auth-signin", "https://login.example/"}};

TEST(ClassDefaults, HoldForAnIngressThatSaysNothing) {
  const auto guards = guards_of({{"auth-url", "http://auth.id.svc.cluster.local/check"},
                                 {"allowlist-source-range", "10.0.0.0/8"},
                                 {"limit-rps", "7"},
                                 {"enable-modsecurity", "true"},
                                 {"firewall-paranoia-level", "2"}},
                                a_shop());
  ASSERT_TRUE(guards.external_auth);
  EXPECT_EQ(guards.external_auth->cluster, "id/auth:80");
  EXPECT_EQ(guards.allowed.size(), 1u);
  ASSERT_TRUE(guards.firewall);
  EXPECT_EQ(guards.firewall->paranoia_level, 2u);
  ASSERT_TRUE(guards.limits);
  EXPECT_EQ(guards.limits->requests_per_second, 7u);
  EXPECT_EQ(guards.limits->id, "shop/www") << "each Ingress has its own";
}

TEST(ClassDefaults, WhatAnIngressSaysUnderAnyNameOfTheKeyComesFirst) {
  for (const char* const key : {"allowlist-source-range", "whitelist-source-range"}) {
    const auto guards = guards_of({{"allowlist-source-range", "10.0.0.0/8"}},
                                  a_shop().annotation(kNginx + key, "192.0.2.0/24"));
    ASSERT_EQ(guards.allowed.size(), 1u);
    EXPECT_EQ(guards.allowed[0].text(), "192.0.2.0/24");
  }
  const ClassDefaults firewall = {{"firewall-mode", "block"}, {"firewall-paranoia-level", "2"}};
  EXPECT_FALSE(
      guards_of(firewall, a_shop().annotation(kNginx + "enable-modsecurity", "false")).firewall);
  EXPECT_FALSE(
      guards_of(firewall, a_shop().annotation("gatehouse.dev/firewall-mode", "off")).firewall);
  const ClassDefaults rules = {{"enable-modsecurity", "true"}, {"enable-owasp-core-rules", "true"}};
  const auto without =
      guards_of(rules, a_shop().annotation(kNginx + "enable-owasp-modsecurity-crs", "false"));
  ASSERT_TRUE(without.firewall);
}

TEST(ClassDefaults, NobodyIsAskedWhereAnAcmeServerComesForAnAnswer) {
  const auto solver = [](const std::string& path) {
    return an_ingress("shop/cm-acme-http-solver").path("a.example", path, "web", 8089);
  };
  const ClassDefaults defaults = {{"auth-url", "http://auth.id.svc.cluster.local/check"},
                                  {"denylist-source-range", "10.0.0.0/8"}};
  const auto guards = [&](const IngressBuilder& ingress) {
    return guards_on(compile(view_with(saying(defaults), {ingress})), "a.example");
  };
  const std::string place = "/.well-known/acme-challenge/";
  EXPECT_FALSE(guards(solver(place + "token")).external_auth);
  EXPECT_EQ(guards(solver(place + "token")).denied.size(), 1u);
  EXPECT_TRUE(guards(solver("/.well-known/")).external_auth);
  EXPECT_TRUE(guards(solver(place + "token").path("a.example", "/x", "web", 80)).external_auth);
}

TEST(ClassDefaults, WhoIsAskedByTheClassIsNotAskedWhereTheIngressWantsNobodyOrSomebodyElse) {
  EXPECT_TRUE(guards_of(kAuth, a_shop()).external_auth);
  EXPECT_TRUE(
      guards_of(kAuth, a_shop().annotation(kNginx + "enable-global-auth", "true")).external_auth);
  EXPECT_FALSE(
      guards_of(kAuth, a_shop().annotation(kNginx + "enable-global-auth", "false")).external_auth);
  const auto own = guards_of(
      kAuth, a_shop().annotation(kNginx + "auth-url", "http://auth.id.svc.cluster.local/own"));
  ASSERT_TRUE(own.external_auth);
  EXPECT_EQ(own.external_auth->target, "/own");
  EXPECT_EQ(own.external_auth->signin, "") << "that is of the one whom the class has asked";
  const Compiled unread = compile(
      view_with(saying(kAuth), {a_shop().annotation(kNginx + "enable-global-auth", "perhaps")}));
  EXPECT_TRUE(guards_on(unread, "a.example").external_auth);
  ASSERT_EQ(unread.complaints.size(), 1u);
  EXPECT_THAT(unread.complaints[0].message, HasSubstr("enable-global-auth"));
}

TEST(ClassDefaults, AnIngressMaySayHowWhomTheClassHasAskedIsAsked) {
  const auto guards =
      guards_of(kAuth, a_shop().annotation(kNginx + "auth-signin", "https://shop.login.example/"));
  ASSERT_TRUE(guards.external_auth);
  EXPECT_THAT(guards.external_auth->signin, HasSubstr("https://shop.login.example/"));
}

TEST(ClassDefaults, WhatWhomTheClassHasAskedIsToldIsNotForTheIngressToSay) {
  const std::pair<const char*, const char*> rows[] = {{"auth-proxy-set-headers", "fields"},
                                                      {"auth-method", "OPTIONS"},
                                                      {"auth-request-redirect", "https://a.b/"},
                                                      {"auth-cache-key", "$remote_addr"},
                                                      {"auth-cache-duration", "200 1d"}};
  for (const auto& [key, value] : rows) {
    for (const std::string& prefix : {kNginx, std::string("gatehouse.dev/")}) {
      ClusterView view = view_with(saying(kAuth), {a_shop().annotation(prefix + key, value)});
      ViewBuilder maps;
      maps.field_map("shop/fields", {{"Cookie", "session=of-the-author"}});
      view.field_maps = maps.view.field_maps;
      const Compiled compiled = compile(view);
      EXPECT_EQ(compiled.summaries[0].paths_closed, 1u) << key;
      EXPECT_THAT(messages_of(compiled),
                  HasSubstr(prefix + key + " would change what whom the class has asked is told"));
    }
  }
  const auto own =
      guards_of(kAuth, a_shop()
                           .annotation(kNginx + "auth-url", "http://auth.id.svc.cluster.local/own")
                           .annotation(kNginx + "auth-method", "OPTIONS"));
  ASSERT_TRUE(own.external_auth);
  EXPECT_EQ(own.external_auth->method, "OPTIONS");
  ClassDefaults by_class = kAuth;
  by_class["auth-method"] = "HEAD";
  EXPECT_EQ(guards_of(by_class, a_shop()).external_auth->method, "HEAD");
}

TEST(ClassDefaults, AnyWayInOfTheClassIsEnoughOnlyBesideItsOwn) {
  ClassDefaults defaults = kAuth;
  defaults["satisfy"] = "any";
  defaults["allowlist-source-range"] = "10.0.0.0/8";
  EXPECT_TRUE(guards_of(defaults, a_shop()).satisfy_any);
  for (const auto& [key, value] : {std::pair("allowlist-source-range", "0.0.0.0/1"),
                                   std::pair("whitelist-source-range", "0.0.0.0/1"),
                                   std::pair("auth-url", "http://auth.id.svc.cluster.local/own")}) {
    const auto guards = guards_of(defaults, a_shop().annotation(kNginx + key, value));
    EXPECT_FALSE(guards.satisfy_any) << key;
    EXPECT_TRUE(guards.external_auth) << key;
    EXPECT_FALSE(guards.allowed.empty()) << key;
  }
}

TEST(ClassDefaults, WhoSaysThatTheClassIsToAskIsClosedWhereItAsksNobody) {
  const std::string global = kNginx + "enable-global-auth";
  for (const char* const value : {"true", "perhaps"}) {
    const Compiled closed = compile(view_with(saying({}), {a_shop().annotation(global, value)}));
    EXPECT_EQ(closed.summaries[0].paths_closed, 1u) << value;
    ASSERT_EQ(closed.complaints.size(), 1u);
    EXPECT_THAT(closed.complaints[0].message, HasSubstr("asks nobody: its class names nobody"));
  }
  EXPECT_FALSE(guards_of({}, a_shop().annotation(global, "false")).external_auth);
  const std::string own = "http://auth.id.svc.cluster.local/own";
  EXPECT_TRUE(
      guards_of({}, a_shop().annotation(global, "true").annotation(kNginx + "auth-url", own))
          .external_auth);
}

TEST(ClassDefaults, OfAFirewallAreNoMatterOfAnIngressThatSwitchesItOff) {
  const ClassDefaults defaults = {{"enable-owasp-core-rules", "true"},
                                  {"firewall-paranoia-level", "2"}};
  EXPECT_TRUE(guards_of(defaults, a_shop()).firewall);
  for (const char* const key : {"enable-owasp-core-rules", "enable-owasp-modsecurity-crs"}) {
    EXPECT_FALSE(guards_of(defaults, a_shop().annotation(kNginx + key, "false")).firewall);
  }
  const Compiled own = compile(
      view_with(saying({}), {a_shop()
                                 .annotation(kNginx + "enable-owasp-core-rules", "false")
                                 .annotation("gatehouse.dev/firewall-paranoia-level", "2")}));
  EXPECT_EQ(own.summaries[0].paths_closed, 1u);
}

TEST(ClassDefaults, WhatIsGuardedByTheClassAndCannotBeIsClosed) {
  const Compiled compiled = compile(
      view_with(saying({{"auth-url", "http://nobody.id.svc.cluster.local/check"}}), {a_shop()}));
  EXPECT_EQ(compiled.summaries[0].paths_closed, 1u);
  ASSERT_FALSE(compiled.complaints.empty());
  EXPECT_THAT(compiled.complaints[0].message, HasSubstr("(of its class) auth-url"));
}

TEST(ClassDefaults, WhatNeedsARequestClosesAHostWhoseTlsPassesAndWhatDoesNotHolds) {
  const auto passing = [](const ClassDefaults& defaults, IngressBuilder ingress) {
    return compile(
        view_with(saying(defaults), {ingress.annotation(kNginx + "ssl-passthrough", "true")}));
  };
  for (const ClassDefaults& defaults : {kAuth, ClassDefaults{{"enable-modsecurity", "true"}}}) {
    const Compiled closed = passing(defaults, a_shop());
    EXPECT_EQ(closed.summaries[0].paths_closed, 1u);
    ASSERT_FALSE(closed.complaints.empty());
    EXPECT_THAT(closed.complaints[0].message, HasSubstr("cannot hold where ssl-passthrough"));
  }
  const Compiled without =
      passing(kAuth, a_shop().annotation(kNginx + "enable-global-auth", "false"));
  EXPECT_EQ(without.summaries[0].paths_closed, 0u);
  const Compiled tuned = passing({{"response-headers", "X-A: b"}, {"limit-rps", "5"}}, a_shop());
  EXPECT_THAT(tuned.complaints, IsEmpty());
  EXPECT_EQ(tuned.summaries[0].paths_closed, 0u);
}

TEST(ClassDefaults, DeniedAddressesAndHeaderFieldsAreAddedToThoseOfTheIngress) {
  const ClassDefaults defaults = {{"denylist-source-range", "192.0.2.1"},
                                  {"request-headers", "X-Edge: here"},
                                  {"response-headers", "X-Frame-Options: DENY\nX-Own: class"},
                                  {"hidden-headers", "X-Powered-By"}};
  const Compiled compiled = compile(view_with(
      saying(defaults), {a_shop()
                             .annotation(kNginx + "denylist-source-range", "192.0.2.9")
                             .annotation("gatehouse.dev/response-headers", "x-own: mine")}));
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_EQ(guards_on(compiled, "a.example").denied.size(), 2u);
  const auto& policies = compiled.config.hosts.at("a.example")->routes.at(0).policies;
  const proxy::config::Shape& shape = *compiled.config.shapes.at(policies->shape);
  std::vector<std::string> lines;
  for (const auto& line : shape.response_fields) lines.push_back(line.name + ":" + line.value);
  EXPECT_THAT(lines, ElementsAre("x-own:mine", "X-Frame-Options:DENY", "X-Powered-By:"));
  ASSERT_EQ(shape.request_fields.size(), 1u);
  EXPECT_EQ(shape.request_fields[0].value, "here");
}

TEST(ClassDefaults, ACanaryHasTheGuardsOfWhatItJoinsAndNoOthers) {
  const auto canary = [](IngressBuilder stable, const std::string& global = "") {
    const Compiled compiled = compile(
        view_with(saying(kAuth), {stable, an_ingress("shop/canary")
                                              .path("a.example", "/", "web", 80)
                                              .annotation(kNginx + "enable-global-auth", global)
                                              .annotation(kNginx + "canary", "true")
                                              .annotation(kNginx + "canary-weight", "5")}));
    EXPECT_THAT(compiled.complaints, IsEmpty());
    return compiled.config.hosts.at("a.example")->routes.at(0).policies->splits.size();
  };
  EXPECT_EQ(canary(a_shop()), 1u);
  EXPECT_EQ(canary(a_shop().annotation(kNginx + "enable-global-auth", "false")), 1u);
  EXPECT_EQ(canary(a_shop(), "true"), 1u) << "who copies what it joins";
}

TEST(ClassDefaults, ACanaryThatCopiesWhatTheOtherIngressSaysJoinsItBesideThem) {
  const ClassDefaults defaults = {{"auth-url", "http://auth.id.svc.cluster.local/check"},
                                  {"denylist-source-range", "192.0.2.0/24"},
                                  {"limit-connections", "10"},
                                  {"enable-modsecurity", "true"}};
  using Said = std::map<std::string, std::string>;
  const auto splits = [&](const Said& stable, const Said& canary) {
    IngressBuilder main = a_shop();
    IngressBuilder other = an_ingress("shop/canary").path("a.example", "/", "web", 80);
    other.annotation(kNginx + "canary", "true").annotation(kNginx + "canary-weight", "5");
    for (const auto& [key, value] : stable) main.annotation(kNginx + key, value);
    for (const auto& [key, value] : canary) other.annotation(kNginx + key, value);
    const Compiled compiled = compile(view_with(saying(defaults), {main, other}));
    const auto guards = guards_on(compiled, "a.example");
    EXPECT_TRUE(guards.firewall) << "whatever it says, nothing of what stands there is opened";
    const auto& places = compiled.config.hosts.at("a.example")->routes.at(0).policies->splits;
    EXPECT_EQ(compiled.complaints.empty(), !places.empty());
    return compiled.config.hosts.at("a.example")->routes.at(0).policies->splits.size();
  };
  const Said own = {{"denylist-source-range", "10.0.0.0/8"}, {"limit-rps", "5"}};
  EXPECT_EQ(splits(own, own), 1u) << "the class adds to both";
  EXPECT_EQ(splits(own, {{"limit-rps", "5"}}), 1u) << "what it does not say it has anyway";
  const Said signin = {{"auth-signin", "https://login.example/"}};
  EXPECT_EQ(splits(signin, signin), 1u);
  EXPECT_EQ(splits({}, {{"limit-rps", "5"}}), 0u) << "somebody believes in it";
  EXPECT_EQ(splits({}, {{"auth-url", "http://other.id.svc.cluster.local/check"}}), 0u);
}

TEST(ClassDefaults, AreNotWhatTheClassRefusesToItsAuthors) {
  api::EdgeParameters::Spec spec = saying(kAuth);
  spec.refused_annotations = {"auth-url", "enable-global-auth"};
  const Compiled served = compile(view_with(spec, {a_shop()}));
  EXPECT_THAT(served.complaints, IsEmpty());
  EXPECT_TRUE(guards_on(served, "a.example").external_auth);
  const Compiled closed =
      compile(view_with(spec, {a_shop().annotation(kNginx + "enable-global-auth", "false")}));
  EXPECT_EQ(closed.summaries[0].paths_closed, 1u);
}

TEST(ClassDefaults, WhatAClassRefusesItRefusesUnderEachKeyThatIsForTheSame) {
  const std::pair<const char*, const char*> families[] = {
      {"allowlist-source-range", "whitelist-source-range"},
      {"limit-allowlist", "limit-whitelist"},
      {"firewall-mode", "enable-modsecurity"},
      {"enable-owasp-core-rules", "enable-owasp-modsecurity-crs"}};
  const auto is_refused = [](const std::string& refused, const std::string& said) {
    api::EdgeParameters::Spec spec;
    spec.refused_annotations = {refused};
    const bool is_list = said.ends_with("list") || said.ends_with("range");
    const std::string value = is_list ? "10.0.0.0/8" : said == "firewall-mode" ? "off" : "false";
    const Compiled compiled = compile(view_with(spec, {a_shop().annotation(kNginx + said, value)}));
    return compiled.summaries[0].paths_closed == 1 &&
           messages_of(compiled).find(said + " is refused by") != std::string::npos;
  };
  for (const auto& [one, other] : families) {
    EXPECT_TRUE(is_refused(one, one)) << one;
    EXPECT_TRUE(is_refused(one, other)) << other;
    EXPECT_TRUE(is_refused(other, one)) << one;
  }
  EXPECT_FALSE(is_refused("firewall-mode", "limit-whitelist"));
}

TEST(ClassDefaults, AreReadAsStrictlyAsAGuardIs) {
  EXPECT_EQ(problem_of({}), "");
  EXPECT_EQ(problem_of(kAuth), "");
  EXPECT_EQ(problem_of({{"enable-modsecurity", ""}}), "") << "says nothing";
  EXPECT_EQ(problem_of({{"auth-url", "http://a.b.svc/$namespace?of=$ingress_name"}}), "");
  const struct {
    ClassDefaults defaults;
    const char* problem;
  } rows[] = {
      {{{"auht-url", "http://a.b.svc/"}}, "auht-url is no annotation that a class may have"},
      {{{"nginx.ingress.kubernetes.io/auth-url", "http://a.b.svc/"}}, "is no annotation"},
      {{{"auth-secret", "users"}}, "is no annotation"},
      {{{"auth-url", "ftp://a.b.svc/"}}, "auth-url has the value"},
      {{{"auth-signin", "https://login.example/"}}, "auth-signin asks nobody without auth-url"},
      {{{"auth-url", "http://a.b.svc/"}, {"auth-method", "POST"}}, "auth-method would have"},
      {{{"auth-url", "http://auth.iam$namespace.svc/"}}, "auth-url has $namespace"},
      {{{"auth-url", "https://$ingress_name.example?a"}}, "in its host"},
      {{{"auth-url", "http:/$namespace/a.b.svc"}}, "in its host"},
      {{{"allowlist-source-range", "everybody"}}, "allowlist-source-range has the entry"},
      {{{"enable-modsecurity", "yes please"}}, "enable-modsecurity has the value"},
      {{{"firewall-paranoia-level", "2"}}, "is about a firewall that nothing asks for"},
      {{{"response-headers", "Connection: close"}}, "response-headers has the line"},
      {{{"limit-rps", "many"}}, "limit-rps has the value"},
      {{{"enable-cors", std::string(annotations::kClassDefaultBytesMax + 1, 'x')}},
       "more than 4096"},
  };
  for (const auto& row : rows) EXPECT_THAT(problem_of(row.defaults), HasSubstr(row.problem));
}

TEST(ClassDefaults, AreReadFromTheObjectWithWhomTheyHaveAsked) {
  const auto read = [](const nlohmann::json& annotations) {
    return *read_edge_parameters({{"metadata", {{"name", "strict"}}},
                                  {"spec", {{"defaults", {{"annotations", annotations}}}}}});
  };
  const api::EdgeParameters good =
      read({{"auth-url", "http://auth.id.svc.cluster.local/check"}, {"limit-rps", "7"}});
  EXPECT_EQ(good.problem, "");
  EXPECT_EQ(good.spec.default_annotations.size(), 2u);
  EXPECT_EQ(good.spec.asked_service, (kube::ObjectKey{"id", "auth"}));
  EXPECT_THAT(read({{"limit-rps", 7}}).problem, HasSubstr("spec.defaults.annotations"));
  EXPECT_THAT(read({{"limit-rpx", "7"}}).problem, HasSubstr("spec.defaults.annotations"));
}

TEST(ClassDefaults, NobodyCanWriteWhatStandsBelowThePrefixOfTheClass) {
  EXPECT_EQ(annotations::key_of(std::string(annotations::kClassPrefix) + "auth-url"), "");
  // Kubernetes: an annotation begins with a letter or a digit.
  EXPECT_EQ(annotations::kClassPrefix.front(), '(');
}

TEST(ClassDefaults, AreKeysThatAreHonouredAndTheOnesOfTheDefinition) {
  const auto keys = annotations::keys_of_classes();
  for (const std::string_view key : keys) {
    EXPECT_EQ(annotations::look_up(key).treatment, annotations::Treatment::honoured) << key;
  }
  std::ifstream file(std::string(GATEHOUSE_GOLDEN_DIR) + "/../../crds/edgeparameters.yaml");
  const std::string definition(std::istreambuf_iterator<char>(file), {});
  const std::size_t begin = definition.find("self.all(key, key in [");
  ASSERT_NE(begin, std::string::npos);
  const std::string rule = definition.substr(begin, definition.find("])", begin) - begin);
  static const std::regex quoted("'([^']+)'");
  std::vector<std::string> listed;
  for (std::sregex_iterator it(rule.begin(), rule.end(), quoted), end; it != end; ++it) {
    listed.push_back((*it)[1]);
  }
  EXPECT_EQ(listed, std::vector<std::string>(keys.begin(), keys.end()));
}

}  // namespace
}  // namespace ingress
