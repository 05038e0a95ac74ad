#include "proxy/session/descriptor_budget.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

TEST(DescriptorBudget, LeavesToEndpointsAndProbesWhatTheyNeedHoweverManyClientsCome) {
  constexpr std::size_t kAdminConnections = 64;
  for (const std::size_t limit : {1024u, 4096u, 65536u, 1048576u}) {
    for (const std::size_t workers : {1u, 2u, 8u, 32u}) {
      const auto budget = DescriptorBudget::share(limit, workers, 100'000, 128);
      const std::size_t used = workers * (DescriptorBudget::kPerWorker + budget.clients_max +
                                          budget.endpoints_max + 2 * budget.pipes_max);
      EXPECT_LE(used + kAdminConnections, limit) << limit << " " << workers;
      EXPECT_GE(budget.endpoints_max, budget.clients_max) << limit << " " << workers;
      EXPECT_GE(budget.clients_max, 1u) << limit << " " << workers;
    }
  }
}

TEST(DescriptorBudget, NeverGivesMoreThanWasAskedFor) {
  const auto budget = DescriptorBudget::share(1'048'576, 2, 500, 128);
  EXPECT_EQ(budget.clients_max, 500u);
  EXPECT_EQ(budget.pipes_max, 128u);
  EXPECT_GT(budget.endpoints_max, 100'000u);
}

TEST(DescriptorBudget, ALimitThatIsTooSmallStillServesSomebody) {
  for (const std::size_t limit : {0u, 8u, 64u, 200u}) {
    const auto budget = DescriptorBudget::share(limit, 4, 100, 128);
    EXPECT_GE(budget.clients_max, 1u) << limit;
    EXPECT_GE(budget.endpoints_max, 1u) << limit;
  }
  const auto small = DescriptorBudget::share(200, 1, 100'000, 128);
  EXPECT_GT(small.clients_max, 50u);
  EXPECT_GT(small.endpoints_max, 50u);
}

}  // namespace
}  // namespace proxy::session
