#include "operator/ingress/annotations/tracing.h"

#include <gtest/gtest.h>

namespace ingress::annotations {
namespace {

using proxy::config::Tracing;

TEST(Tracing, IsOffUnlessItIsAskedForAndTrustsTheClientUnlessThatIsSaid) {
  struct Row {
    std::string is_on, trusts;
    Tracing tracing;
    std::size_t issues;
  };
  const Row rows[] = {{"", "", Tracing::off, 0},           {"", "false", Tracing::off, 0},
                      {"false", "", Tracing::off, 0},      {"true", "", Tracing::trusted, 0},
                      {"on", "true", Tracing::trusted, 0}, {"true", "off", Tracing::own, 0},
                      {"yes", "", Tracing::off, 1},        {"true", "maybe", Tracing::trusted, 1}};
  for (const Row& row : rows) {
    Issues issues;
    const AnnotationMap annotations = {
        {"nginx.ingress.kubernetes.io/enable-opentelemetry", row.is_on},
        {"gatehouse.dev/opentelemetry-trust-incoming-span", row.trusts}};
    EXPECT_EQ(read_tracing(annotations, issues), row.tracing) << row.is_on << " " << row.trusts;
    EXPECT_EQ(issues.size(), row.issues) << row.is_on << " " << row.trusts;
  }
}

}  // namespace
}  // namespace ingress::annotations
