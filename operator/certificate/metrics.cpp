#include "operator/certificate/metrics.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <string_view>

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

void Metrics::add_gauges(std::string& page) const {
  struct Gauge {
    std::string_view name;
    std::string_view help;
    std::int64_t (*number_of)(const Shown& shown);
  };
  static constexpr std::array<Gauge, 3> kGauges = {{
      {"gatehouse_certificate_ready_status", "1 when the Certificate is Ready, else 0.",
       [](const Shown& shown) { return std::int64_t{shown.is_ready}; }},
      {"gatehouse_certificate_expiration_timestamp_seconds",
       "When the certificate in the Secret expires; 0 when there is none.",
       [](const Shown& shown) { return shown.expiration; }},
      {"gatehouse_certificate_renewal_timestamp_seconds",
       "When the certificate is to be renewed; 0 when there is none.",
       [](const Shown& shown) { return shown.renewal; }},
  }};
  constexpr std::size_t kBesideNames = 44;  // of a line, with a number of 20 digits
  constexpr std::size_t kHead = 256;        // more than HELP and TYPE take beside the name
  const std::lock_guard lock(mutex_);
  if (shown_.empty()) return;
  std::size_t names = 0;
  for (const auto& entry : shown_) names += entry.first.name.size() + entry.first.namespace_.size();
  std::size_t room = page.size();
  for (const Gauge& gauge : kGauges) {
    room += kHead + names + shown_.size() * (gauge.name.size() + kBesideNames);
  }
  page.reserve(room);
  for (const Gauge& gauge : kGauges) {
    page.append("# HELP ").append(gauge.name).append(" ").append(gauge.help).append("\n");
    page.append("# TYPE ").append(gauge.name).append(" gauge\n");
    for (const auto& [key, shown] : shown_) {
      std::array<char, 20> digits{};  // of any
      const auto end =
          std::to_chars(digits.data(), digits.data() + digits.size(), gauge.number_of(shown)).ptr;
      // Names of Kubernetes need no escapes.
      page.append(gauge.name).append("{name=\"").append(key.name);
      page.append("\",namespace=\"").append(key.namespace_).append("\"} ");
      page.append(digits.data(), end).append("\n");
    }
  }
}

}  // namespace certificate
