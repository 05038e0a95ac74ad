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
    hashes.hosts.push_back({hash_of(host), wildcard.empty() ? 0 : hash_of(wildcard)});
  }
  hashes.certificates.reserve(names.certificates.size());
  for (const kube::ObjectKey& one : names.certificates) {
    hashes.certificates.push_back(hash_of(one));
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
}

void ClaimantGroups::unfile(const ClaimantKey& claimant, const Hashes& hashes) {
  for (const Hashes::Host& host : hashes.hosts) {
    by_host_.remove(host.name, claimant);
    if (host.wildcard != 0) by_covering_wildcard_.remove(host.wildcard, claimant);
  }
  for (const std::uint64_t one : hashes.certificates) by_certificate_.remove(one, claimant);
}

ClaimantGroups::Members ClaimantGroups::neighbours(const Names& names) const {
  Members found;
  const auto add = [&found](const ClaimantKey& claimant) { found.insert(claimant); };
  const Hashes hashes = hashes_of(names);
  for (const Hashes::Host& host : hashes.hosts) {
    by_host_.visit(host.name, add);
    by_covering_wildcard_.visit(host.name, add);
    if (host.wildcard != 0) by_host_.visit(host.wildcard, add);
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
      sets.join(own, set_of(hosts, host.name, sets));
      if (host.wildcard != 0 && by_host_.has(host.wildcard)) {
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
