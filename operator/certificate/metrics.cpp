#include "operator/certificate/metrics.h"

#include <chrono>

namespace certificate {

namespace {

prometheus::Family<prometheus::Gauge>& gauges(prometheus::Registry& registry, const char* name,
                                              const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

std::map<std::string, std::string> labels(const kube::ObjectKey& key) {
  return {{"namespace", key.namespace_}, {"name", key.name}};
}

double seconds_of(const std::optional<base::WallTime>& time) {
  if (!time) return 0;
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count());
}

}  // namespace

Metrics::Metrics(prometheus::Registry& registry)
    : ready_(gauges(registry, "gatehouse_certificate_ready_status",
                    "1 when the Certificate is Ready, else 0.")),
      expiration_(gauges(registry, "gatehouse_certificate_expiration_timestamp_seconds",
                         "When the certificate in the Secret expires; 0 when there is none.")),
      renewal_(gauges(registry, "gatehouse_certificate_renewal_timestamp_seconds",
                      "When the certificate is to be renewed; 0 when there is none.")),
      issuances_(prometheus::BuildCounter()
                     .Name("gatehouse_certificate_issuances_total")
                     .Help("Issuances that ended, by result.")
                     .Register(registry)),
      issued_(issuances_.Add({{"result", "issued"}})),
      failed_(issuances_.Add({{"result", "failed"}})) {}

void Metrics::show(const api::Certificate& certificate) {
  const auto with = labels(certificate.metadata.key());
  const api::CertificateStatus& status = certificate.status;
  const std::lock_guard lock(mutex_);
  ready_.Add(with).Set(kube::is_true(status.conditions, api::kReady) ? 1 : 0);
  expiration_.Add(with).Set(seconds_of(status.not_after));
  renewal_.Add(with).Set(seconds_of(status.renewal_time));
}

void Metrics::forget(const kube::ObjectKey& key) {
  const auto with = labels(key);
  const std::lock_guard lock(mutex_);
  // Family::Add finds the gauge of these labels, or makes one that is removed at once.
  for (Gauges* family : {&ready_, &expiration_, &renewal_}) family->Remove(&family->Add(with));
}

}  // namespace certificate
