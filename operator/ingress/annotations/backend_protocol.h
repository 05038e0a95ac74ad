#pragma once

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// backend-protocol: only HTTP is spoken to backends so far. Anything else closes the door: plain
// HTTP to a backend that expects TLS would send secrets in the clear.
void check_backend_protocol(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
