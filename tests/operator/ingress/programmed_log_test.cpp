#include "operator/ingress/programmed_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using std::chrono::seconds;

constexpr base::SteadyTime kStart{seconds(1000)};

Summary a_summary(const std::string& uid, std::int64_t generation, std::size_t closed = 0,
                  const std::string& key = "shop/www") {
  kube::Ingress ingress = ingress_test::an_ingress(key).get();
  ingress.metadata.uid = uid;
  ingress.metadata.generation = generation;
  Summary summary;
  summary.ingress = std::make_shared<const kube::Ingress>(ingress);
  summary.hosts = {"a.example"};
  summary.paths_served = 1;
  summary.paths_closed = closed;
  return summary;
}

std::size_t news_of(ProgrammedLog& log, const std::vector<Summary>& summaries,
                    bool has_room = true) {
  std::size_t news = 0;
  Findings findings;
  add(summaries, findings);
  log.update(findings, kStart, [&](const Summary&) {
    ++news;
    return has_room;
  });
  return news;
}

TEST(ProgrammedLog, WhatWasServedBeforeWeCameIsNoNews) {
  ProgrammedLog log;
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 0u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 0u);
}

TEST(ProgrammedLog, ComingToBeServedInFullIsNewsOnceAndEachNewGeneration) {
  ProgrammedLog log;
  news_of(log, {});
  EXPECT_EQ(news_of(log, {a_summary("u", 1, 1)}), 0u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 1u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 0u);
  EXPECT_EQ(news_of(log, {a_summary("u", 2)}), 1u);
  EXPECT_EQ(news_of(log, {a_summary("another", 2)}), 1u);
}

TEST(ProgrammedLog, EachIsKnownByItsNamespaceAndName) {
  ProgrammedLog log;
  const Summary a = a_summary("1", 1, 0, "a/www");
  const Summary b = a_summary("2", 1, 0, "b/www");
  const Summary shop = a_summary("3", 1, 0, "a/shop");
  news_of(log, {});
  EXPECT_EQ(news_of(log, {a, b, shop}), 3u);
  EXPECT_EQ(news_of(log, {a, b, shop}), 0u);
  EXPECT_EQ(news_of(log, {a_summary("1", 2, 0, "a/www"), b, shop}), 1u);
  EXPECT_EQ(news_of(log, {shop}), 0u) << "they have gone";
  EXPECT_EQ(news_of(log, {a, b, shop}), 2u);
  EXPECT_EQ(news_of(log, {a, a_summary("2", 1, 1, "b/www"), shop}), 0u);
  EXPECT_EQ(news_of(log, {a, b, shop}), 1u);
}

TEST(ProgrammedLog, WhatTheProxiesAreNotToldIsServedToNobody) {
  ProgrammedLog log;
  news_of(log, {});
  std::size_t news = 0;
  const auto look = [&](bool is_live) {
    Findings findings;
    add(std::vector<Summary>{a_summary("u", 1)}, findings);
    log.update(
        findings, kStart, [&](const Summary&) { return ++news != 0; }, is_live);
    return news;
  };
  EXPECT_EQ(look(false), 0u) << "the configuration is not valid";
  EXPECT_EQ(look(true), 1u);
  EXPECT_EQ(look(false), 1u);
  EXPECT_EQ(look(true), 1u) << "what went on being served is no news";
}

TEST(ProgrammedLog, WhatTheClassSaysIsAmongThePolicies) {
  Summary summary = a_summary("u", 1);
  EXPECT_THAT(served_text(summary), testing::Not(testing::HasSubstr("TLS 1.3")));
  auto parameters = std::make_shared<api::EdgeParameters>();
  parameters->spec.tls_policy = proxy::config::TlsPolicy::modern;
  parameters->spec.plain_http = api::EdgeParameters::PlainHttp::refuse;
  parameters->spec.hsts.emplace();
  parameters->spec.body_bytes_max = 7;
  summary.parameters = parameters;
  EXPECT_EQ(served_text(summary),
            "1 path on a.example, with plain HTTP refused, TLS 1.3 alone, HSTS");
}

TEST(ProgrammedLog, AClassThatChangesWhatIsInForceIsNewsAndAnyOtherChangeOfItIsNot) {
  ProgrammedLog log;
  news_of(log, {});
  const auto with = [](const api::EdgeParameters::Spec& spec) {
    Summary summary = a_summary("u", 1);
    auto parameters = std::make_shared<api::EdgeParameters>();
    parameters->spec = spec;
    summary.parameters = parameters;
    return summary;
  };
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 1u);
  EXPECT_EQ(news_of(log, {with({})}), 0u);
  EXPECT_EQ(news_of(log, {with({.plain_http = api::EdgeParameters::PlainHttp::refuse})}), 1u);
  EXPECT_EQ(
      news_of(log,
              {with({.plain_http = api::EdgeParameters::PlainHttp::refuse, .limit_status = 429})}),
      0u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 1u) << "the class says nothing any longer";
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 0u);
}

TEST(ProgrammedLog, WhatFoundNoEarIsNewsAgain) {
  ProgrammedLog log;
  news_of(log, {});
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}, false), 1u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 1u);
  EXPECT_EQ(news_of(log, {a_summary("u", 1)}), 0u);
}

TEST(ProgrammedLog, AMissingCertificateIsNotServedInFull) {
  Summary summary = a_summary("u", 1);
  summary.tls_missing = {"a.example"};
  EXPECT_FALSE(is_served_in_full(summary));
  summary.tls_missing.clear();
  summary.tls_names = {"a.example"};
  EXPECT_TRUE(is_served_in_full(summary));
  EXPECT_EQ(served_text(summary), "1 path on a.example, with TLS for a.example");
}

TEST(ProgrammedLog, AnotherPolicyIsNewsAndAnothersAnnotationIsNot) {
  ProgrammedLog log;
  news_of(log, {});
  const auto with = [](const std::string& annotation) {
    Summary summary = a_summary("u", 1);
    auto ingress = std::make_shared<kube::Ingress>(*summary.ingress);
    if (!annotation.empty()) ingress->metadata.annotations[annotation] = "5";
    summary.ingress = ingress;
    return summary;
  };
  EXPECT_EQ(news_of(log, {with("")}), 1u);
  EXPECT_EQ(news_of(log, {with("nginx.ingress.kubernetes.io/limit-rps")}), 1u);
  EXPECT_EQ(news_of(log, {with("nginx.ingress.kubernetes.io/limit-rps")}), 0u);
  EXPECT_EQ(news_of(log, {with("argocd.argoproj.io/tracking-id")}), 1u) << "the limit has gone";
  EXPECT_EQ(news_of(log, {with("kubectl.kubernetes.io/restartedAt")}), 0u);
}

TEST(ProgrammedLog, WhatIsServedIsSaidWithItsSecretAndItsPolicies) {
  Summary summary = a_summary("u", 1);
  summary.ingress = ingress_test::an_ingress("shop/www")
                        .tls({"a.example"}, "a-tls")
                        .annotation("nginx.ingress.kubernetes.io/limit-rps", "5")
                        .annotation("nginx.ingress.kubernetes.io/enable-cors", "true");
  summary.tls_names = {"a.example"};
  EXPECT_EQ(served_text(summary),
            "1 path on a.example, with TLS for a.example (Secret a-tls), with limits, CORS");
}

}  // namespace
}  // namespace ingress
