#pragma once

#include <string>

#include "operator/ingress/annotations/source.h"

namespace ingress::annotations {

// use-regex, rewrite-target and x-forwarded-prefix: how paths are compared, and what a backend is
// asked for. Both stand in front of what must not be reached, so one that cannot be honoured
// closes.
struct Rewrite {
  bool uses_expressions = false;  // the paths of this Ingress may be regular expressions
  bool wants_none = false;        // it says that they are none
  std::string target;             // as Policies::rewrite_target; empty: none
  std::string forwarded_prefix;   // as Policies::forwarded_prefix
};

Rewrite read_rewrite(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
