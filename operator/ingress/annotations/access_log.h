#pragma once

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// enable-access-log: whether the access log has lines for requests of the Ingress; true when
// nothing is said.
bool read_enable_access_log(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
