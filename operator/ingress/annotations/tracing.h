#pragma once

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// enable-opentelemetry and opentelemetry-trust-incoming-span.
proxy::config::Tracing read_tracing(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
