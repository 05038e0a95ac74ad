#include "operator/program/tls_secret_users.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>

namespace program {

namespace {

constexpr const char* kByTlsSecret = "ingresses-by-tls-secret";

// The Secrets that an Ingress names; none for none.
std::set<kube::ObjectKey> tls_secrets_of(const kube::Ingress* ingress) {
  std::set<kube::ObjectKey> secrets;
  if (ingress == nullptr) return secrets;
  for (const auto& entry : ingress->tls) {
    if (!entry.secret_name.empty()) {
      secrets.insert({ingress->metadata.namespace_, entry.secret_name});
    }
  }
  return secrets;
}

}  // namespace

TlsSecretUsers::TlsSecretUsers(kube::Store<kube::Ingress>& ingresses) : ingresses_(ingresses) {
  ingresses.add_index(kByTlsSecret, [](const kube::Ingress& ingress) {
    std::vector<std::string> names;
    for (const kube::ObjectKey& secret : tls_secrets_of(&ingress)) names.push_back(secret.text());
    return names;
  });
}

bool TlsSecretUsers::are_any(const kube::ObjectKey& secret) const {
  return ingresses_.has(kByTlsSecret, secret.text());
}

std::vector<kube::ObjectReference> TlsSecretUsers::of(const kube::ObjectKey& secret) const {
  std::vector<kube::ObjectReference> references;
  for (const auto& ingress : ingresses_.find(kByTlsSecret, secret.text())) {
    references.push_back(kube::reference_to(kube::Ingress::type(), ingress->metadata));
  }
  return references;
}

std::vector<kube::ObjectKey> TlsSecretUsers::changed_by(
    const kube::ObjectChange<kube::Ingress>& change) {
  const std::set<kube::ObjectKey> before = tls_secrets_of(change.before.get());
  const std::set<kube::ObjectKey> after = tls_secrets_of(change.after.get());
  std::vector<kube::ObjectKey> changed;
  std::set_symmetric_difference(before.begin(), before.end(), after.begin(), after.end(),
                                std::back_inserter(changed));
  return changed;
}

}  // namespace program
