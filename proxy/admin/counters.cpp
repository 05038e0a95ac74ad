#include "proxy/admin/counters.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace proxy::admin {

const std::array<HeldMemory::Kind, 11> HeldMemory::kKinds = {{
    {"client_output", &HeldMemory::client_output},
    {"http2_output", &HeldMemory::http2_output},
    {"client_input", &HeldMemory::client_input},
    {"endpoint_output", &HeldMemory::endpoint_output},
    {"endpoint_input", &HeldMemory::endpoint_input},
    {"request_copies", &HeldMemory::request_copies},
    {"http2_fields", &HeldMemory::http2_fields},
    {"tls", &HeldMemory::tls},
    {"pipes", &HeldMemory::pipes},
    {"pools", &HeldMemory::pools},
    {"buffers", &HeldMemory::buffers},
}};
static_assert(sizeof(HeldMemory) == std::size(HeldMemory::kKinds) * sizeof(Counter),
              "each gauge has its line in /metrics");

void ReasonCounters::add(std::string_view reason) {
  if (reason.empty()) reason = "unknown";
  reason = reason.substr(0, kTokenBytesMax);
  const std::size_t used = used_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < used; ++i) {
    if (reason == slots_[i].token.data()) {
      slots_[i].count.add();
      return;
    }
  }
  if (used == kCapacity) {
    other_.add();
    return;
  }
  std::memcpy(slots_[used].token.data(), reason.data(), reason.size());
  slots_[used].count.add();
  used_.store(used + 1, std::memory_order_release);
}

std::vector<ReasonCounters::Count> ReasonCounters::read() const {
  std::vector<Count> counts;
  const std::size_t used = used_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < used; ++i) {
    counts.push_back({slots_[i].token.data(), slots_[i].count.get()});
  }
  if (other_.get() > 0) counts.push_back({"other", other_.get()});
  return counts;
}

void WorkerCounters::count_response(int status, std::string_view reason,
                                    std::chrono::microseconds duration) {
  // RFC 9110 §15: what is above 599 counts as 5xx.
  const int status_class = status >= 100 ? std::min(status / 100, 5) : 0;
  responses[static_cast<std::size_t>(status_class)].add();
  if (!reason.empty()) refusals.add(reason);
  const double seconds = static_cast<double>(duration.count()) / 1e6;
  const auto bound = std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds);
  durations[static_cast<std::size_t>(bound - kDurationBounds.begin())].add();
  duration_micros_sum.add(static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)));
}

}  // namespace proxy::admin
