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
};

// Their names in JSON.
inline constexpr std::array<std::string_view, 18> kLogFields = {
    "client",        "host",           "method",      "path",     "protocol",    "status",
    "request_bytes", "response_bytes", "duration_ms", "upstream", "upstream_ms", "reason",
    "request_id",    "trace_id",       "tls",         "user",     "firewall",    "firewall_rules"};

// AccessLine, made ready. A value, and cheap to copy.
class LineForm {
 public:
  LineForm() = default;  // all that there is, as JSON
  // What is named and not known here is no field.
  explicit LineForm(const AccessLine& line) : is_common_(line.format == LogFormat::common) {
    if (line.fields.empty()) return;
    fields_ = 0;
    for (const LoggedField& field : line.fields) {
      const auto* const at = std::find(kLogFields.begin(), kLogFields.end(), field.name);
      if (at == kLogFields.end()) continue;
      fields_ |= std::uint32_t{1} << static_cast<std::size_t>(at - kLogFields.begin());
    }
  }

  bool is_common() const { return is_common_; }
  bool has(LogField field) const { return ((fields_ >> static_cast<unsigned>(field)) & 1) != 0; }

 private:
  bool is_common_ = false;
  std::uint32_t fields_ = ~std::uint32_t{0};
};

}  // namespace proxy::config
