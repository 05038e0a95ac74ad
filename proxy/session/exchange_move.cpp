#include "proxy/session/exchange.h"
#include "proxy/session/worker.h"

// Bodies with a Content-Length and tunnels, plain on both sides, while much of them comes at a
// time: they pass inside the kernel. A pipe is filled when nothing else waits for its socket, so
// the order of bytes is kept, and the limits on what waits are those of bytes that are read.
namespace proxy::session {

std::size_t Exchange::movable_response() const {
  if (!downstream_->takes_moved_body() || !connection_->is_plain()) return 0;
  if (stage_ == Stage::tunnel) return response_flow_.movable(Flow::kEndless);
  return stage_ == Stage::responding ? response_flow_.movable(response_decoder_.length_left()) : 0;
}

// False: nothing more is to be taken from this endpoint.
bool Exchange::move_response(std::size_t size) {
  const auto taken = downstream_->move_body(connection_->socket(), size);
  if (!taken) {
    response_flow_.stop();
    return true;
  }
  switch (connection_->note_taken(taken->kind)) {
    case net::IoResult::Kind::closed:
      on_response_end_of_input();
      return false;
    case net::IoResult::Kind::failed:
      on_response_broken();
      return false;
    case net::IoResult::Kind::would_block:
      return true;
    case net::IoResult::Kind::done:
      break;
  }
  response_flow_.note_moved(taken->bytes);
  if (stage_ == Stage::responding) response_decoder_.skip(taken->bytes);
  response_bytes_ += taken->bytes;
  worker_.counters().moved_bytes.add(taken->bytes);
  return true;
}

bool Exchange::takes_moved_request() const {
  if (is_asking_for_page() || mirrored_ != nullptr || stream_ != nullptr ||
      (connection_ != nullptr && !connection_->is_plain()))
    return false;
  switch (stage_) {
    case Stage::requesting:
    case Stage::responding:
      return !request_chunked_;
    case Stage::tunnel:
      return true;
    default:
      return false;
  }
}

std::optional<net::IoResult> Exchange::move_request(int socket, std::size_t size) {
  const auto taken = connection_->move_from(socket, size, worker_.buffers().pipes);
  if (taken && taken->bytes > 0) {
    can_replay_ = false;
    request_bytes_ += taken->bytes;
    body_time_.note(worker_.loop().now(), taken->bytes);
    worker_.counters().moved_bytes.add(taken->bytes);
  }
  update_upstream_wait();
  watch_client();
  return taken;
}

}  // namespace proxy::session
