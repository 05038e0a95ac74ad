#include "operator/ingress/class_ownership.h"

#include <utility>

namespace ingress {

ClassOwnership::ClassOwnership(
    const std::vector<std::shared_ptr<const kube::IngressClass>>& classes, std::string controller,
    std::string legacy_class)
    : legacy_class_(std::move(legacy_class)) {
  const kube::IngressClass* default_class = nullptr;
  for (const auto& one : classes) {
    ours_by_class_[one->metadata.name] = one->controller == controller;
    if (!one->is_default()) continue;
    // Of several defaults the API server's admission takes the newest, then the first by name.
    const bool newer = !default_class || one->metadata.creation_timestamp >
                                             default_class->metadata.creation_timestamp;
    const bool same_age_first_name =
        default_class &&
        one->metadata.creation_timestamp == default_class->metadata.creation_timestamp &&
        one->metadata.name < default_class->metadata.name;
    if (newer || same_age_first_name) default_class = one.get();
  }
  default_is_ours_ = default_class && default_class->controller == controller;
}

bool ClassOwnership::is_our_class(const std::string& name, bool by_annotation) const {
  const auto found = ours_by_class_.find(name);
  if (found != ours_by_class_.end()) return found->second;
  return by_annotation && name == legacy_class_;
}

bool ClassOwnership::is_ours(const kube::Ingress& ingress) const {
  if (ingress.ingress_class_name) return is_our_class(*ingress.ingress_class_name, false);
  const auto annotation = ingress.metadata.annotations.find(kClassAnnotation);
  if (annotation != ingress.metadata.annotations.end())
    return is_our_class(annotation->second, true);
  return default_is_ours_;
}

std::optional<std::string> ClassOwnership::claimed_by_other_class(
    const kube::Ingress& ingress) const {
  const auto annotation = ingress.metadata.annotations.find(kClassAnnotation);
  if (!ingress.ingress_class_name || annotation == ingress.metadata.annotations.end()) {
    return std::nullopt;
  }
  if (is_our_class(annotation->second, true)) return std::nullopt;
  return annotation->second;
}

}  // namespace ingress
