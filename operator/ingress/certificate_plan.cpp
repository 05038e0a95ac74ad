#include "operator/ingress/certificate_plan.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/ip_text.h"
#include "operator/ingress/annotations/certificate_settings.h"
#include "operator/ingress/annotations/issuer.h"
#include "operator/ingress/claims.h"
#include "operator/ingress/class_ownership.h"
#include "operator/ingress/owned_ingresses.h"
#include "operator/routing/host_name.h"
#include "operator/routing/joined.h"
#include "operator/routing/passthrough_hosts.h"

namespace ingress {
namespace {

using routing::bounded;
using routing::ClaimantKey;
using routing::config_host;
using routing::HostOwners;
using routing::joined;
using routing::PassthroughHosts;
using routing::Severity;

constexpr std::size_t kNamesMax = 100;  // the schema's, and Let's Encrypt's

const kube::OwnerReference* controller_of(const kube::ObjectMeta& metadata) {
  for (const kube::OwnerReference& owner : metadata.owner_references) {
    if (owner.controller) return &owner;
  }
  return nullptr;
}

bool is_ingress(const kube::OwnerReference& owner) {
  return owner.kind == "Ingress" && owner.api_version.substr(0, 18) == "networking.k8s.io/";
}

kube::OwnerReference owner_of(const kube::Ingress& ingress) {
  return {kube::Ingress::type().api_version(), kube::Ingress::type().kind, ingress.metadata.name,
          ingress.metadata.uid, true};
}

bool is_owned(const api::Certificate& certificate, const kube::OwnerReference& owner) {
  const kube::OwnerReference* controller = controller_of(certificate.metadata);
  return controller && controller->uid == owner.uid;
}

// What one Ingress asks of one Certificate.
struct Claim {
  const OwnedIngress* by = nullptr;
  api::CertificateSpec spec;
  std::set<std::string> names{};  // of the spec, of both kinds
};

class Planning {
 public:
  Planning(const ClusterView& view, const HostOwners& owners,
           const std::set<ClaimantKey>& without_room)
      : view_(view),
        owners_(owners),
        without_room_(without_room),
        ownership_(ownership_of(view)),
        owned_(owned_by_age(view, ownership_)),
        passthrough_(passthrough_of(owned_, owners)) {
    for (const auto& certificate : view.certificates) {
      const kube::ObjectKey key = certificate->metadata.key();
      certificates_[key] = certificate.get();
      writers_[{key.namespace_, certificate->spec.secret_name}].push_back(certificate.get());
    }
  }

  CertificatePlan run() {
    for (const OwnedIngress& owned : owned_) collect(owned);
    for (const auto& [key, claims] : claims_) settle(key, claims);
    remove_unclaimed();
    plan_.complaints = bounded(std::move(plan_.complaints));
    return std::move(plan_);
  }

 private:
  void complain(const OwnedIngress& to, std::string reason, std::string message) {
    plan_.complaints.push_back(
        {to.rank.claimant, Severity::warning, std::move(reason), std::move(message)});
  }

  void collect(const OwnedIngress& owned) {
    const kube::Ingress& ingress = *owned.ingress;
    annotations::Issues issues;
    const auto issuer =
        annotations::read_issuer(ingress.metadata.annotations, view_.default_issuer, issues);
    if (without_room_.count(owned.rank.claimant.kind_and_key()) != 0) {
      if (issuer) keep(ingress);
      return;
    }
    if (issuer) {
      asking_.insert(ingress.metadata.uid);
      api::CertificateSpec settings;
      settings.issuer_ref = *issuer;
      settings.ingress_class = ownership_.class_of(ingress).value_or("");
      annotations::read_certificate_settings(ingress.metadata.annotations, settings, issues);
      for (const kube::IngressTls& tls : ingress.tls) claim(owned, tls, settings);
    }
    for (const annotations::Issue& issue : issues) {
      std::string message = "Annotation " + issue.name + " " + issue.why + ".";
      if (!issue.remedy.empty()) message += " " + issue.remedy;
      complain(owned, "AnnotationIgnored", std::move(message));
    }
  }

  void keep(const kube::Ingress& ingress) {
    for (const kube::IngressTls& tls : ingress.tls) {
      kept_.insert({ingress.metadata.namespace_, tls.secret_name});
    }
  }

  void claim(const OwnedIngress& by, const kube::IngressTls& tls,
             const api::CertificateSpec& settings) {
    // Both are told of in other places: an entry without a Secret by the compiler; one without
    // hosts is how people bring a certificate of their own for the whole Ingress.
    if (tls.secret_name.empty()) return;
    if (tls.hosts.empty()) {
      complain(by, "CertificateNotOrdered",
               "No certificate is ordered for the tls entry of Secret " + tls.secret_name +
                   ": it lists no hosts.");
      return;
    }
    auto& claims = claims_[{by.rank.claimant.namespace_(), tls.secret_name}];
    if (claims.empty() || claims.back().by != &by) {
      Claim& made = claims.emplace_back(Claim{&by, settings, {}});
      made.spec.secret_name = tls.secret_name;
    }
    // Several tls entries of one Ingress for one Secret make one certificate.
    for (const std::string& host : tls.hosts) add_name(host, claims.back());
  }

  void add_name(const std::string& written, Claim& claim) {
    const OwnedIngress& by = *claim.by;
    api::CertificateSpec& spec = claim.spec;
    const auto add_unique = [&](std::vector<std::string>& names, const std::string& name) {
      if (claim.names.insert(name).second) names.push_back(name);
    };
    if (const auto bytes = base::ip_bytes_from_text(written)) {
      add_unique(spec.ip_addresses, base::ip_text_from_bytes(*bytes).value_or(written));
    } else if (const auto host = config_host(written); host && !host->empty()) {
      if (!owners_.admits(*host, by.rank.claimant.namespace_())) return;
      if (passthrough_.has(*host)) {
        complain(by, "CertificateNotOrdered",
                 "No certificate is ordered for " + *host +
                     ": its TLS passes to a backend, which has its own (ssl-passthrough). For a "
                     "backend that reads Secret " +
                     spec.secret_name + " write a Certificate.");
      } else {
        add_unique(spec.dns_names, *host);
      }
    } else {
      complain(by, "HostInvalid", "The host \"" + written + "\" under tls is no DNS name.");
    }
  }

  void settle(const kube::ObjectKey& key, const std::vector<Claim>& claims) {
    const api::Certificate* existing = find(key);
    if (is_made_by_others(key, existing, claims)) return;
    const Claim& winner = winner_of(claims, existing);
    report_losers(key, claims, winner);
    const std::size_t names = winner.spec.dns_names.size() + winner.spec.ip_addresses.size();
    if (names == 0) return;  // every host was refused or is another's, with a complaint
    if (names > kNamesMax) {
      complain(*winner.by, "CertificateNotOrdered",
               "No certificate is ordered for Secret " + key.text() + ": it would need " +
                   std::to_string(names) + " names, and a certificate has at most " +
                   std::to_string(kNamesMax) + ". Use several tls entries.");
      return;
    }
    CertificatePlan::Apply wanted{owner_of(*winner.by->ingress), winner.spec};
    if (existing && is_as_wanted(*existing, wanted)) return;
    plan_.apply.emplace(key, std::move(wanted));
  }

  const api::Certificate* find(const kube::ObjectKey& key) const {
    const auto found = certificates_.find(key);
    return found == certificates_.end() ? nullptr : found->second;
  }

  bool is_made_by_others(const kube::ObjectKey& key, const api::Certificate* existing,
                         const std::vector<Claim>& claims) {
    const api::Certificate* other = nullptr;
    if (existing) {
      const kube::OwnerReference* controller = controller_of(existing->metadata);
      if (!controller || !is_ingress(*controller)) other = existing;
    }
    for (const api::Certificate* writer : writers_[key]) {
      if (writer->metadata.key() != key) other = writer;
    }
    if (!other) return false;
    for (const Claim& claim : claims) {
      complain(*claim.by, "CertificateNotOwned",
               "Secret " + key.text() + " is kept by Certificate " + other->metadata.key().text() +
                   ", which this Ingress does not own, so it is left as it is. Remove the issuer "
                   "annotation here, or that Certificate.");
    }
    return true;
  }

  // Who has it keeps it while it asks for it: nothing is gained by an issuance anew.
  static const Claim& winner_of(const std::vector<Claim>& claims,
                                const api::Certificate* existing) {
    for (const Claim& claim : claims) {
      if (existing && is_owned(*existing, owner_of(*claim.by->ingress))) return claim;
    }
    return claims.front();
  }

  void report_losers(const kube::ObjectKey& key, const std::vector<Claim>& claims,
                     const Claim& winner) {
    for (const Claim& claim : claims) {
      if (&claim == &winner) continue;
      std::vector<std::string> left_out;
      for (const auto names :
           {&api::CertificateSpec::dns_names, &api::CertificateSpec::ip_addresses}) {
        for (const std::string& name : claim.spec.*names) {
          if (winner.names.count(name) == 0) left_out.push_back(name);
        }
      }
      if (left_out.empty()) continue;
      complain(*claim.by, "CertificateConflict",
               "Secret " + key.text() + " belongs to " + winner.by->rank.claimant.text() +
                   ", whose certificate leaves out hosts of this one: " + joined(left_out) +
                   ". Name the same hosts in both, or another Secret here.");
    }
  }

  void remove_unclaimed() {
    for (const auto& [key, certificate] : certificates_) {
      const bool is_wanted = claims_.count(key) != 0 || kept_.count(key) != 0;
      if (is_wanted || certificate->metadata.is_being_deleted) continue;
      const kube::OwnerReference* controller = controller_of(certificate->metadata);
      if (!controller || !is_ingress(*controller) || asking_.count(controller->uid) == 0) continue;
      plan_.remove.emplace(key, CertificatePlan::Remove{certificate->metadata.uid});
    }
  }

  const ClusterView& view_;
  const HostOwners& owners_;
  const std::set<ClaimantKey>& without_room_;
  const ClassOwnership ownership_;
  const std::vector<OwnedIngress> owned_;
  const PassthroughHosts passthrough_;
  std::map<kube::ObjectKey, const api::Certificate*> certificates_;
  std::map<kube::ObjectKey, std::vector<const api::Certificate*>> writers_;  // by Secret
  std::map<kube::ObjectKey, std::vector<Claim>> claims_;  // by Secret, oldest first
  std::set<kube::ObjectKey> kept_;                        // if they are there
  std::set<std::string> asking_;                          // uids of the Ingresses with an issuer
  CertificatePlan plan_;
};

}  // namespace

bool is_as_wanted(const api::Certificate& certificate, const CertificatePlan::Apply& wanted) {
  return certificate.spec == wanted.spec && is_owned(certificate, wanted.owner);
}

CertificatePlan plan_certificates(const ClusterView& view, const HostOwners& owners,
                                  const std::set<ClaimantKey>& without_room) {
  return Planning(view, owners, without_room).run();
}

CertificatePlan plan_certificates(const ClusterView& view) {
  return plan_certificates(view, owners_of(view));
}

}  // namespace ingress
