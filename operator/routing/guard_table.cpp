#include "operator/routing/guard_table.h"

#include <memory>
#include <utility>

#include "proxy/config/wire.h"

namespace routing {

std::string GuardTable::add(proxy::config::Guards guards) {
  if (guards == proxy::config::Guards{}) return {};
  std::string id = proxy::config::guards_id(guards);
  section_.try_emplace(id, std::make_shared<const proxy::config::Guards>(std::move(guards)));
  return id;
}

proxy::config::Guards GuardTable::find(const std::string& id) const {
  return id.empty() ? proxy::config::Guards{} : *section_.at(id);
}

}  // namespace routing
