#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/object.h"

namespace ingress {

// Which Ingresses have to do with each other: those with a name in common, or with names that one
// wildcard of theirs covers, and those that have to do with one and the same third. Two groups can
// be compiled apart. A change costs as much as the groups that it touches are large. Not
// thread-safe.
class IngressGroups {
 public:
  using Members = std::set<kube::ObjectKey>;

  // What an Ingress has in common with others.
  struct Names {
    std::set<std::string> hosts;
    std::set<kube::ObjectKey> secrets;
    bool operator==(const Names&) const = default;
  };

  // Makes the Ingress known with these names instead of those that it had.
  void put(const kube::ObjectKey& ingress, Names names);
  void erase(const kube::ObjectKey& ingress);

  // The Ingresses with one of these names, or with one that has to do with it.
  Members neighbours(const Names& names) const;
  Members with_secret(const kube::ObjectKey& secret) const;

  // The groups that these make. They must be whole: with whoever has to do with one of them.
  std::vector<Members> groups_of(const Members& ingresses) const;

 private:
  template <class Name>
  using ByName = std::map<Name, Members>;

  void file(const kube::ObjectKey& ingress, const Names& names);
  void unfile(const kube::ObjectKey& ingress, const Names& names);

  std::map<kube::ObjectKey, Names> names_;
  ByName<std::string> by_host_;
  ByName<std::string> by_covering_wildcard_;
  ByName<kube::ObjectKey> by_secret_;
};

}  // namespace ingress
