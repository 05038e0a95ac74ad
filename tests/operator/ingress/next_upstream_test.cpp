#include "operator/ingress/annotations/next_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/compiler.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress::annotations {
namespace {

using proxy::config::NextUpstream;
using testing::IsEmpty;
using testing::SizeIs;

AnnotationMap said(std::initializer_list<std::pair<const std::string, std::string>> pairs) {
  AnnotationMap map;
  for (const auto& [key, value] : pairs) {
    map[std::string(kNginxPrefix) + "proxy-next-upstream" + key] = value;
  }
  return map;
}

constexpr NextUpstream kNever{.error = false, .timeout = false};

TEST(NextUpstreamKeys, SayNothingWhereNoneStands) {
  Issues issues;
  EXPECT_EQ(read_next_upstream({}, issues), std::nullopt);
  EXPECT_THAT(issues, IsEmpty());
}

TEST(NextUpstreamKeys, EachWordSaysItsPartAndOffStandsOverAll) {
  Issues issues;
  NextUpstream wanted = kNever;
  wanted.error = wanted.status_503 = true;
  EXPECT_EQ(read_next_upstream(said({{"", "error  http_503"}}), issues), wanted);
  EXPECT_EQ(read_next_upstream(said({{"", "off"}}), issues), kNever);
  EXPECT_EQ(read_next_upstream(said({{"", "error off"}}), issues), kNever);
  const NextUpstream all{.error = true,
                         .timeout = true,
                         .invalid_answer = true,
                         .status_403 = true,
                         .status_404 = true,
                         .status_429 = true,
                         .status_500 = true,
                         .status_502 = true,
                         .status_503 = true,
                         .status_504 = true,
                         .non_idempotent = true};
  EXPECT_EQ(read_next_upstream(said({{"",
                                      "error timeout invalid_header http_500 http_502 http_503 "
                                      "http_504 http_403 http_404 http_429 non_idempotent"}}),
                               issues),
            all);
  EXPECT_THAT(issues, IsEmpty());
}

TEST(NextUpstreamKeys, TheOthersKeepNginxsDefaults) {
  Issues issues;
  NextUpstream wanted;
  EXPECT_EQ(wanted.tries, 3u);
  EXPECT_EQ(wanted.seconds, 0u);
  wanted.tries = 0;
  EXPECT_EQ(read_next_upstream(said({{"-tries", "0"}}), issues), wanted);
  wanted.tries = 3;
  wanted.seconds = 10;
  EXPECT_EQ(read_next_upstream(said({{"-timeout", "10"}}), issues), wanted);
  EXPECT_THAT(issues, IsEmpty());
}

TEST(NextUpstreamKeys, WhatCannotBeReadIsSaidAndLeftOut) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"", "http_501"},
                                                        {"", "error;timeout"},
                                                        {"", "error,timeout"},
                                                        {"-tries", "-1"},
                                                        {"-tries", "1001"},
                                                        {"-tries", "3x"},
                                                        {"-timeout", "soon"},
                                                        {"-timeout", "86401"}}) {
    Issues issues;
    EXPECT_EQ(read_next_upstream(said({{key, value}}), issues), std::nullopt) << value;
    ASSERT_THAT(issues, SizeIs(1)) << value;
    EXPECT_EQ(issues[0].effect, Issue::Effect::tunes);
  }
}

TEST(NextUpstreamKeys, HoldForEveryRouteOfTheIngress) {
  const Compiled compiled =
      compile(ingress_test::ViewBuilder()
                  .service("shop/web", 80, {"10.0.0.1"})
                  .ingress(ingress_test::an_ingress("shop/www")
                               .annotation("nginx.ingress.kubernetes.io/proxy-next-upstream", "off")
                               .path("a.example", "/", "web", 80)
                               .default_backend("web", 80))
                  .view);
  EXPECT_THAT(compiled.complaints, IsEmpty());
  const proxy::config::VirtualHost& host = *compiled.config.hosts.at("a.example");
  EXPECT_EQ(host.routes[0].policies->next_upstream, kNever);
  EXPECT_EQ(host.default_route.value().policies->next_upstream, kNever);
}

}  // namespace
}  // namespace ingress::annotations
