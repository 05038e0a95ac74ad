#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "base/time_text.h"
#include "base/utf8.h"
#include "proxy/admin/access_log.h"

namespace proxy::admin {
namespace {

bool is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
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
    } else if (const std::size_t bytes = base::utf8_character_bytes(text); bytes != 0) {
      out.append(text.data(), bytes);
      used = bytes;
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

// ---- httpd's formats

void append_hex(unsigned char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  out += kDigits[c >> 4];
  out += kDigits[c & 15];
}

// `ends`: the character that would end the field. An empty one is "-".
void append_field(std::string_view text, char ends, std::string& out) {
  if (text.empty()) out += '-';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == ends || c == '\\') {
      append_hex(byte, out);
    } else {
      out += c;
    }
  }
}

// "[10/Oct/2000:13:55:36 +0000]", formatted once a second.
void append_common_time(base::WallTime time, std::string& out) {
  using std::chrono::seconds;
  thread_local seconds last{-1};
  thread_local std::string last_text;
  const auto whole = std::chrono::floor<seconds>(time.time_since_epoch());
  if (whole != last) {
    last = whole;
    const std::time_t at = whole.count();
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    char text[64];
    last_text.assign(text, std::strftime(text, sizeof(text), "[%d/%b/%Y:%H:%M:%S +0000]", &parts));
  }
  out += last_text;
}

void append_common_line(const AccessRecord& record, bool is_combined, std::string& out) {
  append_field(record.client, ' ', out);
  out += " - ";
  append_field(record.user, ' ', out);
  out += ' ';
  append_common_time(record.time, out);
  out += " \"";
  append_field(record.method, '"', out);
  out += ' ';
  append_field(record.path, '"', out);
  out += ' ';
  append_field(record.protocol, '"', out);
  if (record.status > 0) {
    append_number("\" ", static_cast<std::uint64_t>(record.status), out);
  } else {
    out += "\" -";
  }
  append_number(" ", record.response_bytes, out);
  if (is_combined) {
    out += " \"";
    append_field(record.referer, '"', out);
    out += "\" \"";
    append_field(record.user_agent, '"', out);
    out += '"';
  }
  out += '\n';
}

}  // namespace

void append_access_line(const AccessRecord& record, std::string& out,
                        const config::LineForm& form) {
  using enum config::LogField;
  if (form.format() != config::LogFormat::json) {
    return append_common_line(record, form.format() == config::LogFormat::combined, out);
  }
  const auto add = [&](config::LogField field, auto append, std::string_view name_and_colon,
                       const auto& value) {
    if (form.has(field)) append(name_and_colon, value, out);
  };
  const auto add_if_said = [&](config::LogField field, std::string_view name_and_colon,
                               std::string_view value) {
    if (!value.empty()) add(field, append_text, name_and_colon, value);
  };
  append_time(record.time, out);
  add(client, append_text, ",\"client\":", record.client);
  add(host, append_text, ",\"host\":", record.host);
  add(method, append_text, ",\"method\":", record.method);
  add(path, append_text, ",\"path\":", record.path);
  add(protocol, append_text, ",\"protocol\":", record.protocol);
  add(status, append_number,
      ",\"status\":", static_cast<std::uint64_t>(std::max(record.status, 0)));
  add(request_bytes, append_number, ",\"request_bytes\":", record.request_bytes);
  add(response_bytes, append_number, ",\"response_bytes\":", record.response_bytes);
  add(duration, append_duration, ",\"duration_ms\":", record.duration);
  add_if_said(upstream, ",\"upstream\":", record.upstream);
  if (record.upstream_time) {
    add(upstream_time, append_duration, ",\"upstream_ms\":", *record.upstream_time);
  }
  add_if_said(reason, ",\"reason\":", record.reason);
  add(request_id, append_text, ",\"request_id\":", record.request_id);
  add_if_said(trace_id, ",\"trace_id\":", record.trace_id);
  add_if_said(tls, ",\"tls\":", record.tls_version);
  add_if_said(user, ",\"user\":", record.user);
  add_if_said(firewall, ",\"firewall\":", record.firewall);
  if (!record.firewall_rules.empty() && form.has(firewall_rules)) {
    out.append(",\"firewall_rules\":[").append(record.firewall_rules).append("]");
  }
  add_if_said(referer, ",\"referer\":", record.referer);
  add_if_said(user_agent, ",\"user_agent\":", record.user_agent);
  out += "}\n";
}

}  // namespace proxy::admin
