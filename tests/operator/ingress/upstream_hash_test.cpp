#include "operator/ingress/annotations/upstream_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using proxy::config::HashPart;
using proxy::config::HashSource;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kKey = "nginx.ingress.kubernetes.io/upstream-hash-by";

std::vector<HashPart> parts_of(const std::string& value) {
  Issues issues;
  auto parts = read_upstream_hash_by({{kKey, value}}, issues);
  EXPECT_THAT(issues, IsEmpty()) << value;
  return parts;
}

TEST(UpstreamHashBy, KnowsTheseVariables) {
  EXPECT_THAT(parts_of("$request_uri"), ElementsAre(HashPart{HashSource::request_uri}));
  EXPECT_THAT(parts_of("$remote_addr"), ElementsAre(HashPart{HashSource::client_address}));
  EXPECT_THAT(parts_of("$binary_remote_addr"), ElementsAre(HashPart{HashSource::client_address}));
  EXPECT_THAT(parts_of("$http_x_user_id"), ElementsAre(HashPart{HashSource::field, "x_user_id"}));
  EXPECT_THAT(parts_of("$cookie_JSESSIONID"),
              ElementsAre(HashPart{HashSource::cookie, "jsessionid"}));
  EXPECT_THAT(parts_of("${host}/$arg_id"),
              ElementsAre(HashPart{HashSource::host}, HashPart{HashSource::argument, "id"}));
}

TEST(UpstreamHashBy, WhatItDoesNotKnowIsSaidAndLeftOut) {
  std::string many, names(190, 'a');
  for (int i = 0; i < 17; ++i) many += "$host";
  for (const std::string& value :
       {std::string("$pid"), std::string("$request_uri$pid"), std::string("/static"),
        std::string("$"), std::string("$$host"), std::string("${host"), std::string("$http_"),
        std::string("$host\\$"), std::string("$remote_user"), many, "$http_" + names + names}) {
    Issues issues;
    EXPECT_THAT(read_upstream_hash_by({{kKey, value}}, issues), IsEmpty()) << value;
    ASSERT_THAT(issues, SizeIs(1)) << value;
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(UpstreamHashBy, IsAClusterOfItsOwn) {
  const Compiled compiled =
      compile(ingress_test::ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(ingress_test::an_ingress("shop/hashed")
                               .annotation(kKey, "$request_uri$arg_id")
                               .path("a.example", "/", "web", 80))
                  .ingress(ingress_test::an_ingress("shop/plain").path("b.example", "/", "web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(compiled.config.clusters.at("shop/web:80;hash=uri,arg:id")->hash_by, SizeIs(2));
  EXPECT_THAT(compiled.config.clusters.at("shop/web:80")->hash_by, IsEmpty());
}

TEST(SessionAffinityOfAService, KeepsAClientByItsAddressUnlessTheIngressSaysOtherwise) {
  kube::Service service = ingress_test::a_service("shop/web", 80);
  service.session_affinity = "ClientIP";
  service.session_affinity_seconds = 600;
  const Compiled compiled = compile(ingress_test::ViewBuilder()
                                        .service_object(service)
                                        .service("shop/other", 80, {"10.0.0.2"})
                                        .ingress(ingress_test::an_ingress("shop/plain")
                                                     .path("a.example", "/", "web", 80)
                                                     .path("a.example", "/other", "other", 80))
                                        .ingress(ingress_test::an_ingress("shop/hashed")
                                                     .annotation(kKey, "$request_uri")
                                                     .path("b.example", "/", "web", 80))
                                        .view);
  EXPECT_THAT(compiled.config.clusters.at("shop/web:80")->hash_by,
              ElementsAre(HashPart{HashSource::client_address}));
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80")->client_stay_seconds, 600u);
  EXPECT_THAT(compiled.config.clusters.at("shop/other:80")->hash_by, IsEmpty());
  EXPECT_EQ(compiled.config.clusters.at("shop/other:80")->client_stay_seconds, 0u);
  EXPECT_EQ(compiled.config.clusters.at("shop/web:80;hash=uri")->client_stay_seconds, 0u);
  EXPECT_THAT(compiled.config.clusters.at("shop/web:80;hash=uri")->hash_by,
              ElementsAre(HashPart{HashSource::request_uri}));
}

}  // namespace
}  // namespace ingress::annotations
