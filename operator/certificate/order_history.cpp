#include "operator/certificate/order_history.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"

namespace certificate {

namespace {

using std::chrono::hours;

constexpr hours kIssuedCount{24};
constexpr hours kFailedCount{1};
constexpr std::chrono::minutes kClockStepMax{5};
// The schedules have fewer steps than that.
constexpr std::size_t kOutcomesMax = 12;

// A digest, for a hundred names take kilobytes.
std::string set_of(const std::string& account_url, const api::Certificate& certificate) {
  std::vector<std::string> names = certificate.all_names();
  std::sort(names.begin(), names.end());
  std::string text = account_url;
  for (const std::string& name : names) text.append("\n").append(name);
  return base::sha256(text);
}

}  // namespace

void OrderHistory::note_issued(const std::string& account_url, const api::Certificate& certificate,
                               base::WallTime now) {
  note(account_url, certificate, {certificate.metadata.uid, now, true, {}});
}

void OrderHistory::note_failed(const std::string& account_url, const api::Certificate& certificate,
                               base::WallTime now, std::optional<base::WallTime> limited_until) {
  note(account_url, certificate, {certificate.metadata.uid, now, false, limited_until});
}

void OrderHistory::note(const std::string& account_url, const api::Certificate& certificate,
                        Outcome outcome) {
  std::string key = set_of(account_url, certificate);
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = sets_.try_emplace(std::move(key));
  Set& set = entry->second;
  if (is_new) {
    uses_.push_front(entry->first);
    set.use = uses_.begin();
  } else {
    uses_.splice(uses_.begin(), uses_, set.use);
  }
  if (set.outcomes.size() == kOutcomesMax) set.outcomes.erase(set.outcomes.begin());
  set.outcomes.push_back(std::move(outcome));
  if (sets_.size() <= kSetsMax) return;
  sets_.erase(uses_.back());
  uses_.pop_back();
}

OrderHistory::OfOthers OrderHistory::of_others(const std::string& account_url,
                                               const api::Certificate& certificate,
                                               base::WallTime now) const {
  const std::string key = set_of(account_url, certificate);
  OfOthers others;
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(key);
  if (found == sets_.end()) return others;
  for (const Outcome& outcome : found->second.outcomes) {
    // Whoever got one has shown that these names can be had.
    if (outcome.is_issued) others.failed.clear();
    if (outcome.uid == certificate.metadata.uid) continue;
    if (outcome.at > now + kClockStepMax) continue;  // of a clock that was ahead
    if (outcome.limited_until > now) others.limited_until = outcome.limited_until;
    if (outcome.is_issued) {
      if (outcome.at > now - kIssuedCount) others.issued.push_back(outcome.at);
    } else if (outcome.at > now - kFailedCount) {
      others.failed.push_back(outcome.at);
    }
  }
  return others;
}

std::size_t OrderHistory::size() const {
  const std::lock_guard lock(mutex_);
  return sets_.size();
}

}  // namespace certificate
