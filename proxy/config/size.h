#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/config/model.h"

namespace proxy::config {

// What values take of a document at most: the limits of a document (limits.h) are in these.
struct Size {
  std::uint64_t values = 0;  // of JSON
  std::uint64_t bytes = 0;

  Size& operator+=(const Size& more) {
    values += more.values;
    bytes += more.bytes;
    return *this;
  }
  friend Size operator*(Size size, std::uint64_t times) {
    return {size.values * times, size.bytes * times};
  }
};

// Of an entry, without its key. By the list of fields, so a field that is added is counted.
Size size_of(const Cluster& cluster);
Size size_of(const VirtualHost& host);
Size size_of(const ChallengeAnswer& answer);
Size size_of(const Guards& guards);
Size size_of(const Shape& shape);
// Within the object of a route: what it says beside its match, path and action.
Size size_of(const Policies& policies);
Size size_of(const Redirection& redirection);
Size size_of(const FixedAnswer& answer);
Size size_of(const Split& split);
Size size_of(const Endpoint& endpoint);
// Of text that stands as a value, or as a key.
Size size_of_text(std::string_view text);

}  // namespace proxy::config
