#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "operator/ingress/annotations/firewall.h"
#include "operator/ingress/annotations/rule_snippet.h"
#include "proxy/config/limits.h"

// The settings of a firewall as annotations have them, one "key: value" a line, and a snippet of
// rules: whatever comes, settings are within their bounds, or an issue says why not.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

ingress::annotations::AnnotationMap read_lines(std::string_view text) {
  ingress::annotations::AnnotationMap map;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    map[std::string(ingress::annotations::kNginxPrefix).append(line.substr(0, colon))] =
        line.substr(colon + 2);
  }
  return map;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace proxy::config;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ingress::annotations::Issues issues;
  const auto firewall = ingress::annotations::read_firewall(read_lines(input), issues);
  if (firewall) {
    require(firewall->paranoia_level >= 1 && firewall->paranoia_level <= kParanoiaLevelMax);
    require(firewall->anomaly_threshold >= 1);
    require(firewall->anomaly_threshold <= kAnomalyThresholdMax);
    require(firewall->body_bytes_max >= 1 && firewall->body_bytes_max <= kInspectedBytesMax);
    require(firewall->excluded_rules.size() <= kExcludedRulesMax);
    for (const RuleRange& rules : firewall->excluded_rules) {
      const bool is_of_responses = rules.first >= 950'000 && rules.last < 959'000;
      require(rules.first <= rules.last && (rules.last < 949'000 || is_of_responses));
    }
    if (firewall->responses) {
      require(firewall->responses->anomaly_threshold >= 1);
      require(firewall->responses->body_bytes_max >= 1);
      require(firewall->responses->body_bytes_max <= kInspectedBytesMax);
      require(firewall->responses->types.size() <= kInspectedTypesBytesMax);
    }
  }
  ingress::annotations::typed_keys_for_rules(input);
  return 0;
}
