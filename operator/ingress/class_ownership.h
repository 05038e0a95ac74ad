#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"

namespace ingress {

inline constexpr const char* kControllerName = "gatehouse.dev/ingress-controller";
inline constexpr const char* kClassAnnotation = "kubernetes.io/ingress.class";

// Which Ingresses are ours. A value made from all IngressClasses of one moment; when one of them
// changes every Ingress must be asked about again. An Ingress that is not ours is never written to,
// not even with an Event.
class ClassOwnership {
 public:
  // legacy_class: what kubernetes.io/ingress.class may say when no IngressClass of that name
  // exists.
  ClassOwnership(const std::vector<std::shared_ptr<const kube::IngressClass>>& classes,
                 std::string controller, std::string legacy_class);

  // spec.ingressClassName counts first, then the old annotation, then the default class.
  bool is_ours(const kube::Ingress& ingress) const;

  // Set when the annotation of an Ingress of ours names a class that is not: its controller may
  // believe that it owns the Ingress too, and both would write its status.
  std::optional<std::string> claimed_by_other_class(const kube::Ingress& ingress) const;

 private:
  bool is_our_class(const std::string& name, bool by_annotation) const;

  std::string legacy_class_;
  std::map<std::string, bool> ours_by_class_;
  bool default_is_ours_ = false;
};

}  // namespace ingress
