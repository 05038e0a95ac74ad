#pragma once

#include <chrono>

namespace proxy::support {

// How long a test waits for what must happen before it fails: far longer than that takes beside
// forty busy processes. Nobody waits so long for something that is not to happen.
inline constexpr std::chrono::seconds kPatience{30};
// As poll() wants it.
inline constexpr int kPatienceMillis =
    static_cast<int>(std::chrono::milliseconds(kPatience).count());

}  // namespace proxy::support
