#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"
#include "proxy/config/model.h"

namespace ingress::annotations {

// fixed-answer: what answers all paths of the Ingress, whatever their backends; with
// fixed-answer-text and fixed-answer-type something to say. A status that cannot be read guards:
// somebody may be meant to be kept out.
std::optional<proxy::config::FixedAnswer> read_fixed_answer(const AnnotationMap& annotations,
                                                            Issues& issues);

}  // namespace ingress::annotations
