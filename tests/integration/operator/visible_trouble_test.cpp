#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/key.h"
#include "tests/integration/operator/installation.h"

// What is wrong around running programs is said where an operator looks (status, /readyz, log),
// with the remedy, and is over by itself once the cause is gone.
namespace {

using integration::has_condition;
using integration::Installation;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class VisibleTrouble : public testing::Test {
 protected:
  bool proxy_is(const std::string& readiness) {
    return wait_until(seconds(30), [&] {
      return cluster_.proxy_readiness(0).find(readiness) != std::string::npos;
    });
  }
  bool is_logged(const std::string& words) {
    return wait_until(seconds(30),
                      [&] { return cluster_.logs().find(words) != std::string::npos; });
  }
  json issuer() { return cluster_.get("/apis/gatehouse.dev/v1alpha1/clusterissuers/letsencrypt"); }

  Installation cluster_;
};

TEST_F(VisibleTrouble, AnAcmeServerThatIsNotTrustedIsInTheIssuersConditionWithTheRemedy) {
  cluster_.start_operator();
  cluster_.start_proxies(1);
  cluster_.start_pebble();
  cluster_.apply(
      "apiVersion: gatehouse.dev/v1alpha1\nkind: ClusterIssuer\nmetadata: {name: letsencrypt}\n"
      "spec: {acme: {server: \"" +
      cluster_.pebble().directory_url() + "\", termsOfServiceAgreed: true}}\n");
  std::string message;
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    for (const json& condition : issuer().value("/status/conditions"_json_pointer, json::array())) {
      if (condition["type"] == "Ready" && condition["status"] == "False") {
        message = condition["message"];
      }
    }
    return !message.empty();
  })) << issuer().dump(1);
  EXPECT_THAT(message, AllOf(HasSubstr("is not trusted"), HasSubstr("caBundle"),
                             HasSubstr(cluster_.pebble().directory_url())));
  cluster_.prepare_issuer();
  EXPECT_TRUE(has_condition(issuer(), "Ready"));
}

TEST_F(VisibleTrouble, AnApiServerThatRefusesForAWhileIsNamedByReadyzUntilItDoesNot) {
  fakes::api_server::Misbehaviour::Rule rule;
  rule.times = 1'000'000;
  cluster_.api().misbehaviour().add(rule);
  cluster_.start_operator();
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    const std::string said = cluster_.operator_readiness();
    return said.starts_with("503 ") && said.find("HTTP 503") != std::string::npos;
  })) << cluster_.operator_readiness();
  EXPECT_TRUE(is_logged("trying again"));
  cluster_.api().misbehaviour().clear();
  EXPECT_TRUE(wait_until(seconds(30), [&] { return cluster_.operator_readiness() == "200 ok\n"; }))
      << cluster_.operator_readiness();
}

TEST_F(VisibleTrouble, AProxyWhoseTokenIsRefusedSaysSoUntilItHasAGoodOne) {
  cluster_.start_operator();
  const std::string good = read_file(cluster_.path("token"));
  cluster_.write("token", "of-somebody-else");
  cluster_.start_proxies(1);
  EXPECT_TRUE(is_logged("HTTP 401")) << cluster_.logs();
  EXPECT_THAT(cluster_.proxy_readiness(0), testing::StartsWith("503 "));
  cluster_.write("token", good);
  EXPECT_TRUE(proxy_is("200 ")) << cluster_.logs();
}

TEST_F(VisibleTrouble, AProxyThatDoesNotTrustTheOperatorSaysSoUntilItDoes) {
  cluster_.start_operator();
  const std::string good = read_file(cluster_.path("ca.pem"));
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions ca;
  ca.names.common_name = "another CA";
  ca.names.dns_names = {"ca.test"};
  ca.is_ca = true;
  cluster_.write("ca.pem", base::make_self_signed(*key, ca).value());
  cluster_.start_proxies(1);
  EXPECT_TRUE(is_logged("is not trusted")) << cluster_.logs();
  EXPECT_THAT(cluster_.proxy_readiness(0), testing::StartsWith("503 "));
  cluster_.write("ca.pem", good);
  EXPECT_TRUE(proxy_is("200 ")) << cluster_.logs();
}

TEST_F(VisibleTrouble, WhatChangesWhileTheOperatorIsGoneIsServedWhenItIsBack) {
  cluster_.start_operator();
  cluster_.start_proxies(1);
  cluster_.apply(
      "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: gatehouse}\n"
      "spec: {controller: gatehouse.dev/ingress-controller}\n");
  const auto plain = [](const std::string& host) {
    return "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
           "metadata: {namespace: default, name: " +
           host.substr(0, host.find('.')) +
           "}\nspec:\n  ingressClassName: gatehouse\n  rules:\n    - host: " + host +
           "\n      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: www, "
           "port: {name: http}}}}]}\n";
  };
  const auto is_served = [&](const std::string& host) {
    return wait_until(seconds(30), [&] {
      const auto answer = cluster_.fetch_plain(0, "http://" + host + "/");
      return answer && answer->status == 200;
    });
  };
  cluster_.apply(plain("one.example.test"));
  EXPECT_TRUE(is_served("one.example.test")) << cluster_.logs();
  cluster_.kill_operator();
  cluster_.apply(plain("two.example.test"));
  EXPECT_TRUE(is_served("one.example.test"));
  cluster_.start_operator();
  EXPECT_TRUE(is_served("two.example.test")) << cluster_.logs();
  EXPECT_TRUE(is_served("one.example.test"));
}

}  // namespace
