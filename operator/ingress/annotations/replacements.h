#pragma once

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// proxy-cookie-domain and proxy-cookie-path ("FROM TO", the second perhaps in quotes), and
// proxy-redirect-from with proxy-redirect-to. Regular expressions and variables are not known; a
// value with one is left out and told.
void read_replacements(const AnnotationMap& annotations, proxy::config::Shape& shape,
                       Issues& issues);

}  // namespace ingress::annotations
