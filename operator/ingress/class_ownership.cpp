#include "operator/ingress/class_ownership.h"

#include <algorithm>
#include <utility>

namespace ingress {

ClassOwnership::ClassOwnership(
    const std::vector<std::shared_ptr<const kube::IngressClass>>& classes,
    const std::string& controller, std::set<std::string> names,
    const ParametersByName& parameters) {
  const auto known = std::make_shared<Known>();
  known_ = known;
  known->names = std::move(names);
  const kube::IngressClass* default_class = nullptr;
  for (const auto& one : classes) {
    known->ours_by_class[one->metadata.name] =
        one->controller == controller && known->names.count(one->metadata.name) != 0;
    if (one->parameters) {
      known->parameters[one->metadata.name] = ingress::parameters_of(*one, parameters);
    }
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
  if (default_class && is_our_class(default_class->metadata.name, false)) {
    known->default_class = default_class->metadata.name;
  }
}

bool ClassOwnership::is_our_class(const std::string& name, bool by_annotation) const {
  const auto found = known_->ours_by_class.find(name);
  if (found != known_->ours_by_class.end()) return found->second;
  return by_annotation && known_->names.count(name) != 0;
}

const ClassParameters& ClassOwnership::parameters_of(const std::string& class_name) const {
  static const ClassParameters kNone;
  const auto found = known_->parameters.find(class_name);
  return found == known_->parameters.end() ? kNone : found->second;
}

TrustedByClass ClassOwnership::trusted_proxies() const {
  TrustedByClass trusted;
  for (const auto& [name, of_class] : known_->parameters) {
    if (!of_class.parameters || !is_our_class(name, false)) continue;
    const auto& said = of_class.parameters->spec.trusted_proxies;
    if (said) trusted.emplace(name, *said);
  }
  return trusted;
}

bool ClassOwnership::takes_proxy_headers() const {
  return std::any_of(known_->parameters.begin(), known_->parameters.end(), [this](const auto& one) {
    const auto& [name, of_class] = one;
    return of_class.parameters && of_class.parameters->spec.takes_proxy_headers &&
           is_our_class(name, false);
  });
}

std::shared_ptr<const kube::Ingress> ClassOwnership::with_defaults(
    std::shared_ptr<const kube::Ingress> ingress) const {
  if (known_->parameters.empty()) return ingress;
  const auto wanted = wanted_class_of(*ingress);
  return wanted ? parameters_of(*wanted).with_defaults(std::move(ingress)) : ingress;
}

std::optional<std::string> ClassOwnership::class_of(const kube::Ingress& ingress) const {
  auto wanted = wanted_class_of(ingress);
  if (wanted && !parameters_of(*wanted).admits(ingress.metadata.namespace_)) return std::nullopt;
  return wanted;
}

std::optional<std::string> ClassOwnership::wanted_class_of(const kube::Ingress& ingress) const {
  const auto ours = [this](const std::string& name, bool by_annotation) {
    return is_our_class(name, by_annotation) ? std::optional(name) : std::nullopt;
  };
  if (ingress.ingress_class_name) return ours(*ingress.ingress_class_name, false);
  const auto annotation = ingress.metadata.annotations.find(kClassAnnotation);
  if (annotation != ingress.metadata.annotations.end()) return ours(annotation->second, true);
  return known_->default_class;
}

bool ClassOwnership::is_ours(const kube::Ingress& ingress) const {
  return class_of(ingress).has_value();
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
