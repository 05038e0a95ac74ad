#include "operator/ingress/annotations/fixed_answer.h"

#include <gtest/gtest.h>

#include "operator/ingress/annotations/route_policy.h"

namespace ingress::annotations {
namespace {

AnnotationMap saying(const std::string& value) {
  return {{std::string(kOwnPrefix) + "fixed-answer", value}};
}

TEST(FixedAnswer, IsAStatusOfAnError) {
  for (const auto& [text, status] :
       std::map<std::string, int>{{"403", 403}, {" 404\n", 404}, {"599", 599}}) {
    Issues issues;
    EXPECT_EQ(read_fixed_answer(saying(text), issues), status);
    EXPECT_TRUE(issues.empty());
  }
}

TEST(FixedAnswer, ThatCannotBeReadClosesTheIngress) {
  for (const char* text : {"200", "302", "600", "403 no", "no", "-403", "4030000000000000000"}) {
    EXPECT_TRUE(read_route_policy(saying(text)).is_refused()) << text;
  }
  EXPECT_FALSE(read_route_policy(saying("403")).is_refused());
  EXPECT_FALSE(read_route_policy(saying("")).is_refused());
}

}  // namespace
}  // namespace ingress::annotations
