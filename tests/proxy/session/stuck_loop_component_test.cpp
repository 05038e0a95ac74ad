// What /livez asks the engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/running_engine.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

TEST(Engine, IsAliveWhileItsLoopsTickAndNamesTheOneThatDoesNot) {
  RunningEngine proxy;
  const auto in_a_minute = [] {
    return std::chrono::steady_clock::now() + std::chrono::minutes(1);
  };
  // As a minute without a tick would look: a loop that sleeps ticks each second.
  ASSERT_TRUE(eventually([&] { return !proxy.engine().alive(in_a_minute()); }));
  EXPECT_THAT(proxy.engine().alive(in_a_minute()).error().message, HasSubstr("worker 0"));
  EXPECT_TRUE(proxy.engine().alive());
}

}  // namespace
}  // namespace proxy::support
