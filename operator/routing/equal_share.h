#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace routing {

// The most that each may have so that all together have no more than `all`: whoever wants less than
// an equal share gets it in full, and the others have the same (max-min fairness). Nothing: all
// get what they want.
std::optional<std::uint64_t> equal_share(std::vector<std::uint64_t> wanted, std::uint64_t all);

}  // namespace routing
