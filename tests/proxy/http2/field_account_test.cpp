#include "proxy/http2/field_account.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::http2 {
namespace {

constexpr FieldAccount::Limits kLimits{.bytes_max = 200, .fields_max = 5};

TEST(FieldAccount, CountsAsTheAnnouncedSettingDoes) {
  FieldAccount account;
  account.add("name", std::string(200 - 4 - 32, 'v'));
  EXPECT_FALSE(account.is_over(kLimits));
  account.add("", "");
  EXPECT_TRUE(account.is_over(kLimits));
}

TEST(FieldAccount, BoundsTheNumberOfFields) {
  constexpr FieldAccount::Limits limits{.bytes_max = 10'000, .fields_max = 5};
  FieldAccount account;
  for (int i = 0; i < 5; ++i) account.add("a", "b");
  EXPECT_FALSE(account.is_over(limits));
  account.add("a", "b");
  EXPECT_TRUE(account.is_over(limits));
  EXPECT_FALSE(account.is_far_over(limits));
}

TEST(FieldAccount, KnowsWhatHasNoEnd) {
  FieldAccount account;
  account.add("a", std::string(700, 'v'));
  EXPECT_FALSE(account.is_far_over(kLimits));
  account.add("a", std::string(100, 'v'));
  EXPECT_TRUE(account.is_far_over(kLimits));
  account.reset();
  EXPECT_FALSE(account.is_over(kLimits));
}

}  // namespace
}  // namespace proxy::http2
