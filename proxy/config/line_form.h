#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/config/model.h"

namespace proxy::config {

// What a line of the access log has beside its time, in the order in which it stands there.
enum class LogField {
  client,
  host,
  method,
  path,
  protocol,
  status,
  request_bytes,
  response_bytes,
  duration,
  upstream,
  upstream_time,
  reason,
  request_id,
  trace_id,
  tls,
  user,
  firewall,
  firewall_rules,
  // What clients say of themselves, of some length.
  referer,
  user_agent,
};

// Their names in JSON.
inline constexpr std::array<std::string_view, 20> kLogFields = {
    "client",      "host",          "method",         "path",        "protocol",
    "status",      "request_bytes", "response_bytes", "duration_ms", "upstream",
    "upstream_ms", "reason",        "request_id",     "trace_id",    "tls",
    "user",        "firewall",      "firewall_rules", "referer",     "user_agent"};

// AccessLine, made ready. A value, and cheap to copy.
class LineForm {
 public:
  LineForm() = default;  // as JSON, without what only who asks for it gets
  // What is named and not known here is no field.
  explicit LineForm(const AccessLine& line) : format_(line.format) {
    if (format_ == LogFormat::combined) fields_ = ~std::uint32_t{0};
    if (line.fields.empty()) return;
    fields_ = 0;
    for (const LoggedField& field : line.fields) {
      const auto* const at = std::find(kLogFields.begin(), kLogFields.end(), field.name);
      if (at == kLogFields.end()) continue;
      fields_ |= std::uint32_t{1} << static_cast<std::size_t>(at - kLogFields.begin());
    }
  }

  LogFormat format() const { return format_; }
  bool has(LogField field) const { return ((fields_ >> static_cast<unsigned>(field)) & 1) != 0; }

 private:
  LogFormat format_ = LogFormat::json;
  std::uint32_t fields_ = (std::uint32_t{1} << static_cast<unsigned>(LogField::referer)) - 1;
};

}  // namespace proxy::config
