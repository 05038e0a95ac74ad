#include "operator/ingress/annotations/firewall.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii_text.h"
#include "operator/ingress/annotations/catalogue.h"
#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"
#include "proxy/config/stream_type.h"

namespace ingress::annotations {
namespace {

using proxy::config::Firewall;
using proxy::config::FirewallMode;
using proxy::config::ResponseInspection;
using proxy::config::RuleRange;

constexpr std::string_view kMode = "firewall-mode";
constexpr std::string_view kResponses = "firewall-response-body-access";
constexpr std::array<std::string_view, 4> kResponseSettings = {
    "firewall-response-anomaly-threshold", "firewall-response-body-limit",
    "firewall-response-body-limit-action", "firewall-response-body-types"};
constexpr std::array<std::string_view, 10> kSettings = {
    "firewall-paranoia-level",     "firewall-anomaly-threshold", "firewall-excluded-rules",
    "firewall-request-body-limit", "firewall-uninspected",       kResponses,
    kResponseSettings[0],          kResponseSettings[1],         kResponseSettings[2],
    kResponseSettings[3]};

void add_bad(const Found& found, std::string_view expected, Issues& issues) {
  Issue issue = bad_value(found, expected, Issue::Effect::guards);
  issue.remedy = "Mend it, or remove it.";
  issues.push_back(std::move(issue));
}

std::optional<bool> read_switch(const AnnotationMap& annotations, std::string_view key,
                                Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return std::nullopt;
  const auto value = read_bool(found->value);
  if (!value) add_bad(*found, "true or false", issues);
  return value;
}

// Nothing: it is off.
std::optional<FirewallMode> read_mode(const AnnotationMap& annotations, Issues& issues) {
  const auto engine = read_switch(annotations, "enable-modsecurity", issues);
  auto core = read_switch(annotations, "enable-owasp-core-rules", issues);
  if (!core) core = read_switch(annotations, "enable-owasp-modsecurity-crs", issues);
  if (const auto mode = find(annotations, kMode)) {
    if (read_bool(mode->value) == false) return std::nullopt;
    if (is_same_word(mode->value, "detect")) return FirewallMode::detect;
    if (!is_same_word(mode->value, "block")) add_bad(*mode, "block, detect or off", issues);
    return FirewallMode::block;
  }
  const bool is_on = engine ? *engine : core == true;
  if (!is_on) return std::nullopt;
  return FirewallMode::block;
}

void read_number(const AnnotationMap& annotations, std::string_view key, std::uint64_t max,
                 std::uint64_t& setting, Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return;
  const auto number = read_whole_number(found->value);
  if (number && *number >= 1 && *number <= max) {
    setting = *number;
  } else {
    add_bad(*found, "a whole number from 1 to " + std::to_string(max), issues);
  }
}

// Those that look for attacks and for bodies that cannot be read. The others say what the score is
// and what comes of it: without one of them there would be no firewall, and nobody would see that.
bool may_be_excluded(const RuleRange& rules) {
  constexpr std::array<RuleRange, 3> kLooking = {
      {{200'000, 200'999}, {911'000, 948'999}, {950'000, 958'999}}};
  return rules.first <= rules.last &&
         std::any_of(kLooking.begin(), kLooking.end(), [&](const RuleRange& among) {
           return rules.first >= among.first && rules.last <= among.last;
         });
}

// "942100" or "942100-942199"
std::optional<RuleRange> read_rules(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = read_whole_number(text.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : read_whole_number(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  const RuleRange rules{*first, *last};
  if (!may_be_excluded(rules)) return std::nullopt;
  return rules;
}

void read_excluded(const AnnotationMap& annotations, std::vector<RuleRange>& excluded,
                   Issues& issues) {
  constexpr std::string_view kBetween = ", \t\r\n";
  const auto found = find(annotations, "firewall-excluded-rules");
  if (!found || says_no(found->value)) return;
  const std::string_view text = found->value;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
    const std::string_view entry = text.substr(begin, end - begin);
    begin = end + 1;
    if (entry.empty()) continue;
    const auto rules = read_rules(entry);
    if (!rules || excluded.size() == proxy::config::kExcludedRulesMax) {
      add_bad(
          *found,
          "a list of at most " + std::to_string(proxy::config::kExcludedRulesMax) +
              " rules by commas, each an id from 911000 to 948999, from 950000 to 958999 or from "
              "200000 to 200999, or two with a \"-\" between them",
          issues);
      return;
    }
    excluded.push_back(*rules);
  }
  // Two that say the same are to be the same.
  std::sort(excluded.begin(), excluded.end(), [](const RuleRange& a, const RuleRange& b) {
    return std::pair(a.first, a.last) < std::pair(b.first, b.last);
  });
  excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
}

void read_body_limit(const AnnotationMap& annotations, std::string_view key,
                     std::uint64_t& bytes_max, Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return;
  const auto size = read_size(found->value);
  if (size && *size > 0 && *size <= proxy::config::kInspectedBytesMax) {
    bytes_max = *size;
  } else {
    add_bad(*found, "a size from 1 to 8m", issues);
  }
}

// Nothing: it says nothing that can be read.
std::optional<bool> read_passes(const AnnotationMap& annotations, std::string_view key,
                                Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return std::nullopt;
  if (is_same_word(found->value, "pass")) return true;
  if (is_same_word(found->value, "refuse")) return false;
  add_bad(*found, "refuse or pass", issues);
  return std::nullopt;
}

// ---- Responses

// In lower case and without parameters (RFC 9110 §8.3.1), and nothing that is read as it comes.
bool is_type_to_inspect(std::string_view type) {
  static constexpr std::string_view kMarks = "!#$&^_.+-";  // RFC 6838 §4.2
  const auto is_name = [](std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             kMarks.find(c) != std::string_view::npos;
    });
  };
  const std::size_t slash = type.find('/');
  if (slash == std::string_view::npos) return false;
  return is_name(type.substr(0, slash)) && is_name(type.substr(slash + 1)) &&
         !proxy::config::is_stream_type(type);
}

void read_types(const AnnotationMap& annotations, std::string& types, Issues& issues) {
  constexpr std::string_view kBetween = ", \t\r\n";
  const auto found = find(annotations, "firewall-response-body-types");
  if (!found) return;
  const std::string text = base::in_lower_case(found->value);
  std::set<std::string> all;  // two that say the same are to be the same
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
    if (end > begin) all.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const std::string& type : all) types += (types.empty() ? "" : " ") + type;
  const bool can_be_read = !all.empty() && std::all_of(all.begin(), all.end(), is_type_to_inspect);
  if (can_be_read && types.size() <= proxy::config::kInspectedTypesBytesMax) return;
  types.clear();
  add_bad(*found,
          "media types by commas, such as text/html, application/json, without parameters and " +
              std::to_string(proxy::config::kInspectedTypesBytesMax) +
              " bytes together at most; text/event-stream, multipart/x-mixed-replace and "
              "application/grpc are streams, which are never held back",
          issues);
}

// A number of 0 is a setting like another.
bool asks_for_none(std::string_view key, std::string_view value) {
  const bool is_off = read_bool(value) == false && !is_zero(value);
  return is_off || asks_for_nothing(look_up(key), value);
}

// Settings of what nothing asks for: whoever wrote them believes that they guard something.
// `is_switched_here`: the Ingress itself says that it wants none of it, and what its class says of
// that it need not answer for.
void judge_settings_of_nothing(const AnnotationMap& annotations,
                               std::span<const std::string_view> settings, bool is_switched_here,
                               const std::string& problem, const std::string& remedy,
                               Issues& issues) {
  for (const std::string_view key : settings) {
    const auto found = is_switched_here ? find_said(annotations, key) : find(annotations, key);
    if (!found || asks_for_none(key, found->value)) continue;
    issues.push_back({Issue::Effect::guards, found->name, problem, remedy});
  }
}

// Nothing: they pass as they are.
std::optional<ResponseInspection> read_responses(const AnnotationMap& annotations,
                                                 bool has_core_rules, Issues& issues) {
  const auto found = find(annotations, kResponses);
  const auto is_on = read_switch(annotations, kResponses, issues);
  if (found && !is_on) return std::nullopt;  // which is told
  if (!found || !*is_on) {
    judge_settings_of_nothing(
        annotations, kResponseSettings, find_said(annotations, kResponses).has_value(),
        "is about an inspection of responses that nothing asks for",
        "Write gatehouse.dev/firewall-response-body-access: true, too, or remove it.", issues);
    return std::nullopt;
  }
  if (!has_core_rules) {
    issues.push_back({Issue::Effect::guards, found->name, "has no rules to compare responses with",
                      "Remove enable-owasp-core-rules: false, or this one."});
  }
  ResponseInspection responses;
  read_number(annotations, "firewall-response-anomaly-threshold",
              proxy::config::kAnomalyThresholdMax, responses.anomaly_threshold, issues);
  read_body_limit(annotations, "firewall-response-body-limit", responses.body_bytes_max, issues);
  responses.refuses_larger =
      read_passes(annotations, "firewall-response-body-limit-action", issues) == false;
  read_types(annotations, responses.types, issues);
  return responses;
}

// What ModSecurity calls a request in its own log, of which there is none here.
void judge_transaction_id(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "modsecurity-transaction-id");
  if (!found || is_same_word(found->value, "$request_id") ||
      is_same_word(found->value, "$req_id")) {
    return;
  }
  issues.push_back({Issue::Effect::tunes, found->name,
                    "names requests in a log that is not written",
                    "The access log has request_id beside the rules that matched."});
}

void judge_settings_without_firewall(const AnnotationMap& annotations, Issues& issues) {
  if (find(annotations, kMode) || find(annotations, "enable-modsecurity")) return;
  const bool is_switched_here = find_said(annotations, "enable-owasp-core-rules") ||
                                find_said(annotations, "enable-owasp-modsecurity-crs");
  judge_settings_of_nothing(annotations, kSettings, is_switched_here,
                            "is about a firewall that nothing asks for",
                            "Write gatehouse.dev/firewall-mode: block, too, or remove it.", issues);
}

}  // namespace

std::optional<Firewall> read_firewall(const AnnotationMap& annotations, Issues& issues) {
  judge_transaction_id(annotations, issues);
  const auto mode = read_mode(annotations, issues);
  if (!mode) {
    judge_settings_without_firewall(annotations, issues);
    return std::nullopt;
  }
  Issues said_already;
  Firewall firewall;
  firewall.mode = *mode;
  firewall.core_rules = read_switch(annotations, "enable-owasp-core-rules", said_already) != false;
  read_number(annotations, "firewall-paranoia-level", proxy::config::kParanoiaLevelMax,
              firewall.paranoia_level, issues);
  read_number(annotations, "firewall-anomaly-threshold", proxy::config::kAnomalyThresholdMax,
              firewall.anomaly_threshold, issues);
  read_excluded(annotations, firewall.excluded_rules, issues);
  read_body_limit(annotations, "firewall-request-body-limit", firewall.body_bytes_max, issues);
  firewall.passes_uninspected = read_passes(annotations, "firewall-uninspected", issues) == true;
  firewall.responses = read_responses(annotations, firewall.core_rules, issues);
  return firewall;
}

}  // namespace ingress::annotations
