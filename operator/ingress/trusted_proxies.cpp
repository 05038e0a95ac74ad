#include "operator/ingress/trusted_proxies.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "proxy/config/limits.h"

namespace ingress {
namespace {

using proxy::config::Network;

bool is_within_one_of(const Networks& all, const Network& asked) {
  return std::any_of(all.begin(), all.end(), [&](const Network& one) {
    return one.bits <= asked.bits && one.contains(asked.address);
  });
}

// Of two networks that have an address in common one is within the other.
Networks trusted_by_both(const Networks& one, const Networks& other) {
  std::set<Network> both;
  for (const Network& network : one) {
    if (is_within_one_of(other, network)) both.insert(network);
  }
  for (const Network& network : other) {
    if (is_within_one_of(one, network)) both.insert(network);
  }
  return {both.begin(), both.end()};
}

}  // namespace

Networks trusted_by_all(const TrustedByClass& classes) {
  if (classes.empty()) return {};
  Networks all = classes.begin()->second;
  for (const auto& [name, networks] : classes) {
    if (networks != all) all = trusted_by_both(all, networks);
  }
  if (all.size() > proxy::config::kTrustedProxiesMax) all.resize(proxy::config::kTrustedProxiesMax);
  return all;
}

bool is_narrowed(const Networks& said, const Networks& all) {
  return !std::all_of(said.begin(), said.end(),
                      [&](const Network& one) { return is_within_one_of(all, one); });
}

proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals_of(
    const TrustedByClass& classes) {
  proxy::config::ProxyConfig::Section<proxy::config::Arrivals> section;
  proxy::config::Arrivals arrivals{trusted_by_all(classes)};
  if (arrivals.trusted_proxies.empty()) return section;
  section.insert_or_assign("",
                           std::make_shared<const proxy::config::Arrivals>(std::move(arrivals)));
  return section;
}

}  // namespace ingress
