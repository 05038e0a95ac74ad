#pragma once

#include <mutex>
#include <set>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include "operator/api/certificate.h"

namespace certificate {

// What people alert on. Thread-safe.
//   gatehouse_certificate_ready_status{namespace,name}                        1 when Ready, else 0
//   gatehouse_certificate_{expiration,renewal}_timestamp_seconds{namespace,name}  0: none yet
//   gatehouse_certificate_issuances_total{result}                             issued | failed
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);

  void show(const api::Certificate& certificate);
  void forget(const kube::ObjectKey& key);
  void count_issued() { issued_.Increment(); }
  void count_failed() { failed_.Increment(); }

 private:
  using Gauges = prometheus::Family<prometheus::Gauge>;

  std::mutex mutex_;
  Gauges& ready_;
  Gauges& expiration_;
  Gauges& renewal_;
  prometheus::Family<prometheus::Counter>& issuances_;
  prometheus::Counter& issued_;
  prometheus::Counter& failed_;
};

}  // namespace certificate
