// Which TLS a host speaks, by the Ingresses that have rules for it.
#include "proxy/config/tls_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::ViewBuilder;
using proxy::config::TlsPolicy;
using routing::Complaint;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kKey = "gatehouse.dev/tls-policy";
const std::string kHost = "a.example";

Compiled compiled(const std::vector<IngressBuilder>& ingresses, bool shares_hosts = false) {
  ViewBuilder builder;
  builder.service("shop/web", 80, {"10.0.0.1"}).service("blog/web", 80, {"10.0.0.2"});
  for (const IngressBuilder& one : ingresses) builder.ingress(one);
  builder.view.shares_hosts = shares_hosts;
  return compile(builder.view);
}

TlsPolicy policy_of(const Compiled& made, const std::string& host = kHost) {
  return proxy::config::tls_policy_of(*made.config.hosts.at(host));
}

IngressBuilder saying(const std::string& name, const std::string& policy,
                      const std::string& path = "/") {
  IngressBuilder made = an_ingress(name).path(kHost, path, "web", 80);
  if (!policy.empty()) made.annotation(kKey, policy);
  return made;
}

std::vector<std::string> reasons(const Compiled& made) {
  std::vector<std::string> all;
  for (const Complaint& one : made.complaints)
    all.push_back(one.claimant.key().text() + " " + one.reason);
  return all;
}

TEST(TlsPolicyOfAHost, IsWhatItsIngressSaysAndIntermediateWhereNobodyDoes) {
  EXPECT_EQ(policy_of(compiled({saying("shop/www", "")})), TlsPolicy::intermediate);
  EXPECT_EQ(policy_of(compiled({saying("shop/www", "modern")})), TlsPolicy::modern);
  EXPECT_EQ(policy_of(compiled({saying("shop/www", " OLD ")})), TlsPolicy::old);
  const Compiled beside =
      compiled({saying("shop/www", "old"), an_ingress("shop/b").path("b.example", "/", "web", 80)});
  EXPECT_EQ(policy_of(beside, "b.example"), TlsPolicy::intermediate);
  EXPECT_THAT(beside.complaints, IsEmpty());
}

TEST(TlsPolicyOfAHost, ThatCannotBeReadClosesItsIngress) {
  const Compiled made = compiled({saying("shop/www", "TLSv1.3")});
  EXPECT_THAT(reasons(made), ElementsAre("shop/www AnnotationRefused"));
  EXPECT_EQ(made.summaries[0].paths_served, 0u);
}

TEST(TlsPolicyOfAHost, OfSeveralIngressesIsTheStrictestAndTheOthersAreTold) {
  for (const bool stricter_first : {true, false}) {
    IngressBuilder modern = saying("shop/a", "modern");
    IngressBuilder old = saying("shop/b", "old", "/b");
    (stricter_first ? old : modern).created_after(std::chrono::hours(1));
    const Compiled made = compiled({modern, old, saying("shop/silent", "", "/silent")});
    EXPECT_EQ(policy_of(made), TlsPolicy::modern);
    EXPECT_THAT(reasons(made), ElementsAre("shop/b TlsPolicyConflict"));
    EXPECT_THAT(made.complaints[0].message, HasSubstr("shop/a"));
  }
}

TEST(TlsPolicyOfAHost, IsNotForAnotherNamespaceToSay) {
  const Compiled made =
      compiled({saying("shop/www", ""),
                saying("blog/www", "modern", "/blog").created_after(std::chrono::hours(1))},
               true);
  EXPECT_EQ(policy_of(made), TlsPolicy::intermediate);
  EXPECT_THAT(reasons(made), testing::Contains("blog/www TlsPolicyConflict"));
}

TEST(TlsPolicyOfAHost, WhoseTlsPassesIsItsBackends) {
  const auto passing = [](const std::string& policy) {
    return compiled(
        {saying("shop/www", policy).annotation("gatehouse.dev/ssl-passthrough", "true")});
  };
  EXPECT_THAT(reasons(passing("modern")), ElementsAre("shop/www AnnotationRefused"));
  const Compiled old = passing("old");
  EXPECT_THAT(reasons(old), ElementsAre("shop/www AnnotationIgnored"));
  EXPECT_EQ(policy_of(old), TlsPolicy::intermediate);
}

TEST(TlsPolicyOfAHost, IsNotForACanaryToSay) {
  const Compiled made =
      compiled({saying("shop/www", ""),
                saying("shop/canary", "modern").annotation("gatehouse.dev/canary", "true")});
  EXPECT_EQ(policy_of(made), TlsPolicy::intermediate);
  EXPECT_THAT(reasons(made), testing::Contains("shop/canary AnnotationIgnored"));
}

TEST(TlsPolicyOfAHost, IsTheKeyThatTakesThePlaceOfNginxs) {
  for (const char* key : {"ssl-ciphers", "ssl-prefer-server-ciphers"}) {
    const Compiled made =
        compiled({saying("shop/www", "")
                      .annotation(std::string("nginx.ingress.kubernetes.io/") + key, "true")});
    EXPECT_THAT(reasons(made), ElementsAre("shop/www AnnotationIgnored"));
    EXPECT_THAT(made.complaints[0].message, HasSubstr(kKey));
  }
}

}  // namespace
}  // namespace ingress
