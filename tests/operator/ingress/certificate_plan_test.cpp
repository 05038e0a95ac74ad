#include "operator/ingress/certificate_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/owned_ingresses.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::a_certificate;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::key_of;
using ingress_test::ViewBuilder;
using routing::Complaint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kClusterIssuer = "cert-manager.io/cluster-issuer";

IngressBuilder asking(const std::string& key) {
  return an_ingress(key).annotation(kClusterIssuer, "letsencrypt");
}

std::vector<std::string> reasons(const CertificatePlan& plan) {
  std::vector<std::string> all;
  for (const Complaint& complaint : plan.complaints) {
    all.push_back(complaint.claimant.key().text() + " " + complaint.reason);
  }
  return all;
}

// The Certificate as the API server would hold it after the plan was carried out.
api::Certificate applied(const kube::ObjectKey& key, const CertificatePlan::Apply& apply) {
  api::Certificate certificate;
  certificate.metadata.namespace_ = key.namespace_;
  certificate.metadata.name = key.name;
  certificate.metadata.uid = "uid-certificate-" + key.text();
  certificate.metadata.owner_references = {apply.owner};
  certificate.spec = apply.spec;
  return certificate;
}

TEST(CertificatePlan, ATlsEntryBecomesACertificateNamedAfterItsSecretAndOwnedByTheIngress) {
  const auto plan = plan_certificates(
      ViewBuilder().ingress(asking("shop/www").tls({"A.example", "b.example"}, "www-tls")).view);
  ASSERT_EQ(plan.apply.size(), 1u);
  const auto& [key, wanted] = *plan.apply.begin();
  EXPECT_EQ(key, key_of("shop/www-tls"));
  EXPECT_EQ(wanted.owner,
            (kube::OwnerReference{"networking.k8s.io/v1", "Ingress", "www", "uid-shop/www", true}));
  EXPECT_EQ(wanted.spec.secret_name, "www-tls");
  EXPECT_EQ(wanted.spec.issuer_ref, (api::IssuerRef{"letsencrypt", "ClusterIssuer"}));
  EXPECT_THAT(wanted.spec.dns_names, ElementsAre("a.example", "b.example"));
  EXPECT_THAT(plan.complaints, IsEmpty());
  EXPECT_THAT(plan.remove, IsEmpty());
}

TEST(CertificatePlan, WhatIsThereAlreadyIsNotWrittenAgain) {
  ViewBuilder cluster;
  cluster.ingress(asking("shop/www").tls({"a.example"}, "www-tls"));
  const auto first = plan_certificates(cluster.view);
  cluster.certificate(applied(key_of("shop/www-tls"), first.apply.begin()->second));
  const auto second = plan_certificates(cluster.view);
  EXPECT_THAT(second.apply, IsEmpty());
  EXPECT_THAT(second.remove, IsEmpty());
}

TEST(CertificatePlan, AChangedHostOrSettingIsWritten) {
  ViewBuilder before;
  before.ingress(asking("shop/www").tls({"a.example"}, "www-tls"));
  const auto certificate =
      applied(key_of("shop/www-tls"), plan_certificates(before.view).apply.begin()->second);
  for (const auto& changed :
       {asking("shop/www").tls({"a.example", "b.example"}, "www-tls"),
        asking("shop/www").tls({"a.example"}, "www-tls").annotation(kClusterIssuer, "other"),
        asking("shop/www")
            .tls({"a.example"}, "www-tls")
            .annotation("cert-manager.io/private-key-algorithm", "RSA")}) {
    EXPECT_EQ(plan_certificates(ViewBuilder().ingress(changed).certificate(certificate).view)
                  .apply.size(),
              1u);
  }
}

TEST(CertificatePlan, NothingIsAskedWithoutAnIssuerOrByAnIngressThatIsNotOurs) {
  const auto plan = plan_certificates(
      ViewBuilder()
          .ingress(an_ingress("shop/www").tls({"a.example"}, "www-tls"))
          .ingress(asking("shop/other").class_name("nginx").tls({"b.example"}, "other-tls"))
          .view);
  EXPECT_THAT(plan.apply, IsEmpty());
  EXPECT_THAT(plan.complaints, IsEmpty());
}

TEST(CertificatePlan, TheIssuerMayBeOfTheNamespace) {
  const auto spec_with = [](IngressBuilder ingress) {
    return plan_certificates(ViewBuilder().ingress(ingress.tls({"a.example"}, "t")).view)
        .apply.begin()
        ->second.spec;
  };
  EXPECT_EQ(
      spec_with(an_ingress("shop/www").annotation("cert-manager.io/issuer", "in-house")).issuer_ref,
      (api::IssuerRef{"in-house", "Issuer"}));
  EXPECT_EQ(
      spec_with(an_ingress("shop/www").annotation("gatehouse.dev/cluster-issuer", "le")).issuer_ref,
      (api::IssuerRef{"le", "ClusterIssuer"}));
  EXPECT_EQ(spec_with(an_ingress("shop/www")
                          .annotation("cert-manager.io/issuer", "le")
                          .annotation("cert-manager.io/issuer-kind", "ClusterIssuer"))
                .issuer_ref,
            (api::IssuerRef{"le", "ClusterIssuer"}));
}

TEST(CertificatePlan, AnIssuerThatMakesNoSenseIsToldAndNothingOrdered) {
  for (const auto& ingress :
       {asking("shop/www").annotation("cert-manager.io/issuer", "both"),
        an_ingress("shop/www")
            .annotation("cert-manager.io/issuer", "x")
            .annotation("cert-manager.io/issuer-group", "awspca.cert-manager.io"),
        an_ingress("shop/www")
            .annotation("cert-manager.io/issuer", "x")
            .annotation("cert-manager.io/issuer-kind", "StepIssuer"),
        an_ingress("shop/www").annotation("kubernetes.io/tls-acme", "true")}) {
    auto with_tls = ingress;
    const auto plan =
        plan_certificates(ViewBuilder().ingress(with_tls.tls({"a.example"}, "t")).view);
    EXPECT_THAT(plan.apply, IsEmpty());
    EXPECT_THAT(reasons(plan), ElementsAre("shop/www AnnotationIgnored"));
  }
}

TEST(CertificatePlan, TlsAcmeIsTheDefaultIssuer) {
  ViewBuilder cluster;
  cluster.view.default_issuer = api::IssuerRef{"letsencrypt", "ClusterIssuer"};
  cluster.ingress(
      an_ingress("shop/www").annotation("kubernetes.io/tls-acme", "true").tls({"a.example"}, "t"));
  EXPECT_EQ(plan_certificates(cluster.view).apply.begin()->second.spec.issuer_ref.name,
            "letsencrypt");
}

TEST(CertificatePlan, CertManagersSettingsGoIntoTheSpec) {
  const auto plan = plan_certificates(
      ViewBuilder()
          .ingress(asking("shop/www")
                       .annotation("cert-manager.io/common-name", "a.example")
                       .annotation("cert-manager.io/private-key-algorithm", "RSA")
                       .annotation("cert-manager.io/private-key-size", "4096")
                       .annotation("cert-manager.io/private-key-rotation-policy", "Never")
                       .annotation("cert-manager.io/renew-before", "720h")
                       .annotation("cert-manager.io/secret-template",
                                   R"({"labels": {"team": "shop"}, "annotations": {"a/b": "c"}})")
                       .tls({"a.example", "192.0.2.1"}, "t"))
          .view);
  EXPECT_THAT(plan.complaints, IsEmpty());
  const api::CertificateSpec& spec = plan.apply.begin()->second.spec;
  EXPECT_EQ(spec.common_name, "a.example");
  EXPECT_EQ(spec.key, (base::KeySpec{base::KeyAlgorithm::rsa, 4096}));
  EXPECT_EQ(spec.rotation_policy, api::RotationPolicy::never);
  EXPECT_EQ(spec.renew_before, std::chrono::hours(720));
  EXPECT_EQ(spec.secret_labels.at("team"), "shop");
  EXPECT_EQ(spec.secret_annotations.at("a/b"), "c");
  EXPECT_THAT(spec.ip_addresses, ElementsAre("192.0.2.1"));
}

TEST(CertificatePlan, ASettingThatCannotBeReadIsToldAndTheRestCounts) {
  const auto plan = plan_certificates(
      ViewBuilder()
          .ingress(asking("shop/www")
                       .annotation("cert-manager.io/private-key-algorithm", "Ed25519")
                       .annotation("cert-manager.io/private-key-size", "1024")
                       .annotation("cert-manager.io/renew-before", "soon")
                       .annotation("cert-manager.io/secret-template", "[1]")
                       .annotation("cert-manager.io/duration", "2160h")
                       .tls({"a.example"}, "t"))
          .view);
  EXPECT_EQ(plan.complaints.size(), 5u);
  EXPECT_EQ(plan.apply.begin()->second.spec.key, base::KeySpec{});
}

TEST(CertificatePlan, ACommonNameThatIsNoHostIsToldAndTheCertificateIsOrderedWithoutIt) {
  for (const char* name : {"My Shop", "*.a.example", "a..example", "192.0.2.1"}) {
    const auto plan =
        plan_certificates(ViewBuilder()
                              .ingress(asking("shop/www")
                                           .annotation("cert-manager.io/common-name", name)
                                           .tls({"a.example"}, "t"))
                              .view);
    ASSERT_EQ(plan.complaints.size(), 1u) << name;
    EXPECT_THAT(plan.complaints[0].message, HasSubstr("common-name"));
    EXPECT_EQ(plan.apply.begin()->second.spec.common_name, "") << name;
  }
}

TEST(CertificatePlan, ACertificateMadeByHandIsLeftAlone) {
  const auto plan =
      plan_certificates(ViewBuilder()
                            .certificate(a_certificate("shop/www-tls", "www-tls", {"x.example"}))
                            .ingress(asking("shop/www").tls({"a.example"}, "www-tls"))
                            .view);
  EXPECT_THAT(plan.apply, IsEmpty());
  EXPECT_THAT(plan.remove, IsEmpty());
  EXPECT_THAT(reasons(plan), ElementsAre("shop/www CertificateNotOwned"));
}

TEST(CertificatePlan, ASecretThatAnotherCertificateWritesIsLeftToIt) {
  const auto plan =
      plan_certificates(ViewBuilder()
                            .certificate(a_certificate("shop/mine", "www-tls", {"a.example"}))
                            .ingress(asking("shop/www").tls({"a.example"}, "www-tls"))
                            .view);
  EXPECT_THAT(plan.apply, IsEmpty());
  EXPECT_THAT(plan.complaints[0].message, HasSubstr("shop/mine"));
}

TEST(CertificatePlan, OfTwoIngressesThatShareASecretTheOlderOwnsTheCertificate) {
  ViewBuilder cluster;
  cluster
      .ingress(asking("shop/younger")
                   .created_after(std::chrono::seconds(5))
                   .tls({"a.example", "b.example"}, "t"))
      .ingress(asking("shop/older").tls({"a.example"}, "t"))
      .ingress(asking("shop/same").created_after(std::chrono::seconds(9)).tls({"a.example"}, "t"));
  const auto plan = plan_certificates(cluster.view);
  EXPECT_EQ(plan.apply.at(key_of("shop/t")).owner.name, "older");
  EXPECT_THAT(reasons(plan), ElementsAre("shop/younger CertificateConflict"));
  EXPECT_THAT(plan.complaints[0].message, HasSubstr("b.example"));
}

TEST(CertificatePlan, TheOwnerKeepsTheCertificateWhileItAsksForIt) {
  ViewBuilder first;
  first.ingress(
      asking("shop/younger").created_after(std::chrono::seconds(5)).tls({"a.example"}, "t"));
  const auto certificate =
      applied(key_of("shop/t"), plan_certificates(first.view).apply.begin()->second);
  first.certificate(certificate).ingress(asking("shop/older").tls({"a.example"}, "t"));
  EXPECT_THAT(plan_certificates(first.view).apply, IsEmpty());
}

TEST(CertificatePlan, WhenTheOwnerNoLongerAsksTheOtherTakesTheCertificateOver) {
  ViewBuilder before;
  before.ingress(asking("shop/one").tls({"a.example"}, "t"));
  const auto certificate =
      applied(key_of("shop/t"), plan_certificates(before.view).apply.begin()->second);
  const auto plan = plan_certificates(ViewBuilder()
                                          .certificate(certificate)
                                          .ingress(asking("shop/one"))
                                          .ingress(asking("shop/two").tls({"a.example"}, "t"))
                                          .view);
  EXPECT_EQ(plan.apply.at(key_of("shop/t")).owner.name, "two");
  EXPECT_THAT(plan.remove, IsEmpty());
}

TEST(CertificatePlan, ACertificateOfOursWhoseTlsEntryIsGoneIsRemoved) {
  ViewBuilder before;
  before.ingress(asking("shop/www").tls({"a.example"}, "old"));
  const auto certificate =
      applied(key_of("shop/old"), plan_certificates(before.view).apply.begin()->second);
  const auto plan = plan_certificates(ViewBuilder()
                                          .certificate(certificate)
                                          .ingress(asking("shop/www").tls({"a.example"}, "new"))
                                          .view);
  ASSERT_EQ(plan.remove.size(), 1u);
  EXPECT_EQ(plan.remove.at(key_of("shop/old")).uid, certificate.metadata.uid);
  EXPECT_EQ(plan.apply.count(key_of("shop/new")), 1u);
}

// Whoever merely uses the Secret has no say about its Certificate, with room or without.
TEST(CertificatePlan, WhoHasNoRoomKeepsTheCertificatesThatItAsksFor) {
  ViewBuilder before;
  before.ingress(asking("shop/www").tls({"a.example"}, "old"));
  const auto certificate =
      applied(key_of("shop/old"), plan_certificates(before.view).apply.begin()->second);
  const auto removed_beside = [&certificate](const IngressBuilder& other) {
    const ClusterView view = ViewBuilder()
                                 .certificate(certificate)
                                 .ingress(asking("shop/www").tls({"a.example"}, "new"))
                                 .ingress(other)
                                 .view;
    return plan_certificates(view, owners_of(view), {{kIngressKind, key_of("shop/full")}}).remove;
  };
  EXPECT_THAT(removed_beside(asking("shop/full").tls({"b.example"}, "old")), IsEmpty());
  EXPECT_EQ(removed_beside(an_ingress("shop/full").tls({"b.example"}, "old")).size(), 1u);
}

TEST(CertificatePlan, ACertificateStaysWhenTheIssuerAnnotationOrTheIngressGoes) {
  ViewBuilder before;
  before.ingress(asking("shop/www").tls({"a.example"}, "t"));
  const auto certificate =
      applied(key_of("shop/t"), plan_certificates(before.view).apply.begin()->second);
  const auto without =
      plan_certificates(ViewBuilder()
                            .certificate(certificate)
                            .ingress(an_ingress("shop/www").tls({"a.example"}, "t"))
                            .view);
  EXPECT_THAT(without.remove, IsEmpty());
  EXPECT_THAT(without.apply, IsEmpty());
  // The API server's garbage collector follows the owner reference; that is not our work.
  EXPECT_THAT(plan_certificates(ViewBuilder().certificate(certificate).view).remove, IsEmpty());
}

TEST(CertificatePlan, TooManyNamesAreNotOrdered) {
  std::vector<std::string> hosts;
  for (int i = 0; i < 101; ++i) hosts.push_back("h" + std::to_string(i) + ".example");
  const auto plan =
      plan_certificates(ViewBuilder().ingress(asking("shop/www").tls(hosts, "t")).view);
  EXPECT_THAT(plan.apply, IsEmpty());
  EXPECT_THAT(reasons(plan), ElementsAre("shop/www CertificateNotOrdered"));
}

}  // namespace
}  // namespace ingress
