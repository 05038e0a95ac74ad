#include "operator/ingress/annotations/tracing.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

bool read_switch(const AnnotationMap& annotations, std::string_view key, bool unsaid,
                 Issues& issues) {
  const auto found = find(annotations, key);
  if (!found) return unsaid;
  const auto value = read_bool(found->value);
  if (!value) issues.push_back(bad_value(*found, "true or false", Issue::Effect::tunes));
  return value.value_or(unsaid);
}

}  // namespace

proxy::config::Tracing read_tracing(const AnnotationMap& annotations, Issues& issues) {
  using proxy::config::Tracing;
  const bool is_on = read_switch(annotations, "enable-opentelemetry", false, issues);
  const bool trusts = read_switch(annotations, "opentelemetry-trust-incoming-span", true, issues);
  if (!is_on) return Tracing::off;
  return trusts ? Tracing::trusted : Tracing::own;
}

}  // namespace ingress::annotations
