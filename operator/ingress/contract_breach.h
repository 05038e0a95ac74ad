#pragma once

#include "operator/ingress/compiler.h"

namespace ingress {

// What a group of Ingresses compiles to must keep the proxies' contract (proxy::config::validate),
// or nothing of anybody is published. Each reader of an annotation has the contract's bounds; where
// one lacks its own, only the entries that break it may feel it: those hosts answer 503, and each
// of their Ingresses is told. Others stay as they are, for whoever names a host of others is in a
// group with them. True: that was so. A pure function.
bool close_where_contract_breaks(Compiled& compiled);

}  // namespace ingress
