#include "proxy/policy/response_inspection.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii_text.h"
#include "proxy/config/stream_type.h"
#include "proxy/http/field.h"
#include "proxy/reason/words.h"

namespace proxy::policy {
namespace {

// SecResponseBodyMimeType of ModSecurity's recommended configuration.
constexpr std::string_view kUsualTypes = "text/plain text/html text/xml";

// "Text/HTML; charset=utf-8" is "text/html" (RFC 9110 §8.3.1).
std::string media_type_of(std::string_view value) {
  return base::in_lower_case(http::trimmed(value.substr(0, value.find(';'))));
}

bool is_listed(std::string_view type, std::string_view types) {
  if (types.empty()) types = kUsualTypes;
  for (std::size_t begin = 0; begin < types.size();) {
    const std::size_t end = std::min(types.find(' ', begin), types.size());
    if (types.substr(begin, end - begin) == type) return true;
    begin = end + 1;
  }
  return false;
}

// Of several types it might be any.
bool is_to_be_compared(const http::ResponseHead& head, const config::ResponseInspection& settings) {
  bool says_type = false;
  bool has_listed = false;
  for (const http::Field& field : head.fields) {
    if (!http::equals_ignoring_case(field.name, "content-type")) continue;
    const std::string type = media_type_of(field.value);
    if (config::is_stream_type(type)) return false;
    says_type = says_type || !type.empty();
    has_listed = has_listed || is_listed(type, settings.types);
  }
  return has_listed || !says_type;
}

}  // namespace

std::optional<http::ContentCoding> coding_to_inspect(const http::ResponseHead& head,
                                                     const config::ResponseInspection& settings) {
  const bool has_body =
      head.framing != http::Framing::none && head.framing != http::Framing::tunnel &&
      !(head.framing == http::Framing::length && head.content_length.value_or(0) == 0);
  if (!has_body || !is_to_be_compared(head, settings)) return std::nullopt;
  return http::content_coding_of(head.fields);
}

bool has_to_be_whole(const config::Firewall& settings) {
  return settings.responses->refuses_larger && settings.mode == config::FirewallMode::block;
}

bool is_larger_than_inspected(const http::ResponseHead& head,
                              const config::ResponseInspection& settings) {
  return head.content_length.value_or(0) > settings.body_bytes_max;
}

Verdict verdict_on_response(const Inspection& inspection, const config::Firewall& settings) {
  if (settings.mode == config::FirewallMode::detect) return kPasses;
  if (inspection.is_attack) return {403, reason::firewall_response};
  if (inspection.trouble == reason::firewall_response_too_large) {
    return {502, reason::firewall_response_too_large};
  }
  Verdict verdict = verdict_on(inspection, settings);
  // It is compressed the next time, too.
  if (inspection.trouble == reason::firewall_response_encoded) verdict.retry_after = {};
  return verdict;
}

bool is_stricter_on_responses(const config::Firewall& one, const config::Firewall& other) {
  const auto blocks = [](const config::Firewall& settings) {
    return settings.mode == config::FirewallMode::block;
  };
  if (blocks(one) != blocks(other)) return blocks(one);
  return one.responses->anomaly_threshold < other.responses->anomaly_threshold;
}

}  // namespace proxy::policy
