#include "operator/ingress/annotations/ssl_passthrough.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::VirtualHost;
using routing::Complaint;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string kNginx = "nginx.ingress.kubernetes.io/";
const std::string kHost = "pass.example";

IngressBuilder passing(const std::string& key = "shop/pass") {
  return an_ingress(key).annotation(kNginx + "ssl-passthrough", "true");
}

Compiled compiled(const std::vector<std::shared_ptr<const kube::Ingress>>& ingresses,
                  ViewBuilder builder = {}) {
  builder.service("shop/web", 443, {"10.0.0.1"}).service("shop/api", 80, {"10.0.0.2"});
  for (const auto& ingress : ingresses) builder.ingress(ingress);
  return compile(builder.view);
}

const VirtualHost& host_of(const Compiled& compiled, const std::string& host = kHost) {
  return *compiled.config.hosts.at(host);
}

std::vector<std::string> said(const Compiled& compiled) {
  std::vector<std::string> all;
  for (const Complaint& complaint : compiled.complaints) {
    all.push_back(complaint.claimant.key().name + " " + complaint.reason);
  }
  return all;
}

TEST(SslPassthrough, TheHostIsItsBackendsAndPlainHttpIsSentToHttps) {
  const Compiled made = compiled({passing().path(kHost, "/", "web", 443)});
  const VirtualHost& host = host_of(made);
  ASSERT_TRUE(host.passthrough);
  EXPECT_EQ(host.passthrough->cluster, "shop/web:443");
  EXPECT_EQ(host.passthrough->guards, "");
  EXPECT_TRUE(host.https_redirect);
  EXPECT_TRUE(host.own_certificate_only);
  EXPECT_THAT(made.complaints, IsEmpty());
  const Compiled plain = compiled(
      {passing().annotation(kNginx + "ssl-redirect", "false").path(kHost, "/", "web", 443)});
  EXPECT_FALSE(host_of(plain).https_redirect);
}

TEST(SslPassthrough, TheBackendIsSpokenToAsTheClientSpeaksWhateverItsPortSays) {
  kube::Service service = ingress_test::a_service("shop/tls", 443);
  service.ports.front().app_protocol = "https";
  const Compiled made = compiled(
      {passing().annotation(kNginx + "backend-protocol", "HTTPS").path(kHost, "/", "tls", 443)},
      ViewBuilder().service_object(service).slice(
          ingress_test::a_slice("shop/tls", "http", 8443, {"10.0.0.9"})));
  ASSERT_TRUE(host_of(made).passthrough);
  EXPECT_FALSE(made.config.clusters.at(host_of(made).passthrough->cluster)->tls);
  EXPECT_THAT(made.complaints, IsEmpty());
}

TEST(SslPassthrough, OtherPathsAreTold) {
  const Compiled made =
      compiled({passing().path(kHost, "/api", "api", 80).path(kHost, "/", "web", 443)});
  EXPECT_EQ(host_of(made).passthrough->cluster, "shop/web:443");
  EXPECT_THAT(said(made), ElementsAre("pass PassthroughIgnoresPaths"));
  const Compiled narrow = compiled({passing().path(kHost, "/api", "api", 80)});
  EXPECT_EQ(host_of(narrow).passthrough->cluster, "shop/api:80");
  EXPECT_THAT(said(narrow), ElementsAre("pass PassthroughIgnoresPaths"));
}

TEST(SslPassthrough, GuardsOfConnectionsHoldAndThoseOfRequestsCloseTheHost) {
  const Compiled listed = compiled({passing()
                                        .annotation(kNginx + "whitelist-source-range", "10.0.0.0/8")
                                        .annotation(kNginx + "limit-connections", "2")
                                        .path(kHost, "/", "web", 443)});
  EXPECT_NE(host_of(listed).passthrough->guards, "");
  EXPECT_THAT(listed.complaints, IsEmpty());
  for (const auto& [key, value] :
       std::map<std::string, std::string>{{"auth-type", "basic"},
                                          {"auth-url", "http://a/"},
                                          {"fixed-answer", "403"},
                                          {"permanent-redirect", "https://b.example"},
                                          {"auth-tls-secret", "shop/ca"},
                                          {"ssl-passthrough", "perhaps"}}) {
    const Compiled closed =
        compiled({passing().annotation(kNginx + key, value).path(kHost, "/", "web", 443)});
    EXPECT_FALSE(host_of(closed).passthrough) << key;
    EXPECT_TRUE(host_of(closed).own_certificate_only) << key;
    EXPECT_THAT(said(closed), Contains("pass AnnotationRefused")) << key;
  }
}

TEST(SslPassthrough, WhatTunesRequestsIsTold) {
  const Compiled made = compiled({passing()
                                      .annotation(kNginx + "rewrite-target", "/")
                                      .annotation(kNginx + "proxy-body-size", "8m")
                                      .path(kHost, "/", "web", 443)});
  EXPECT_TRUE(host_of(made).passthrough);
  EXPECT_THAT(said(made), ElementsAre("pass AnnotationIgnored", "pass AnnotationIgnored"));
}

TEST(SslPassthrough, WithoutABackendNobodysTlsIsEndedHere) {
  const Compiled made = compiled({passing().path(kHost, "/", "gone", 443)});
  EXPECT_FALSE(host_of(made).passthrough);
  EXPECT_TRUE(host_of(made).own_certificate_only);
  EXPECT_FALSE(host_of(made).https_redirect);
  EXPECT_THAT(said(made), Contains("pass ServiceNotFound"));
}

TEST(SslPassthrough, ARuleWithoutAHostIsLeftOut) {
  const Compiled made = compiled({passing().path("", "/", "web", 443)});
  EXPECT_THAT(said(made), ElementsAre("pass PassthroughWithoutHost"));
  EXPECT_TRUE(host_of(made, "").routes.empty());
}

TEST(SslPassthrough, TheOlderIngressDecidesAndBothAreTold) {
  using std::chrono::seconds;
  const auto ends = an_ingress("shop/ends").path(kHost, "/", "api", 80);
  const auto passes = passing().path(kHost, "/", "web", 443);
  const Compiled first_ends =
      compiled({IngressBuilder(ends), IngressBuilder(passes).created_after(seconds(1))});
  EXPECT_FALSE(host_of(first_ends).passthrough);
  EXPECT_EQ(host_of(first_ends).routes.size(), 1u);
  EXPECT_THAT(said(first_ends),
              UnorderedElementsAre("pass PassthroughConflict", "ends PassthroughConflict"));
  const Compiled first_passes =
      compiled({IngressBuilder(ends).created_after(seconds(1)), IngressBuilder(passes)});
  EXPECT_TRUE(host_of(first_passes).passthrough);
  EXPECT_THAT(said(first_passes), Contains("ends PassthroughConflict"));
  EXPECT_THAT(said(first_passes), Contains("pass PassthroughConflict"));
}

TEST(SslPassthrough, ACertificateOfAnotherIngressIsNotServedAndBothAreTold) {
  const Compiled made = compiled(
      {passing().path(kHost, "/", "web", 443), an_ingress("shop/cert").tls({kHost}, "tls")},
      ViewBuilder().secret("shop/tls", {kHost}));
  EXPECT_THAT(made.config.sni, IsEmpty());
  EXPECT_THAT(said(made),
              UnorderedElementsAre("cert CertificateConflict", "pass CertificateConflict"));
}

TEST(SslPassthrough, NoCertificateIsNeededOrOrdered) {
  ViewBuilder builder;
  builder.service("shop/web", 443, {"10.0.0.1"})
      .ingress(passing()
                   .annotation("cert-manager.io/cluster-issuer", "letsencrypt")
                   .path(kHost, "/", "web", 443)
                   .tls({kHost}, "tls"))
      .ingress(
          passing("shop/bare").path("bare.example", "/", "web", 443).tls({"bare.example"}, ""));
  EXPECT_THAT(said(compile(builder.view)), ElementsAre("pass CertificateNotUsed"));
  const CertificatePlan plan = plan_certificates(builder.view);
  EXPECT_TRUE(plan.apply.empty());
  ASSERT_EQ(plan.complaints.size(), 1u);
  EXPECT_EQ(plan.complaints.front().reason, "CertificateNotOrdered");
}

TEST(SslPassthrough, ACanaryCannotTakeAPartOfIt) {
  const Compiled made = compiled(
      {passing().path(kHost, "/", "web", 443), an_ingress("shop/new")
                                                   .annotation(kNginx + "canary", "true")
                                                   .annotation(kNginx + "canary-weight", "10")
                                                   .path(kHost, "/", "api", 80)});
  EXPECT_THAT(said(made), ElementsAre("new CanaryNotJoined"));
}

TEST(ProxyProtocolToBackend, IsOfAClusterOfItsOwn) {
  using proxy::config::ProxyProtocol;
  const Compiled made = compiled({an_ingress("shop/told")
                                      .annotation("gatehouse.dev/proxy-protocol-to-backend", "v2")
                                      .path("a.example", "/", "api", 80),
                                  passing()
                                      .annotation("gatehouse.dev/proxy-protocol-to-backend", "V1")
                                      .path(kHost, "/", "web", 443)});
  EXPECT_EQ(made.config.clusters.at("shop/api:80;proxy=v2")->proxy_protocol, ProxyProtocol::v2);
  EXPECT_EQ(host_of(made).passthrough->cluster, "shop/web:443;proxy=v1");
  EXPECT_THAT(made.complaints, IsEmpty());
}

TEST(ProxyProtocolToBackend, WhatCannotBeHonouredCloses) {
  const auto with = [](const std::string& value, const std::string& protocol) {
    return compiled({an_ingress("shop/told")
                         .annotation("gatehouse.dev/proxy-protocol-to-backend", value)
                         .annotation(kNginx + "backend-protocol", protocol)
                         .path("a.example", "/", "api", 80)});
  };
  EXPECT_THAT(said(with("v3", "HTTP")), ElementsAre("told AnnotationRefused"));
  EXPECT_THAT(said(with("v1", "GRPC")), ElementsAre("told BackendProtocolMismatch"));
  EXPECT_THAT(said(with("off", "GRPC")), IsEmpty());
}

}  // namespace
}  // namespace ingress
