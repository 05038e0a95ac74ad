#include "tests/fakes/api_server/target.h"

#include <vector>

#include "tests/fakes/api_server/http.h"

namespace fakes::api_server {

std::optional<Target> read_target_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    if (path.front() == '/') {
      path.remove_prefix(1);
      continue;
    }
    const std::string_view part = path.substr(0, path.find('/'));
    parts.push_back(percent_decoded(part));
    path.remove_prefix(part.size());
  }
  Target target;
  std::size_t at = 0;
  const auto left = [&] { return parts.size() - at; };
  if (left() >= 2 && parts[0] == "api") {
    target.version = parts[1];
    at = 2;
  } else if (left() >= 3 && parts[0] == "apis") {
    target.group = parts[1];
    target.version = parts[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  // /namespaces/NS alone is the Namespace itself, and so is /namespaces/NS/status.
  if (left() >= 3 && parts[at] == "namespaces" &&
      !(left() == 3 && (parts[at + 2] == "status" || parts[at + 2] == "finalize") &&
        target.group.empty())) {
    target.namespace_ = parts[at + 1];
    at += 2;
  }
  if (left() == 0 || left() > 3) return std::nullopt;
  target.plural = parts[at];
  if (left() >= 2) target.name = parts[at + 1];
  if (left() == 3) target.subresource = parts[at + 2];
  return target;
}

}  // namespace fakes::api_server
