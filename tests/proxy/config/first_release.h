#pragma once

#include <string>
#include <string_view>

namespace proxy::config::first_release {

// How a proxy of the first release reads the full state that an operator sends: every field that it
// does not know is refused, and the revision is computed over all that it knows. Frozen: it shares
// nothing with today's code, and is not changed with it. Empty when it accepts the state; else the
// sentence that it refuses it with.
std::string refusal(std::string_view delta_json);

}  // namespace proxy::config::first_release
