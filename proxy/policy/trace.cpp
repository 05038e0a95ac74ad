#include "proxy/policy/trace.h"

#include <algorithm>

namespace proxy::policy {
namespace {

// "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
constexpr std::size_t kVersionEnd = 2;
constexpr std::size_t kTraceBegin = 3;
constexpr std::size_t kTraceEnd = 35;
constexpr std::size_t kParentBegin = 36;
constexpr std::size_t kParentEnd = 52;
constexpr std::size_t kFlagsBegin = 53;
constexpr std::size_t kFlagsEnd = 55;

// Upper case is not allowed (§3.2.2.2).
bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

void append_hex(std::uint64_t number, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr unsigned kBitsPerDigit = 4;
  for (unsigned shift = 64; shift > 0; shift -= kBitsPerDigit) {
    out.push_back(kDigits[(number >> (shift - kBitsPerDigit)) & 0xf]);
  }
}

bool is_traceparent(std::string_view name) {
  return http::equals_ignoring_case(name, "traceparent");
}

// Of two digits of flags: the lowest bit (§3.2.2.3.1).
bool is_sampled(std::string_view flags) {
  const char low = flags.back();
  return (low <= '9' ? low - '0' : low - 'a' + 10) % 2 == 1;
}

}  // namespace

Traceparent read_traceparent(std::string_view value) {
  if (value.size() < kFlagsEnd) return {};
  const std::string_view version = value.substr(0, kVersionEnd);
  const std::string_view trace = value.substr(kTraceBegin, kTraceEnd - kTraceBegin);
  const std::string_view parent = value.substr(kParentBegin, kParentEnd - kParentBegin);
  const std::string_view flags = value.substr(kFlagsBegin, kFlagsEnd - kFlagsBegin);
  const bool has_dashes =
      value[kVersionEnd] == '-' && value[kTraceEnd] == '-' && value[kParentEnd] == '-';
  const bool is_well_formed =
      has_dashes && is_hex(version) && is_hex(trace) && is_hex(parent) && is_hex(flags);
  if (!is_well_formed || version == "ff" || is_zero(trace) || is_zero(parent)) return {};
  // A later version may have more behind a dash; this one has not (§3.2.4).
  const std::string_view rest = value.substr(kFlagsEnd);
  if (!rest.empty() && (version == "00" || rest.front() != '-')) return {};
  return {.trace_id = trace, .parent_id = parent, .is_sampled = is_sampled(flags)};
}

Traceparent read_traceparent(const std::vector<http::Field>& fields) {
  std::string_view value;
  unsigned count = 0;
  for (const http::Field& field : fields) {
    if (field.dropped || !is_traceparent(field.name)) continue;
    value = field.value;
    ++count;
  }
  return count == 1 ? read_traceparent(value) : Traceparent();
}

std::string new_traceparent(std::uint64_t high, std::uint64_t low, std::uint64_t parent) {
  std::string text = "00-";
  append_hex(high, text);
  append_hex(low == 0 ? 1 : low, text);
  text += '-';
  append_hex(parent == 0 ? 1 : parent, text);
  text += "-01";
  return text;
}

std::string child_traceparent(const Traceparent& parent, std::uint64_t span) {
  std::string text = "00-";
  text.append(parent.trace_id) += '-';
  append_hex(span == 0 ? 1 : span, text);
  text += parent.is_sampled ? "-01" : "-00";
  return text;
}

void forget_trace(std::vector<http::Field>& fields) {
  for (http::Field& field : fields) {
    if (is_traceparent(field.name) || http::equals_ignoring_case(field.name, "tracestate")) {
      field.dropped = true;
    }
  }
}

void forget_traceparent(std::vector<http::Field>& fields) {
  for (http::Field& field : fields) {
    if (is_traceparent(field.name)) field.dropped = true;
  }
}

}  // namespace proxy::policy
