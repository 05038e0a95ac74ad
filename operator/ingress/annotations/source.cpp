#include "operator/ingress/annotations/source.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::string_view key_of(std::string_view name) {
  for (const std::string_view prefix : {kOwnPrefix, kNginxPrefix}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return {};
}

std::optional<Found> find(const AnnotationMap& annotations, std::string_view key) {
  for (const std::string_view prefix : {kOwnPrefix, kNginxPrefix}) {
    const auto found = annotations.find(std::string(prefix).append(key));
    if (found != annotations.end() && !is_blank(found->second)) {
      return Found{found->first, found->second};
    }
  }
  return std::nullopt;
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
