#include "operator/certificate/order_history.h"

#include <algorithm>
#include <utility>

#include "acme/problem.h"
#include "base/digest.h"

namespace certificate {

namespace {

using std::chrono::hours;

constexpr hours kOrderedCount{24};
constexpr hours kFailedCount{1};
// The schedules have fewer steps than that.
constexpr std::size_t kOutcomesMax = 12;
// Enough to tell one set of names from another.
constexpr std::size_t kDigestBytes = 16;

// A digest, for a hundred names take kilobytes.
std::string set_of(const std::string& account_url, const api::Certificate& certificate) {
  return base::sha256(account_url + "\n" + names_digest(certificate));
}

base::WallTime as_kept(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// Of the certificate among them that was issued last.
std::optional<base::WallTime::duration> life_of_newest(const OrderHistory::Living& living,
                                                       const std::string& asker) {
  std::optional<base::WallTime> newest;
  std::optional<base::WallTime::duration> life;
  for (const auto& one : living) {
    const api::CertificateStatus& status = one->status;
    if (one->metadata.uid == asker) continue;
    if (status.recent_issuances.empty() || !status.not_after) continue;
    const base::WallTime issued = status.recent_issuances.back();
    if (newest && issued <= *newest) continue;
    newest = issued;
    life = *status.not_after - issued;
  }
  return life;
}

}  // namespace

std::string names_digest(const api::Certificate& certificate) {
  std::string text;
  for (const std::string& name : certificate.all_names()) text.append(name).append("\n");
  return base::sha256(text).substr(0, kDigestBytes);
}

void OrderHistory::note_begun(const std::string& account_url, const api::Certificate& certificate,
                              base::WallTime at) {
  note(account_url, certificate, {certificate.metadata.uid, as_kept(at), What::begun});
}

void OrderHistory::note_issued(const std::string& account_url, const api::Certificate& certificate,
                               base::WallTime at) {
  note(account_url, certificate, {certificate.metadata.uid, as_kept(at), What::issued});
}

void OrderHistory::note_failed(const std::string& account_url, const api::Certificate& certificate,
                               base::WallTime at, std::optional<base::WallTime> limited_until,
                               bool is_spent) {
  note(account_url, certificate,
       {certificate.metadata.uid, as_kept(at), What::failed, limited_until, is_spent});
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
  if (outcome.what != What::begun && !outcome.is_spent) {
    const auto begun = std::find_if(
        set.outcomes.rbegin(), set.outcomes.rend(),
        [&](const Outcome& one) { return one.what == What::begun && one.uid == outcome.uid; });
    if (begun != set.outcomes.rend()) set.outcomes.erase(std::next(begun).base());
  }
  if (set.outcomes.size() == kOutcomesMax) set.outcomes.erase(set.outcomes.begin());
  set.outcomes.push_back(std::move(outcome));
  if (sets_.size() <= kSetsMax) return;
  sets_.erase(uses_.back());
  uses_.pop_back();
}

std::vector<OrderHistory::Outcome> OrderHistory::outcomes_of(
    const std::string& account_url, const api::Certificate& certificate) const {
  const std::string key = set_of(account_url, certificate);
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(key);
  return found == sets_.end() ? std::vector<Outcome>{} : found->second.outcomes;
}

// Of an outcome of the Certificate's own.
bool OrderHistory::tells(const api::CertificateStatus& status, const Outcome& outcome) {
  const auto is_among = [&](const std::vector<base::WallTime>& times) {
    return std::any_of(times.begin(), times.end(),
                       [&](base::WallTime one) { return as_kept(one) == outcome.at; });
  };
  switch (outcome.what) {
    case What::begun:
      return is_among(status.begun_orders);
    case What::issued:
      return is_among(status.recent_issuances);
    case What::failed:
      break;
  }
  return status.last_failure_time && as_kept(*status.last_failure_time) >= outcome.at;
}

// What status tells and memory does not know, as after a restart.
void OrderHistory::add_status(const std::string& account_url, const api::Certificate& certificate,
                              std::vector<Outcome>& outcomes) {
  const api::CertificateStatus& status = certificate.status;
  const std::string& uid = certificate.metadata.uid;
  const auto add = [&](base::WallTime at, What what) {
    const bool is_known = std::any_of(outcomes.begin(), outcomes.end(), [&](const Outcome& one) {
      return one.uid == uid && one.at == as_kept(at) && one.what == what;
    });
    if (!is_known) outcomes.push_back({uid, as_kept(at), what});
  };
  // A store may lag behind: what has ended since is not counted as begun, too.
  const auto has_ended = [&](base::WallTime at) {
    return std::any_of(outcomes.begin(), outcomes.end(), [&](const Outcome& one) {
      return one.uid == uid && one.what != What::begun && one.at >= as_kept(at);
    });
  };
  for (const base::WallTime at : status.begun_orders) {
    if (!has_ended(at)) add(at, What::begun);
  }
  for (const base::WallTime at : status.recent_issuances) add(at, What::issued);
  if (!status.last_failure_time) return;
  const std::string& account = status.last_failure_account;
  if (!account.empty() && account != account_url) return;
  const bool is_limited =
      status.last_failure_class == acme::name_of(acme::ErrorClass::rate_limited);
  const auto limited_until = is_limited ? status.next_attempt_time : std::nullopt;
  auto known = std::count_if(outcomes.begin(), outcomes.end(), [&](const Outcome& one) {
    return one.uid == uid && one.what == What::failed;
  });
  // Of those in a row only the time of the last one is told.
  for (; known < std::min<std::ptrdiff_t>(status.failed_issuance_attempts, kOutcomesMax); ++known) {
    outcomes.push_back({uid, as_kept(*status.last_failure_time), What::failed, limited_until});
  }
}

OrderHistory::OfOthers OrderHistory::of_others(const std::string& account_url,
                                               const api::Certificate& certificate,
                                               const Living& living, base::WallTime now) const {
  std::vector<Outcome> outcomes = outcomes_of(account_url, certificate);
  add_status(account_url, certificate, outcomes);
  for (const auto& one : living) {
    if (one->metadata.uid != certificate.metadata.uid) add_status(account_url, *one, outcomes);
  }
  std::erase_if(outcomes, [now](const Outcome& one) {
    return one.at > now + kClockStepMax;  // of a clock that was ahead
  });
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [](const Outcome& left, const Outcome& right) { return left.at < right.at; });
  OfOthers others;
  others.life = life_of_newest(living, certificate.metadata.uid);
  for (const Outcome& outcome : outcomes) {
    // Whoever got one has shown that these names can be had.
    if (outcome.what == What::issued) others.failed.clear();
    const bool is_its_own = outcome.uid == certificate.metadata.uid;
    if (is_its_own && tells(certificate.status, outcome)) continue;
    const bool is_failure = outcome.what == What::failed;
    const bool is_limit = outcome.limited_until > now;
    const bool is_counted = outcome.at > now - (is_failure ? kFailedCount : kOrderedCount);
    if (is_limit) others.limited_until = outcome.limited_until;
    if (is_counted) (is_failure ? others.failed : others.ordered).push_back(outcome.at);
    if (is_its_own && (is_limit || is_counted)) others.is_of_its_own = true;
  }
  return others;
}

std::size_t OrderHistory::size() const {
  const std::lock_guard lock(mutex_);
  return sets_.size();
}

}  // namespace certificate
