#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// What the functions that libnghttp2 calls have in common on both sides of a connection; `user` is
// the session. Streams are found by their number: one that was left is not there any more, whatever
// libnghttp2 still has to do for it.
template <class Session, class StreamOfSession>
struct SessionCallbacks {
  static Session& self(void* user) { return *static_cast<Session*>(user); }
  // nullptr: it is not there.
  static StreamOfSession* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<StreamOfSession*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static std::string_view text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  static bool ends_stream(const nghttp2_frame* frame) {
    return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  }
  static bool is_request_head(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  }

  // A field that libnghttp2 would only leave out: RFC 9113 §8.2.1 calls the message malformed.
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                               std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
};

}  // namespace proxy::http2
