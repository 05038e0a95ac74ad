#pragma once

#include <optional>

#include "operator/api/certificate.h"
#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

inline constexpr std::string_view kCertManagerPrefix = "cert-manager.io/";

// A key about certificates below our own prefix, else below cert-manager's.
std::optional<Found> find_certificate_key(const AnnotationMap& annotations, std::string_view key);

// cluster-issuer, or issuer with issuer-kind and issuer-group: with whom to order the certificates
// of spec.tls. Nothing when no issuer is asked for, or what is asked for makes no sense (then an
// issue says so). kubernetes.io/tls-acme: "true" asks for the default issuer, if there is one.
std::optional<api::IssuerRef> read_issuer(const AnnotationMap& annotations,
                                          const std::optional<api::IssuerRef>& default_issuer,
                                          Issues& issues);

}  // namespace ingress::annotations
