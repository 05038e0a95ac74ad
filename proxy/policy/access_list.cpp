#include "proxy/policy/access_list.h"

#include <algorithm>
#include <iterator>

#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

using config::IpAddress;

constexpr Verdict kDenied{403, reason::address_denied};
constexpr Verdict kNotAllowed{403, reason::address_not_allowed};
constexpr Verdict kNoAddress{403, reason::address_unknown};

IpAddress last_of(const config::Network& network) {
  IpAddress last = network.address;
  const std::size_t bytes = last.bits() / 8u;
  for (std::size_t i = 0; i < bytes; ++i) {
    const std::size_t first_bit = 8 * i;
    if (first_bit >= network.bits) {
      last.bytes[i] = 0xff;
    } else if (network.bits - first_bit < 8) {
      last.bytes[i] |= static_cast<std::uint8_t>(0xffu >> (network.bits - first_bit));
    }
  }
  return last;
}

// By family, then by value.
bool is_less(const IpAddress& a, const IpAddress& b) {
  if (a.is_ipv6 != b.is_ipv6) return b.is_ipv6;
  return a.bytes < b.bytes;
}

}  // namespace

AddressSet::AddressSet(const std::vector<config::Network>& networks) {
  ranges_.reserve(networks.size());
  for (const config::Network& network : networks) {
    ranges_.push_back({network.address, last_of(network)});
  }
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
    return is_less(a.first, b.first) || (a.first == b.first && is_less(b.last, a.last));
  });
  // Of two networks with an address in common one lies within the other, so the wider one stands
  // first and takes in all that follow within it.
  std::vector<Range> merged;
  for (const Range& range : ranges_) {
    if (merged.empty() || is_less(merged.back().last, range.first)) merged.push_back(range);
  }
  merged.shrink_to_fit();
  ranges_ = std::move(merged);
}

bool AddressSet::contains(const IpAddress& address) const {
  const auto after = std::upper_bound(
      ranges_.begin(), ranges_.end(), address,
      [](const IpAddress& asked, const Range& range) { return is_less(asked, range.first); });
  return after != ranges_.begin() && !is_less(std::prev(after)->last, address);
}

AccessList::AccessList(const std::vector<config::Network>& denied,
                       const std::vector<config::Network>& allowed)
    : denied_(denied), allowed_(allowed) {}

Verdict AccessList::check(std::string_view client_address) const {
  if (asks_for_nothing()) return kPasses;
  const auto address = IpAddress::parse(client_address);
  if (!address) return kNoAddress;
  if (denied_.contains(*address)) return kDenied;
  if (!allowed_.empty() && !allowed_.contains(*address)) return kNotAllowed;
  return kPasses;
}

AccessList::Place AccessList::place_of(std::string_view client_address) const {
  const auto address = IpAddress::parse(client_address);
  if (!address || denied_.contains(*address)) return Place::denied;
  return allowed_.contains(*address) ? Place::allowed : Place::elsewhere;
}

}  // namespace proxy::policy
