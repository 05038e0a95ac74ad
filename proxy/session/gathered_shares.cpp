#include "proxy/session/gathered_shares.h"

#include <cassert>

#include "proxy/config/network.h"
#include "proxy/policy/fair_queue.h"

namespace proxy::session {

std::size_t GatheredShares::place_of(std::string_view client_address) const {
  const auto address = config::IpAddress::parse(client_address);
  if (!address) return hash_.of(client_address) % kPlaces;
  const config::IpAddress client = policy::subscriber_of(*address);
  const auto* const bytes = reinterpret_cast<const char*>(client.bytes.data());
  return hash_.of({bytes, client.bytes.size()}) % kPlaces;
}

bool GatheredShares::change(std::size_t place, std::size_t before, std::size_t now) {
  std::size_t& of_client = of_client_[place];
  assert(of_client >= before);
  of_client = of_client - before + now;
  account_.add(now);
  account_.subtract(before);
  const std::size_t of_all = account_.get();
  if (of_all > max_) return false;
  const std::size_t for_each_free_byte = now <= kSmallBytes ? kForSmall : kForLarge;
  return of_client <= for_each_free_byte * (max_ - of_all);
}

}  // namespace proxy::session
