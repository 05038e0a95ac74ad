#pragma once

#include "operator/ingress/class_ownership.h"
#include "operator/ingress/cluster_view.h"
#include "operator/ingress/reading.h"
#include "operator/routing/backend_resolver.h"
#include "operator/routing/load.h"

namespace ingress {

// How much an Ingress asks for at most, whoever else is there. view: of the whole compilation, as
// ownership and backends.
routing::Load load_of(const Reading& reading, const ClassOwnership& ownership,
                      const ClusterView& view, const routing::BackendResolver& backends);

}  // namespace ingress
