#include "operator/routing/shape_table.h"

#include <memory>

#include "proxy/config/wire.h"

namespace routing {

std::string ShapeTable::add(const proxy::config::Shape& shape) {
  if (shape == proxy::config::Shape{}) return {};
  std::string id = proxy::config::shape_id(shape);
  section_.try_emplace(id, std::make_shared<const proxy::config::Shape>(shape));
  return id;
}

}  // namespace routing
