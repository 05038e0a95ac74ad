#pragma once

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// service-upstream: true for the Service's own address, behind which the cluster's network chooses,
// in place of its Pods'.
bool read_service_upstream(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
