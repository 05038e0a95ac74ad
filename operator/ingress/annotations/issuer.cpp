#include "operator/ingress/annotations/issuer.h"

#include "operator/ingress/annotations/values.h"

namespace ingress::annotations {
namespace {

constexpr const char* kTlsAcme = "kubernetes.io/tls-acme";

std::optional<Found> find_under(const AnnotationMap& annotations, std::string_view prefix,
                                std::string_view key) {
  const auto found = annotations.find(std::string(prefix).append(key));
  if (found == annotations.end() || found->second.empty()) return std::nullopt;
  return Found{found->first, found->second};
}

bool is_our_group(std::string_view group) {
  // Ours serve under our group; who moves over from cert-manager need not change its group.
  return group.empty() || group == "gatehouse.dev" || group == "cert-manager.io";
}

std::optional<api::IssuerRef> read_named_issuer(const AnnotationMap& annotations,
                                                const Found& issuer, Issues& issues) {
  const auto group = find_certificate_key(annotations, "issuer-group");
  if (group && !is_our_group(group->value)) {
    issues.push_back(bad_value(*group,
                               "a group whose issuers are known here, so no certificate "
                               "is ordered",
                               Issue::Effect::tunes));
    return std::nullopt;
  }
  api::IssuerRef reference{std::string(issuer.value), "Issuer"};
  const auto kind = find_certificate_key(annotations, "issuer-kind");
  if (!kind) return reference;
  if (kind->value != "Issuer" && kind->value != "ClusterIssuer") {
    issues.push_back(bad_value(*kind,
                               "\"Issuer\" or \"ClusterIssuer\", so no certificate is ordered",
                               Issue::Effect::tunes));
    return std::nullopt;
  }
  reference.kind = std::string(kind->value);
  return reference;
}

std::optional<api::IssuerRef> read_tls_acme(const AnnotationMap& annotations,
                                            const std::optional<api::IssuerRef>& default_issuer,
                                            Issues& issues) {
  const auto found = annotations.find(kTlsAcme);
  if (found == annotations.end() || read_bool(found->second) != true) return std::nullopt;
  if (!default_issuer) {
    issues.push_back({Issue::Effect::tunes, kTlsAcme,
                      "asks for the default issuer, and the operator was started without one, so "
                      "no certificate is ordered",
                      "Name an issuer with cert-manager.io/cluster-issuer."});
  }
  return default_issuer;
}

}  // namespace

std::optional<Found> find_certificate_key(const AnnotationMap& annotations, std::string_view key) {
  if (auto found = find_under(annotations, kOwnPrefix, key)) return found;
  return find_under(annotations, kCertManagerPrefix, key);
}

std::optional<api::IssuerRef> read_issuer(const AnnotationMap& annotations,
                                          const std::optional<api::IssuerRef>& default_issuer,
                                          Issues& issues) {
  for (const std::string_view prefix : {kOwnPrefix, kCertManagerPrefix}) {
    const auto cluster_issuer = find_under(annotations, prefix, "cluster-issuer");
    const auto issuer = find_under(annotations, prefix, "issuer");
    if (cluster_issuer && issuer) {
      issues.push_back({Issue::Effect::tunes, issuer->name,
                        "stands beside " + cluster_issuer->name +
                            ", and only one of them can be meant, so no certificate is ordered",
                        "Remove one of the two."});
      return std::nullopt;
    }
    if (cluster_issuer) return api::IssuerRef{std::string(cluster_issuer->value), "ClusterIssuer"};
    if (issuer) return read_named_issuer(annotations, *issuer, issues);
  }
  return read_tls_acme(annotations, default_issuer, issues);
}

}  // namespace ingress::annotations
