#include "operator/ingress/annotations/upstream_vhost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using ingress_test::an_ingress;
using ingress_test::ViewBuilder;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kKey = "nginx.ingress.kubernetes.io/upstream-vhost";

TEST(UpstreamVhost, IsAHostPerhapsWithAPortAndNothingElse) {
  for (const char* host :
       {"web.internal", "WEB", "web_1.shop.svc:8080", "10.0.0.1", "[2001:db8::1]", "[::1]:443",
        "$service_name.$namespace.svc.cluster.local:$service_port", "$namespace"}) {
    Issues issues;
    EXPECT_EQ(read_upstream_vhost({{kKey, host}}, issues), host);
    EXPECT_THAT(issues, IsEmpty()) << host;
  }
  for (const std::string& host :
       {std::string("a b"), std::string("a\r\nX-Admin: 1"), std::string("a/b"), std::string("a@b"),
        std::string("a:"), std::string("a:0"), std::string("a:65536"), std::string("a:80x"),
        std::string(":80"), std::string("[::1"), std::string("[]"), std::string("[::1]x"),
        std::string("::1"), std::string("$host"), std::string("$http_x"), std::string("a,b"),
        std::string(300, 'a'), std::string("a;b"), std::string("\"a\"")}) {
    Issues issues;
    EXPECT_EQ(read_upstream_vhost({{kKey, host}}, issues), "") << host;
    ASSERT_THAT(issues, SizeIs(1)) << host;
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(UpstreamVhost, VariablesAreThoseOfEachBackend) {
  const Compiled compiled =
      compile(ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"}, "http")
                  .service("shop/api", 81, {"10.0.0.2"}, "grpc")
                  .ingress(an_ingress("shop/www")
                               .annotation(kKey, "$service_name.$namespace.svc:$service_port")
                               .path("a.example", "/api", "api", 81)
                               .path_to_named_port("a.example", "/web", "web", "http")
                               .default_backend("web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  const proxy::config::VirtualHost& host = *compiled.config.hosts.at("a.example");
  ASSERT_THAT(host.routes, SizeIs(2));
  EXPECT_EQ(host.routes[0].policies->upstream_host, "api.shop.svc:81");
  EXPECT_EQ(host.routes[1].policies->upstream_host, "web.shop.svc:80");
  EXPECT_EQ(host.default_route.value().policies->upstream_host, "web.shop.svc:80");
}

}  // namespace
}  // namespace ingress::annotations
