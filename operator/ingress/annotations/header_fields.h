#pragma once

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// request-headers and response-headers, one "Name: value" a line, and hidden-headers, names by
// lines or commas, which a response loses. A line without a value takes the field away. A line that
// cannot be taken is left out and told, by the first one of each annotation.
void read_header_fields(const AnnotationMap& annotations, proxy::config::Shape& shape,
                        Issues& issues);

}  // namespace ingress::annotations
