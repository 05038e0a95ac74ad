#include "acme/order_check.h"

#include <algorithm>

#include "acme/text.h"
#include "base/ip_text.h"

namespace acme {
namespace {

std::vector<Identifier> canonical(const std::vector<Identifier>& identifiers) {
  std::vector<Identifier> all;
  all.reserve(identifiers.size());
  for (const Identifier& one : identifiers) all.push_back(canonical(one));
  std::sort(all.begin(), all.end());
  return all;
}

base::Status refuse(const Authorization& authorization, const std::string& why) {
  return base::failure(base::ErrorKind::protocol,
                       "the server's authorization for \"" +
                           one_line(authorization.identifier.value, 253) + "\" " + why);
}

}  // namespace

// DNS names differ in case alone (RFC 4343), addresses in their spelling (RFC 8738 §3 wants RFC
// 5952's).
Identifier canonical(Identifier identifier) {
  if (identifier.type == "ip") {
    if (const auto bytes = base::ip_bytes_from_text(identifier.value)) {
      identifier.value = base::ip_text_from_bytes(*bytes).value_or(identifier.value);
    }
  }
  for (char& c : identifier.value) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return identifier;
}

bool are_same_names(const std::vector<Identifier>& left, const std::vector<Identifier>& right) {
  return canonical(left) == canonical(right);
}

base::Status check_authorizations(const Order& order,
                                  const std::vector<Authorization>& authorizations) {
  std::vector<Identifier> left = canonical(order.identifiers);  // not yet seen
  const std::vector<Identifier> all = left;
  for (const Authorization& authorization : authorizations) {
    Identifier identifier = canonical(authorization.identifier);
    if (authorization.is_wildcard) identifier.value.insert(0, "*.");  // §7.1.4
    const auto place = std::find(left.begin(), left.end(), identifier);
    if (place != left.end()) {
      left.erase(place);
    } else if (std::binary_search(all.begin(), all.end(), identifier)) {
      return refuse(authorization, "is there twice");
    } else {
      return refuse(authorization, "is for a name that the order was not placed for");
    }
  }
  return {};
}

}  // namespace acme
