#include "operator/certificate/metrics.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "tests/operator/api/full_objects.h"

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

api::Certificate ready_certificate() {
  api::Certificate certificate;
  certificate.metadata.name = "www";
  certificate.metadata.namespace_ = "shop";
  certificate.status = operator_test::full_certificate_status();
  return certificate;
}

std::string gauges_of(const certificate::Metrics& metrics) {
  std::string page;
  metrics.add_gauges(page);
  return page;
}

TEST(CertificateMetrics, SayWhatPeopleAlertOn) {
  prometheus::Registry registry;
  certificate::Metrics metrics(registry);
  metrics.show(ready_certificate());
  metrics.count_issued();
  EXPECT_THAT(base::to_prometheus_text(registry),
              AllOf(HasSubstr("gatehouse_certificate_issuances_total{result=\"issued\"} 1"),
                    HasSubstr("gatehouse_certificate_issuances_total{result=\"failed\"} 0")));
  EXPECT_THAT(
      gauges_of(metrics),
      AllOf(HasSubstr("# TYPE gatehouse_certificate_ready_status gauge\n"),
            HasSubstr("gatehouse_certificate_ready_status{name=\"www\",namespace=\"shop\"} 1"),
            HasSubstr("gatehouse_certificate_expiration_timestamp_seconds{name=\"www\","
                      "namespace=\"shop\"} 1767232800"),
            HasSubstr("gatehouse_certificate_renewal_timestamp_seconds{name=\"www\","
                      "namespace=\"shop\"} 1767229200")));
}

// Of ten thousand it is megabytes, at each look of whoever scrapes.
TEST(CertificateMetrics, AreMadeInOnePieceBehindWhatThePageHas) {
  prometheus::Registry registry;
  certificate::Metrics metrics(registry);
  for (int i = 0; i < 1000; ++i) {
    api::Certificate certificate = ready_certificate();
    certificate.metadata.name = "www-" + std::to_string(i);
    metrics.show(certificate);
  }
  std::string page = "registry 1\n";
  metrics.add_gauges(page);
  EXPECT_EQ(page.compare(0, 11, "registry 1\n"), 0);
  EXPECT_EQ(std::count(page.begin(), page.end(), '\n'), 1 + 3 * (2 + 1000));
  EXPECT_EQ(page.back(), '\n');
  EXPECT_LT(page.capacity(), page.size() + page.size() / 4) << "it has not grown on the way";
}

TEST(CertificateMetrics, ForgetACertificateThatIsGone) {
  prometheus::Registry registry;
  certificate::Metrics metrics(registry);
  metrics.show(ready_certificate());
  metrics.forget({"shop", "www"});
  metrics.forget({"shop", "never-seen"});
  EXPECT_THAT(gauges_of(metrics), Not(HasSubstr("name=")));
}

}  // namespace
