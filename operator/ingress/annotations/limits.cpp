#include "operator/ingress/annotations/limits.h"

#include <string>
#include <string_view>
#include <utility>

#include "operator/ingress/annotations/address_lists.h"
#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

void add_bad_number(const Found& found, std::uint64_t max, std::string remedy, Issues& issues) {
  Issue issue =
      bad_value(found, "a whole number from 1 to " + std::to_string(max), Issue::Effect::guards);
  issue.remedy = std::move(remedy);
  issues.push_back(std::move(issue));
}

// 0: no limit, which "off" is, too, and a value that cannot be read is not.
std::uint64_t read_limit(const AnnotationMap& annotations, std::string_view key, std::uint64_t max,
                         Issues& issues) {
  const auto found = find(annotations, key);
  if (!found || says_no(found->value)) return 0;
  const auto number = read_whole_number(found->value, max);
  if (!number) add_bad_number(*found, max, "Mend it, or remove it to have no limit.", issues);
  return number.value_or(0);
}

// For a rate, of which it is a multiple. A switch that is off leaves the usual one, as in
// ingress-nginx; 0 does not, with which nginx does not start.
void read_multiplier(const AnnotationMap& annotations, proxy::config::Limits& limits,
                     Issues& issues) {
  const auto found = find(annotations, "limit-burst-multiplier");
  if (!found) return;
  const auto number = read_whole_number(found->value, proxy::config::kBurstMultiplierMax);
  if (number && *number > 0) {
    limits.burst_multiplier = *number;
  } else if (is_zero(found->value) || read_bool(found->value) != false) {
    add_bad_number(*found, proxy::config::kBurstMultiplierMax, "Mend it, or remove it to have 5.",
                   issues);
  }
}

}  // namespace

std::optional<proxy::config::Limits> read_limits(const AnnotationMap& annotations, Issues& issues) {
  using namespace proxy::config;
  Limits limits;
  limits.requests_per_second = read_limit(annotations, "limit-rps", kRequestRateMax, issues);
  limits.requests_per_minute = read_limit(annotations, "limit-rpm", kRequestRateMax, issues);
  limits.connections = read_limit(annotations, "limit-connections", kConnectionsLimitMax, issues);
  const bool has_rate = limits.requests_per_second != 0 || limits.requests_per_minute != 0;
  // What is said of limits that nobody asks for guards nothing, whatever it says.
  if (!has_rate && limits.connections == 0) return std::nullopt;
  if (has_rate) read_multiplier(annotations, limits, issues);
  AddressList exempt = read_address_list(annotations, "limit-allowlist", "limit-whitelist", issues);
  if (exempt.is_everybody) return std::nullopt;
  limits.exempt = std::move(exempt.networks);
  return limits;
}

std::optional<int> read_limit_status(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "limit-status");
  if (!found) return std::nullopt;
  const std::string_view text = trimmed(found->value);
  if (text == "429") return 429;
  if (text == "503") return 503;
  issues.push_back(bad_value(*found, "429 or 503", Issue::Effect::tunes));
  return std::nullopt;
}

std::optional<proxy::config::Pace> read_pace(const AnnotationMap& annotations, Issues& issues) {
  constexpr std::uint64_t kKibibyte = 1024;
  constexpr std::uint64_t kMax = proxy::config::kBodyBytesMax / kKibibyte;
  proxy::config::Pace pace;
  pace.bytes_per_second = read_limit(annotations, "limit-rate", kMax, issues) * kKibibyte;
  pace.free_bytes = read_limit(annotations, "limit-rate-after", kMax, issues) * kKibibyte;
  if (pace.bytes_per_second == 0) return std::nullopt;
  return pace;
}

}  // namespace ingress::annotations
