// Two tenants, each with a namespace, an IngressClass and a release of its own: what one of them
// has never reaches the proxies of the other. (Within one release: foreign_hosts_test.cpp.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/certificate_plan.h"
#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::ViewBuilder;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class Tenants : public testing::Test {
 protected:
  Tenants() {
    cluster_.ingress_class("public", kControllerName)
        .ingress_class("internal", kControllerName)
        .service("shop/web", 80, {"10.0.0.1"})
        .service("bank/web", 80, {"10.0.0.2"})
        .secret("shop/tls", {"shop.example"})
        .secret("bank/tls", {"bank.example"})
        .ingress(an_ingress("shop/a")
                     .class_name("public")
                     .path("shop.example", "/", "web", 80)
                     .tls({"shop.example"}, "tls"))
        .ingress(an_ingress("bank/a")
                     .class_name("internal")
                     .path("bank.example", "/", "web", 80)
                     .tls({"bank.example"}, "tls"));
  }

  // As the operator of this class gives it to its proxies.
  Compiled given_to(const std::string& class_name) {
    cluster_.view.class_names = {class_name};
    return compile(cluster_.view);
  }

  ViewBuilder cluster_;
};

TEST_F(Tenants, ProxiesOfAClassAreGivenTheKeysOfTheirOwnAlone) {
  const Compiled shop = given_to("public");
  EXPECT_EQ(shop.config.certificates.size(), 1u);
  EXPECT_EQ(shop.config.certificates.count("shop/tls"), 1u);
  EXPECT_THAT(shop.config.sni, ElementsAre(Pair("shop.example", "shop/tls")));
  EXPECT_EQ(shop.config.hosts.size(), 1u);
  EXPECT_EQ(shop.config.hosts.count("shop.example"), 1u);
  EXPECT_EQ(shop.config.clusters.size(), 1u);
  EXPECT_EQ(shop.config.clusters.count("shop/web:80"), 1u);
  const Compiled bank = given_to("internal");
  EXPECT_EQ(bank.config.certificates.size(), 1u);
  EXPECT_EQ(bank.config.certificates.count("bank/tls"), 1u);
  EXPECT_THAT(bank.config.sni, ElementsAre(Pair("bank.example", "bank/tls")));
}

// Also one that has a tenant's own host, and is older.
TEST_F(Tenants, AnIngressOfAnotherClassHasNoSayInTheHostsOfThisOne) {
  cluster_.ingress(an_ingress("bank/b")
                       .class_name("internal")
                       .created_after(std::chrono::seconds(-10))
                       .path("shop.example", "/login", "web", 80)
                       .tls({"shop.example"}, "tls"));
  const Compiled shop = given_to("public");
  EXPECT_EQ(shop.config.certificates.size(), 1u);
  EXPECT_EQ(shop.config.certificates.count("shop/tls"), 1u);
  EXPECT_EQ(shop.config.clusters.size(), 1u);
  EXPECT_EQ(shop.config.clusters.count("shop/web:80"), 1u);
  EXPECT_EQ(shop.config.hosts.at("shop.example")->routes.size(), 1u);
  EXPECT_THAT(shop.complaints, IsEmpty());
}

TEST_F(Tenants, NoCertificateIsOrderedForAnIngressOfAnotherClass) {
  cluster_.ingress(an_ingress("bank/c")
                       .class_name("internal")
                       .annotation("cert-manager.io/cluster-issuer", "le")
                       .path("pay.bank.example", "/", "web", 80)
                       .tls({"pay.bank.example"}, "pay"));
  cluster_.view.class_names = {"public"};
  EXPECT_THAT(plan_certificates(cluster_.view).apply, IsEmpty());
  cluster_.view.class_names = {"internal"};
  EXPECT_EQ(plan_certificates(cluster_.view).apply.size(), 1u);
}

}  // namespace
}  // namespace ingress
