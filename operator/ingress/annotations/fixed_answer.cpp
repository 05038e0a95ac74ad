#include "operator/ingress/annotations/fixed_answer.h"

#include <charconv>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

std::optional<int> read_fixed_answer(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "fixed-answer");
  if (!found) return std::nullopt;
  const std::string_view text = trimmed(found->value);
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error == std::errc() && end == text.data() + text.size() && status >= 400 && status <= 599) {
    return status;
  }
  issues.push_back(bad_value(*found, "a status from 400 to 599", Issue::Effect::guards));
  return std::nullopt;
}

}  // namespace ingress::annotations
