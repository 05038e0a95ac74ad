#pragma once

#include <string>
#include <utility>

#include "proxy/config/model.h"

namespace routing {

// What is done to requests and responses for all claimants, by content: those that want the same
// share one entry.
class ShapeTable {
 public:
  // The id of this shape; empty: it does nothing.
  std::string add(const proxy::config::Shape& shape);

  proxy::config::ProxyConfig::Section<proxy::config::Shape> take() { return std::move(section_); }

 private:
  proxy::config::ProxyConfig::Section<proxy::config::Shape> section_;
};

}  // namespace routing
