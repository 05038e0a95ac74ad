#include "operator/routing/admission.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "operator/routing/equal_share.h"

namespace routing {
namespace {

Load::Kind kind_at(std::size_t i) {
  return static_cast<Load::Kind>(i);
}

}  // namespace

void Admission::put(const Rank& rank, const Load& load) {
  const ClaimantKey& claimant = rank.claimant.kind_and_key();
  const auto known = places_.find(claimant);
  if (known != places_.end()) {
    if ((*known)->first == rank && (*known)->second == load) return;
    erase(claimant);
  }
  Namespace& of = namespaces_[claimant.key.namespace_];
  wanted_ -= wanted(of);
  places_.insert(of.loads.emplace(rank, load).first);
  of.sum += load;
  wanted_ += wanted(of);
  changed_.insert(claimant.key.namespace_);
}

void Admission::erase(const ClaimantKey& claimant) {
  const auto known = places_.find(claimant);
  if (known == places_.end()) return;
  Namespace& of = namespaces_.at(claimant.key.namespace_);
  wanted_ -= wanted(of);
  const auto load = *known;
  of.sum -= load->second;
  places_.erase(known);
  of.loads.erase(load);
  wanted_ += wanted(of);
  changed_.insert(claimant.key.namespace_);
}

void Admission::clear() {
  *this = Admission(bounds_);
}

Load Admission::wanted(const Namespace& of) const {
  Load most = of.sum;
  for (std::size_t i = 0; i < Load::kinds; ++i) {
    const Load::Kind kind = kind_at(i);
    most[kind] = std::min(most[kind], bounds_.namespace_[kind]);
  }
  return most;
}

// What it leaves out of one kind makes no room of another for those who come later: each kind by
// itself keeps within what there is.
Load Admission::share() const {
  Load share = bounds_.namespace_;
  for (std::size_t i = 0; i < Load::kinds; ++i) {
    const Load::Kind kind = kind_at(i);
    if (wanted_[kind] <= bounds_.all[kind]) continue;
    std::vector<std::uint64_t> all;
    all.reserve(namespaces_.size());
    for (const auto& [name, of] : namespaces_) all.push_back(wanted(of)[kind]);
    share[kind] = equal_share(std::move(all), bounds_.all[kind]).value_or(share[kind]);
  }
  return share;
}

Admission::WithoutRoom Admission::without_room(const Namespace& of) const {
  WithoutRoom found;
  if (!of.sum.beyond(share_)) return found;
  Load held;
  for (const auto& [rank, load] : of.loads) {
    const Load with_it = held + load;
    const auto kind = with_it.beyond(share_);
    if (!kind) {
      held = with_it;
      continue;
    }
    const bool is_all = share_[*kind] < bounds_.namespace_[*kind];
    found.emplace(rank.claimant.kind_and_key(),
                  NoRoom{is_all ? NoRoom::Of::all : NoRoom::Of::namespace_, *kind});
  }
  return found;
}

std::set<ClaimantKey> Admission::decide() {
  const Load share_before = std::exchange(share_, share());
  if (!(share_before == share_)) {
    for (const auto& [name, of] : namespaces_) changed_.insert(name);
  }
  std::set<ClaimantKey> changed;
  for (const std::string& name : std::exchange(changed_, {})) {
    const auto at = namespaces_.find(name);
    if (at == namespaces_.end()) continue;
    Namespace& of = at->second;
    const WithoutRoom before = std::exchange(of.without_room, without_room(of));
    for (const auto& [claimant, why] : before) {
      const auto now = of.without_room.find(claimant);
      if (now == of.without_room.end() || !(now->second == why)) changed.insert(claimant);
    }
    for (const auto& [claimant, why] : of.without_room) {
      if (before.count(claimant) == 0) changed.insert(claimant);
    }
    if (of.loads.empty()) namespaces_.erase(at);
  }
  return changed;
}

std::optional<NoRoom> Admission::find(const ClaimantKey& claimant) const {
  const auto of = namespaces_.find(claimant.key.namespace_);
  if (of == namespaces_.end()) return std::nullopt;
  const auto found = of->second.without_room.find(claimant);
  return found == of->second.without_room.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace routing
