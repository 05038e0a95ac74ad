#include "operator/ingress/overlooked.h"

#include <algorithm>
#include <vector>

#include "base/plain_text.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/status_publisher.h"
#include "operator/routing/joined.h"

namespace ingress {
namespace {

using routing::joined;

std::string classes_text(const ClusterView::Objects<kube::IngressClass>& classes,
                         const std::set<std::string>& served) {
  if (classes.empty()) return "There is no IngressClass in this cluster at all: create one";
  std::vector<std::string> ours, others;
  for (const auto& one : classes) {
    const std::string& name = one->metadata.name;
    const bool is_ours = one->controller == kControllerName && served.count(name) != 0;
    (is_ours ? ours : others).push_back(is_ours ? name + " (Gatehouse)" : name);
  }
  std::sort(ours.begin(), ours.end());
  std::sort(others.begin(), others.end());
  ours.insert(ours.end(), others.begin(), others.end());
  return "The IngressClasses that exist: " + joined(ours) + ". Name one of them";
}

// Its Ingresses wait for a controller that is nobody.
std::optional<Remark> why_not_served(const kube::IngressClass& one,
                                     const ClusterView::Objects<kube::IngressClass>& classes,
                                     const ServedClasses& served) {
  const std::string& name = one.metadata.name;
  const bool is_nobodys = one.controller == kControllerName && served.here.count(name) == 0 &&
                          served.elsewhere.count(name) == 0;
  if (!is_nobodys) return std::nullopt;
  return Remark{true, "IngressClassNotServed", name,
                "The IngressClass " + name + " is of Gatehouse's controller (" + kControllerName +
                    "), but no release of Gatehouse serves it, so nobody serves this Ingress. " +
                    classes_text(classes, served.here) +
                    " in spec.ingressClassName, or install a release for this one "
                    "(--ingress-class, ingressClass.name of the chart).",
                true};
}

}  // namespace

std::optional<Remark> why_unclaimed(const kube::Ingress& ingress,
                                    const ClusterView::Objects<kube::IngressClass>& classes,
                                    const ServedClasses& served) {
  if (!ingress.load_balancer.empty()) return std::nullopt;
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(classes.begin(), classes.end(),
                                    [&](const auto& one) { return one->metadata.name == name; });
    return found == classes.end() ? nullptr : found->get();
  };
  if (ingress.ingress_class_name) {
    const std::string& name = *ingress.ingress_class_name;
    if (const auto* const one = find(name)) return why_not_served(*one, classes, served);
    return Remark{true, "IngressClassNotFound", name,
                  base::without_controls(
                      "spec.ingressClassName names the IngressClass \"" + name +
                      "\", which does not exist, so no controller has reason to serve this "
                      "Ingress. " +
                      classes_text(classes, served.here) + " in spec.ingressClassName."),
                  true};
  }
  if (const std::string name = ingress.metadata.annotation(kClassAnnotation); !name.empty()) {
    const auto* const one = find(name);
    return one == nullptr ? std::nullopt : why_not_served(*one, classes, served);
  }
  const auto by_default = std::find_if(classes.begin(), classes.end(),
                                       [](const auto& one) { return one->is_default(); });
  if (by_default != classes.end()) return why_not_served(**by_default, classes, served);
  return Remark{true, "IngressClassMissing", "",
                "This Ingress names no class and no IngressClass is the default, so no controller "
                "has reason to serve it. " +
                    classes_text(classes, served.here) +
                    " in spec.ingressClassName, or make one the default "
                    "(ingressclass.kubernetes.io/is-default-class: \"true\").",
                true};
}

std::optional<Remark> why_not_admitted(const kube::Ingress& ingress,
                                       const ClassOwnership& ownership) {
  const auto wanted = ownership.wanted_class_of(ingress);
  if (!wanted || ownership.class_of(ingress)) return std::nullopt;
  return Remark{.is_warning = true,
                .reason = "NamespaceNotAllowed",
                .about = *wanted,
                .message = "Ingresses of namespace " + ingress.metadata.namespace_ +
                           " may not have the IngressClass " + *wanted + ", as " +
                           ownership.parameters_of(*wanted).named +
                           " says (spec.namespaces, spec.namespaceSelector), so this one is not "
                           "served. Name another "
                           "class, or ask those who run the cluster."};
}

std::optional<Remark> why_no_address(const kube::Ingress& ingress, const AddressSource& source) {
  if (!ingress.load_balancer.empty() || source.are_given) return std::nullopt;
  const std::string instead =
      "the operator can be told which addresses to show instead (--publish-address, "
      "operator.publishAddresses of the chart).";
  const auto remark = [&](const std::string& about, const std::string& why) {
    return Remark{false, "AddressPending", about,
                  "This Ingress has no ADDRESS in its status: " + why + "; " + instead};
  };
  if (!source.name) return remark("none", "the operator was told of none (--publish-service)");
  const std::string service = "the Service " + source.name->text() + " of the proxies";
  if (!source.service) return remark("missing", service + " does not exist");
  if (!addresses_of(*source.service).empty()) return std::nullopt;
  if (source.service->type_name == "LoadBalancer") {
    return remark("pending",
                  service +
                      " is of type LoadBalancer and nothing has given it an address yet: its "
                      "Events say why, and a cluster without load balancers (kind, bare metal) "
                      "never gives one");
  }
  return remark("type " + source.service->type_name,
                service + " is of type " + source.service->type_name +
                    ", which has no address that clients outside could use");
}

}  // namespace ingress
