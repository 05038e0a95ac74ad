#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// The Table (meta.k8s.io/v1) that kubectl prints. include_object: "", Metadata, Object, None.
Json table_of(const std::vector<Column>& columns, const std::vector<Json>& objects,
              std::string_view include_object);

// "45s", "3m12s", "5h", "12d": as kubectl shows ages.
std::string age_text(std::chrono::seconds age);

}  // namespace fakes::api_server
