#include "proxy/http2/flow_window.h"

#include <algorithm>

namespace proxy::http2 {

void grow_window(nghttp2_session* session, std::int32_t stream, std::int32_t window_max,
                 std::int32_t times) {
  const std::int32_t window =
      nghttp2_session_get_stream_effective_local_window_size(session, stream);
  if (window <= 0 || window >= window_max || !fills_window(session, stream, window)) return;
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, stream,
                                        std::min(window * times, window_max));
}

bool fills_window(nghttp2_session* session, std::int32_t stream, std::int32_t window) {
  return nghttp2_session_get_stream_effective_local_window_size(session, stream) >= window &&
         nghttp2_session_get_stream_effective_recv_data_length(session, stream) >= window / 2;
}

}  // namespace proxy::http2
