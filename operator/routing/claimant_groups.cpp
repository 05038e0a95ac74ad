#include "operator/routing/claimant_groups.h"

#include <cstddef>
#include <numeric>
#include <utility>

#include "operator/routing/host_name.h"

namespace routing {
namespace {

// Disjoint sets of numbers.
class Sets {
 public:
  std::size_t add() {
    parents_.push_back(parents_.size());
    return parents_.size() - 1;
  }
  std::size_t root_of(std::size_t one) {
    while (parents_[one] != one) {
      parents_[one] = parents_[parents_[one]];
      one = parents_[one];
    }
    return one;
  }
  void join(std::size_t one, std::size_t other) { parents_[root_of(one)] = root_of(other); }

 private:
  std::vector<std::size_t> parents_;
};

// The number of a name.
std::size_t set_of(std::map<std::uint64_t, std::size_t>& numbers, std::uint64_t name, Sets& sets) {
  const auto found = numbers.find(name);
  return found != numbers.end() ? found->second : numbers[name] = sets.add();
}

}  // namespace

ClaimantGroups::Hashes ClaimantGroups::hashes_of(const Names& names) {
  Hashes hashes;
  hashes.hosts.reserve(names.hosts.size());
  for (const std::string& host : names.hosts) {
    const std::string wildcard = covering_wildcard(host);
    hashes.hosts.push_back(
        {hash_of(host), wildcard.empty() ? 0 : hash_of(wildcard), host.starts_with("*.")});
  }
  hashes.certificates.reserve(names.certificates.size());
  for (const kube::ObjectKey& one : names.certificates) {
    hashes.certificates.push_back(hash_of(one));
  }
  for (const auto& [wildcard, secret] : names.shown) {
    hashes.shown.emplace_back(hash_of(wildcard), secret);
  }
  return hashes;
}

const ClaimantKey& ClaimantGroups::put(const ClaimantKey& claimant, const Names& names) {
  Hashes hashes = hashes_of(names);
  const auto place = hashes_.try_emplace(claimant).first;
  if (place->second == hashes) return place->first;
  unfile(place->first, place->second);
  place->second = std::move(hashes);
  file(place->first, place->second);
  return place->first;
}

void ClaimantGroups::erase(const ClaimantKey& claimant) {
  const auto known = hashes_.find(claimant);
  if (known == hashes_.end()) return;
  unfile(known->first, known->second);
  hashes_.erase(known);
}

ClaimantGroups::Members ClaimantGroups::all() const {
  Members all;
  for (const auto& [claimant, hashes] : hashes_) all.insert(all.end(), claimant);
  return all;
}

void ClaimantGroups::file(const ClaimantKey& claimant, const Hashes& hashes) {
  for (const Hashes::Host& host : hashes.hosts) {
    by_host_.add(host.name, claimant);
    if (host.wildcard != 0) by_covering_wildcard_.add(host.wildcard, claimant);
  }
  for (const std::uint64_t one : hashes.certificates) by_certificate_.add(one, claimant);
  for (const std::uint64_t wildcard : wildcards_of(hashes)) {
    const kube::ObjectKey* const secret = secret_for(wildcard, hashes);
    const auto shown = shown_.find(wildcard);
    if (shown != shown_.end()) {
      ++shown->second.concerned;
      if (secret != nullptr) ++shown->second.by_secret[*secret];
    } else if (secret != nullptr) {
      begin_to_show(wildcard);
    }
  }
}

void ClaimantGroups::unfile(const ClaimantKey& claimant, const Hashes& hashes) {
  for (const Hashes::Host& host : hashes.hosts) {
    by_host_.remove(host.name, claimant);
    if (host.wildcard != 0) by_covering_wildcard_.remove(host.wildcard, claimant);
  }
  for (const std::uint64_t one : hashes.certificates) by_certificate_.remove(one, claimant);
  for (const std::uint64_t wildcard : wildcards_of(hashes)) {
    const auto shown = shown_.find(wildcard);
    if (shown == shown_.end()) continue;
    --shown->second.concerned;
    const kube::ObjectKey* const secret = secret_for(wildcard, hashes);
    if (secret == nullptr) continue;
    auto& by_secret = shown->second.by_secret;
    const auto same = by_secret.find(*secret);
    if (--same->second == 0) by_secret.erase(same);
    if (by_secret.empty()) shown_.erase(shown);
  }
}

// Those that it names, or that cover what it names.
std::set<std::uint64_t> ClaimantGroups::wildcards_of(const Hashes& hashes) {
  std::set<std::uint64_t> wildcards;
  for (const Hashes::Host& host : hashes.hosts) {
    if (host.wildcard != 0) wildcards.insert(host.wildcard);
    if (host.is_wildcard) wildcards.insert(host.name);
  }
  return wildcards;
}

// By which it shows the wildcard; nullptr: by none, or it says more of it.
const kube::ObjectKey* ClaimantGroups::secret_for(std::uint64_t wildcard, const Hashes& hashes) {
  for (const auto& [shown, secret] : hashes.shown) {
    if (shown == wildcard) return &secret;
  }
  return nullptr;
}

void ClaimantGroups::begin_to_show(std::uint64_t wildcard) {
  Members concerned;
  const auto add = [&concerned](const ClaimantKey& claimant) { concerned.insert(claimant); };
  by_host_.visit(wildcard, add);
  by_covering_wildcard_.visit(wildcard, add);
  Shown& shown = shown_[wildcard];
  for (const ClaimantKey& claimant : concerned) {
    const Hashes& hashes = hashes_.at(claimant);
    // Another host may have its hash.
    if (wildcards_of(hashes).count(wildcard) != 0) ++shown.concerned;
    const kube::ObjectKey* const secret = secret_for(wildcard, hashes);
    if (secret != nullptr) ++shown.by_secret[*secret];
  }
}

// Whether those have to do with each other who name it, or a host that it covers.
bool ClaimantGroups::joins(std::uint64_t wildcard) const {
  const auto shown = shown_.find(wildcard);
  return shown == shown_.end() || !shown->second.joins_nobody();
}

ClaimantGroups::Members ClaimantGroups::neighbours(const ClaimantKey& claimant) const {
  Members found{claimant};
  const auto add = [&found](const ClaimantKey& one) { found.insert(one); };
  const Hashes& hashes = hashes_.at(claimant);
  for (const Hashes::Host& host : hashes.hosts) {
    if (joins_by_name(host)) {
      by_host_.visit(host.name, add);
      by_covering_wildcard_.visit(host.name, add);
    }
    if (joins_by_wildcard(host)) by_host_.visit(host.wildcard, add);
  }
  for (const std::uint64_t one : hashes.certificates) by_certificate_.visit(one, add);
  return found;
}

std::vector<ClaimantGroups::Members> ClaimantGroups::groups_of(const Members& claimants) const {
  Sets sets;
  std::map<std::uint64_t, std::size_t> hosts;
  std::map<std::uint64_t, std::size_t> certificates;
  std::map<ClaimantKey, std::size_t> numbers;
  for (const ClaimantKey& claimant : claimants) {
    const std::size_t own = numbers[claimant] = sets.add();
    const Hashes& hashes = hashes_.at(claimant);
    for (const Hashes::Host& host : hashes.hosts) {
      if (joins_by_name(host)) sets.join(own, set_of(hosts, host.name, sets));
      if (joins_by_wildcard(host) && by_host_.has(host.wildcard)) {
        sets.join(own, set_of(hosts, host.wildcard, sets));
      }
    }
    for (const std::uint64_t one : hashes.certificates) {
      sets.join(own, set_of(certificates, one, sets));
    }
  }
  std::map<std::size_t, Members> by_root;
  for (const auto& [claimant, number] : numbers) by_root[sets.root_of(number)].insert(claimant);
  std::vector<Members> groups;
  groups.reserve(by_root.size());
  for (auto& [root, members] : by_root) groups.push_back(std::move(members));
  return groups;
}

}  // namespace routing
