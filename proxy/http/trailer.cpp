#include "proxy/http/trailer.h"

#include <algorithm>
#include <array>

namespace proxy::http {
namespace {

// RFC 9110 §6.5.1, and what browsers and applications go by. What field_id() knows is not in it:
// all of that is framing, for one hop, about the client, or written by us.
constexpr std::array kNeverTrailing = {
    // What is wanted, and under which conditions (§12.5, §13.1).
    "accept", "accept-charset", "accept-encoding", "accept-language", "if-match", "if-none-match",
    "if-modified-since", "if-unmodified-since", "if-range", "range", "max-forwards", "early-data",
    // Who asks, and from where.
    "authorization", "cookie", "cookie2", "origin", "referer", "user-agent", "from", "via",
    "traceparent", "tracestate", "baggage",
    // What another method or header would be.
    "x-http-method", "x-http-method-override", "x-method-override", "x-csrf-token",
    "x-requested-with",
    // What the content is (§8).
    "content-type", "content-encoding", "content-language", "content-location", "content-range",
    "content-disposition",
    // What a response says of itself, and what a client is to do.
    "age", "allow", "cache-control", "pragma", "expires", "vary", "warning", "location", "refresh",
    "retry-after", "set-cookie", "set-cookie2", "www-authenticate", "accept-ranges", "alt-svc",
    "clear-site-data", "content-security-policy", "content-security-policy-report-only",
    "strict-transport-security", "referrer-policy", "permissions-policy", "x-frame-options",
    "x-content-type-options", "x-xss-protection"};

constexpr std::array<std::string_view, 2> kFamilies = {"access-control-", "sec-"};

}  // namespace

void read_trailer(std::string_view lines, std::vector<Field>& fields) {
  constexpr std::string_view kLineEnd = "\r\n";
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find(kLineEnd));
    lines.remove_prefix(std::min(lines.size(), line.size() + kLineEnd.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    Field field{.name = trimmed(line.substr(0, colon)), .value = trimmed(line.substr(colon + 1))};
    field.id = field_id(field.name);
    fields.push_back(field);
  }
}

bool may_trail(const Field& field) {
  if (field.id != FieldId::other || field.dropped || field.name.empty()) return false;
  if (is_disguised_framing(field.name)) return false;
  const auto is_field = [&](std::string_view name) { return is_same_to_cgi(field.name, name); };
  const auto begins = [&](std::string_view family) {
    return is_same_to_cgi(field.name.substr(0, family.size()), family);
  };
  return std::none_of(kNeverTrailing.begin(), kNeverTrailing.end(), is_field) &&
         std::none_of(kFamilies.begin(), kFamilies.end(), begins);
}

void keep_what_may_trail(std::vector<Field>& fields) {
  std::erase_if(fields, [](const Field& field) { return !may_trail(field); });
}

void write_trailer(const std::vector<Field>& fields, std::string& lines) {
  for (const Field& field : fields) {
    lines.append(field.name).append(": ").append(field.value).append("\r\n");
  }
}

// A list of codings, each with its weight; the one word among them has none.
bool takes_trailers(std::string_view te) {
  while (!te.empty()) {
    const std::size_t comma = std::min(te.find(','), te.size());
    if (equals_ignoring_case(trimmed(te.substr(0, comma)), "trailers")) return true;
    te.remove_prefix(std::min(te.size(), comma + 1));
  }
  return false;
}

}  // namespace proxy::http
