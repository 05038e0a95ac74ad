#include "operator/ingress/annotations/proxy_body_size.h"

#include <algorithm>
#include <string>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::uint64_t read_proxy_body_size(const AnnotationMap& annotations, Issues& issues,
                                   std::uint64_t by_default) {
  const auto found = find(annotations, "proxy-body-size");
  if (!found) return by_default;
  const auto bytes = read_size(found->value);
  if (bytes && *bytes <= kBodyBytesMaxLargest) return *bytes;
  // The default of a class may be looser than what its author wants, who has no say in it.
  const std::uint64_t limit =
      by_default == 0 ? kBodyBytesMaxDefault : std::min(by_default, kBodyBytesMaxDefault);
  const std::string now = limit == kBodyBytesMaxDefault ? "1m" : std::to_string(limit) + " bytes";
  issues.push_back(
      bad_value(*found, "a size such as \"8m\", \"512k\" or \"0\" (the limit is " + now + " now)",
                Issue::Effect::tunes));
  return limit;
}

}  // namespace ingress::annotations
