#include "operator/ingress/annotations/basic_auth.h"

#include <algorithm>
#include <string_view>

#include "operator/ingress/annotations/object_name.h"
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
    if (!found || says_no(found->value)) continue;
    refuse(*found, "asks for no password without auth-type",
           "Write auth-type: basic, or remove the annotation.", issues);
  }
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
  const auto key = read_object_name(*secret, "Secret", ingress.metadata.namespace_,
                                    "its passwords are not this Ingress's to try",
                                    Issue::Effect::guards, issues);
  if (!key) return std::nullopt;
  basic.secret = *key;
  basic.realm = read_realm(annotations, issues);
  return basic;
}

bool read_satisfies_any(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "satisfy");
  if (!found || says_no(found->value) || is_same_word(found->value, "all")) return false;
  if (is_same_word(found->value, "any")) return true;
  refuse_value(*found, "any or all", issues);
  return false;
}

}  // namespace ingress::annotations
