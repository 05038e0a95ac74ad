#pragma once

#include <optional>
#include <string>

#include "kube/object.h"
#include "kube/resources/ingress.h"
#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// auth-tls-secret, auth-tls-verify-client, auth-tls-verify-depth,
// auth-tls-pass-certificate-to-upstream, auth-tls-match-cn, auth-tls-error-page.
struct ClientCertificates {
  std::string annotation;  // that names the Secret, with its prefix
  kube::ObjectKey secret;  // of the Ingress's own namespace
  // Without the authorities, which are the Secret's, and which the compiler has.
  proxy::config::ClientCertificates asked;
};

// They guard: what cannot be read closes the Ingress. Nothing: no certificate is asked for, or
// there is an issue.
std::optional<ClientCertificates> read_client_certificates(const kube::Ingress& ingress,
                                                           Issues& issues);

}  // namespace ingress::annotations
