#include "operator/ingress/overlooked_reporter.h"

#include <spdlog/spdlog.h>

namespace ingress {
namespace {

// Who is in charge of what nobody claims may change with any renewal of a Lease.
constexpr std::chrono::minutes kAskAgainWhoSays{1};

std::chrono::milliseconds until(base::SteadyTime at, base::SteadyTime now) {
  return std::chrono::ceil<std::chrono::milliseconds>(at - now);
}

}  // namespace

base::Result<kube::Outcome> OverlookedReporter::reconcile(const kube::ObjectKey& key) {
  const auto ingress = ingresses_.get(key);
  std::optional<Remark> remark;
  if (ingress && !ingress->metadata.is_being_deleted) remark = look_.remark(*ingress);
  const base::SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  if (!remark) {
    standing_.erase(key);
    return kube::Outcome::await_change();
  }
  Standing& standing = standing_[key];
  const std::string& uid = ingress->metadata.uid;
  if (standing.uid != uid || standing.reason != remark->reason || standing.about != remark->about) {
    standing = {uid, remark->reason, remark->about, now};
  }
  const auto again = tell(*ingress, *remark, standing, now);
  return again ? kube::Outcome::requeue(*again) : kube::Outcome::await_change();
}

std::optional<std::chrono::milliseconds> OverlookedReporter::tell(const kube::Ingress& ingress,
                                                                  const Remark& remark,
                                                                  Standing& standing,
                                                                  base::SteadyTime now) {
  if (standing.is_told) return std::nullopt;
  if (now < standing.since + kPatience) return until(standing.since + kPatience, now);
  if (!look_.is_ours_to_say(remark)) return kAskAgainWhoSays;
  const kube::ObjectKey key = ingress.metadata.key();
  if (!standing.turn) standing.turn = pace_.take_turn(key.namespace_, now);
  if (!standing.turn) return NamespacePace::kAheadMax;
  if (now < *standing.turn) return until(*standing.turn, now);
  const auto type = remark.is_warning ? kube::EventType::warning : kube::EventType::normal;
  if (!events_.offer({kube::reference_to(kube::Ingress::type(), ingress.metadata), type,
                      remark.reason, "Looking", remark.message})) {
    return kube::kTellAgain;
  }
  standing.is_told = true;
  spdlog::log(remark.is_warning ? spdlog::level::warn : spdlog::level::info, "Ingress {}: {}: {}",
              key.text(), remark.reason, remark.message);
  return std::nullopt;
}

std::size_t OverlookedReporter::size() const {
  const std::lock_guard lock(mutex_);
  return standing_.size();
}

}  // namespace ingress
