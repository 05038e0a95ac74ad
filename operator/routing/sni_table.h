#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "operator/routing/claimant.h"
#include "operator/routing/complaint.h"
#include "operator/routing/host_owners.h"
#include "operator/routing/resources.h"
#include "proxy/config/model.h"

namespace routing {

// Decides which certificate answers for which name. Offers are made in order of age; the oldest
// sound one wins a name, and one that cannot be used never stands in the way of one that can. The
// certificate of a wildcard, or of clients that name no host, is not shown for a host of another
// namespace.
class SniTable {
 public:
  // resources must outlive it.
  explicit SniTable(const Resources& resources);

  // A tls entry of a claimant: this Secret of its namespace for this name. is_ordered: an issuer
  // annotation asks for a Certificate, which may not be there yet.
  void offer(const Claimant& by, const std::string& secret_name, const std::string& name,
             bool is_ordered) {
    add(by, secret_name, name, is_ordered, false);
  }
  // The same for a wildcard that another namespace owns: for the hosts under it alone that the
  // claimant's namespace owns.
  void offer_for_own_hosts(const Claimant& by, const std::string& secret_name,
                           const std::string& wildcard, bool is_ordered) {
    add(by, secret_name, wildcard, is_ordered, true);
  }

  // How an offer ended.
  struct Outcome {
    Claimant by;
    std::string name;
    bool served = false;  // with this claimant's Secret
  };

  struct Decided {
    std::map<std::string, std::string> sni;
    // Hosts without a certificate of their namespace, while another's would be shown for them.
    std::set<std::string> own_only;
    proxy::config::ProxyConfig::Section<proxy::config::Certificate> certificates;
    std::vector<Outcome> outcomes;
  };
  // hosts: those with rules.
  Decided decide(const HostOwners& owners, const std::vector<std::string>& hosts,
                 Complaints& complaints) const;

 private:
  // In order of preference.
  enum class Soundness { sound, expired, unusable };

  struct Offer {
    Claimant by;
    kube::ObjectKey secret;
    Soundness soundness = Soundness::unusable;
    bool is_ordered = false;
    bool is_for_own_hosts = false;
  };
  using Offers = std::vector<Offer>;                               // oldest first
  using Uses = std::set<std::pair<kube::ObjectKey, std::string>>;  // Secret, name of the offer

  // Why an offer is not sound; the names that it concerns are said between `lead` and `rest`, so
  // that one Secret makes one complaint however many names it was to serve.
  struct Trouble {
    Claimant claimant;
    Severity severity = Severity::warning;
    std::string reason;
    std::string lead;
    std::string rest;
    auto operator<=>(const Trouble&) const = default;
  };

  void add(const Claimant& by, const std::string& secret_name, const std::string& name,
           bool is_ordered, bool is_for_own_hosts);
  static const Offer* best_of(const Offers& offers);
  const Offer* best_of_namespace(const std::string& name, const std::string& namespace_) const;
  void serve(const std::string& name, const Offer& offer, Decided& decided) const;
  Uses keep_to_owners(const HostOwners& owners, const std::vector<std::string>& hosts,
                      Decided& decided, Complaints& complaints) const;
  const TlsSecret* find_secret(const kube::ObjectKey& secret) const;
  const api::Certificate* find_certificate(const kube::ObjectKey& secret) const;
  Soundness soundness_of(const kube::ObjectKey& secret, const std::string& name) const;
  Trouble trouble_with(const Offer& offer, const std::string& name) const;
  Trouble trouble_with_chain(const Offer& offer) const;

  const Resources& resources_;
  std::map<kube::ObjectKey, const api::Certificate*> certificate_by_secret_;
  std::map<std::string, Offers> offers_;  // by name
};

}  // namespace routing
