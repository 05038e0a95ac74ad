#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "kube/resources/ingress.h"
#include "kube/resources/ingress_class.h"
#include "kube/resources/service.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/cluster_view.h"

namespace ingress {

// Why nothing comes of an Ingress, where nobody else would say a word: `kubectl describe` has no
// Event and `kubectl get` no ADDRESS. Pure.
struct Remark {
  bool is_warning = true;  // else it is worth knowing
  std::string reason;
  std::string about;  // with the reason: what it is that is said, whatever words it has today
  std::string message;
  bool is_nobodys = false;  // no class of ours is asked for: any release may say it
};

// An Ingress that no controller has reason to take: its ingressClassName names no IngressClass that
// there is, or it says nothing and there is no default. One whose class exists is its controller's
// to speak about, one with the old annotation may be taken without any IngressClass, and one with
// an address was taken: of these nothing is said. But a class of our controller that no release of
// ours serves has nobody else to speak about it.
struct ServedClasses {
  std::set<std::string> here;         // by this release
  std::set<std::string> elsewhere{};  // by others
};
std::optional<Remark> why_unclaimed(const kube::Ingress& ingress,
                                    const ClusterView::Objects<kube::IngressClass>& classes,
                                    const ServedClasses& served);

// An Ingress of a namespace that may not have the class of ours that it asks for.
std::optional<Remark> why_not_admitted(const kube::Ingress& ingress,
                                       const ClassOwnership& ownership);

// Where the addresses of our Ingresses come from.
struct AddressSource {
  std::optional<kube::ObjectKey> name;           // --publish-service
  std::shared_ptr<const kube::Service> service;  // null: it does not exist
  bool are_given = false;                        // --publish-address
};

// An Ingress of ours that shows no ADDRESS. It is served all the same, so this is no warning.
std::optional<Remark> why_no_address(const kube::Ingress& ingress, const AddressSource& source);

}  // namespace ingress
