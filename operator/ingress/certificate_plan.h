#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"
#include "operator/api/certificate.h"
#include "operator/ingress/cluster_view.h"
#include "operator/routing/claimant_key.h"
#include "operator/routing/complaint.h"
#include "operator/routing/host_owners.h"

namespace ingress {

// The Certificates that Ingresses of ours ask for with an issuer annotation: one for each tls
// entry, named after its secretName and owned by the Ingress.
struct CertificatePlan {
  // Only what differs from the cluster is in the plan: an empty plan is a quiet cluster.
  struct Apply {
    kube::OwnerReference owner;
    api::CertificateSpec spec;
    bool operator==(const Apply&) const = default;
  };
  struct Remove {
    std::string uid;  // only this very object
    bool operator==(const Remove&) const = default;
  };
  std::map<kube::ObjectKey, Apply> apply;
  std::map<kube::ObjectKey, Remove> remove;
  routing::Complaints complaints;  // sorted, unique
};

// The Certificate is what would be applied.
bool is_as_wanted(const api::Certificate& certificate, const CertificatePlan::Apply& wanted);

// Pure. By cert-manager's behaviour where it is known:
//   - a Certificate that no Ingress controls (made by hand), or whose Secret another Certificate
//     writes, is left alone, and the Ingress is told;
//   - of two Ingresses that share a secretName the older one's hosts are asked for; the other is
//     told when its own hosts are not among them;
//   - hosts whose TLS passes to a backend (PassthroughHosts) are not asked for, and that is told;
//   - hosts of other namespaces are not asked for; the compiler tells;
//   - for an Ingress of which nothing is served (without_room) nothing is asked for that is not
//   there
//     already;
//   - a Certificate of ours whose tls entry is gone is removed; one whose Ingress no longer has an
//     issuer annotation stays, and goes on being renewed.
CertificatePlan plan_certificates(const ClusterView& view, const routing::HostOwners& owners,
                                  const std::set<routing::ClaimantKey>& without_room = {});
CertificatePlan plan_certificates(const ClusterView& view);  // with the owners of the same view

}  // namespace ingress
