#include "proxy/admin/held_text.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace proxy::admin {
namespace {

TEST(HeldText, TakesATextOverWithItsMemoryAndCountsThat) {
  Counter gauge;
  HeldText held(gauge);
  std::string text(1'000, 'x');
  const char* const place = text.data();
  held.take_over(std::move(text));
  EXPECT_EQ(held.view().data(), place);
  EXPECT_GE(gauge.get(), 1'000u);
  EXPECT_EQ(held.take().data(), place);
  EXPECT_EQ(gauge.get(), 0u);
}

}  // namespace
}  // namespace proxy::admin
