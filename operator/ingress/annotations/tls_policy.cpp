#include "operator/ingress/annotations/tls_policy.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {

using proxy::config::TlsPolicy;

std::optional<TlsPolicy> tls_policy_named(std::string_view name) {
  for (const TlsPolicy one : {TlsPolicy::old, TlsPolicy::intermediate, TlsPolicy::modern}) {
    if (is_same_word(name, name_of(one))) return one;
  }
  return std::nullopt;
}

std::optional<TlsPolicy> read_tls_policy(const AnnotationMap& annotations, Issues& issues) {
  const auto found = find(annotations, "tls-policy");
  if (!found) return std::nullopt;
  const auto policy = tls_policy_named(found->value);
  // Whoever misspells it may mean to keep weak connections out.
  if (!policy) {
    issues.push_back(bad_value(*found, "\"modern\" (TLS 1.3), \"intermediate\" or \"old\"",
                               Issue::Effect::guards));
  }
  return policy;
}

}  // namespace ingress::annotations
