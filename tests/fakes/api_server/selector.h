#pragma once

#include <functional>
#include <string_view>

#include "tests/fakes/api_server/kinds.h"

namespace fakes::api_server {

// Says whether an object (in its served shape) belongs to a list or a watch.
using Selector = std::function<bool(const Json& object)>;

// "a=b,c!=d,e in (f,g),h notin (i),j,!k". Bad text is a 400.
Answer<Selector> label_selector(std::string_view text);

// "metadata.name=x,type!=y". Fields that the kind does not offer are a 400, as on the real server.
Answer<Selector> field_selector(const Kind& kind, std::string_view text);

}  // namespace fakes::api_server
