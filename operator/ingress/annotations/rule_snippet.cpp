#include "operator/ingress/annotations/rule_snippet.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

using Words = std::vector<std::string>;

std::string instead_of_text(const std::set<std::string_view>& keys) {
  std::string text = "Configuration text is never taken from annotations; write what it says in ";
  std::size_t left = keys.size();
  for (const std::string_view key : keys) {
    text.append("gatehouse.dev/").append(key);
    --left;
    text += left == 0 ? "" : left == 1 ? " and " : ", ";
  }
  return text += ", and remove it, to have it served.";
}

// ModSecurity's syntax as far as one directive a line has it. A line that ends in "\\" goes on.
std::vector<Words> read_rule_lines(std::string_view text) {
  std::vector<Words> lines;
  Words words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) continue;
    const bool goes_on = line.ends_with('\\');
    if (goes_on) line.remove_suffix(1);
    for (std::size_t begin = 0; begin < line.size();) {
      const std::size_t space = std::min(line.find_first_of(" \t\"'", begin), line.size());
      if (space > begin) words.emplace_back(line.substr(begin, space - begin));
      begin = space + 1;
    }
    if (goes_on || words.empty()) continue;
    lines.push_back(std::exchange(words, {}));
  }
  if (!words.empty()) lines.push_back(std::move(words));
  return lines;
}

// Whether some word of a directive has this in it.
bool mentions(const Words& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(), [text](const std::string& word) {
    return word.find(text) != std::string::npos;
  });
}

// Nothing: there is no such key. Empty: there is nothing to write, since it is so or of no use.
std::optional<std::string_view> key_of_rule_line(const Words& words) {
  struct Known {
    std::string_view directive;
    std::string_view key;
  };
  constexpr std::string_view kResponses = "firewall-response-body-access";
  constexpr std::array<Known, 18> kKnown = {
      {{"SecRuleEngine", "firewall-mode"},
       {"SecRuleRemoveById", "firewall-excluded-rules"},
       {"SecRequestBodyLimit", "firewall-request-body-limit"},
       {"SecRequestBodyLimitAction", "firewall-uninspected"},
       {"SecRequestBodyAccess", ""},
       {"SecRequestBodyNoFilesLimit", ""},
       {"SecResponseBodyAccess", kResponses},
       {"SecResponseBodyLimit", "firewall-response-body-limit"},
       {"SecResponseBodyLimitAction", "firewall-response-body-limit-action"},
       {"SecResponseBodyMimeType", "firewall-response-body-types"},
       {"SecAuditEngine", ""},
       {"SecAuditLog", ""},
       {"SecAuditLogParts", ""},
       {"SecAuditLogType", ""},
       {"SecAuditLogFormat", ""},
       {"SecAuditLogRelevantStatus", ""},
       {"SecDebugLog", ""},
       {"SecDebugLogLevel", ""}}};
  if (words.front() == "SecAction") {
    if (mentions(words, "paranoia_level=")) return "firewall-paranoia-level";
    if (mentions(words, "inbound_anomaly_score_threshold=")) return "firewall-anomaly-threshold";
    if (mentions(words, "outbound_anomaly_score_threshold=")) {
      return "firewall-response-anomaly-threshold";
    }
    return std::nullopt;
  }
  if (words.front() == "Include") {
    if (mentions(words, "owasp-modsecurity-crs")) return "enable-owasp-core-rules";
    if (mentions(words, "modsecurity.conf")) return "";
    return std::nullopt;
  }
  const auto* const known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) {
    return is_same_word(one.directive, words.front());
  });
  if (known == kKnown.end()) return std::nullopt;
  return known->key;
}

}  // namespace

std::string typed_keys_for_rules(std::string_view snippet) {
  constexpr std::size_t kBytesMax = 16u << 10;  // nobody writes so much who says so little
  if (snippet.size() > kBytesMax) return {};
  std::set<std::string_view> keys;
  for (const Words& words : read_rule_lines(snippet)) {
    const auto key = key_of_rule_line(words);
    if (!key) return {};
    if (!key->empty()) keys.insert(*key);
  }
  return keys.empty() ? std::string() : instead_of_text(keys);
}

}  // namespace ingress::annotations
