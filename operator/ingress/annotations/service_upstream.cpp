#include "operator/ingress/annotations/service_upstream.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

bool read_service_upstream(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "service-upstream");
  if (!found) return false;
  const auto value = read_bool(found->value);
  if (!value) {
    issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
  }
  return value.value_or(false);
}

}  // namespace ingress::annotations
