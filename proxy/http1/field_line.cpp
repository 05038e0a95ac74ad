#include "proxy/http1/field_line.h"

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "proxy/http/character_tables.h"

namespace proxy::http1 {
namespace {

using http::all_in_class;
using http::equals_ignoring_case;
using http::Failure;
using http::Field;
using http::field_id;
using http::FieldId;
using http::is_blank;
using http::is_in_class;
using http::kFieldValue;
using http::kToken;
using http::trimmed;

// The first byte that cannot stand in a field value, or end.
const char* end_of_value(const char* p, const char* end) {
#ifdef __SSE2__
  const __m128i space = _mm_set1_epi8(' ');
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8('\x7f');
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i not_control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, space), bytes);
    const __m128i fine = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, del),
                                          _mm_or_si128(not_control, _mm_cmpeq_epi8(bytes, tab)));
    const unsigned wrong = static_cast<unsigned>(_mm_movemask_epi8(fine)) ^ 0xffffu;
    if (wrong != 0) return p + __builtin_ctz(wrong);
  }
#endif
  while (p != end && is_in_class(*p, kFieldValue)) ++p;
  return p;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  // As many zeros in front as a head has room for: they say nothing else to anybody.
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  // 18 digits always fit; nobody has a body of an exabyte.
  if (digits.size() > 18) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

// Calls on_token for each member of a comma-separated list; empty members are skipped (RFC 9110
// §5.6.1.2). False when a member is not a token.
template <class OnToken>
bool for_each_token(std::string_view list, OnToken&& on_token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view token = trimmed(list.substr(0, comma));
    if (!all_in_class(token, kToken)) return false;
    if (!token.empty()) on_token(token);
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
  return true;
}

}  // namespace

Failure parse_field_line(std::string_view line, BeforeColon before_colon, Field& field) {
  const char* p = line.data();
  const char* const end = p + line.size() - 1;
  if (line.empty() || *end != '\r') return Failure::bad_line_ending;

  // A line that starts with whitespace would be an obs-fold (RFC 9112 §5.2), which is no token.
  while (p != end && is_in_class(*p, kToken)) ++p;
  field.name = {line.data(), static_cast<std::size_t>(p - line.data())};
  if (before_colon == BeforeColon::blanks) {
    while (p != end && is_blank(*p)) ++p;
  }
  if (field.name.empty() || p == end || *p != ':') return Failure::bad_field_name;

  ++p;
  field.id = field_id(field.name);
  field.dropped = false;
  return parse_field_value(line.substr(static_cast<std::size_t>(p - line.data())), field.value);
}

Failure parse_field_value(std::string_view line, std::string_view& value) {
  const char* p = line.data();
  const char* const end = p + line.size() - 1;
  if (line.empty() || *end != '\r') return Failure::bad_line_ending;
  while (p != end && is_blank(*p)) ++p;
  const char* const value_end = end_of_value(p, end);
  if (value_end != end) {
    return *value_end == '\r' ? Failure::bad_line_ending : Failure::bad_field_value;
  }
  const char* last = end;
  while (last != p && is_blank(last[-1])) --last;
  value = {p, static_cast<std::size_t>(last - p)};
  return Failure::none;
}

Failure take_content_length(std::string_view value, std::optional<std::uint64_t>& length) {
  for (;;) {
    const std::size_t comma = value.find(',');
    const auto number = parse_number(trimmed(value.substr(0, comma)));
    if (!number) return Failure::bad_content_length;
    if (length && *length != *number) return Failure::duplicate_content_length;
    length = number;
    if (comma == std::string_view::npos) return Failure::none;
    value.remove_prefix(comma + 1);
  }
}

bool read_connection(std::string_view value, ConnectionOptions& options) {
  const bool is_list = for_each_token(value, [&](std::string_view token) {
    if (options.count <= kConnectionOptionsMax) ++options.count;
    if (equals_ignoring_case(token, "close")) {
      options.close = true;
    } else if (equals_ignoring_case(token, "keep-alive")) {
      options.keep_alive = true;
    } else if (equals_ignoring_case(token, "upgrade")) {
      options.upgrade = true;
    } else {
      options.names_fields = true;
    }
  });
  return is_list && options.count <= kConnectionOptionsMax;
}

bool for_each_protocol(std::string_view list,
                       const std::function<void(std::string_view)>& on_protocol) {
  for (int count = 0; !list.empty(); ++count) {
    if (count == kProtocolsMax) return false;
    const std::size_t comma = list.find(',');
    const std::string_view protocol = trimmed(list.substr(0, comma));
    const std::size_t slash = protocol.find('/');
    const std::string_view name = protocol.substr(0, slash);
    if (!all_in_class(name, kToken)) return false;
    if (slash != std::string_view::npos) {
      const std::string_view version = protocol.substr(slash + 1);
      if (name.empty() || version.empty() || !all_in_class(version, kToken)) return false;
    }
    if (!protocol.empty()) on_protocol(protocol);
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
  return true;
}

void drop_named_fields(std::vector<Field>& fields) {
  for (const Field& connection : fields) {
    if (connection.id != FieldId::connection) continue;
    for_each_token(connection.value, [&](std::string_view token) {
      for (Field& field : fields) {
        if (field.id == FieldId::other && equals_ignoring_case(field.name, token)) {
          field.dropped = true;
        }
      }
    });
  }
}

}  // namespace proxy::http1
