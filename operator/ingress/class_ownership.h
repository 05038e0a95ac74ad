#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "operator/ingress/class_parameters.h"
#include "operator/ingress/trusted_proxies.h"

namespace ingress {

inline constexpr const char* kControllerName = "gatehouse.dev/ingress-controller";
inline constexpr const char* kClassAnnotation = "kubernetes.io/ingress.class";

// Which Ingresses are ours. A value made from all IngressClasses of one moment, whose copies share
// what they know; when one of them changes every Ingress must be asked about again. An Ingress that
// is not ours is never written to, not even with an Event.
class ClassOwnership {
 public:
  // names: of the classes that this release serves; an IngressClass of that name counts when it
  // names our controller. The annotation may use them also where there is no such IngressClass.
  // parameters: what classes may name to say whose Ingresses may have them (ClassParameters).
  ClassOwnership(const std::vector<std::shared_ptr<const kube::IngressClass>>& classes,
                 const std::string& controller, std::set<std::string> names,
                 const ParametersByName& parameters = {});

  // spec.ingressClassName counts first, then the old annotation, then the default class.
  bool is_ours(const kube::Ingress& ingress) const;

  // The class of ours that makes it so; nothing: it is not ours.
  std::optional<std::string> class_of(const kube::Ingress& ingress) const;
  // The class of ours that it asks for, also when its namespace may not have it.
  std::optional<std::string> wanted_class_of(const kube::Ingress& ingress) const;
  // With what its class has for it (ClassParameters::with_defaults()). Of one that is ours.
  std::shared_ptr<const kube::Ingress> with_defaults(
      std::shared_ptr<const kube::Ingress> ingress) const;
  // What holds for a class of ours, and for one without an IngressClass: nothing.
  const ClassParameters& parameters_of(const std::string& class_name) const;
  // What the classes of ours say of whom to trust. One that is undecided says nothing: its
  // Ingresses are closed, so nobody is misled about their clients.
  TrustedByClass trusted_proxies() const;
  // Whether one of them says that who is trusted may send a PROXY header. That is enough: by one it
  // can name no client whom it could not name in a field.
  bool takes_proxy_headers() const;

  // Set when the annotation of an Ingress of ours names a class that is not: its controller may
  // believe that it owns the Ingress too, and both would write its status.
  std::optional<std::string> claimed_by_other_class(const kube::Ingress& ingress) const;

 private:
  bool is_our_class(const std::string& name, bool by_annotation) const;

  struct Known {
    std::set<std::string> names;
    std::map<std::string, bool> ours_by_class;
    std::map<std::string, ClassParameters> parameters;  // of those that name some
    std::optional<std::string> default_class;           // when it is ours
  };
  std::shared_ptr<const Known> known_;
};

}  // namespace ingress
