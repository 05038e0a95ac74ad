#pragma once

#include <string_view>

namespace proxy::config {

// Whether a response of this media type, in lower case, is a stream: whoever reads it waits for
// each part by itself, so it is never held back.
inline bool is_stream_type(std::string_view type) {
  return type == "text/event-stream" || type == "multipart/x-mixed-replace" ||
         type.starts_with("application/grpc");
}

}  // namespace proxy::config
