#include "proxy/policy/limits.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/digest.h"
#include "proxy/config/limits.h"
#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

using config::IpAddress;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
// What nobody runs of them; it bounds what the times below are multiplied with.
constexpr std::uint32_t kProxiesMax = 10'000;
constexpr std::uint8_t kClientBits = 64;  // of an IPv6 address

// An interval and a slack, with every factor at its bound, are times that can be added.
static_assert(kMinute * kProxiesMax < RateBuckets::kLongest);
static_assert(kMinute * (config::kBurstMultiplierMax + kProxiesMax + 1) < RateBuckets::kLongest);
// Not less than one of the clock's ticks for each request.
static_assert(config::kRequestRateMax <= kSecond);
static_assert(config::kConnectionsLimitMax <= InFlight::kCountMax);

constexpr Verdict kNoAddress{503, reason::address_unknown};
constexpr std::string_view kRateLimited = reason::rate_limited;
constexpr std::string_view kConnectionsLimited = reason::connections_limited;

constexpr std::string_view kPerMinute = "per minute ";
constexpr std::string_view kPerSecond = "per second ";
constexpr std::string_view kUnderWay = "under way ";

// Equal for limits that say the same of the same Ingress, and for no others. `kind` is one of them;
// empty: all.
std::uint64_t name_of(const config::Limits& config, std::string_view kind) {
  const auto number = [&](std::string_view of, std::uint64_t count) {
    return kind.empty() || kind == of ? std::string(of) + std::to_string(count) + '\n' : "";
  };
  const std::string digest = base::sha256(
      config.id + '\n' + number(kPerMinute, config.requests_per_minute) +
      number(kPerSecond, config.requests_per_second) + number(kUnderWay, config.connections) +
      (kind == kUnderWay ? "" : std::to_string(config.burst_multiplier)));
  std::uint64_t name = 0;
  std::memcpy(&name, digest.data(), sizeof name);
  return name;
}

// One client, to one limit.
std::uint64_t hash_of(const KeyedHash& hash, std::uint64_t limit, const IpAddress& client) {
  std::array<char, sizeof limit + sizeof client.bytes + 1> bytes{};
  std::memcpy(bytes.data(), &limit, sizeof limit);
  std::memcpy(bytes.data() + sizeof limit, client.bytes.data(), sizeof client.bytes);
  bytes.back() = client.is_ipv6 ? 1 : 0;
  return hash.of({bytes.data(), bytes.size()});
}

std::uint64_t divided_up(std::uint64_t number, std::uint64_t by) {
  return number / by + (number % by == 0 ? 0 : 1);
}

// A date would say no more: it has whole seconds (RFC 9110 §10.2.3).
Verdict limited(int status, std::string_view reason, std::uint64_t wait) {
  const auto seconds = std::max<std::uint64_t>(1, divided_up(wait, kSecond));
  return {.status = status, .reason = reason, .retry_after = std::chrono::seconds(seconds)};
}

}  // namespace

void LimitTables::share_among(std::uint32_t proxies) {
  proxies_.store(std::clamp<std::uint32_t>(proxies, 1, kProxiesMax), std::memory_order_relaxed);
}

InFlight::Place enter_connection(std::string_view client_address, std::uint64_t max,
                                 LimitTables& tables) {
  const auto address = IpAddress::parse(client_address);
  if (!address) return {};
  constexpr std::uint64_t kNoRoutes = 0;  // names of limits are digests
  const IpAddress client = address->is_ipv6 ? address->first_bits(kClientBits) : *address;
  return tables.in_flight.enter(hash_of(tables.hash, kNoRoutes, client), max);
}

Limits::Limits(const config::Limits& config)
    : name_(name_of(config, {})),
      exempt_(config.exempt),
      connections_(config.connections),
      status_(config.status) {
  const auto rate = [&](std::string_view kind, std::uint64_t period, std::uint64_t count) {
    return count == 0 ? std::nullopt
                      : std::optional(Rate{name_of(config, kind), period, count,
                                           count * config.burst_multiplier});
  };
  rates_ = {rate(kPerMinute, kMinute, config.requests_per_minute),
            rate(kPerSecond, kSecond, config.requests_per_second)};
  if (connections_ != 0) connections_name_ = name_of(config, kUnderWay);
}

// Of the rate and of what may come at once; at least one request, or nobody could ever pass.
RateBuckets::Rate Limits::Rate::share(std::uint32_t proxies) const {
  const std::uint64_t interval = period * proxies / count;
  const std::uint64_t at_once = divided_up(burst + 1, proxies);
  return {interval, (at_once - 1) * interval};
}

Verdict Limits::enter(std::string_view client_address, base::SteadyTime now, LimitTables& tables,
                      CountedIn& counted) const {
  const auto address = IpAddress::parse(client_address);
  if (!address) return kNoAddress;
  if (exempt_.contains(*address)) return kPasses;
  for (std::size_t i = 0; i < counted.size_; ++i) {
    if (counted.entries_.at(i).limits == name_) return kPasses;
  }
  if (counted.size_ == CountedIn::kMax) return Verdict{};
  CountedIn::Entry& entry = counted.entries_.at(counted.size_);
  const Verdict verdict = count(address->is_ipv6 ? address->first_bits(kClientBits) : *address, now,
                                tables, entry.place);
  if (!verdict.passes()) return verdict;
  entry.limits = name_;
  ++counted.size_;
  return kPasses;
}

Verdict Limits::count(const IpAddress& client, base::SteadyTime now, LimitTables& tables,
                      InFlight::Place& place) const {
  const std::uint32_t proxies = tables.proxies();
  if (connections_ != 0) {
    const std::uint64_t share = divided_up(connections_, proxies);
    place = tables.in_flight.enter(hash_of(tables.hash, connections_name_, client), share);
    if (!place) return limited(status_, kConnectionsLimited, 0);
  }
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  const auto at = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
  const auto key_of = [&](const Rate& rate) {
    return RateBuckets::Key(hash_of(tables.hash, rate.name, client),
                            rate.period / rate.count * (rate.burst + 1));
  };
  for (auto rate = rates_.begin(); rate != rates_.end(); ++rate) {
    if (!*rate) continue;
    const std::uint64_t wait = tables.rates.take(key_of(**rate), (*rate)->share(proxies), at);
    if (wait == 0) continue;
    for (auto counted = rates_.begin(); counted != rate; ++counted) {
      if (*counted) tables.rates.give_back(key_of(**counted), (*counted)->share(proxies));
    }
    place.leave();
    return limited(status_, kRateLimited, wait);
  }
  return kPasses;
}

}  // namespace proxy::policy
