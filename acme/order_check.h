#pragma once

#include <vector>

#include "acme/problem.h"
#include "acme/resources.h"
#include "base/result.h"

// Whether what a server says of an order is about the names that were asked for. Pure. What an ACME
// server says is the input of whoever may name it: nothing of it may make us answer for a host that
// nobody asked a certificate for.
namespace acme {

// RFC 8555 §7.1.3: the same names, in any order, none twice.
// As it is compared and published: without capitals, an address in its one spelling.
Identifier canonical(Identifier identifier);

bool are_same_names(const std::vector<Identifier>& left, const std::vector<Identifier>& right);

// Each authorization is for one identifier of the order, and no two are for the same (§7.1.4). The
// sentence names the identifier.
base::Status check_authorizations(const Order& order,
                                  const std::vector<Authorization>& authorizations);

}  // namespace acme
