#pragma once

#include <string_view>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>

#include "acme/error.h"

namespace issuer {

// gatehouse_acme_requests_total{outcome}: logical requests to ACME servers; outcome is "ok" or the
// class of the error ("rateLimited", "network", ...). Thread-safe.
class RequestCounts {
 public:
  explicit RequestCounts(prometheus::Registry& registry);

  // Counts the result and gives it back, so that a call site stays one expression.
  template <class T>
  acme::AcmeResult<T> count(acme::AcmeResult<T> result) {
    add(result ? "ok" : acme::name_of(result.error().error_class));
    return result;
  }

 private:
  void add(std::string_view outcome);

  prometheus::Family<prometheus::Counter>& requests_;
};

}  // namespace issuer
