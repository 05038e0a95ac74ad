#include "operator/ingress/annotations/source.h"

#include <algorithm>
#include <cstddef>

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

// An Ingress is asked for a hundred names, and most have three annotations of which it has none: to
// put a name together would be most of the work.
AnnotationMap::const_iterator place_of(std::string_view prefix, std::string_view key,
                                       const AnnotationMap& annotations) {
  constexpr std::size_t kFew = 16;
  if (annotations.size() > kFew) return annotations.find(std::string(prefix).append(key));
  return std::find_if(annotations.begin(), annotations.end(), [&](const auto& annotation) {
    const std::string_view name = annotation.first;
    return name.size() == prefix.size() + key.size() && name.starts_with(prefix) &&
           name.ends_with(key);
  });
}

std::optional<Found> find_below(std::string_view prefix, const AnnotationMap& annotations,
                                std::string_view key) {
  const auto found = place_of(prefix, key, annotations);
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
