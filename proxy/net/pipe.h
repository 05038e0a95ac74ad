#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/net/fd.h"
#include "proxy/net/socket.h"

namespace proxy::net {

// A kernel pipe, through which bytes pass from one socket to another without being copied here.
// Non-blocking. One thread. The process must ignore SIGPIPE: splice() has no MSG_NOSIGNAL.
class Pipe {
 public:
  // As much as a copying step reads at most, so a slow peer is held no more this way than that.
  static constexpr std::size_t kBytes = 128u << 10;

  // nullptr: there are no descriptors left, or no memory for one of this size.
  static std::unique_ptr<Pipe> create();

  // Only while the pipe is empty: else "would block" could mean the pipe as well as the socket.
  IoResult fill_from(int socket, std::size_t size);
  // done: the pipe is empty.
  IoResult::Kind drain_to(int socket);
  std::size_t bytes() const { return bytes_; }

 private:
  Pipe(Fd out, Fd in) : out_(std::move(out)), in_(std::move(in)) {}
  Fd out_, in_;
  std::size_t bytes_ = 0;
};

// One worker's pipes. Their number is bounded: a pipe pins kernel memory while its reader is slow.
class Pipes {
 public:
  explicit Pipes(std::size_t lent_max) : lent_max_(lent_max) {}
  // nullptr: none can be had, and the bytes must be copied.
  std::unique_ptr<Pipe> take();
  // One with bytes left in it is destroyed: they are not for the next user.
  void give_back(std::unique_ptr<Pipe> pipe);
  std::size_t lent() const { return lent_; }

 private:
  std::size_t lent_max_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<Pipe>> idle_;
};

}  // namespace proxy::net
