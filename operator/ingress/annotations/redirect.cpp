#include "operator/ingress/annotations/redirect.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

std::optional<bool> read_flag(const AnnotationMap& annotations, std::string_view key,
                              Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return std::nullopt;
  const auto value = read_bool(found->value);
  if (!value) issues.push_back(bad_value(*found, "\"true\" or \"false\"", Issue::Effect::tunes));
  return value;
}

}  // namespace

Redirect read_redirect(const AnnotationMap& annotations, Issues& issues) {
  return {read_flag(annotations, "ssl-redirect", issues),
          read_flag(annotations, "force-ssl-redirect", issues).value_or(false)};
}

}  // namespace ingress::annotations
