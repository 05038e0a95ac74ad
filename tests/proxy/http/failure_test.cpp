#include "proxy/http/failure.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::http {
namespace {

TEST(Failure, EachHasAStatusAndAReasonOfItsOwn) {
  std::vector<std::string_view> reasons;
  for (int i = 1; i <= static_cast<int>(Failure::unexpected_upgrade); ++i) {
    const auto failure = static_cast<Failure>(i);
    EXPECT_GE(status_of(failure), 400) << i;
    reasons.push_back(reason_of(failure));
  }
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(std::adjacent_find(reasons.begin(), reasons.end()), reasons.end());
}

}  // namespace
}  // namespace proxy::http
