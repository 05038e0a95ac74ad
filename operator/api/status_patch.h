#pragma once

#include <nlohmann/json_fwd.hpp>

namespace api {

// The JSON merge patch (RFC 7396) that turns one status into another, as {"status": {...}}; an
// empty object when they are the same, so that nothing is written.
nlohmann::json status_patch(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace api
