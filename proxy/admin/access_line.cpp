#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time_text.h"
#include "proxy/admin/access_log.h"

namespace proxy::admin {
namespace {

bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// The length of the UTF-8 sequence at the front (RFC 3629 §4), or 0 when there is none.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                             : first >= 0xe0 && first <= 0xef ? 3
                             : first >= 0xf0 && first <= 0xf4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong_or_beyond = (first == 0xe0 && byte(1) < 0xa0) ||  // overlong
                                  (first == 0xed && byte(1) > 0x9f) ||  // surrogates
                                  (first == 0xf0 && byte(1) < 0x90) ||  // overlong
                                  (first == 0xf4 && byte(1) > 0x8f);    // above U+10FFFF
  return overlong_or_beyond ? 0 : length;
}

void append_escaped(std::string_view text, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) ++plain;
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) return;

    const auto c = static_cast<unsigned char>(text.front());
    std::size_t used = 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x80) {
      out += "\\u00";
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    } else if (const std::size_t sequence = utf8_sequence(text); sequence != 0) {
      out.append(text.data(), sequence);
      used = sequence;
    } else {
      out += "\\ufffd";
    }
    text.remove_prefix(used);
  }
}

void append_text(std::string_view name_and_colon, std::string_view value, std::string& out) {
  out += name_and_colon;
  out += '"';
  append_escaped(value, out);
  out += '"';
}

void append_number(std::string_view name_and_colon, std::uint64_t value, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out += name_and_colon;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Milliseconds with three decimals.
void append_duration(std::string_view name_and_colon, std::chrono::microseconds duration,
                     std::string& out) {
  const auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  append_number(name_and_colon, micros / 1000, out);
  const auto rest = static_cast<unsigned>(micros % 1000);
  out += '.';
  out += static_cast<char>('0' + rest / 100);
  out += static_cast<char>('0' + rest / 10 % 10);
  out += static_cast<char>('0' + rest % 10);
}

// RFC 3339 with milliseconds. The date is formatted once a second, not once a request.
void append_time(base::WallTime time, std::string& out) {
  using std::chrono::seconds;
  thread_local seconds last{-1};
  thread_local std::string last_text;
  const auto since = time.time_since_epoch();
  const auto whole = std::chrono::floor<seconds>(since);
  if (whole != last) {
    last = whole;
    last_text = base::to_rfc3339(base::WallTime(whole));
    last_text.pop_back();  // "Z"
  }
  const auto millis = static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since - whole).count());
  out += "{\"time\":\"";
  out += last_text;
  out += '.';
  out += static_cast<char>('0' + millis / 100);
  out += static_cast<char>('0' + millis / 10 % 10);
  out += static_cast<char>('0' + millis % 10);
  out += "Z\"";
}

}  // namespace

void append_access_line(const AccessRecord& record, std::string& out) {
  append_time(record.time, out);
  append_text(",\"client\":", record.client, out);
  append_text(",\"host\":", record.host, out);
  append_text(",\"method\":", record.method, out);
  append_text(",\"path\":", record.path, out);
  append_text(",\"protocol\":", record.protocol, out);
  append_number(",\"status\":", static_cast<std::uint64_t>(std::max(record.status, 0)), out);
  append_number(",\"request_bytes\":", record.request_bytes, out);
  append_number(",\"response_bytes\":", record.response_bytes, out);
  append_duration(",\"duration_ms\":", record.duration, out);
  if (!record.upstream.empty()) append_text(",\"upstream\":", record.upstream, out);
  if (record.upstream_time) append_duration(",\"upstream_ms\":", *record.upstream_time, out);
  if (!record.reason.empty()) append_text(",\"reason\":", record.reason, out);
  append_text(",\"request_id\":", record.request_id, out);
  if (!record.trace_id.empty()) append_text(",\"trace_id\":", record.trace_id, out);
  if (!record.tls_version.empty()) append_text(",\"tls\":", record.tls_version, out);
  if (!record.user.empty()) append_text(",\"user\":", record.user, out);
  if (!record.firewall.empty()) append_text(",\"firewall\":", record.firewall, out);
  if (!record.firewall_rules.empty()) {
    out.append(",\"firewall_rules\":[").append(record.firewall_rules).append("]");
  }
  out += "}\n";
}

}  // namespace proxy::admin
