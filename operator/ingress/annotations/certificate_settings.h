#pragma once

#include "operator/api/certificate.h"
#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// cert-manager's settings for the Certificates that it makes of an Ingress: common-name,
// private-key-algorithm, private-key-size, private-key-rotation-policy, renew-before,
// renew-before-percentage, secret-template. Writes them into spec; what cannot be read, and its
// keys that have no meaning here (duration, usages, subject-*, ...), becomes an issue.
void read_certificate_settings(const AnnotationMap& annotations, api::CertificateSpec& spec,
                               Issues& issues);

}  // namespace ingress::annotations
