#include "proxy/http2/wide_windows.h"

#include <gtest/gtest.h>

namespace proxy::http2 {
namespace {

TEST(WideWindows, AreGivenWhileThereAreSomeAndGivenAgainWhenTheyCameBack) {
  WideWindows windows(4);
  EXPECT_TRUE(windows.take(3));
  EXPECT_FALSE(windows.take(2));
  EXPECT_TRUE(windows.take(1));
  EXPECT_FALSE(windows.take(1));
  windows.give_back(3);
  EXPECT_TRUE(windows.take(3));
}

TEST(WideWindows, AreNotGivenWhileMemoryIsShort) {
  WideWindows windows(4);
  windows.note_memory(true);
  EXPECT_FALSE(windows.take(1));
  windows.note_memory(false);
  EXPECT_TRUE(windows.take(4));
}

}  // namespace
}  // namespace proxy::http2
