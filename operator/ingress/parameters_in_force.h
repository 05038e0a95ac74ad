#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "kube/resources/ingress_class.h"
#include "kube/resources/namespace.h"
#include "kube/store.h"
#include "operator/api/edge_parameters.h"
#include "operator/ingress/class_parameters.h"

namespace ingress {

// The EdgeParameters that hold: those that classes name. Who has deleted or spoilt one has decided
// nothing: as it could be read last it holds for as long as a class names it. One place remembers
// that for all who ask, so that what is told of a class is what is compiled of it, whoever led when
// it could be read.
//
// It looks at the stores at each of their changes and whenever it is asked, so that nothing that
// could be read is missed and what it says is no older than they are. Any thread may ask. While it
// looks it holds its own lock and takes those of the stores; it calls nobody else.
class ParametersInForce {
 public:
  // Adds listeners to the stores, so it comes before the reflectors start. It must outlive whoever
  // writes to the stores, and they must outlive it.
  ParametersInForce(kube::Store<kube::IngressClass>& classes,
                    kube::Store<api::EdgeParameters>& parameters,
                    const kube::Store<kube::Namespace>& namespaces);
  ParametersInForce(const ParametersInForce&) = delete;
  ParametersInForce& operator=(const ParametersInForce&) = delete;

  // With the namespaces that their selectors select. While namespaces are not listed nobody knows
  // whom a selector means: then those that have one are left out, as if they could not be read.
  ParametersByName now() const;
  // Likewise, with what their selectors say of this namespace alone: no other is looked at.
  ParametersByName now_for(const std::string& namespace_) const;
  // As they are written, whomever their selectors select.
  ParametersByName as_written() const;
  // Whether labels of namespaces decide about what they say.
  bool have_selectors() const;
  // A class of this controller and one of these names has parameters that have not been listed, or
  // namespaces have not that these select: nobody knows yet whom to keep out.
  bool are_awaited(const std::string& controller, const std::set<std::string>& class_names) const;

 private:
  ParametersByName selecting(const std::function<NamespaceLabels()>& known) const;

  const kube::Store<kube::IngressClass>& classes_;
  const kube::Store<api::EdgeParameters>& parameters_;
  const kube::Store<kube::Namespace>& namespaces_;
  mutable std::mutex mutex_;
  mutable ParametersByName last_;  // as_written(), when it was looked at
};

}  // namespace ingress
