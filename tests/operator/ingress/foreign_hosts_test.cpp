// What Ingresses and Certificates of one namespace can do to the hosts of another: nothing, and
// both hear of the attempt. By default, that is; the last tests share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::a_certificate;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::kNow;
using ingress_test::ViewBuilder;
using proxy::config::Forward;
using proxy::config::VirtualHost;
using routing::Complaint;
using routing::Severity;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kHost = "a.example.com";

// Namespace owner serves a.example.com.
ViewBuilder owner(const IngressBuilder& ingress) {
  ViewBuilder cluster;
  return cluster.service("owner/web", 80, {"10.0.0.1"})
      .service("other/web", 80, {"10.0.0.2"})
      .ingress(ingress);
}
IngressBuilder owners_ingress() {
  return an_ingress("owner/a").path(kHost, "/", "web", 80);
}
IngressBuilder younger(const std::string& key) {
  return an_ingress(key).created_after(seconds(1));
}

const VirtualHost& host(const Compiled& compiled, const std::string& name = kHost) {
  return *compiled.config.hosts.at(name);
}

std::vector<std::string> clusters_of(const VirtualHost& host) {
  std::vector<std::string> clusters;
  for (const auto& route : host.routes) {
    const auto* forward = std::get_if<Forward>(&route.action);
    clusters.push_back(route.path + " " + (forward ? forward->cluster : "closed"));
  }
  return clusters;
}

std::vector<std::string> told(const Compiled& compiled) {
  std::vector<std::string> all;
  for (const Complaint& complaint : compiled.complaints) {
    all.push_back(complaint.claimant.key().text() + " " + complaint.reason +
                  (complaint.severity == Severity::note ? " (note)" : ""));
  }
  return all;
}

const auto kBothAreTold = [] {
  return ElementsAre("other/b HostNotOwned", "owner/a HostAskedFor (note)");
};

TEST(ForeignHosts, APathOfAnotherNamespaceIsNotServedAndBothAreTold) {
  const Compiled compiled =
      compile(owner(owners_ingress())
                  .ingress(younger("other/b").path("A.example.com.", "/login", "web", 80))
                  .view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ owner/web:80"));
  EXPECT_THAT(told(compiled), kBothAreTold());
  EXPECT_THAT(compiled.complaints[0].message, HasSubstr("owner/a"));
  EXPECT_THAT(compiled.complaints[0].message, HasSubstr("--shared-hosts"));
  EXPECT_THAT(compiled.complaints[1].message, HasSubstr("Namespace other"));
  EXPECT_THAT(compiled.summaries[1].hosts_denied, ElementsAre(kHost));
}

TEST(ForeignHosts, AForeignDefaultBackendDoesNotAnswerForAHost) {
  const Compiled compiled = compile(owner(owners_ingress())
                                        .ingress(younger("other/b")
                                                     .rule_without_paths(kHost)
                                                     .path("b.example.com", "/", "web", 80)
                                                     .default_backend("web", 80))
                                        .view);
  EXPECT_FALSE(host(compiled).default_route);
  EXPECT_TRUE(host(compiled, "b.example.com").default_route);
  EXPECT_THAT(told(compiled), kBothAreTold());
}

TEST(ForeignHosts, EveryOtherHostHasOneOwnerToo) {
  const Compiled compiled = compile(owner(an_ingress("owner/a").default_backend("web", 80))
                                        .ingress(younger("other/b").path("", "/login", "web", 80))
                                        .view);
  EXPECT_THAT(host(compiled, "").routes, IsEmpty());
  EXPECT_EQ(std::get<Forward>(host(compiled, "").default_route->action).cluster, "owner/web:80");
  EXPECT_THAT(told(compiled), kBothAreTold());
}

TEST(ForeignHosts, AnotherNamespaceHasNoSayInAHostsRedirect) {
  const Compiled compiled =
      compile(owner(owners_ingress())
                  .ingress(younger("other/b")
                               .annotation("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")
                               .path(kHost, "/x", "web", 80))
                  .view);
  EXPECT_FALSE(host(compiled).https_redirect);
  EXPECT_THAT(told(compiled), kBothAreTold());
}

TEST(ForeignHosts, AForeignGuardClosesNothingOfAHost) {
  const Compiled compiled =
      compile(owner(owners_ingress())
                  .ingress(younger("other/b")
                               .annotation("nginx.ingress.kubernetes.io/auth-url", "http://x/")
                               .path(kHost, "/(?=x)", "web", 80))
                  .view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ owner/web:80"));
  EXPECT_THAT(host(compiled).closed, IsEmpty());
}

// ---- Certificates

// The owner's certificate is whatever `secret` makes of it.
Compiled with_foreign_tls(const std::vector<std::string>& names,
                          const std::function<void(ViewBuilder&)>& secret = {}) {
  auto ingress = owners_ingress();
  if (secret) ingress.tls({kHost}, "tls");
  ViewBuilder cluster = owner(ingress);
  if (secret) secret(cluster);
  return compile(
      cluster.secret("other/tls", names)
          .ingress(younger("other/b").path("b.example.com", "/", "web", 80).tls(names, "tls"))
          .view);
}

TEST(ForeignHosts, AForeignTlsEntryGivesAHostNeitherCertificateNorRedirect) {
  const Compiled compiled = with_foreign_tls({kHost});
  EXPECT_THAT(compiled.config.sni, IsEmpty());
  EXPECT_FALSE(host(compiled).https_redirect);
  EXPECT_THAT(told(compiled), kBothAreTold());
}

TEST(ForeignHosts, AForeignTlsEntryDoesNotStandInForAnOwnersThatIsMissingBrokenOrExpired) {
  const Compiled missing = with_foreign_tls({kHost}, [](ViewBuilder&) {});
  EXPECT_THAT(missing.config.sni, IsEmpty());
  EXPECT_FALSE(host(missing).https_redirect);

  const Compiled broken = with_foreign_tls(
      {kHost}, [](ViewBuilder& cluster) { cluster.broken_secret("owner/tls", "no PEM"); });
  EXPECT_THAT(broken.config.sni, IsEmpty());

  const Compiled expired = with_foreign_tls({kHost}, [](ViewBuilder& cluster) {
    cluster.secret("owner/tls", {kHost}, kNow - seconds(1));
  });
  EXPECT_THAT(expired.config.sni, ElementsAre(Pair(kHost, "owner/tls")));
}

TEST(ForeignHosts, AForeignWildcardCertificateIsNotForAHostWithoutOne) {
  const Compiled compiled = with_foreign_tls({"*.example.com"});
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("*.example.com", "other/tls")));
  EXPECT_TRUE(host(compiled).own_certificate_only);
  EXPECT_FALSE(host(compiled).https_redirect);
  EXPECT_FALSE(host(compiled, "b.example.com").own_certificate_only);
  EXPECT_TRUE(host(compiled, "b.example.com").https_redirect);
  EXPECT_THAT(told(compiled),
              ElementsAre("other/b HostNotOwned (note)", "owner/a HostAskedFor (note)"));
}

TEST(ForeignHosts, AForeignWildcardCertificateIsNotForAHostWhoseOwnIsMissing) {
  const Compiled compiled = with_foreign_tls({"*.example.com"}, [](ViewBuilder&) {});
  EXPECT_TRUE(host(compiled).own_certificate_only);
  EXPECT_FALSE(host(compiled).https_redirect);
}

TEST(ForeignHosts, AHostWithACertificateOfItsOwnTakesNoNoticeOfAForeignWildcard) {
  const Compiled compiled = with_foreign_tls(
      {"*.example.com"}, [](ViewBuilder& cluster) { cluster.secret("owner/tls", {kHost}); });
  EXPECT_EQ(compiled.config.sni.at(kHost), "owner/tls");
  EXPECT_FALSE(host(compiled).own_certificate_only);
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(ForeignHosts, TheCertificateForClientsThatNameNoHostIsNotForForeignHosts) {
  const Compiled compiled =
      compile(owner(owners_ingress().path("*.x.example.com", "/", "web", 80))
                  .secret("other/tls", {kHost})
                  .ingress(younger("other/b").default_backend("web", 80).tls({}, "tls"))
                  .view);
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair("", "other/tls")));
  EXPECT_TRUE(host(compiled).own_certificate_only);
  EXPECT_TRUE(host(compiled, "*.x.example.com").own_certificate_only);
  EXPECT_FALSE(host(compiled, "").own_certificate_only);
  EXPECT_THAT(told(compiled), ElementsAre("owner/a CertificateWithheld (note)",
                                          "owner/a CertificateWithheld (note)"));
}

// Each namespace has a copy of one wildcard certificate: nobody has a rule for the wildcard.
TEST(ForeignHosts, EachNamespacesHostsHaveItsOwnCopyOfAWildcardCertificate) {
  const Compiled compiled = compile(owner(owners_ingress().tls({"*.example.com"}, "wild"))
                                        .secret("owner/wild", {"*.example.com"})
                                        .secret("other/wild", {"*.example.com"})
                                        .ingress(younger("other/b")
                                                     .path("b.example.com", "/", "web", 80)
                                                     .tls({"*.example.com"}, "wild"))
                                        .view);
  EXPECT_THAT(compiled.config.sni, UnorderedElementsAre(Pair("*.example.com", "owner/wild"),
                                                        Pair("b.example.com", "other/wild")));
  EXPECT_TRUE(host(compiled, "b.example.com").https_redirect);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  EXPECT_THAT(compiled.summaries[1].tls_missing, IsEmpty());
}

TEST(ForeignHosts, AHostOlderThanTheWildcardsRuleHasItsOwnNamespacesWildcardCertificate) {
  const Compiled compiled = compile(owner(owners_ingress().tls({"*.example.com"}, "wild"))
                                        .secret("owner/wild", {"*.example.com"})
                                        .secret("other/wild", {"*.example.com"})
                                        .ingress(younger("other/b")
                                                     .path("*.example.com", "/", "web", 80)
                                                     .tls({"*.example.com"}, "wild"))
                                        .view);
  EXPECT_THAT(compiled.config.sni,
              UnorderedElementsAre(Pair("*.example.com", "other/wild"), Pair(kHost, "owner/wild")));
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(ForeignHosts, ANameUnderAnOlderWildcardIsNotTakenOutOfIt) {
  const Compiled compiled =
      compile(owner(an_ingress("owner/a").path("*.example.com", "/", "web", 80))
                  .secret("other/tls", {kHost})
                  .ingress(younger("other/b").path(kHost, "/", "web", 80).tls({kHost}, "tls"))
                  .view);
  EXPECT_EQ(compiled.config.hosts.count(kHost), 0u);
  EXPECT_THAT(compiled.config.sni, IsEmpty());
  EXPECT_THAT(told(compiled), kBothAreTold());
}

TEST(ForeignHosts, ANamespaceThatMakesItsIngressAnewIsTheYoungerOne) {
  const Compiled compiled = compile(owner(owners_ingress().created_after(seconds(9)))
                                        .ingress(younger("other/b").path(kHost, "/", "web", 80))
                                        .view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ other/web:80"));
  EXPECT_THAT(told(compiled), ElementsAre("other/b HostAskedFor (note)", "owner/a HostNotOwned"));
}

TEST(ForeignHosts, ASecondIngressOfTheOwnersKeepsTheHostInItsNamespace) {
  const Compiled compiled = compile(owner(owners_ingress().created_after(seconds(9)))
                                        .ingress(an_ingress("owner/c").path(kHost, "/c", "web", 80))
                                        .ingress(younger("other/b").path(kHost, "/b", "web", 80))
                                        .view);
  EXPECT_THAT(clusters_of(host(compiled)),
              UnorderedElementsAre("/ owner/web:80", "/c owner/web:80"));
}

TEST(ForeignHosts, OneNamespaceWithManyIngressesIsOneNoteToTheOwner) {
  ViewBuilder cluster = owner(owners_ingress());
  for (int i = 0; i < 9; ++i) {
    cluster.ingress(younger("other/b" + std::to_string(i)).path(kHost, "/b", "web", 80));
  }
  const Compiled compiled = compile(cluster.view);
  EXPECT_EQ(std::count_if(compiled.complaints.begin(), compiled.complaints.end(),
                          [](const auto& one) { return one.claimant.namespace_() == "owner"; }),
            1);
}

// ---- Those that are going

TEST(ForeignHosts, AnIngressThatIsBeingDeletedYieldsItsHostToAYoungerOneAtOnce) {
  const Compiled compiled = compile(owner(owners_ingress().being_deleted())
                                        .ingress(younger("other/b").path(kHost, "/", "web", 80))
                                        .view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ other/web:80"));
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(ForeignHosts, AnIngressOfANamespaceThatIsBeingDeletedYieldsItsHostAndItsDefaultBackend) {
  ViewBuilder cluster = owner(owners_ingress());
  cluster.ingress(an_ingress("owner/all").default_backend("web", 80))
      .ingress(younger("other/b").path(kHost, "/x", "web", 80))
      .ingress(younger("other/all").default_backend("web", 80));
  cluster.view.ending_namespaces = {"owner"};
  const Compiled compiled = compile(cluster.view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/x other/web:80"));
  EXPECT_EQ(std::get<Forward>(host(compiled, "").default_route->action).cluster, "other/web:80");
  EXPECT_THAT(compiled.complaints, IsEmpty());
}

TEST(ForeignHosts, WhatIsGoingIsServedWhereNobodyElseWantsIt) {
  ViewBuilder cluster = owner(owners_ingress());
  cluster.view.ending_namespaces = {"owner"};
  EXPECT_THAT(clusters_of(host(compile(cluster.view))), ElementsAre("/ owner/web:80"));
}

TEST(ForeignHosts, WithinANamespaceAPathOfAnIngressThatIsBeingDeletedYieldsToo) {
  const Compiled compiled = compile(owner(owners_ingress().being_deleted())
                                        .service("owner/next", 80, {"10.0.0.3"})
                                        .ingress(younger("owner/b").path(kHost, "/", "next", 80))
                                        .view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ owner/next:80"));
}

// ---- Certificates as objects

TEST(ForeignHosts, NoCertificateIsOrderedForAForeignHost) {
  const CertificatePlan plan =
      plan_certificates(owner(owners_ingress())
                            .ingress(younger("other/b")
                                         .annotation("cert-manager.io/cluster-issuer", "le")
                                         .path("b.example.com", "/", "web", 80)
                                         .tls({"b.example.com", kHost}, "both")
                                         .tls({kHost}, "one"))
                            .view);
  ASSERT_EQ(plan.apply.size(), 1u);
  EXPECT_EQ(plan.apply.begin()->first.text(), "other/both");
  EXPECT_THAT(plan.apply.begin()->second.spec.dns_names, ElementsAre("b.example.com"));
}

TEST(ForeignHosts, AChallengeIsAnsweredForCertificatesOfTheOwnersNamespaceOnly) {
  const auto with_order = [](const std::string& key, const std::string& token) {
    api::Certificate certificate = a_certificate(key, "tls", {kHost});
    api::AuthorizationStatus authorization;
    authorization.identifier = kHost;
    authorization.state = "pending";
    authorization.token = token;
    authorization.key_authorization = token + ".thumbprint";
    certificate.status.order = api::OrderStatus{};
    certificate.status.order->authorizations = {authorization};
    return certificate;
  };
  ViewBuilder cluster = owner(owners_ingress());
  cluster.certificate(with_order("owner/tls", "token-1"))
      .certificate(with_order("other/tls", "token-2"));
  const Compiled compiled = compile(cluster.view);
  ASSERT_EQ(compiled.config.challenges.size(), 1u);
  EXPECT_EQ(compiled.config.challenges.count("token-1"), 1u);
  cluster.view.shares_hosts = true;
  EXPECT_EQ(compile(cluster.view).config.challenges.size(), 2u);
}

// ---- Shared

TEST(ForeignHosts, WhereHostsMayBeSharedAForeignPathCountsAndBothKnow) {
  ViewBuilder cluster = owner(owners_ingress());
  cluster.secret("other/tls", {kHost})
      .ingress(younger("other/b")
                   .annotation("nginx.ingress.kubernetes.io/force-ssl-redirect", "true")
                   .path(kHost, "/login", "web", 80)
                   .tls({kHost}, "tls"));
  cluster.view.shares_hosts = true;
  const Compiled compiled = compile(cluster.view);
  EXPECT_THAT(clusters_of(host(compiled)), ElementsAre("/ owner/web:80", "/login other/web:80"));
  EXPECT_THAT(compiled.config.sni, ElementsAre(Pair(kHost, "other/tls")));
  EXPECT_THAT(told(compiled), ElementsAre("other/b AnnotationIgnored", "other/b HostShared (note)",
                                          "owner/a HostShared (note)"));
}

}  // namespace
}  // namespace ingress
