#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "base/byte_queue.h"
#include "proxy/net/pipe.h"
#include "proxy/net/socket.h"

namespace proxy::net {

// What one socket is still to be sent, in order: what a pipe holds, then what memory holds. An
// empty one holds neither. Knows no descriptor, so its owner closes that when it likes.
class Output {
 public:
  Output() = default;
  ~Output() { clear(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Sends what the socket takes and keeps the rest. False: the connection is broken.
  bool send(int socket, std::string_view bytes);
  // After "writable". done: nothing is left. would_block, or failed: the connection is broken.
  IoResult::Kind flush(int socket);
  std::size_t size() const { return unsent_.size() + piped(); }
  // Of those, in a pipe.
  std::size_t piped() const { return pipe_ == nullptr ? 0 : pipe_->bytes(); }

  // Only while size() is 0. Moves up to `size` bytes of one socket's input to this one inside the
  // kernel, by a pipe of these, which must outlive it; what the socket does not take yet waits.
  // Nothing: there is no pipe to be had, and nothing was taken.
  struct Moved {
    IoResult taken;       // as receive() would have said
    bool broken = false;  // as send() returning false
  };
  std::optional<Moved> move(int from, int socket, std::size_t size, Pipes& pipes);

  // Drops it all.
  void clear();

 private:
  IoResult::Kind drain_pipe(int socket);
  void give_pipe_back();

  Pipes* pipes_ = nullptr;
  std::unique_ptr<Pipe> pipe_;  // while there are bytes in it
  base::ByteQueue unsent_;
};

}  // namespace proxy::net
