#include "operator/ingress/annotations/proxy_request_buffering.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::optional<bool> read_proxy_request_buffering(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "proxy-request-buffering");
  if (!found) return std::nullopt;
  if (found->value == "on") return true;
  if (found->value == "off") return false;
  const auto value = read_bool(found->value);
  if (!value) issues.push_back(bad_value(*found, "\"on\" or \"off\"", Issue::Effect::tunes));
  return value;
}

}  // namespace ingress::annotations
