#include "proxy/client/forwarded.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "proxy/client/port_text.h"

namespace proxy::client {
namespace {

using http::Field;
using http::FieldId;
using http::trimmed;

// What one proxy said; of Forwarded one element, of X-Forwarded-For one entry.
struct Element {
  std::string_view node{};
  std::string_view scheme{};
  std::string_view host{};
};

// The last ones of a list, which are the only ones that can count.
class LastElements {
 public:
  static constexpr std::size_t kMax = Told::kHopsMax;

  void push_back(const Element& element) { ring_[count_++ % kMax] = element; }
  std::size_t size() const { return std::min(count_, kMax); }
  // 0 is the last one.
  const Element& from_right(std::size_t i) const { return ring_[(count_ - 1 - i) % kMax]; }

 private:
  std::array<Element, kMax> ring_;
  std::size_t count_ = 0;
};

// "a, b, c" over all fields with this id, the entry at this place from the right, or the leftmost
// when there are fewer: proxies that replace what they got leave one.
std::string_view entry_from_right(const std::vector<Field>& fields, FieldId id, std::size_t place) {
  std::string_view found;
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (field->id != id) continue;
    std::string_view rest = field->value;
    for (;;) {
      const std::size_t comma = rest.rfind(',');
      found = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
      if (place-- == 0) return found;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
  return found;
}

// An address, with or without a port: "203.0.113.9:4711", "[2001:db8::1]:80", "2001:db8::1".
std::optional<config::IpAddress> address_of(std::string_view node) {
  if (node.starts_with('[')) {
    const std::size_t bracket = node.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::string_view rest = node.substr(bracket + 1);
    const std::string_view literal = node.substr(1, bracket - 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    if (literal.find(':') == std::string_view::npos) return std::nullopt;
    return config::IpAddress::parse(literal);
  }
  const std::size_t colon = node.find(':');
  const bool has_port = colon != std::string_view::npos && node.rfind(':') == colon;
  return config::IpAddress::parse(has_port ? node.substr(0, colon) : node);
}

// Traefik says "ws" and "wss" of an upgrade to WebSocket.
std::string_view scheme_of(std::string_view text) {
  if (http::equals_ignoring_case(text, "https") || http::equals_ignoring_case(text, "wss")) {
    return "https";
  }
  if (http::equals_ignoring_case(text, "http") || http::equals_ignoring_case(text, "ws")) {
    return "http";
  }
  return {};
}

std::string_view host_of(std::string_view text) {
  return http::is_valid_authority(text) ? text : std::string_view();
}

bool has(const std::vector<Field>& fields, FieldId id) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.id == id; });
}

// Takes one value, a token or a quoted string without escapes: addresses, hosts and schemes need
// none. Nothing: it is neither.
std::optional<std::string_view> take_value(std::string_view& rest) {
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find_first_of("\"\\", 1);
    if (end == std::string_view::npos || rest[end] != '"') return std::nullopt;
    const std::string_view value = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return value;
  }
  const std::size_t end = std::min(rest.find_first_of(";,\" \t"), rest.size());
  const std::string_view value = rest.substr(0, end);
  rest.remove_prefix(end);
  return value;
}

// RFC 7239 §4. Of a field that cannot be read nothing counts, and nothing that stands left of it.
void read_elements(std::string_view rest, LastElements& out) {
  Element element;
  for (;;) {
    rest = trimmed(rest);
    const std::size_t equals = rest.find_first_of("=;,");
    if (equals != std::string_view::npos && rest[equals] == '=') {
      const std::string_view name = rest.substr(0, equals);
      rest.remove_prefix(equals + 1);
      const auto value = take_value(rest);
      if (!value) break;
      if (http::equals_ignoring_case(name, "for")) element.node = *value;
      if (http::equals_ignoring_case(name, "proto")) element.scheme = scheme_of(*value);
      if (http::equals_ignoring_case(name, "host")) element.host = host_of(*value);
      rest = trimmed(rest);
    }
    if (rest.empty()) {
      out.push_back(element);
      return;
    }
    const char mark = rest.front();
    rest.remove_prefix(1);
    if (mark == ',') {
      out.push_back(std::exchange(element, {}));
    } else if (mark != ';') {
      break;
    }
  }
  out.push_back({});
}

LastElements read_list(const std::vector<Field>& fields, FieldId id) {
  LastElements elements;
  for (const Field& field : fields) {
    if (field.id != id) continue;
    if (id == FieldId::forwarded) {
      read_elements(field.value, elements);
      continue;
    }
    std::string_view rest = field.value;
    for (;;) {
      const std::size_t comma = rest.find(',');
      const std::string_view entry = trimmed(rest.substr(0, comma));
      if (!entry.empty()) elements.push_back({.node = entry});
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return elements;
}

// How many elements say who asked whom, up to the client. `way` from the peer on.
std::size_t walk(const LastElements& elements, const TrustedNetworks& trusted, Told& told) {
  std::size_t taken = 0;
  while (taken < elements.size() && told.way_length < told.way.size()) {
    const auto address = address_of(elements.from_right(taken).node);
    if (!address) break;
    ++taken;
    told.address = *address;
    told.way[told.way_length++] = *address;
    if (!trusted.contains(*address)) break;
  }
  return taken;
}

// The word of who was asked by the client, or else of the next one towards us who said something.
std::string_view said(const LastElements& elements, std::size_t taken,
                      std::string_view Element::*what) {
  if (elements.size() == 0) return {};
  for (std::size_t i = std::max<std::size_t>(taken, 1); i-- > 0;) {
    const std::string_view value = elements.from_right(i).*what;
    if (!value.empty()) return value;
  }
  return {};
}

}  // namespace

void Told::write_way(std::string& out) const {
  out.clear();
  for (std::size_t i = way_length; i-- > 0;) {
    out += way[i].text();
    if (i > 0) out += ", ";
  }
}

Told read_forwarded(const std::vector<Field>& fields, const config::IpAddress& peer,
                    const TrustedNetworks& trusted) {
  Told told;
  told.address = peer;
  told.way[told.way_length++] = peer;
  const bool speaks_x = has(fields, FieldId::x_forwarded_for) ||
                        has(fields, FieldId::x_forwarded_proto) || has(fields, FieldId::x_real_ip);
  if (!speaks_x && has(fields, FieldId::forwarded)) {
    const LastElements elements = read_list(fields, FieldId::forwarded);
    const std::size_t taken = walk(elements, trusted, told);
    told.scheme = said(elements, taken, &Element::scheme);
    told.host = said(elements, taken, &Element::host);
    return told;
  }
  const bool has_list = has(fields, FieldId::x_forwarded_for);
  const LastElements elements =
      read_list(fields, has_list ? FieldId::x_forwarded_for : FieldId::x_real_ip);
  const std::size_t taken = walk(elements, trusted, told);
  const std::size_t place = std::max<std::size_t>(taken, 1) - 1;
  told.scheme = scheme_of(entry_from_right(fields, FieldId::x_forwarded_proto, place));
  told.host = host_of(entry_from_right(fields, FieldId::x_forwarded_host, place));
  const std::string_view port = entry_from_right(fields, FieldId::x_forwarded_port, place);
  if (is_port(port) && port != "0") told.port = port;
  return told;
}

}  // namespace proxy::client
