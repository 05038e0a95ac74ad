#include "operator/routing/equal_share.h"

#include <algorithm>
#include <cstddef>

namespace routing {

std::optional<std::uint64_t> equal_share(std::vector<std::uint64_t> wanted, std::uint64_t all) {
  std::sort(wanted.begin(), wanted.end());
  std::uint64_t left = all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::uint64_t share = left / (wanted.size() - i);
    if (wanted[i] > share) return share;
    left -= wanted[i];
  }
  return std::nullopt;
}

}  // namespace routing
