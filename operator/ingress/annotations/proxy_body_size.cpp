#include "operator/ingress/annotations/proxy_body_size.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::uint64_t read_proxy_body_size(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "proxy-body-size");
  if (!found) return kBodyBytesMaxDefault;
  const auto bytes = read_size(found->value);
  if (bytes && *bytes <= kBodyBytesMaxLargest) return *bytes;
  issues.push_back(bad_value(*found,
                             "a size such as \"8m\", \"512k\" or \"0\" (the limit is 1m now)",
                             Issue::Effect::tunes));
  return kBodyBytesMaxDefault;
}

}  // namespace ingress::annotations
