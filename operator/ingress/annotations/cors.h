#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// enable-cors and cors-*, with ingress-nginx's defaults. Nothing: the backend speaks for itself.
//
// What cannot be read lets through less, never more, and is told: an origin, method or field that
// is none is left out, and where none is left nobody, or nothing beyond what needs no permission,
// is admitted; ingress-nginx falls back to its default there, which is everybody.
std::optional<proxy::config::Cors> read_cors(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
