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

#ifdef __SSE2__
// Where the first of sixteen bytes is that is not marked; 16: all are.
unsigned first_unmarked(__m128i marks) {
  const unsigned unmarked = static_cast<unsigned>(_mm_movemask_epi8(marks)) ^ 0xffffu;
  return static_cast<unsigned>(__builtin_ctz(unmarked | 0x10000u));
}

__m128i marked_values(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i not_control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, _mm_set1_epi8(' ')), bytes);
  return _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\x7f')),
                          _mm_or_si128(not_control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'))));
}

// Letters, digits and hyphens: what most names are made of.
__m128i marked_name_bytes(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const auto is_up_to = [](__m128i distance, char most) {
    return _mm_cmpeq_epi8(_mm_min_epu8(distance, _mm_set1_epi8(most)), distance);
  };
  const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i letters = is_up_to(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 'z' - 'a');
  const __m128i digits = is_up_to(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
  return _mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
}
#endif

// A line ends with its CR, at `end`: no loop over what has no CR goes beyond it.

// The first byte from p on that no token has.
const char* end_of_token(const char* p, [[maybe_unused]] const char* end) {
#ifdef __SSE2__
  if (end - p >= 16) p += first_unmarked(marked_name_bytes(p));  // few names are longer
#endif
  while (is_in_class(*p, kToken)) ++p;
  return p;
}

// The first byte from p on that cannot stand in a field value. What lies before p, from `begin` on,
// can.
const char* end_of_value([[maybe_unused]] const char* begin, const char* p,
                         [[maybe_unused]] const char* end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    const unsigned length = first_unmarked(marked_values(p));
    if (length < 16) return p + length;
  }
  // The rest, and as much of what lies before as makes sixteen.
  if (end - begin >= 16) return end - 16 + first_unmarked(marked_values(end - 16));
#endif
  while (is_in_class(*p, kFieldValue)) ++p;
  return p;
}

// Of the line that begins at `begin` what lies from p on; all before can stand in a value. A part
// of each of its callers: every line of every head comes here.
[[gnu::always_inline]] inline Failure read_value(const char* begin, const char* p, const char* end,
                                                 std::string_view& value) {
  while (is_blank(*p)) ++p;
  const char* const value_end = end_of_value(begin, p, end);
  if (value_end != end) {
    return *value_end == '\r' ? Failure::bad_line_ending : Failure::bad_field_value;
  }
  const char* last = end;
  if (p != end) {  // else nothing is no blank
    while (is_blank(last[-1])) --last;
  }
  value = {p, static_cast<std::size_t>(last - p)};
  return Failure::none;
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
  if (line.empty() || line.back() != '\r') return Failure::bad_line_ending;
  const char* const begin = line.data();
  const char* const end = begin + line.size() - 1;

  // A line that starts with whitespace would be an obs-fold (RFC 9112 §5.2), which is no token.
  const char* p = end_of_token(begin, end);
  const std::string_view name(begin, static_cast<std::size_t>(p - begin));
  if (before_colon == BeforeColon::blanks) {
    while (is_blank(*p)) ++p;
  }
  if (name.empty() || *p != ':') return Failure::bad_field_name;

  field.name = name;
  field.id = field_id(name);
  field.dropped = false;
  return read_value(begin, p + 1, end, field.value);
}

Failure parse_field_value(std::string_view line, std::string_view& value) {
  if (line.empty() || line.back() != '\r') return Failure::bad_line_ending;
  return read_value(line.data(), line.data(), line.data() + line.size() - 1, value);
}

Failure take_content_length(std::string_view value, std::optional<std::uint64_t>& length) {
  const auto take = [&length](std::optional<std::uint64_t> number) {
    if (!number) return Failure::bad_content_length;
    if (length && *length != *number) return Failure::duplicate_content_length;
    length = number;
    return Failure::none;
  };
  // Nearly all are no list.
  if (const auto number = parse_number(value)) return take(number);
  for (;;) {
    const std::size_t comma = value.find(',');
    const Failure failure = take(parse_number(trimmed(value.substr(0, comma))));
    if (failure != Failure::none || comma == std::string_view::npos) return failure;
    value.remove_prefix(comma + 1);
  }
}

bool read_connection(std::string_view value, ConnectionOptions& options) {
  const auto take = [&options](std::string_view token) {
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
  };
  // Nearly all are one of these alone.
  if (value == "keep-alive" || value == "close") {
    take(value);
  } else if (!for_each_token(value, take)) {
    return false;
  }
  return options.count <= kConnectionOptionsMax;
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
