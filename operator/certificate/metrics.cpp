#include "operator/certificate/metrics.h"

#include <chrono>

namespace certificate {

namespace {

std::int64_t seconds_of(const std::optional<base::WallTime>& time) {
  if (!time) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
}

}  // namespace

Metrics::Metrics(prometheus::Registry& registry)
    : issuances_(prometheus::BuildCounter()
                     .Name("gatehouse_certificate_issuances_total")
                     .Help("Issuances that ended, by result.")
                     .Register(registry)),
      issued_(issuances_.Add({{"result", "issued"}})),
      failed_(issuances_.Add({{"result", "failed"}})) {}

void Metrics::show(const api::Certificate& certificate) {
  const api::CertificateStatus& status = certificate.status;
  const Shown shown{kube::is_true(status.conditions, api::kReady), seconds_of(status.not_after),
                    seconds_of(status.renewal_time)};
  const std::lock_guard lock(mutex_);
  shown_[certificate.metadata.key()] = shown;
}

void Metrics::forget(const kube::ObjectKey& key) {
  const std::lock_guard lock(mutex_);
  shown_.erase(key);
}

std::string Metrics::gauges_text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  const auto add = [&](const std::string& name, const char* help, const auto& number_of) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text.append("# TYPE ").append(name).append(" gauge\n");
    for (const auto& [key, shown] : shown_) {
      // Names of Kubernetes need no escapes.
      text += name + "{name=\"" + key.name + "\",namespace=\"" + key.namespace_ + "\"} " +
              std::to_string(number_of(shown)) + "\n";
    }
  };
  if (shown_.empty()) return text;
  add("gatehouse_certificate_ready_status", "1 when the Certificate is Ready, else 0.",
      [](const Shown& shown) { return shown.is_ready ? 1 : 0; });
  add("gatehouse_certificate_expiration_timestamp_seconds",
      "When the certificate in the Secret expires; 0 when there is none.",
      [](const Shown& shown) { return shown.expiration; });
  add("gatehouse_certificate_renewal_timestamp_seconds",
      "When the certificate is to be renewed; 0 when there is none.",
      [](const Shown& shown) { return shown.renewal; });
  return text;
}

}  // namespace certificate
