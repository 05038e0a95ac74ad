#include "operator/ingress/trusted_proxies.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
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

// What both are halves of; nothing: they are not the two halves of a network.
std::optional<Network> whole_of(const Network& one, const Network& other) {
  if (one.bits != other.bits || one.bits == 0 || one == other) return std::nullopt;
  const auto bits = static_cast<std::uint8_t>(one.bits - 1);
  const Network whole{one.address.first_bits(bits), bits};
  return whole.contains(other.address) ? std::optional(whole) : std::nullopt;
}

// The same addresses in as few networks as can be: none is within another, and no two are halves
// of one. So a network whose every address is in `networks` is within one of these. Sorted.
Networks in_fewest(Networks networks) {
  // By family, then by the first address; what is wider comes before what is within it.
  std::sort(networks.begin(), networks.end(), [](const Network& one, const Network& other) {
    return std::tie(one.address.is_ipv6, one.address.bytes, one.bits) <
           std::tie(other.address.is_ipv6, other.address.bytes, other.bits);
  });
  Networks made;  // they do not overlap, and the last has the highest addresses
  for (Network network : networks) {
    if (!made.empty() && made.back().contains(network.address)) continue;
    while (!made.empty()) {
      const auto whole = whole_of(made.back(), network);
      if (!whole) break;
      network = *whole;
      made.pop_back();
    }
    made.push_back(network);
  }
  std::sort(made.begin(), made.end());
  return made;
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
  all = in_fewest(std::move(all));
  if (all.size() > proxy::config::kTrustedProxiesMax) all.resize(proxy::config::kTrustedProxiesMax);
  return all;
}

bool is_narrowed(const Networks& said, const Networks& all) {
  const Networks asked = in_fewest(said);
  const Networks had = in_fewest(all);
  return !std::all_of(asked.begin(), asked.end(),
                      [&](const Network& one) { return is_within_one_of(had, one); });
}

proxy::config::ProxyConfig::Section<proxy::config::Arrivals> arrivals_of(
    const TrustedByClass& classes, bool takes_proxy_headers) {
  proxy::config::ProxyConfig::Section<proxy::config::Arrivals> section;
  proxy::config::Arrivals arrivals{trusted_by_all(classes), takes_proxy_headers};
  if (arrivals == proxy::config::Arrivals{}) return section;
  section.insert_or_assign("",
                           std::make_shared<const proxy::config::Arrivals>(std::move(arrivals)));
  return section;
}

}  // namespace ingress
