#include "operator/ingress/annotations/object_name.h"

#include <algorithm>

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

// What may be an object's name (RFC 1123), as far as it matters: it becomes a part of a path.
bool is_object_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 253;
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

}  // namespace

std::optional<kube::ObjectKey> read_object_name(const Found& found, std::string_view kind,
                                                const std::string& own_namespace,
                                                std::string_view why_not, Issue::Effect effect,
                                                Issues& issues) {
  const std::string_view text = trimmed(found.value);
  const std::size_t slash = text.find('/');
  const bool has_namespace = slash != std::string_view::npos;
  const std::string_view name = has_namespace ? text.substr(slash + 1) : text;
  const std::string_view namespace_ = has_namespace ? text.substr(0, slash) : own_namespace;
  const std::string kind_text(kind);
  if (!is_object_name(name) || !is_object_name(namespace_)) {
    issues.push_back(
        bad_value(found, "the name of a " + kind_text + ", or NAMESPACE/NAME", effect));
    return std::nullopt;
  }
  if (namespace_ != own_namespace) {
    std::string why =
        "names the " + kind_text + " " + std::string(text) + ", which is of another namespace: ";
    issues.push_back({effect, found.name, why.append(why_not),
                      "Copy the " + kind_text + " into the namespace " + own_namespace +
                          ", and name it alone."});
    return std::nullopt;
  }
  return kube::ObjectKey{own_namespace, std::string(name)};
}

}  // namespace ingress::annotations
