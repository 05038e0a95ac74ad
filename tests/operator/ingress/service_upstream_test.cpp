#include "operator/ingress/annotations/service_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using proxy::config::Endpoint;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kKey = "nginx.ingress.kubernetes.io/service-upstream";

TEST(ServiceUpstream, IsASwitch) {
  Issues issues;
  EXPECT_TRUE(read_service_upstream({{kKey, "true"}}, issues));
  EXPECT_FALSE(read_service_upstream({{kKey, "false"}}, issues));
  EXPECT_FALSE(read_service_upstream({}, issues));
  EXPECT_THAT(issues, IsEmpty());
  EXPECT_FALSE(read_service_upstream({{kKey, "maybe"}}, issues));
  ASSERT_THAT(issues, SizeIs(1));
  EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
}

Compiled compiled_with(const std::string& cluster_ip) {
  kube::Service service = ingress_test::a_service("shop/web", 80);
  service.cluster_ip = cluster_ip;
  return compile(ingress_test::ViewBuilder()
                     .service_object(service)
                     .slice(ingress_test::a_slice("shop/web", "http", 8080, {"10.0.0.1"}))
                     .ingress(ingress_test::an_ingress("shop/www")
                                  .annotation(kKey, "true")
                                  .path("a.example", "/", "web", 80))
                     .view);
}

TEST(ServiceUpstream, IsTheAddressAndPortOfTheServiceItself) {
  const Compiled compiled = compiled_with("10.96.0.7");
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(compiled.config.clusters.at("shop/web:80;service")->endpoints,
              ElementsAre(Endpoint{"10.96.0.7", 80}));
  EXPECT_THAT(compiled_with("fd00::7").config.clusters.at("shop/web:80;service")->endpoints,
              ElementsAre(Endpoint{"fd00::7", 80}));
}

TEST(ServiceUpstream, AHeadlessServiceHasItsPodsOnly) {
  for (const char* none : {"None", ""}) {
    EXPECT_THAT(compiled_with(none).config.clusters.at("shop/web:80;service")->endpoints,
                ElementsAre(Endpoint{"10.0.0.1", 8080}));
  }
}

}  // namespace
}  // namespace ingress::annotations
