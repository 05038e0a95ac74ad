#pragma once

#include <optional>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// fixed-answer: the status, from 400 to 599, that all paths of the Ingress answer, whatever their
// backends. It guards: a value that cannot be read closes the Ingress.
std::optional<int> read_fixed_answer(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
