#include <atomic>
#include <cstdint>

#include <gtest/gtest.h>

#include "proxy/session/memory_watch.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/support/temporary_directory.h"

namespace proxy::support {
namespace {

using session::MemoryAccount;
using session::MemoryUse;
using session::MemoryWatch;

constexpr std::uint64_t kLimit = std::uint64_t{1} << 50;

TEST(MemoryWatch, TellsAgainAndAgainWhatIsUsedUntilItEnds) {
  std::atomic<int> told{0};
  std::atomic<std::uint64_t> used{0}, limit{0};
  {
    const MemoryWatch watch(MemoryAccount::find(kLimit), [&](const MemoryUse& use) {
      used = use.used;
      limit = use.limit;
      ++told;
    });
    EXPECT_TRUE(eventually([&] { return told >= 3; }));
  }
  EXPECT_GT(used, 0u);
  EXPECT_EQ(limit, kLimit);
}

// As long as another one tells twice.
TEST(MemoryWatch, WithoutALimitSaysNothing) {
  const ::support::TemporaryDirectory nothing;
  const MemoryAccount account =
      MemoryAccount::find(0, nothing.path("proc"), nothing.path("groups"));
  EXPECT_EQ(account.limit(), 0u);
  std::atomic<int> told{0}, told_by_other{0};
  {
    const MemoryWatch watch(account, [&](const MemoryUse&) { ++told; });
    const MemoryWatch other(MemoryAccount::find(kLimit),
                            [&](const MemoryUse&) { ++told_by_other; });
    EXPECT_TRUE(eventually([&] { return told_by_other >= 2; }));
  }
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace proxy::support
