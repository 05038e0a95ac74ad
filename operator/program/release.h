#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"
#include "kube/resources/lease.h"

// What one installation of the operator is in charge of, and how several in one cluster keep out of
// each other's way. Each writes what it is in charge of at its Lease; nobody leads while another
// that is in charge of the same does (docs/decisions/0047-one-release-for-a-class.md). Pure.
namespace program {

// By this label the Leases of operators are found.
inline constexpr const char* kOperatorLeaseLabel = "gatehouse.dev/operator-lease";

struct Release {
  std::set<std::string> classes;     // IngressClasses, by name
  std::set<std::string> namespaces;  // that it looks at; none: all
  // Whether Certificates and issuers that name no class may be its own.
  bool may_have_classless = true;

  // What its Lease says of it.
  std::map<std::string, std::string> annotations(bool has_classless) const;
};

struct Standing {
  std::string refusal;         // a sentence: why it must not lead; empty: it may
  bool has_classless = false;  // Certificates and issuers without a class are its own
  std::set<std::string> classes_elsewhere{};  // of other releases, whether or not they are alive
};

// own: the release, and the Lease that it is elected on. all: the Leases of operators; held: those
// of them that somebody alive holds. One without a holder is a release that may come back, and
// keeps the objects without a class; unless it is for our own classes: then we stand in its place.
Standing standing_of(const Release& own, const kube::ObjectKey& own_lease,
                     const std::vector<kube::Lease>& all, const std::vector<kube::Lease>& held);

}  // namespace program
