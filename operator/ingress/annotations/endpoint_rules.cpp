#include "operator/ingress/annotations/endpoint_rules.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

std::uint64_t read_one(const AnnotationMap& annotations, std::string_view key, std::uint64_t max,
                       Issues& issues) {
  const auto found = find(annotations, key);
  if (!found || says_no(found->value)) return 0;
  const auto number = read_whole_number(found->value, max);
  if (!number) {
    issues.push_back(
        bad_value(*found, "a whole number from 1 to " + std::to_string(max), Issue::Effect::tunes));
  }
  return number.value_or(0);
}

std::uint64_t read_slow_start(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "slow-start");
  if (!found || says_no(found->value)) return 0;
  const auto time = read_seconds(found->value);
  if (time && static_cast<std::uint64_t>(time->count()) <= proxy::config::kSlowStartSecondsMax) {
    return static_cast<std::uint64_t>(time->count());
  }
  issues.push_back(bad_value(*found,
                             "a number of seconds from 1 to " +
                                 std::to_string(proxy::config::kSlowStartSecondsMax) +
                                 ", as \"30s\"",
                             Issue::Effect::tunes));
  return 0;
}

}  // namespace

proxy::config::EndpointRules read_endpoint_rules(const AnnotationMap& annotations, Issues& issues) {
  using namespace proxy::config;
  EndpointRules rules;
  rules.requests_max =
      read_one(annotations, "max-requests-per-endpoint", kEndpointShareMax, issues);
  rules.connections_max =
      read_one(annotations, "max-connections-per-endpoint", kEndpointShareMax, issues);
  rules.eject_after = read_one(annotations, "eject-after", kEjectAfterMax, issues);
  rules.slow_start_seconds = read_slow_start(annotations, issues);
  return rules;
}

}  // namespace ingress::annotations
