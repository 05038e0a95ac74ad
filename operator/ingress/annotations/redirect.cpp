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

// What nginx's keys say otherwise than plain-http does, which counts.
void judge_beside(const AnnotationMap& annotations, const Redirect& said, Issues& issues) {
  const bool redirects = !said.refuses && said.where_certificate.value_or(true);
  for (const std::string_view key : {"ssl-redirect", "force-ssl-redirect"}) {
    const auto found = find(annotations, key);
    const auto value = found ? read_bool(found->value) : std::nullopt;
    const bool agrees = !value || (redirects ? *value || key == "force-ssl-redirect" : !*value);
    if (agrees && !(said.refuses && value)) continue;
    issues.push_back({Issue::Effect::tunes, found->name,
                      "has no effect beside gatehouse.dev/plain-http, which says otherwise",
                      "Remove one of the two."});
  }
}

}  // namespace

Redirect read_redirect(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "plain-http");
  if (!found) {
    return {read_flag(annotations, "ssl-redirect", issues),
            read_flag(annotations, "force-ssl-redirect", issues).value_or(false)};
  }
  Redirect said{.says_plain_http = true};
  if (is_same_word(found->value, "refuse")) {
    said.refuses = true;
  } else if (is_same_word(found->value, "serve")) {
    said.where_certificate = false;
  } else if (is_same_word(found->value, "redirect")) {
    said.where_certificate = true;
  } else {
    // Whoever misspells it may mean that nothing is to be read on the way.
    issues.push_back(
        bad_value(*found, "\"redirect\", \"serve\" or \"refuse\"", Issue::Effect::guards));
    return {};
  }
  judge_beside(annotations, said, issues);
  return said;
}

}  // namespace ingress::annotations
