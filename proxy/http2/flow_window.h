#pragma once

#include <cstdint>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// Makes the window of a stream `times` as large, up to `window_max`, once half of it came; to be
// called while what comes is taken as fast as it comes. So whoever takes nothing holds no more of
// our memory than the window that every stream begins with, and others are not held up by the way
// to their peer and back (64 KiB are 1.3 MB/s at 50 ms).
void grow_window(nghttp2_session* session, std::int32_t stream, std::int32_t window_max,
                 std::int32_t times);
// Whether the stream's window is so large already, and half of it came: it would grow if it might.
bool fills_window(nghttp2_session* session, std::int32_t stream, std::int32_t window);

}  // namespace proxy::http2
