#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operator/ingress/cluster_view.h"
#include "operator/ingress/complaint.h"
#include "proxy/config/model.h"

namespace ingress {

// Decides which certificate answers for which name. Offers are made in order of age; the oldest
// sound one wins a name, and one that cannot be used never stands in the way of one that can.
class SniTable {
 public:
  explicit SniTable(const ClusterView& view);

  // A tls entry of an Ingress: this Secret of its namespace for these names. is_ordered: an issuer
  // annotation asks for a Certificate, which may not be there yet.
  void offer(const kube::Ingress& ingress, const std::string& secret_name,
             const std::vector<std::string>& names, bool is_ordered);

  // How an offer of an Ingress ended.
  struct Outcome {
    kube::ObjectKey ingress;
    std::string name;
    bool served = false;  // with this Ingress's Secret
  };

  struct Decided {
    std::map<std::string, std::string> sni;
    proxy::config::ProxyConfig::Section<proxy::config::Certificate> certificates;
    std::vector<Outcome> outcomes;
  };
  Decided decide(Complaints& complaints) const;

 private:
  // In order of preference.
  enum class Rank { sound, expired, unusable };

  struct Offer {
    kube::ObjectKey ingress;
    kube::ObjectKey secret;
    Rank rank = Rank::unusable;
    bool is_ordered = false;
  };

  // Why an offer is not sound; the names that it concerns are said between `lead` and `rest`, so
  // that one Secret makes one complaint however many names it was to serve.
  struct Trouble {
    kube::ObjectKey ingress;
    Severity severity = Severity::warning;
    std::string reason;
    std::string lead;
    std::string rest;
    auto operator<=>(const Trouble&) const = default;
  };

  const TlsSecret* find_secret(const kube::ObjectKey& secret) const;
  const api::Certificate* find_certificate(const kube::ObjectKey& secret) const;
  Rank rank_of(const kube::ObjectKey& secret, const std::string& name) const;
  Trouble trouble_with(const Offer& offer, const std::string& name) const;

  const ClusterView& view_;
  std::map<kube::ObjectKey, const api::Certificate*> certificate_by_secret_;
  std::map<std::string, std::vector<Offer>> offers_;  // by name, oldest first
};

}  // namespace ingress
