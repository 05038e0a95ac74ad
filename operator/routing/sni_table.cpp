#include "operator/routing/sni_table.h"

#include <algorithm>

#include "base/time_text.h"
#include "operator/routing/host_name.h"
#include "operator/routing/joined.h"

namespace routing {
namespace {

std::string for_name(const std::string& name) {
  return name.empty() ? "clients that name no host" : name;
}

bool is_wildcard(const std::string& name) {
  return name.substr(0, 2) == "*.";
}

// covers_host() answers for a client's name; a wildcard name is covered by the same wildcard only.
bool covers(const base::CertificateNames& leaf, const std::string& name) {
  if (name.empty()) return true;  // nobody can say which name is right
  if (is_wildcard(name)) {
    return std::find(leaf.dns_names.begin(), leaf.dns_names.end(), name) != leaf.dns_names.end();
  }
  return base::covers_host(leaf, name);
}

std::string names_of(const base::CertificateNames& leaf) {
  return leaf.dns_names.empty() ? "no DNS name at all" : joined(leaf.dns_names);
}

// Of a wildcard's certificate that stands for a host of another namespace, too. Nothing that was
// asked for by name is refused, so this is no warning.
void tell_of_withheld(const Claimant& by, const std::string& wildcard, const Claimant& owner,
                      const std::string& host, Complaints& complaints) {
  const std::string both = "The certificate that " + by.text() + " has for " + wildcard +
                           " is not served for " + host + ", which belongs to namespace " +
                           owner.namespace_();
  complaints.push_back({by, Severity::note, "HostNotOwned", both + "."});
  complaints.push_back({owner, Severity::note, "HostAskedFor",
                        both + " and has no certificate there: HTTPS for it is refused."});
}

// Only the namespace that has one for clients that name no host is known for certain here, and only
// the host's owner can do something: ask for a certificate.
void tell_of_no_default(const std::string& namespace_, const Claimant& owner,
                        const std::string& host, Complaints& complaints) {
  complaints.push_back({owner, Severity::note, "CertificateWithheld",
                        "The certificate for clients that name no host is of namespace " +
                            namespace_ + " and not served for " + host +
                            ", which belongs to namespace " + owner.namespace_() +
                            " and has no certificate there: HTTPS for it is refused."});
}

bool asks_for(const api::Certificate& certificate, const std::string& name) {
  const auto names = certificate.all_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SniTable::SniTable(const Resources& resources) : resources_(resources) {
  for (const auto& certificate : resources.certificates) {
    certificate_by_secret_.try_emplace(
        {certificate->metadata.namespace_, certificate->spec.secret_name}, certificate.get());
  }
}

void SniTable::add(const Claimant& by, const std::string& secret_name, const std::string& name,
                   bool is_ordered, bool is_for_own_hosts) {
  const kube::ObjectKey secret{by.namespace_(), secret_name};
  offers_[name].push_back({by, secret, soundness_of(secret, name), is_ordered, is_for_own_hosts});
}

const TlsSecret* SniTable::find_secret(const kube::ObjectKey& secret) const {
  const auto found = resources_.secrets.find(secret);
  return found == resources_.secrets.end() ? nullptr : found->second.get();
}

const api::Certificate* SniTable::find_certificate(const kube::ObjectKey& secret) const {
  const auto found = certificate_by_secret_.find(secret);
  return found == certificate_by_secret_.end() ? nullptr : found->second;
}

SniTable::Soundness SniTable::soundness_of(const kube::ObjectKey& key,
                                           const std::string& name) const {
  const TlsSecret* secret = find_secret(key);
  if (!secret || secret->state != TlsSecret::State::usable) return Soundness::unusable;
  if (!covers(*secret->leaf, name)) return Soundness::unusable;
  // Served all the same when there is nothing better: a client that insists can go on, and one that
  // does not sees the true reason.
  return secret->leaf->not_after <= resources_.now ? Soundness::expired : Soundness::sound;
}

// The first of the best: the oldest. nullptr: none can be used.
const SniTable::Offer* SniTable::best_of(const Offers& offers) {
  const Offer* best = nullptr;
  for (const Offer& offer : offers) {
    if (offer.is_for_own_hosts || offer.soundness == Soundness::unusable) continue;
    if (!best || offer.soundness < best->soundness) best = &offer;
  }
  return best;
}

const SniTable::Offer* SniTable::best_of_namespace(const std::string& name,
                                                   const std::string& namespace_) const {
  const auto found = offers_.find(name);
  if (found == offers_.end()) return nullptr;
  const Offer* best = nullptr;
  for (const Offer& offer : found->second) {
    if (offer.secret.namespace_ != namespace_ || offer.soundness == Soundness::unusable) continue;
    if (!best || offer.soundness < best->soundness) best = &offer;
  }
  return best;
}

void SniTable::serve(const std::string& name, const Offer& offer, Decided& decided) const {
  const std::string id = offer.secret.text();
  decided.sni[name] = id;
  decided.certificates[id] = find_secret(offer.secret)->material;
}

// What a proxy shows for a host that has no certificate by its very name is that of the wildcard
// over it, else that for clients that name no host. Where that is another namespace's, the host
// gets what its own namespace has for the wildcard, or nothing.
SniTable::Uses SniTable::keep_to_owners(const HostOwners& owners,
                                        const std::vector<std::string>& hosts, Decided& decided,
                                        Complaints& complaints) const {
  Uses uses;
  if (owners.may_be_shared()) return uses;
  const auto winner = [&](const std::string& name) -> const Offer* {
    const auto found = offers_.find(name);
    return found == offers_.end() ? nullptr : best_of(found->second);
  };
  const Offer* without_name = winner("");
  const std::string& unnamed =
      without_name ? without_name->secret.namespace_ : resources_.unnamed_elsewhere;
  for (const std::string& host : hosts) {
    const Claimant* const owner = owners.owner_of(host);
    if (!owner || decided.sni.count(host) != 0) continue;
    const std::string wildcard = covering_wildcard(host);
    const Offer* by_wildcard = wildcard.empty() ? nullptr : winner(wildcard);
    const std::string& shown = by_wildcard ? by_wildcard->secret.namespace_ : unnamed;
    const bool is_own = shown == owner->namespace_();
    const Offer* own =
        is_own || wildcard.empty() ? nullptr : best_of_namespace(wildcard, owner->namespace_());
    if (own) {
      serve(host, *own, decided);
      uses.insert({own->secret, wildcard});
    } else if (!shown.empty() && !is_own) {
      decided.own_only.insert(host);
      if (by_wildcard) {
        tell_of_withheld(by_wildcard->by, wildcard, *owner, host, complaints);
      } else {
        tell_of_no_default(unnamed, *owner, host, complaints);
      }
    }
  }
  return uses;
}

SniTable::Decided SniTable::decide(const HostOwners& owners, const std::vector<std::string>& hosts,
                                   Complaints& complaints) const {
  Decided decided;
  for (const auto& [name, offers] : offers_) {
    if (const Offer* best = best_of(offers)) serve(name, *best, decided);
  }
  const Uses uses = keep_to_owners(owners, hosts, decided, complaints);
  std::map<Trouble, std::vector<std::string>> troubles;
  for (const auto& [name, offers] : offers_) {
    const Offer* best = best_of(offers);
    for (const Offer& offer : offers) {
      const bool served = (best && !offer.is_for_own_hosts && offer.secret == best->secret) ||
                          uses.count({offer.secret, name}) != 0;
      decided.outcomes.push_back({offer.by, name, served});
      if (offer.soundness != Soundness::sound) {
        troubles[trouble_with(offer, name)].push_back(for_name(name));
      } else if (!served && best) {
        troubles[{offer.by, Severity::warning, "CertificateConflict",
                  "The certificate of Secret " + offer.secret.text() + " is not served for ",
                  ": the older " + best->by.text() + " asks for the one of Secret " +
                      best->secret.text()}]
            .push_back(for_name(name));
      } else if (served && !find_secret(offer.secret)->untold_issuer.empty()) {
        troubles[trouble_with_chain(offer)].push_back(for_name(name));
      }
    }
  }
  for (const auto& [trouble, names] : troubles) {
    complaints.push_back({trouble.claimant, trouble.severity, trouble.reason,
                          trouble.lead + joined(names) + trouble.rest + "."});
  }
  return decided;
}

SniTable::Trouble SniTable::trouble_with_chain(const Offer& offer) const {
  return {offer.by, Severity::warning, "CertificateChainIncomplete", "TLS for ",
          " is served with the certificate of Secret " + offer.secret.text() +
              ", whose tls.crt lacks the certificate of its issuer, \"" +
              find_secret(offer.secret)->untold_issuer +
              "\": clients that do not know it by themselves refuse the connection. Append it to "
              "tls.crt; where it is an authority of your own that your clients know, put it in "
              "ca.crt, and nothing more is said"};
}

SniTable::Trouble SniTable::trouble_with(const Offer& offer, const std::string& name) const {
  const TlsSecret* secret = find_secret(offer.secret);
  const api::Certificate* certificate = find_certificate(offer.secret);
  const std::string secret_text = "Secret " + offer.secret.text();
  const bool has_content = secret && secret->state != TlsSecret::State::empty;
  const bool mismatch =
      has_content && secret->state == TlsSecret::State::usable && !covers(*secret->leaf, name);

  // Somebody is at work on it; the Certificate itself tells how far.
  if (certificate && (!has_content || (mismatch && asks_for(*certificate, name)))) {
    return {offer.by, Severity::pending, "CertificatePending", "TLS for ",
            " waits for Certificate " + certificate->metadata.key().text() + ", which writes " +
                secret_text};
  }
  if (offer.is_ordered && (!has_content || mismatch)) {
    return {offer.by, Severity::pending, "CertificatePending", "TLS for ",
            " waits for the Certificate that is to write " + secret_text};
  }
  constexpr const char* kLead = "There is no TLS for ";
  if (!secret) {
    return {offer.by, Severity::warning, "CertificateMissing", kLead,
            ": " + secret_text +
                " of type kubernetes.io/tls does not exist (Secrets of other types are not read), "
                "and no Certificate writes it"};
  }
  if (secret->state != TlsSecret::State::usable) {
    return {offer.by, Severity::warning, "CertificateInvalid", kLead,
            " from " + secret_text + ": " + secret->problem};
  }
  if (mismatch) {
    return {offer.by, Severity::warning, "CertificateHostMismatch", kLead,
            " from " + secret_text + ": its certificate is for " + names_of(*secret->leaf)};
  }
  return {offer.by, Severity::warning, "CertificateExpired", "TLS for ",
          " is served with the certificate of " + secret_text + ", which expired at " +
              base::to_rfc3339(secret->leaf->not_after)};
}

}  // namespace routing
