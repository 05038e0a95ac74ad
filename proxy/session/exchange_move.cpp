#include "proxy/session/exchange.h"

// Bodies with a Content-Length and tunnels, plain on both sides, while much of them comes at a
// time: they pass inside the kernel. A pipe is filled when nothing else waits for its socket, so
// the order of bytes is kept, and the limits on what waits are those of bytes that are read.
namespace proxy::session {

bool Exchange::takes_moved_response() const {
  return response_guard_ == nullptr && downstream_->takes_moved_body();
}

std::optional<net::IoResult> Exchange::move_response(int socket, std::size_t size) {
  const auto taken = downstream_->move_body(socket, size);
  if (!taken || taken->kind != net::IoResult::Kind::done) return taken;
  response_bytes_ += taken->bytes;
  means_.counters.moved_bytes.add(taken->bytes);
  return taken;
}

bool Exchange::takes_moved_request() const {
  if (is_asking_for_page() || mirrored_ != nullptr || stream_ == nullptr) return false;
  switch (stage_) {
    case Stage::requesting:
    case Stage::responding:
    case Stage::tunnel:
      return stream_->takes_moved_request();
    default:
      return false;
  }
}

std::optional<net::IoResult> Exchange::move_request(int socket, std::size_t size) {
  const auto taken = stream_->move_request(socket, size, means_.buffers.pipes);
  if (taken && taken->bytes > 0) {
    if (kept_.is_whole()) kept_.drop();
    request_bytes_ += taken->bytes;
    body_time_.note(means_.loop.now(), taken->bytes);
    means_.counters.moved_bytes.add(taken->bytes);
  }
  watch_client();
  return taken;
}

}  // namespace proxy::session
