#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/api_server/object.h"

namespace fakes::api_server {

// All values at a JSONPath of the kind that printer columns and kubectl use: .a.b, ['a.b'], [0],
// [*], [?(@.type=="Ready")]. A step that leads nowhere gives nothing; text that is no such path
// gives nothing too.
std::vector<Json> at_path(const Json& object, std::string_view path);

// The first of them, or null.
Json first_at_path(const Json& object, std::string_view path);

}  // namespace fakes::api_server
