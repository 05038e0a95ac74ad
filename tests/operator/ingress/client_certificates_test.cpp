#include "operator/ingress/annotations/client_certificates.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "operator/ingress/ingress_names.h"
#include "tests/operator/ingress/cluster_builder.h"
#include "tests/support/test_authority.h"

namespace ingress {
namespace {

using annotations::Issue;
using annotations::Issues;
using annotations::read_client_certificates;
using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::ClientProof;
using ::support::Issued;
using ::support::TestAuthority;
using testing::HasSubstr;

using Annotations = std::vector<std::pair<std::string, std::string>>;

IngressBuilder annotated(const Annotations& annotations) {
  IngressBuilder made = an_ingress("shop/web");
  for (const auto& [key, value] : annotations) {
    made.annotation("nginx.ingress.kubernetes.io/" + key, value);
  }
  return made.path("shop.test", "/", "web", 80);
}

TEST(ClientCertificates, AreReadAsIngressNginxHasThem) {
  Issues issues;
  const auto plain =
      read_client_certificates(annotated({{"auth-tls-secret", "shop/ca"}}).get(), issues);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->secret.text(), "shop/ca");
  EXPECT_EQ(plain->asked, proxy::config::ClientCertificates{});
  const auto all = read_client_certificates(
      annotated({{"auth-tls-secret", "ca"},
                 {"auth-tls-verify-client", "optional_no_ca"},
                 {"auth-tls-verify-depth", "3"},
                 {"auth-tls-match-cn", "CN=(ann|bob)"},
                 {"auth-tls-pass-certificate-to-upstream", "true"},
                 {"auth-tls-error-page", "https://help.test/?for=$request_uri"}})
          .get(),
      issues);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->secret.text(), "shop/ca");
  EXPECT_EQ(all->asked.proof, ClientProof::unverified);
  EXPECT_EQ(all->asked.verify_depth, 3u);
  EXPECT_EQ(all->asked.common_name, "^(?:(ann|bob))$");
  EXPECT_TRUE(all->asked.passes_certificate);
  EXPECT_EQ(all->asked.error_page->location, "https://help.test/?for=$request_uri");
  EXPECT_TRUE(issues.empty());
}

TEST(ClientCertificates, AskNobodyWhereTheyAreOff) {
  for (const Annotations& off :
       {Annotations{}, Annotations{{"auth-tls-verify-client", "off"}},
        Annotations{{"auth-tls-verify-client", "off"}, {"auth-tls-secret", "other/ca"}},
        Annotations{{"auth-tls-verify-client", "false"}}, Annotations{{"auth-tls-match-cn", "off"}},
        Annotations{{"auth-tls-verify-client", "off"}, {"auth-tls-match-cn", "off"}},
        Annotations{{"auth-tls-pass-certificate-to-upstream", "false"}}}) {
    Issues issues;
    EXPECT_FALSE(read_client_certificates(annotated(off).get(), issues));
    EXPECT_TRUE(issues.empty());
  }
}

TEST(ClientCertificates, WhatIsOffOfHowTheyAreAskedForLeavesTheUsual) {
  Issues issues;
  const auto usual = read_client_certificates(annotated({{"auth-tls-secret", "ca"}}).get(), issues);
  const auto off = read_client_certificates(annotated({{"auth-tls-secret", "ca"},
                                                       {"auth-tls-verify-depth", "off"},
                                                       {"auth-tls-match-cn", "off"}})
                                                .get(),
                                            issues);
  ASSERT_TRUE(usual);
  ASSERT_TRUE(off);
  EXPECT_EQ(off->asked, usual->asked);
  EXPECT_TRUE(issues.empty());
}

TEST(ClientCertificates, CloseWhereTheyCannotBeTold) {
  const struct {
    Annotations annotations;
    std::string why;
  } rows[] = {
      {{{"auth-tls-verify-client", "on"}}, "no auth-tls-secret says whose"},
      {{{"auth-tls-verify-client", "optional"}}, "no auth-tls-secret says whose"},
      {{{"auth-tls-match-cn", "CN=ann"}}, "no auth-tls-secret says whose"},
      {{{"auth-tls-match-cn", "CN=ann"}, {"auth-tls-verify-client", "off"}}, "nobody shows"},
      {{{"auth-tls-secret", "other/ca"}}, "which is of another namespace"},
      {{{"auth-tls-secret", "shop/ca/x"}}, "which is not the name of a Secret"},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-verify-client", "maybe"}}, "which is not"},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-verify-client", "true"}}, "which is not"},
      // Which ingress-nginx takes for "on".
      {{{"auth-tls-secret", "ca"}, {"auth-tls-verify-client", "false"}}, "which is not"},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-verify-depth", "-1"}}, "which is not a number"},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-verify-depth", "101"}}, "which is not a number"},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-match-cn", "ann"}}, "which is not \"CN=\""},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-match-cn", "CN="}}, "which is not \"CN=\""},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-match-cn", "CN=(?!ann)"}}, "which is not \"CN=\""},
      {{{"auth-tls-secret", "ca"}, {"auth-tls-match-cn", "CN=a)|(.*"}}, "which is not \"CN=\""},
  };
  for (const auto& row : rows) {
    Issues issues;
    read_client_certificates(annotated(row.annotations).get(), issues);
    ASSERT_FALSE(issues.empty()) << row.why;
    EXPECT_EQ(issues[0].effect, Issue::Effect::guards);
    EXPECT_THAT(issues[0].why, HasSubstr(row.why));
  }
}

TEST(ClientCertificates, WhatOnlySaysHowIsToldAndLeavesTheIngressOpen) {
  for (const Annotations& how :
       {Annotations{{"auth-tls-verify-depth", "2"}},
        Annotations{{"auth-tls-pass-certificate-to-upstream", "true"}},
        Annotations{{"auth-tls-error-page", "https://help.test/"}},
        Annotations{{"auth-tls-secret", "ca"}, {"auth-tls-error-page", "help"}}}) {
    Issues issues;
    read_client_certificates(annotated(how).get(), issues);
    ASSERT_EQ(issues.size(), 1u);
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(ClientCertificates, TheirSecretIsFollowedBesideThatOfPasswords) {
  const auto both =
      annotated({{"auth-type", "basic"}, {"auth-secret", "users"}, {"auth-tls-secret", "shop/ca"}});
  EXPECT_EQ(named_auth_secrets(both.get()),
            (std::set<kube::ObjectKey>{{"shop", "ca"}, {"shop", "users"}}));
  EXPECT_TRUE(named_auth_secrets(annotated({{"auth-tls-secret", "other/ca"}}).get()).empty());
}

class CompiledClientCertificates : public ::testing::Test {
 protected:
  static Compiled asking(ViewBuilder builder) {
    return compile(builder.service("shop/web", 80, {"10.0.0.1"})
                       .ingress(annotated({{"auth-tls-secret", "ca"}}))
                       .view);
  }
  // The one guard, or the complaint.
  static std::string compiled(ViewBuilder builder) {
    const Compiled made = asking(std::move(builder));
    if (!made.complaints.empty()) {
      EXPECT_TRUE(made.config.guards.empty());
      EXPECT_TRUE(made.config.clusters.empty());
      return made.complaints.front().message;
    }
    return made.config.guards.begin()->second->client_certificates->trusted_pem;
  }

  const TestAuthority root_{"root"}, below_{"below", root_};
};

TEST_F(CompiledClientCertificates, HaveTheBlocksOfTheSecretAndNothingElseOfIt) {
  const std::string key = root_.issue("ann").key_pem;
  EXPECT_EQ(compiled(ViewBuilder().authorities(
                "shop/ca", "caf\xe9\n" + below_.pem() + key + "text\n" + root_.pem())),
            below_.pem() + root_.pem());
}

TEST_F(CompiledClientCertificates, HaveTheListsOfWhatIsRevokedThatTheSecretHasAndNothingElseOfIt) {
  const Issued lost = root_.issue("ann");
  const std::string lists = root_.revoke({lost}) + below_.revoke({});
  const auto revoked = [&](const std::string& ca_crl) {
    const Compiled made =
        asking(ViewBuilder().authorities("shop/ca", below_.pem() + root_.pem(), ca_crl));
    EXPECT_TRUE(made.complaints.empty());
    return made.config.guards.begin()->second->client_certificates->revoked_pem;
  };
  EXPECT_EQ(revoked(lists), lists);
  EXPECT_EQ(revoked("text\n" + root_.revoke({lost}) + lost.chain_pem).find("CERTIFICATE"),
            std::string::npos);
  EXPECT_EQ(revoked(""), "");
}

TEST_F(CompiledClientCertificates, ThatDifferOnOneHostAreEachTheirOwnPathsAndSaidToBoth) {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).authorities("shop/ca", root_.pem());
  const auto on = [&](const std::string& name, const std::string& path, bool asks) {
    IngressBuilder made = an_ingress("shop/" + name);
    if (asks) made.annotation("nginx.ingress.kubernetes.io/auth-tls-secret", "ca");
    return made.path("shop.test", path, "web", 80);
  };
  builder.ingress(on("a", "/a", true)).ingress(on("b", "/b", true));
  EXPECT_TRUE(compile(builder.view).complaints.empty());
  builder.ingress(on("c", "/c", false));
  const Compiled made = compile(builder.view);
  ASSERT_EQ(made.complaints.size(), 3u);
  EXPECT_THAT(made.complaints[0].message,
              HasSubstr("asks clients for certificates, and the Ingress shop/c does not."));
  EXPECT_THAT(made.complaints[2].message,
              HasSubstr("asks clients for no certificate, and the Ingress shop/a does."));
  for (const auto& route : made.config.hosts.at("shop.test")->routes) {
    EXPECT_EQ(route.policies->guards.empty(), route.path == "/c") << route.path;
  }
}

TEST_F(CompiledClientCertificates, AreClosedWithoutAuthoritiesThatCanBeUsed) {
  EXPECT_THAT(compiled(ViewBuilder()), HasSubstr("shop/ca, which does not exist"));
  EXPECT_THAT(compiled(ViewBuilder().auth_secret("shop/ca", "x")), HasSubstr("has no key ca.crt"));
  EXPECT_THAT(compiled(ViewBuilder().authorities("shop/ca", "")),
              HasSubstr("has no CERTIFICATE block in its key ca.crt"));
  EXPECT_THAT(compiled(ViewBuilder().authorities("shop/ca", "-----BEGIN CERTIFICATE-----\nx")),
              HasSubstr("has no PEM text in its key ca.crt"));
  EXPECT_THAT(compiled(ViewBuilder().authorities(
                  "shop/ca", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
              HasSubstr("certificate 1 cannot be read"));
  EXPECT_THAT(compiled(ViewBuilder().authorities("shop/ca", below_.pem())),
              HasSubstr("none of its certificates is self-signed"));
  EXPECT_THAT(compiled(ViewBuilder().authorities("shop/ca", root_.pem(), "nothing")),
              HasSubstr("has no X509 CRL block in its key ca.crl"));
  EXPECT_EQ(compiled(ViewBuilder().authorities("shop/ca", root_.pem(), root_.revoke({}))),
            root_.pem());
}

}  // namespace
}  // namespace ingress
