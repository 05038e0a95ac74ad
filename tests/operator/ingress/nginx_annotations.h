#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "operator/ingress/annotations/source.h"

namespace ingress_test {

using Pairs = std::initializer_list<std::pair<const std::string, std::string>>;

// The annotations of an Ingress that has these below ingress-nginx's prefix.
inline ingress::annotations::AnnotationMap nginx(Pairs pairs) {
  ingress::annotations::AnnotationMap map;
  for (const auto& [key, value] : pairs) {
    map[std::string(ingress::annotations::kNginxPrefix) + key] = value;
  }
  return map;
}

}  // namespace ingress_test
