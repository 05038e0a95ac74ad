#include "operator/ingress/annotations/fixed_answer.h"

#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"

namespace ingress::annotations {
namespace {

using proxy::config::FixedAnswer;
using proxy::config::FixedPage;

AnnotationMap saying(const std::string& value) {
  return {{std::string(kOwnPrefix) + "fixed-answer", value}};
}

TEST(FixedAnswer, IsAStatusOfAnError) {
  for (const auto& [text, status] :
       std::map<std::string, int>{{"403", 403}, {" 404\n", 404}, {"599", 599}}) {
    Issues issues;
    EXPECT_EQ(read_fixed_answer(saying(text), issues), (FixedAnswer{status, "fixed_answer"}));
    EXPECT_TRUE(issues.empty());
  }
}

TEST(FixedAnswer, MaySaySomething) {
  const struct {
    std::string status, text, type;
    FixedPage page;
  } rows[] = {
      {"200", "", "", {200, "", ""}},
      {"204", "", "", {204, "", ""}},
      {"200", "User-agent: *\n", "", {200, "User-agent: *\n", ""}},
      {"200", "{}", " application/json ", {200, "{}", "application/json"}},
      {"404", "gone", "", {404, "gone", ""}},
  };
  for (const auto& row : rows) {
    AnnotationMap annotations = saying(row.status);
    annotations[std::string(kOwnPrefix) + "fixed-answer-text"] = row.text;
    annotations[std::string(kOwnPrefix) + "fixed-answer-type"] = row.type;
    Issues issues;
    EXPECT_EQ(read_fixed_answer(annotations, issues),
              (FixedAnswer{503, "fixed_answer", {}, row.page}))
        << row.status;
    EXPECT_TRUE(issues.empty());
  }
}

TEST(FixedAnswer, WhatCannotBeSaidIsToldAndLeftOut) {
  const auto issues_of = [](const std::string& status, const std::string& text,
                            const std::string& type) {
    AnnotationMap annotations = saying(status);
    annotations[std::string(kOwnPrefix) + "fixed-answer-text"] = text;
    annotations[std::string(kOwnPrefix) + "fixed-answer-type"] = type;
    const RoutePolicy policy = read_route_policy(annotations);
    EXPECT_FALSE(policy.is_refused());
    return policy.issues.size();
  };
  EXPECT_EQ(issues_of("200", std::string(4097, 'a'), ""), 1u);
  EXPECT_EQ(issues_of("200", "", "json"), 1u);
  EXPECT_EQ(issues_of("200", "", "a/b\r\nX: y"), 1u);
  EXPECT_EQ(issues_of("204", "text", ""), 1u);
  EXPECT_EQ(issues_of("", "text", "text/html"), 2u);
}

TEST(FixedAnswer, ThatCannotBeReadClosesTheIngress) {
  for (const char* text :
       {"201", "302", "600", "403 no", "no", "-403", "4030000000000000000", "20"}) {
    EXPECT_TRUE(read_route_policy(saying(text)).is_refused()) << text;
  }
  EXPECT_FALSE(read_route_policy(saying("403")).is_refused());
  for (const char* const nothing : {"", "0", "off"}) {
    EXPECT_FALSE(read_route_policy(saying(nothing)).is_refused()) << nothing;
    EXPECT_FALSE(read_route_policy(saying(nothing)).fixed_answer) << nothing;
  }
}

}  // namespace
}  // namespace ingress::annotations
