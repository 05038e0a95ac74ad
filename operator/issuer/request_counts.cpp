#include "operator/issuer/request_counts.h"

#include <string>

namespace issuer {

RequestCounts::RequestCounts(prometheus::Registry& registry)
    : requests_(prometheus::BuildCounter()
                    .Name("gatehouse_acme_requests_total")
                    .Help("Requests to ACME servers by outcome: ok, or the class of the error.")
                    .Register(registry)) {
  // There from the start, so that a rate over it has no gap.
  requests_.Add({{"outcome", "ok"}});
}

void RequestCounts::add(std::string_view outcome) {
  requests_.Add({{"outcome", std::string(outcome)}}).Increment();
}

}  // namespace issuer
