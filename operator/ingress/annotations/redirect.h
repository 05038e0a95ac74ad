#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// ssl-redirect and force-ssl-redirect: whether plain http is answered with 308 to https.
struct Redirect {
  std::optional<bool> where_certificate;  // nothing: not said, so the default (yes) holds
  bool always = false;                    // also without a certificate of ours
};

Redirect read_redirect(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
