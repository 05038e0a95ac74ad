#pragma once

#include <chrono>
#include <string_view>

namespace proxy::upstream {

// How long a connection may rest in the pool after a response with this Keep-Alive field (RFC 2068
// §19.7.1.1: "timeout=5, max=99"; `max` is what is left). An endpoint closes when its time is over,
// whether or not a request is on its way, so what is kept is well below it. kRestAsConfigured when
// it says nothing, kNotReusable when there is no next request.
std::chrono::milliseconds rest_allowed_by(std::string_view keep_alive);

}  // namespace proxy::upstream
