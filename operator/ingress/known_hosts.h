#pragma once

#include <set>
#include <string>
#include <utility>

#include "operator/ingress/reading.h"
#include "operator/routing/host_owners.h"

namespace ingress {

// What is known of hosts once all Ingresses of a compilation are read: which of them somebody
// serves, and on which there are regular expressions. In ProxyConfig's spelling.
class KnownHosts {
 public:
  // served_elsewhere: see Asking. Must outlive it.
  explicit KnownHosts(const std::set<std::string>& served_elsewhere)
      : served_elsewhere_(served_elsewhere) {}

  // Those of an Ingress that its namespace has a say about.
  void note(const Reading& reading, const routing::HostOwners& owners);

  // By an Ingress of this edge.
  bool is_served(const std::string& host) const;
  bool has_expressions(const std::string& host) const { return with_expressions_.count(host) != 0; }

  // By Ingresses that were noted: of rules and aliases. Nothing else may be asked of it then.
  std::set<std::string> take_served() { return std::move(served_); }

 private:
  const std::set<std::string>& served_elsewhere_;
  std::set<std::string> served_;
  std::set<std::string> with_expressions_;
};

}  // namespace ingress
