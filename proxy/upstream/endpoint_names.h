#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config/model.h"

namespace proxy::upstream {

// What endpoints are called in sticky cookies: a keyed hash of the address and port. So every proxy
// that has the same configuration knows it, before and after a restart, and there is no table of
// clients; and a client learns nothing of addresses, nor which other names there are.
class EndpointNames {
 public:
  static constexpr std::size_t kBytes = 32;

  // For these endpoints, in their order. What has not changed since `before` is not made again.
  // Without a key there are none.
  EndpointNames() = default;
  EndpointNames(const std::string& key, const std::vector<config::Endpoint>& endpoints,
                const EndpointNames& before);

  std::string_view at(std::size_t i) const {
    return i < names_.size() ? std::string_view(names_[i]) : std::string_view();
  }
  // Nothing: no endpoint has this name, now.
  std::optional<std::size_t> find(std::string_view name) const;

 private:
  std::string key_;
  std::vector<config::Endpoint> endpoints_;
  std::vector<std::string> names_;
  std::vector<std::size_t> by_name_;
};

}  // namespace proxy::upstream
