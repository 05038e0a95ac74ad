#include <future>

#include <gtest/gtest.h>

#include "operator/program/stop_deadline.h"

namespace program {
namespace {

TEST(StopDeadline, CallsWhenStoppingTakesTooLong) {
  std::promise<void> missed;
  const StopDeadline deadline(std::chrono::milliseconds(1), [&] { missed.set_value(); });
  missed.get_future().wait();
}

TEST(StopDeadline, IsSilentWhenStoppingHasEnded) {
  bool is_missed = false;
  {
    const StopDeadline deadline(std::chrono::hours(1), [&] { is_missed = true; });
  }
  EXPECT_FALSE(is_missed);
}

}  // namespace
}  // namespace program
