#include "operator/ingress/annotations/access_log.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

bool read_enable_access_log(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "enable-access-log");
  if (!found) return true;
  const auto value = read_bool(found->value);
  if (!value) issues.push_back(bad_value(*found, "true or false", Issue::Effect::tunes));
  return value.value_or(true);
}

}  // namespace ingress::annotations
