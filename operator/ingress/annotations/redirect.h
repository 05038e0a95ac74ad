#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// ssl-redirect, force-ssl-redirect and plain-http: whether plain http is answered with 308 to
// https, served, or refused. Where plain-http says something it counts, and not the other two.
struct Redirect {
  std::optional<bool> where_certificate{};  // nothing: not said, so the default (yes) holds
  bool always = false;                      // also without a certificate of ours
  bool refuses = false;                     // 403 in place of both
  bool says_plain_http = false;             // what is said is plain-http's word
};

Redirect read_redirect(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
