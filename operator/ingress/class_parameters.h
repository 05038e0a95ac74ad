#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/namespace.h"
#include "operator/api/edge_parameters.h"
#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {
struct Defaults;
struct RoutePolicy;
}  // namespace ingress::annotations

namespace ingress {

// By name; only those that can be read. One that was deleted, or cannot be read any longer, may
// stay as it was last: see ParametersInForce.
using ParametersByName = std::map<std::string, std::shared_ptr<const api::EdgeParameters>>;

// Of all namespaces, by their names.
using NamespaceLabels = std::map<std::string, api::Labels>;

NamespaceLabels labels_of(const std::vector<std::shared_ptr<const kube::Namespace>>& namespaces);

// With the namespaces that its selector selects among those of its list; itself where it has no
// selector.
std::shared_ptr<const api::EdgeParameters> with_selected(
    std::shared_ptr<const api::EdgeParameters> parameters, const NamespaceLabels& all);

// What an IngressClass has in spec.parameters.
struct ClassParameters {
  std::string named{};  // "EdgeParameters strict"; empty: nothing
  std::shared_ptr<const api::EdgeParameters> parameters{};  // null: nothing, or it is not known

  // What is named may say whom to keep out, and is not there: then nobody gets in.
  bool is_undecided() const { return !named.empty() && parameters == nullptr; }
  // An undecided class admits every namespace: its Ingresses keep their hosts, and answer 503. Of
  // parameters with a selector: as they are with_selected().
  bool admits(const std::string& namespace_) const;

  // Who answers what nobody else does; nullptr: nobody.
  const api::EdgeParameters::Backend* default_backend() const {
    return parameters && parameters->spec.default_backend ? &*parameters->spec.default_backend
                                                          : nullptr;
  }

  // See EdgeParameters: regexScope.
  bool has_expressions_of_hosts() const {
    return parameters && parameters->spec.expressions_of_hosts;
  }

  annotations::Defaults defaults() const;
  // With the annotations that the class has for it (annotations::with_defaults()); itself where
  // there are none, or it has them already.
  std::shared_ptr<const kube::Ingress> with_defaults(
      std::shared_ptr<const kube::Ingress> ingress) const;
  // A canary with what it would have of that if it were none; null: that is nothing.
  std::shared_ptr<const kube::Ingress> with_defaults_of_joined(const kube::Ingress& canary) const;
  // What it refuses and tolerates, and what it adds, beside the defaults. class_name: for messages.
  // annotations: of an Ingress with_defaults().
  void apply(const std::string& class_name, const annotations::AnnotationMap& annotations,
             annotations::RoutePolicy& policy) const;

 private:
  void set_plain_http(const std::string& class_name, const annotations::AnnotationMap& annotations,
                      annotations::RoutePolicy& policy) const;
  void set_response_fields(proxy::config::Shape& shape) const;
};

ClassParameters parameters_of(const kube::IngressClass& ingress_class, const ParametersByName& all);

// The name of the EdgeParameters that a class names; empty: none, or something else.
std::string named_parameters(const kube::IngressClass& ingress_class);

}  // namespace ingress
