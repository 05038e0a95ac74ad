#include "operator/routing/host_owners.h"

#include "operator/routing/host_name.h"

namespace routing {

namespace {

struct Claim {
  std::size_t rank = 0;  // by age
  Claimant by;
};
using Claims = std::map<std::string, Claim>;

Claims oldest_claims(const std::vector<HostClaims>& all) {
  Claims oldest;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    for (const auto* const hosts : {&all[rank].hosts, &all[rank].redirected}) {
      for (const std::string& host : *hosts) oldest.try_emplace(host, Claim{rank, all[rank].by});
    }
  }
  return oldest;
}

}  // namespace

HostOwners::HostOwners(const std::vector<HostClaims>& claims, bool may_be_shared)
    : may_be_shared_(may_be_shared) {
  const Claims oldest = oldest_claims(claims);
  std::map<std::string, CountsByNamespace> under_wildcard;
  for (const auto& [host, exact] : oldest) {
    std::string wildcard = covering_wildcard(host);
    const auto covering = wildcard.empty() ? oldest.end() : oldest.find(wildcard);
    const bool is_covered_before = covering != oldest.end() && covering->second.rank < exact.rank;
    const Claimant& owner = (is_covered_before ? covering->second : exact).by;
    owners_.emplace(host, owner);
    if (!wildcard.empty()) ++under_wildcard[std::move(wildcard)][owner.namespace_()];
  }
  for (auto& [wildcard, counts] : under_wildcard) {
    under_wildcard_.insert_or_assign(wildcard, std::move(counts));
  }
}

void HostOwners::add(const HostOwners& others) {
  may_be_shared_ = others.may_be_shared_;
  owners_.merge(others.owners_);
  for (const auto& [wildcard, hosts] : others.under_wildcard_) {
    CountsByNamespace sum = under_wildcard_[wildcard];
    for (const auto& [namespace_, count] : hosts) sum[namespace_] += count;
    under_wildcard_.insert_or_assign(wildcard, std::move(sum));
  }
}

void HostOwners::remove(const HostOwners& others) {
  for (const auto& [host, owner] : others.owners_) owners_.erase(host);
  for (const auto& [wildcard, hosts] : others.under_wildcard_) {
    CountsByNamespace left = under_wildcard_[wildcard];
    for (const auto& [namespace_, count] : hosts) {
      if ((left[namespace_] -= count) == 0) left.erase(namespace_);
    }
    if (left.empty()) {
      under_wildcard_.erase(wildcard);
    } else {
      under_wildcard_.insert_or_assign(wildcard, std::move(left));
    }
  }
}

const Claimant* HostOwners::owner_of(const std::string& host) const {
  auto found = owners_.find(host);
  if (found != owners_.end()) return &found->second;
  const std::string wildcard = covering_wildcard(host);
  if (wildcard.empty()) return nullptr;
  found = owners_.find(wildcard);
  return found == owners_.end() ? nullptr : &found->second;
}

bool HostOwners::is_anothers(const std::string& host, const std::string& namespace_) const {
  const Claimant* const owner = owner_of(host);
  return owner && owner->namespace_() != namespace_;
}

std::string HostOwners::why_not(const std::vector<std::string>& names,
                                const std::string& namespace_) const {
  for (const std::string& name : names) {
    const auto host = config_host(name);  // nothing for an address, which is nobody's
    if (!host || admits(*host, namespace_)) continue;
    const Claimant& owner = *owner_of(*host);
    return "the host " + *host + " belongs to namespace " + owner.namespace_() + ", whose " +
           owner.text() + " is the oldest with a rule for it; remedy: leave " + *host +
           " out, or make the Certificate there; whoever runs the operator may let namespaces "
           "share "
           "hosts (--shared-hosts)";
  }
  return {};
}

bool HostOwners::has_host_under(const std::string& wildcard, const std::string& namespace_) const {
  const auto found = under_wildcard_.find(wildcard);
  return found != under_wildcard_.end() && found->second.count(namespace_) != 0;
}

}  // namespace routing
