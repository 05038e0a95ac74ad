#include "base/metrics.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Metrics, AreWrittenInPrometheusText) {
  prometheus::Registry registry;
  auto& family = prometheus::BuildCounter()
                     .Name("gatehouse_test_total")
                     .Help("Counts for a test.")
                     .Register(registry);
  family.Add({{"outcome", "ok"}}).Increment(3);
  EXPECT_EQ(to_prometheus_text(registry),
            "# HELP gatehouse_test_total Counts for a test.\n"
            "# TYPE gatehouse_test_total counter\n"
            "gatehouse_test_total{outcome=\"ok\"} 3\n");
}

}  // namespace
}  // namespace base
