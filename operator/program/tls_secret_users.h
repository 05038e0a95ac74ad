#pragma once

#include <memory>
#include <vector>

#include "kube/object.h"
#include "kube/resources/event.h"
#include "kube/resources/ingress.h"
#include "kube/store.h"

namespace program {

// Which Ingresses name which Secrets in spec.tls: a certificate is served where one does, and its
// trouble is told there, too.
class TlsSecretUsers {
 public:
  // Adds an index, so the store is filled later. It outlives this.
  explicit TlsSecretUsers(kube::Store<kube::Ingress>& ingresses);

  bool are_any(const kube::ObjectKey& secret) const;
  std::vector<kube::ObjectReference> of(const kube::ObjectKey& secret) const;

  // The Secrets that are named before or after a change, and not on its other side.
  static std::vector<kube::ObjectKey> changed_by(const kube::ObjectChange<kube::Ingress>& change);

 private:
  const kube::Store<kube::Ingress>& ingresses_;
};

}  // namespace program
