#include "operator/routing/backend.h"

#include <cstddef>

namespace routing {

std::optional<std::string> name_in(const std::string& namespace_, std::string_view written) {
  const std::size_t slash = written.find('/');
  if (slash == std::string_view::npos) return std::string(written);
  if (written.substr(0, slash) != namespace_) return std::nullopt;
  return std::string(written.substr(slash + 1));
}

}  // namespace routing
