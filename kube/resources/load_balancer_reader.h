#pragma once

#include <vector>

#include "kube/json_reader.h"
#include "kube/resources/load_balancer.h"

namespace kube {

// status.loadBalancer.ingress of an object.
std::vector<LoadBalancerAddress> read_load_balancer(const JsonReader& object);

}  // namespace kube
