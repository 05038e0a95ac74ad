#pragma once

#include <string>
#include <vector>

#include "kube/resources/ingress.h"
#include "operator/ingress/class_parameters.h"

namespace ingress::annotations {

// What the annotations of an Ingress that is served make of its requests, in words for a person, in
// the order in which a request meets it: "an address list", "passwords", "limits". Defaults are not
// named.
std::vector<std::string> policies_in_force(const kube::Ingress& ingress,
                                           const ClassParameters& of_class = {});

}  // namespace ingress::annotations
