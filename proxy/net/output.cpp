#include "proxy/net/output.h"

#include <utility>

namespace proxy::net {

bool Output::send(int socket, std::string_view bytes) {
  if (size() == 0) {
    const IoResult sent = net::send(socket, bytes);
    if (sent.kind == IoResult::Kind::failed) return false;
    bytes.remove_prefix(sent.bytes);
    if (bytes.empty()) return true;
  }
  unsent_.append(bytes);
  return true;
}

IoResult::Kind Output::flush(int socket) {
  if (const auto kind = drain_pipe(socket); kind != IoResult::Kind::done) return kind;
  while (size() > 0) {
    const IoResult sent = net::send(socket, unsent_.view());
    if (sent.kind != IoResult::Kind::done) return sent.kind;
    unsent_.consume(sent.bytes);
  }
  unsent_.release();
  return IoResult::Kind::done;
}

std::optional<Output::Moved> Output::move(int from, int socket, std::size_t size, Pipes& pipes) {
  pipe_ = pipes.take();
  if (pipe_ == nullptr) return std::nullopt;
  pipes_ = &pipes;
  Moved moved{pipe_->fill_from(from, size), false};
  moved.broken = drain_pipe(socket) == IoResult::Kind::failed;
  return moved;
}

IoResult::Kind Output::drain_pipe(int socket) {
  if (pipe_ == nullptr) return IoResult::Kind::done;
  const IoResult::Kind kind = pipe_->drain_to(socket);
  if (kind == IoResult::Kind::done) give_pipe_back();
  return kind;
}

void Output::give_pipe_back() {
  if (pipe_ != nullptr) pipes_->give_back(std::move(pipe_));
}

void Output::clear() {
  give_pipe_back();
  unsent_.release();
}

}  // namespace proxy::net
