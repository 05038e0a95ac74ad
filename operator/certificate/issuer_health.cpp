#include "operator/certificate/issuer_health.h"

#include <chrono>
#include <cstddef>

namespace certificate {

namespace {

// Older signs are of no use: no back-off is longer.
constexpr std::chrono::hours kRememberedFor{7 * 24};
constexpr std::chrono::hours kRecoveriesCount{1};
constexpr std::size_t kRecoveriesAtOnce = 3;
constexpr std::chrono::minutes kRecoveriesApart{10};

}  // namespace

void IssuerHealth::note_unwell(const issuer::IssuerKey& issuer) {
  const std::lock_guard lock(mutex_);
  unwell_.insert(issuer);
}

bool IssuerHealth::is_believed(const issuer::IssuerKey& issuer) {
  const base::SteadyTime now = clock_.steady_now();
  std::vector<base::SteadyTime>& times = recovered_at_[issuer];
  std::erase_if(times, [now](base::SteadyTime one) { return now - one >= kRecoveriesCount; });
  if (times.size() >= kRecoveriesAtOnce && now - times.back() < kRecoveriesApart) return false;
  times.push_back(now);
  return true;
}

void IssuerHealth::note_issued(const issuer::IssuerKey& issuer) {
  {
    const std::lock_guard lock(mutex_);
    if (unwell_.count(issuer) == 0 || !is_believed(issuer)) return;
  }
  note_well(issuer);
}

void IssuerHealth::note_well(const issuer::IssuerKey& issuer) {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(well_since_, [this](const auto& entry) {
      return entry.second + kRememberedFor < clock_.now();
    });
    well_since_[issuer] = clock_.now();
    unwell_.erase(issuer);
  }
  if (listener_) listener_(issuer);
}

void IssuerHealth::forget(const issuer::IssuerKey& issuer) {
  const std::lock_guard lock(mutex_);
  well_since_.erase(issuer);
  unwell_.erase(issuer);
  recovered_at_.erase(issuer);
}

bool IssuerHealth::is_well_since(const issuer::IssuerKey& issuer, base::WallTime time) const {
  const std::lock_guard lock(mutex_);
  const auto found = well_since_.find(issuer);
  if (found == well_since_.end() || found->second > clock_.now()) return false;
  return found->second > time + std::chrono::seconds(1);
}

}  // namespace certificate
