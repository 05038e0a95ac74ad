#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fakes::api_server {

// What a resource URL names: /api/v1/namespaces/NS/secrets/NAME, /apis/GROUP/VERSION/PLURAL, ...
struct Target {
  std::string group;
  std::string version;
  std::string namespace_;  // empty: cluster-wide
  std::string plural;
  std::string name;         // empty: the collection
  std::string subresource;  // "status" or empty
  bool operator==(const Target&) const = default;
};

// Nothing when the path is no resource path (discovery, /version, nonsense).
std::optional<Target> read_target_path(std::string_view path);

}  // namespace fakes::api_server
