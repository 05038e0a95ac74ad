#include "operator/certificate/metrics.h"

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

TEST(CertificateMetrics, SayWhatPeopleAlertOn) {
  prometheus::Registry registry;
  certificate::Metrics metrics(registry);
  metrics.show(ready_certificate());
  metrics.count_issued();
  EXPECT_THAT(base::to_prometheus_text(registry),
              AllOf(HasSubstr("gatehouse_certificate_issuances_total{result=\"issued\"} 1"),
                    HasSubstr("gatehouse_certificate_issuances_total{result=\"failed\"} 0")));
  EXPECT_THAT(
      metrics.gauges_text(),
      AllOf(HasSubstr("# TYPE gatehouse_certificate_ready_status gauge\n"),
            HasSubstr("gatehouse_certificate_ready_status{name=\"www\",namespace=\"shop\"} 1"),
            HasSubstr("gatehouse_certificate_expiration_timestamp_seconds{name=\"www\","
                      "namespace=\"shop\"} 1767232800"),
            HasSubstr("gatehouse_certificate_renewal_timestamp_seconds{name=\"www\","
                      "namespace=\"shop\"} 1767229200")));
}

TEST(CertificateMetrics, ForgetACertificateThatIsGone) {
  prometheus::Registry registry;
  certificate::Metrics metrics(registry);
  metrics.show(ready_certificate());
  metrics.forget({"shop", "www"});
  metrics.forget({"shop", "never-seen"});
  EXPECT_THAT(metrics.gauges_text(), Not(HasSubstr("name=")));
}

}  // namespace
