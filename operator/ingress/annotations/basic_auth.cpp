#include "operator/ingress/annotations/basic_auth.h"

#include <algorithm>
#include <string_view>

#include "operator/ingress/annotations/values.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

constexpr std::string_view kDefaultRealm = "Authentication Required";

void refuse(const Found& found, std::string why, std::string remedy, Issues& issues) {
  issues.push_back({Issue::Effect::guards, found.name, std::move(why), std::move(remedy)});
}

void refuse_value(const Found& found, std::string_view expected, Issues& issues) {
  issues.push_back(bad_value(found, expected, Issue::Effect::guards));
}

// Whoever wrote one of these believes that a password is asked for.
void refuse_without_type(const AnnotationMap& annotations, Issues& issues) {
  for (const char* const key : {"auth-secret", "auth-secret-type", "auth-realm"}) {
    const auto found = find(annotations, key);
    if (!found) continue;
    refuse(*found, "asks for no password without auth-type",
           "Write auth-type: basic, or remove the annotation.", issues);
  }
}

// What may be an object's name (RFC 1123), as far as it matters: it becomes a part of a path.
bool is_object_name(std::string_view name) {
  constexpr std::size_t kNameBytesMax = 253;
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

std::optional<kube::ObjectKey> read_secret(const Found& found, const std::string& own_namespace,
                                           Issues& issues) {
  const std::string_view text = trimmed(found.value);
  const std::size_t slash = text.find('/');
  const bool has_namespace = slash != std::string_view::npos;
  const std::string_view name = has_namespace ? text.substr(slash + 1) : text;
  const std::string_view namespace_ = has_namespace ? text.substr(0, slash) : own_namespace;
  if (!is_object_name(name) || !is_object_name(namespace_)) {
    refuse_value(found, "the name of a Secret, or NAMESPACE/NAME", issues);
    return std::nullopt;
  }
  if (namespace_ != own_namespace) {
    refuse(found,
           "names the Secret " + std::string(text) +
               ", which is of another namespace: its passwords are not this Ingress's to try",
           "Copy the Secret into the namespace " + own_namespace + ", and name it alone.", issues);
    return std::nullopt;
  }
  return kube::ObjectKey{own_namespace, std::string(name)};
}

// What a header field can have in ASCII (RFC 9110 §5.5): clients differ in what they take other
// bytes for.
bool is_realm(std::string_view text) {
  return text.size() <= proxy::config::kRealmBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string read_realm(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "auth-realm");
  if (!found) return std::string(kDefaultRealm);
  const std::string_view text = trimmed(found->value);
  if (is_realm(text)) return std::string(text);
  issues.push_back(
      bad_value(*found, "a text in ASCII of at most 255 characters", Issue::Effect::tunes));
  return std::string(kDefaultRealm);
}

}  // namespace

std::optional<BasicAuth> read_basic_auth(const kube::Ingress& ingress, Issues& issues) {
  const AnnotationMap& annotations = ingress.metadata.annotations;
  const auto type = find(annotations, "auth-type");
  if (!type) {
    refuse_without_type(annotations, issues);
    return std::nullopt;
  }
  if (is_same_word(type->value, "digest")) {
    refuse(*type, "asks for digest authentication, which is not supported",
           "Use auth-type: basic, over https.", issues);
    return std::nullopt;
  }
  if (!is_same_word(type->value, "basic")) {
    refuse_value(*type, "basic", issues);
    return std::nullopt;
  }
  const auto secret = find(annotations, "auth-secret");
  if (!secret) {
    refuse(*type, "asks for passwords, and no auth-secret says which",
           "Name a Secret with auth-secret, or remove the annotation.", issues);
    return std::nullopt;
  }
  BasicAuth basic;
  basic.annotation = secret->name;
  if (const auto source = find(annotations, "auth-secret-type")) {
    if (is_same_word(source->value, "auth-map")) {
      basic.source = BasicAuth::Source::map;
    } else if (!is_same_word(source->value, "auth-file")) {
      refuse_value(*source, "auth-file or auth-map", issues);
      return std::nullopt;
    }
  }
  const auto key = read_secret(*secret, ingress.metadata.namespace_, issues);
  if (!key) return std::nullopt;
  basic.secret = *key;
  basic.realm = read_realm(annotations, issues);
  return basic;
}

bool read_satisfies_any(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "satisfy");
  if (!found || is_same_word(found->value, "all")) return false;
  if (is_same_word(found->value, "any")) return true;
  refuse_value(*found, "any or all", issues);
  return false;
}

}  // namespace ingress::annotations
