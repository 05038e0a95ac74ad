#include "operator/routing/host_owners.h"

#include <map>

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

std::string under(const std::string& wildcard, const std::string& namespace_) {
  return wildcard + "/" + namespace_;
}

}  // namespace

HostOwners::HostOwners(const std::vector<HostClaims>& claims, bool may_be_shared)
    : may_be_shared_(may_be_shared) {
  const Claims oldest = oldest_claims(claims);
  std::map<std::string, std::size_t> counts;
  for (const auto& [host, exact] : oldest) {
    const std::string wildcard = covering_wildcard(host);
    const auto covering = wildcard.empty() ? oldest.end() : oldest.find(wildcard);
    const bool is_covered_before = covering != oldest.end() && covering->second.rank < exact.rank;
    const Claimant& owner = (is_covered_before ? covering->second : exact).by;
    owners_.emplace(host, owner);
    if (!wildcard.empty()) ++counts[under(wildcard, owner.namespace_())];
  }
  for (const auto& [place, count] : counts) under_wildcard_.emplace(place, count);
}

void HostOwners::add(const HostOwners& others) {
  may_be_shared_ = others.may_be_shared_;
  owners_.merge(others.owners_);
  for (const auto& [place, count] : others.under_wildcard_) {
    const auto known = under_wildcard_.find(place);
    const std::size_t before = known == under_wildcard_.end() ? 0 : known->second;
    under_wildcard_.insert_or_assign(place, before + count);
  }
}

void HostOwners::remove(const HostOwners& others) {
  for (const auto& [host, owner] : others.owners_) owners_.erase(host);
  for (const auto& [place, count] : others.under_wildcard_) {
    const auto known = under_wildcard_.find(place);
    if (known != under_wildcard_.end() && known->second > count) {
      under_wildcard_.insert_or_assign(place, known->second - count);
    } else {
      under_wildcard_.erase(place);
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

bool HostOwners::admits(const std::string& host, const std::string& namespace_) const {
  if (may_be_shared_) return true;
  const Claimant* const owner = owner_of(host);
  return owner == nullptr || owner->namespace_() == namespace_;
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
  return under_wildcard_.contains(under(wildcard, namespace_));
}

}  // namespace routing
