#pragma once

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// ssl-passthrough: the TLS of the Ingress's hosts ends at its backend. What cannot be read closes
// the Ingress: TLS would end here, where nobody but the backend is to read.
bool read_ssl_passthrough(const AnnotationMap& annotations, Issues& issues);

// The same for who only has to know whether it is asked for, in whatever words.
bool asks_for_passthrough(const AnnotationMap& annotations);

// What cannot hold for requests that nobody reads here: where it guards it closes the Ingress, else
// it is told. Plain HTTP still has all of it.
void judge_beside_passthrough(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
