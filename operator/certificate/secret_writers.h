#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace certificate {

// Who else wrote the data of this Secret, the newest first, as metadata.managedFields has it:
// "\"kubectl-edit\" (Update at 2026-01-02T03:04:05Z)". Empty when nobody did, or nobody says so.
// At most three, each name on one line and bounded: a manager's name is its client's choice. Pure.
std::string other_writers(const nlohmann::json& secret);

}  // namespace certificate
