#pragma once

#include <algorithm>
#include <array>
#include <string_view>

// What a FixedAnswer stands for. One in place of a backend that cannot be resolved keeps nobody
// out: it goes when the Service comes. Any other is a guard, those that we do not know among them.
namespace proxy::config {

inline constexpr std::array<std::string_view, 5> kBrokenBackendReasons = {
    "service_not_found", "port_not_found", "external_name", "resource_backend", "no_backend"};

constexpr bool is_of_a_broken_backend(std::string_view reason) {
  return std::find(kBrokenBackendReasons.begin(), kBrokenBackendReasons.end(), reason) !=
         kBrokenBackendReasons.end();
}

}  // namespace proxy::config
