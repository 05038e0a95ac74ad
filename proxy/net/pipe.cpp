#include "proxy/net/pipe.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>

namespace proxy::net {
namespace {

constexpr std::size_t kIdleMax = 16;

IoResult move_bytes(int from, int to, std::size_t size) {
  for (;;) {
    const ssize_t moved =
        ::splice(from, nullptr, to, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved > 0) return {IoResult::Kind::done, static_cast<std::size_t>(moved)};
    if (moved == 0) return {IoResult::Kind::closed, 0};
    if (errno == EINTR) continue;
    const bool again = errno == EAGAIN || errno == EWOULDBLOCK;
    return {again ? IoResult::Kind::would_block : IoResult::Kind::failed, 0};
  }
}

}  // namespace

std::unique_ptr<Pipe> Pipe::create() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return nullptr;
  Fd out(ends[0]);
  Fd in(ends[1]);
  // A user who has many pipes is only given small ones (pipe(7), pipe-user-pages-soft): those cost
  // more calls than copying.
  if (::fcntl(in.get(), F_SETPIPE_SZ, static_cast<int>(kBytes)) < static_cast<int>(kBytes)) {
    return nullptr;
  }
  return std::unique_ptr<Pipe>(new Pipe(std::move(out), std::move(in)));
}

IoResult Pipe::fill_from(int socket, std::size_t size) {
  const IoResult moved = move_bytes(socket, in_.get(), std::min(size, kBytes));
  bytes_ += moved.bytes;
  return moved;
}

IoResult::Kind Pipe::drain_to(int socket) {
  while (bytes_ > 0) {
    const IoResult moved = move_bytes(out_.get(), socket, bytes_);
    if (moved.kind == IoResult::Kind::would_block) return moved.kind;
    if (moved.kind != IoResult::Kind::done) return IoResult::Kind::failed;
    bytes_ -= moved.bytes;
  }
  return IoResult::Kind::done;
}

std::unique_ptr<Pipe> Pipes::take() {
  if (lent_ >= lent_max_) return nullptr;
  std::unique_ptr<Pipe> pipe;
  if (idle_.empty()) {
    pipe = Pipe::create();
  } else {
    pipe = std::move(idle_.back());
    idle_.pop_back();
  }
  if (pipe != nullptr) ++lent_;
  return pipe;
}

void Pipes::give_back(std::unique_ptr<Pipe> pipe) {
  --lent_;
  if (pipe->bytes() == 0 && idle_.size() < kIdleMax) idle_.push_back(std::move(pipe));
}

}  // namespace proxy::net
