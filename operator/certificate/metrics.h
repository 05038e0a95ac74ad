#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include "operator/api/certificate.h"

namespace certificate {

// What people alert on. Thread-safe. Of each Certificate three numbers are kept; a gauge for each
// would take as much as the rest of it.
//   gatehouse_certificate_ready_status{namespace,name}                        1 when Ready, else 0
//   gatehouse_certificate_{expiration,renewal}_timestamp_seconds{namespace,name}  0: none yet
//   gatehouse_certificate_issuances_total{result}                             issued | failed
class Metrics {
 public:
  explicit Metrics(prometheus::Registry& registry);

  void show(const api::Certificate& certificate);
  void forget(const kube::ObjectKey& key);
  // The gauges of all Certificates in Prometheus' text format, to a page that has the rest of it,
  // which is in the registry: three lines each, which are megabytes of ten thousand.
  void add_gauges(std::string& page) const;
  void count_issued() { issued_.Increment(); }
  void count_failed() { failed_.Increment(); }

 private:
  struct Shown {
    bool is_ready = false;
    std::int64_t expiration = 0;
    std::int64_t renewal = 0;
  };

  mutable std::mutex mutex_;
  std::map<kube::ObjectKey, Shown> shown_;
  prometheus::Family<prometheus::Counter>& issuances_;
  prometheus::Counter& issued_;
  prometheus::Counter& failed_;
};

}  // namespace certificate
