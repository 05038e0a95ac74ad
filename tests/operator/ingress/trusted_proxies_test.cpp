#include "operator/ingress/trusted_proxies.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/ingress/class_ownership.h"
#include "operator/ingress/compiler.h"
#include "operator/ingress/edge_parameters_reader.h"
#include "proxy/config/limits.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::ViewBuilder;
using proxy::config::Network;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Networks networks_of(const std::vector<std::string>& all) {
  Networks made;
  for (const std::string& text : all) made.push_back(Network::parse(text).value());
  return made;
}

std::vector<std::string> texts(const Networks& all) {
  std::vector<std::string> made;
  for (const Network& one : all) made.push_back(one.text());
  return made;
}

TEST(TrustedByAll, IsWhatTheListsHaveInCommon) {
  const struct {
    const char* what;
    std::vector<std::vector<std::string>> lists;
    std::vector<std::string> all;
  } rows[] = {
      {"nobody says anything", {}, {}},
      {"one does", {{"10.0.0.0/8", "fd00::/8"}}, {"10.0.0.0/8", "fd00::/8"}},
      {"the same", {{"10.0.0.0/8"}, {"10.0.0.0/8"}}, {"10.0.0.0/8"}},
      {"a part", {{"10.0.0.0/8"}, {"10.1.0.0/16", "10.2.0.0/16"}}, {"10.1.0.0/16", "10.2.0.0/16"}},
      {"parts of each other",
       {{"10.0.0.0/8", "192.0.2.7/32"}, {"10.1.0.0/16", "192.0.2.0/24"}},
       {"10.1.0.0/16", "192.0.2.7/32"}},
      {"others", {{"10.0.0.0/8"}, {"192.0.2.0/24"}}, {}},
      {"one trusts nobody", {{"10.0.0.0/8"}, {}}, {}},
      {"of another family", {{"0.0.0.0/0"}, {"::/0"}}, {}},
      {"three", {{"10.0.0.0/8"}, {"10.0.0.0/9"}, {"10.64.0.0/10"}}, {"10.64.0.0/10"}},
      {"one within another", {{"10.0.0.0/8", "10.1.0.0/16", "10.255.0.0/16"}}, {"10.0.0.0/8"}},
      {"halves", {{"10.0.0.0/9", "10.128.0.0/9"}}, {"10.0.0.0/8"}},
      {"halves of halves",
       {{"10.0.0.0/9", "10.128.0.0/10", "10.192.0.0/11", "10.224.0.0/11"}},
       {"10.0.0.0/8"}},
      {"a half that comes last", {{"10.64.0.0/10", "10.128.0.0/9", "10.0.0.0/10"}}, {"10.0.0.0/8"}},
      {"neighbours of two networks",
       {{"10.1.0.0/16", "10.2.0.0/16"}},
       {"10.1.0.0/16", "10.2.0.0/16"}},
      {"neighbours of other widths",
       {{"10.0.0.0/9", "10.128.0.0/10"}},
       {"10.0.0.0/9", "10.128.0.0/10"}},
      {"everybody", {{"0.0.0.0/1", "128.0.0.0/1"}}, {"0.0.0.0/0"}},
      {"two addresses", {{"192.0.2.6", "192.0.2.7"}}, {"192.0.2.6/31"}},
      {"halves of IPv6", {{"2001:db8::/33", "2001:db8:8000::/33"}}, {"2001:db8::/32"}},
      {"two addresses of IPv6", {{"2001:db8::6", "2001:db8::7"}}, {"2001:db8::6/127"}},
      {"everybody of IPv6", {{"8000::/1", "::/1"}}, {"::/0"}},
      {"families that lie between each other",
       {{"10.0.0.0/9", "a00::/9", "10.128.0.0/9", "a80::/9"}},
       {"10.0.0.0/8", "a00::/8"}},
      {"a whole and its halves",
       {{"10.0.0.0/8", "fd00::/8"}, {"10.0.0.0/9", "10.128.0.0/9", "fd00::/9", "fd80::/9"}},
       {"10.0.0.0/8", "fd00::/8"}},
  };
  for (const auto& row : rows) {
    TrustedByClass classes;
    for (const auto& list : row.lists) {
      classes.emplace("class-" + std::to_string(classes.size()), networks_of(list));
    }
    EXPECT_EQ(texts(trusted_by_all(classes)), row.all) << row.what;
  }
}

TEST(TrustedByAll, HasAsManyAsProxiesTakeWhateverIsSaid) {
  Networks one = networks_of({"10.0.0.0/8"});
  Networks other = networks_of({"20.0.0.0/8"});
  for (std::size_t i = 0; i < proxy::config::kTrustedProxiesMax - 1; ++i) {
    // Even ones, of which no two are halves of one network.
    const std::string rest =
        ".0." + std::to_string(i / 125) + "." + std::to_string(2 * (i % 125)) + "/32";
    one.push_back(Network::parse("20" + rest).value());
    other.push_back(Network::parse("10" + rest).value());
  }
  EXPECT_EQ(trusted_by_all({{"a", one}, {"b", other}}).size(), proxy::config::kTrustedProxiesMax);
}

TEST(TrustedByAll, AListIsNarrowedWhereSomebodyOfItIsNotThere) {
  EXPECT_FALSE(is_narrowed(networks_of({"10.1.0.0/16"}), networks_of({"10.0.0.0/8"})));
  EXPECT_TRUE(is_narrowed(networks_of({"10.0.0.0/8"}), networks_of({"10.1.0.0/16"})));
  EXPECT_TRUE(is_narrowed(networks_of({"10.0.0.0/8"}), {}));
  EXPECT_FALSE(is_narrowed({}, {}));
}

TEST(TrustedByAll, AListIsNotNarrowedByOneThatSaysTheSameInOtherWords) {
  const struct {
    std::vector<std::string> one;
    std::vector<std::string> other;
    bool is_one_narrowed;
    bool is_other_narrowed;
  } rows[] = {
      {{"10.0.0.0/8"}, {"10.0.0.0/9", "10.128.0.0/9"}, false, false},
      {{"10.0.0.0/8"}, {"10.0.0.0/8", "10.1.0.0/16"}, false, false},
      {{"10.0.0.0/8"}, {"10.0.0.0/9", "10.128.0.0/10"}, true, false},
      {{"10.0.0.0/9", "10.128.0.0/10"},
       {"10.0.0.0/10", "10.64.0.0/10", "10.128.0.0/9"},
       false,
       true},
      {{"0.0.0.0/0"}, {"0.0.0.0/1", "128.0.0.0/1"}, false, false},
      {{"fd00::/8"}, {"fd00::/9", "fd80::/9"}, false, false},
      {{"fd00::/8"}, {"fd00::/9", "fd80::/10", "fdc0::/10"}, false, false},
      {{"fd00::/8"}, {"fd00::/9", "fd80::/10"}, true, false},
      {{"2001:db8::6/127"}, {"2001:db8::6", "2001:db8::7"}, false, false},
  };
  for (const auto& row : rows) {
    const TrustedByClass classes = {{"one", networks_of(row.one)},
                                    {"other", networks_of(row.other)}};
    const Networks all = trusted_by_all(classes);
    EXPECT_EQ(is_narrowed(classes.at("one"), all), row.is_one_narrowed)
        << testing::PrintToString(row.one) << " beside " << testing::PrintToString(row.other);
    EXPECT_EQ(is_narrowed(classes.at("other"), all), row.is_other_narrowed)
        << testing::PrintToString(row.other) << " beside " << testing::PrintToString(row.one);
  }
  EXPECT_FALSE(
      is_narrowed(networks_of({"10.0.0.0/8"}), networks_of({"10.0.0.0/9", "10.128.0.0/9"})))
      << "whoever has made the list";
}

// The class "gatehouse" has the first of these, "second" the other one, each unless it is null.
ClusterView view_of(const nlohmann::json* first, const nlohmann::json* second,
                    const std::string& controller) {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"});
  builder.ingress(an_ingress("shop/www").path("a.example", "/", "web", 80));
  builder.ingress_class("second", controller);
  builder.view.class_names = {"gatehouse", "second"};
  for (const auto& [name, spec] : {std::pair("gatehouse", first), std::pair("second", second)}) {
    if (spec == nullptr) continue;
    const nlohmann::json object = {{"metadata", {{"name", name}}}, {"spec", *spec}};
    builder.view.parameters[name] =
        std::make_shared<const api::EdgeParameters>(sound_edge_parameters(object).value());
    for (auto& one : builder.view.classes) {
      if (one->metadata.name != name) continue;
      auto named = std::make_shared<kube::IngressClass>(*one);
      named->parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", name, ""};
      one = std::move(named);
    }
  }
  return builder.view;
}

std::vector<std::string> told(const ClusterView& view) {
  const Compiled compiled = compile(view);
  const auto found = compiled.config.arrivals.find("");
  if (found == compiled.config.arrivals.end()) return {};
  return texts(found->second->trusted_proxies);
}

TEST(TrustedProxies, AreToldToTheProxiesAsFarAsAllClassesThatNameSomeAgree) {
  const nlohmann::json wide = {{"trustedProxies", {"10.0.0.0/8"}}};
  const nlohmann::json narrow = {{"trustedProxies", {"10.1.0.0/16", "192.0.2.0/24"}}};
  const nlohmann::json nobody = {{"trustedProxies", nlohmann::json::array()}};
  const nlohmann::json silent = nlohmann::json::object();
  EXPECT_THAT(told(view_of(nullptr, nullptr, kControllerName)), IsEmpty());
  EXPECT_THAT(told(view_of(&wide, nullptr, kControllerName)), ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(told(view_of(&wide, &silent, kControllerName)), ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(told(view_of(&wide, &narrow, kControllerName)), ElementsAre("10.1.0.0/16"));
  EXPECT_THAT(told(view_of(&wide, &nobody, kControllerName)), IsEmpty());
  EXPECT_THAT(told(view_of(&wide, &narrow, "other.example/controller")), ElementsAre("10.0.0.0/8"))
      << "a class of somebody else has no say";

  ClusterView undecided = view_of(&wide, &narrow, kControllerName);
  undecided.parameters.erase("second");
  EXPECT_THAT(told(undecided), ElementsAre("10.0.0.0/8")) << "its Ingresses are closed";
  ClusterView of_another_release = view_of(&wide, &narrow, kControllerName);
  of_another_release.class_names = {"gatehouse"};
  EXPECT_THAT(told(of_another_release), ElementsAre("10.0.0.0/8"));
}

bool takes_headers(const ClusterView& view) {
  const Compiled compiled = compile(view);
  const auto found = compiled.config.arrivals.find("");
  return found != compiled.config.arrivals.end() && found->second->takes_proxy_headers;
}

TEST(TrustedProxies, MaySendAHeaderWhereOneClassOfTheReleaseSaysSo) {
  const nlohmann::json taking = {{"trustedProxies", {"10.0.0.0/8"}},
                                 {"proxyProtocol", "FromTrusted"}};
  const nlohmann::json trusting = {{"trustedProxies", {"10.1.0.0/16"}}};
  const nlohmann::json nobody = {{"trustedProxies", nlohmann::json::array()}};
  EXPECT_FALSE(takes_headers(view_of(nullptr, nullptr, kControllerName)));
  EXPECT_FALSE(takes_headers(view_of(&trusting, nullptr, kControllerName)));
  EXPECT_TRUE(takes_headers(view_of(&taking, nullptr, kControllerName)));
  EXPECT_TRUE(takes_headers(view_of(&trusting, &taking, kControllerName)));
  EXPECT_THAT(told(view_of(&trusting, &taking, kControllerName)), ElementsAre("10.1.0.0/16"))
      << "and of those alone whom all trust";
  EXPECT_TRUE(takes_headers(view_of(&taking, &nobody, kControllerName)))
      << "those of the flag may be there";
  EXPECT_THAT(told(view_of(&taking, &nobody, kControllerName)), IsEmpty());
  EXPECT_FALSE(takes_headers(view_of(&trusting, &taking, "other.example/controller")))
      << "a class of somebody else has no say";
  ClusterView undecided = view_of(&trusting, &taking, kControllerName);
  undecided.parameters.erase("second");
  EXPECT_FALSE(takes_headers(undecided));
}

TEST(TrustedProxies, MaySendAHeaderOnlyWhereTheParametersNameSome) {
  const auto read = [](const nlohmann::json& spec) {
    return read_edge_parameters({{"metadata", {{"name", "p"}}}, {"spec", spec}}).value();
  };
  const nlohmann::json network = nlohmann::json::array({"10.0.0.0/8"});
  const auto well = read({{"trustedProxies", network}, {"proxyProtocol", "FromTrusted"}});
  EXPECT_EQ(well.problem, "");
  EXPECT_TRUE(well.spec.takes_proxy_headers);
  EXPECT_FALSE(read({{"trustedProxies", network}}).spec.takes_proxy_headers);
  const nlohmann::json bad[] = {
      {{"proxyProtocol", "FromTrusted"}},
      {{"proxyProtocol", "FromTrusted"}, {"trustedProxies", nlohmann::json::array()}},
      {{"proxyProtocol", "Always"}, {"trustedProxies", network}},
      {{"proxyProtocol", true}, {"trustedProxies", network}}};
  for (const nlohmann::json& spec : bad) {
    EXPECT_THAT(read(spec).problem, HasSubstr("spec.proxyProtocol must be")) << spec;
  }
}

TEST(TrustedProxies, AreReadStrictly) {
  const auto read = [](const nlohmann::json& said) {
    return read_edge_parameters(
               {{"metadata", {{"name", "p"}}}, {"spec", {{"trustedProxies", said}}}})
        .value();
  };
  const auto well = read({"192.0.2.7", "10.1.2.3/8", "10.0.0.0/8", "2001:db8::/32"});
  EXPECT_EQ(well.problem, "");
  ASSERT_TRUE(well.spec.trusted_proxies);
  EXPECT_THAT(texts(*well.spec.trusted_proxies),
              ElementsAre("10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"));
  const auto nobody = read(nlohmann::json::array());
  EXPECT_EQ(nobody.problem, "");
  ASSERT_TRUE(nobody.spec.trusted_proxies);
  EXPECT_THAT(*nobody.spec.trusted_proxies, IsEmpty());
  for (const nlohmann::json& bad :
       {nlohmann::json("10.0.0.0/8"), nlohmann::json::array({"10.0.0.0/33"}),
        nlohmann::json::array({"balancer.example"}), nlohmann::json::array({""}),
        nlohmann::json::array({7})}) {
    EXPECT_THAT(read(bad).problem, HasSubstr("spec.trustedProxies")) << bad;
  }
  nlohmann::json many = nlohmann::json::array();
  for (std::size_t i = 0; i <= proxy::config::kTrustedProxiesMax; ++i) {
    many.push_back("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  }
  EXPECT_THAT(read(many).problem, HasSubstr("at most 1024 networks"));
}

}  // namespace
}  // namespace ingress
