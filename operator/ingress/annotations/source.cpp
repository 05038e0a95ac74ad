#include "operator/ingress/annotations/source.h"

#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::string_view key_of(std::string_view name) {
  for (const std::string_view prefix : {kOwnPrefix, kNginxPrefix}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return {};
}

namespace {

std::optional<Found> find_below(std::string_view prefix, const AnnotationMap& annotations,
                                std::string_view key) {
  const auto found = annotations.find(std::string(prefix).append(key));
  if (found == annotations.end() || is_blank(found->second)) return std::nullopt;
  return Found{found->first, found->second};
}

}  // namespace

std::optional<Found> find_said(const AnnotationMap& annotations, std::string_view key) {
  if (auto own = find_below(kOwnPrefix, annotations, key)) return own;
  return find_below(kNginxPrefix, annotations, key);
}

std::optional<Found> find_of_class(const AnnotationMap& annotations, std::string_view key) {
  // A parenthesis comes before all that an annotation may begin with.
  const bool has_any = !annotations.empty() && annotations.begin()->first.starts_with(kClassPrefix);
  return has_any ? find_below(kClassPrefix, annotations, key) : std::nullopt;
}

std::optional<Found> find(const AnnotationMap& annotations, std::string_view key) {
  if (auto said = find_said(annotations, key)) return said;
  return find_of_class(annotations, key);
}

Issue bad_value(const Found& found, std::string_view expected, Issue::Effect effect) {
  constexpr std::size_t kShownMax = 80;
  std::string shown(found.value.substr(0, kShownMax));
  if (found.value.size() > kShownMax) shown += "...";
  return {effect, found.name,
          "has the value \"" + shown + "\", which is not " + std::string(expected),
          "Mend the value, or remove the annotation."};
}

}  // namespace ingress::annotations
