#pragma once

#include <string>
#include <utility>

#include "proxy/config/model.h"

namespace routing {

// The guards of all routes, by content: those that say the same share one entry.
class GuardTable {
 public:
  // The id of these guards; empty: they guard nothing.
  std::string add(proxy::config::Guards guards);
  // Of an id that add() has given.
  proxy::config::Guards find(const std::string& id) const;

  proxy::config::ProxyConfig::Section<proxy::config::Guards> take() { return std::move(section_); }

 private:
  proxy::config::ProxyConfig::Section<proxy::config::Guards> section_;
};

}  // namespace routing
