#pragma once

#include <string>
#include <utility>

#include "operator/ingress/annotations/route_policy.h"
#include "proxy/config/model.h"

namespace ingress {

// What this policy guards; none where it guards nothing.
proxy::config::Guards guards_of(const annotations::RoutePolicy& policy);

// The guards of all Ingresses, by content: those that say the same share one entry.
class GuardTable {
 public:
  // The id of what this policy guards; empty: nothing.
  std::string add(const annotations::RoutePolicy& policy);
  // Of an id that add() has given.
  proxy::config::Guards find(const std::string& id) const;

  proxy::config::ProxyConfig::Section<proxy::config::Guards> take() { return std::move(section_); }

 private:
  proxy::config::ProxyConfig::Section<proxy::config::Guards> section_;
};

}  // namespace ingress
