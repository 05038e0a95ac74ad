#pragma once

#include <algorithm>
#include <cstddef>

namespace proxy::session {

// How much of a response is read from its endpoint for a stream whose client takes it by windows
// (RFC 9113 §5.2): what the windows let through now, and little more. What a client does not take
// waits in the endpoint's kernel and not with us. Pure.
class ReadAhead {
 public:
  // For a client that takes nothing, so that there is something to go on with when it does.
  static constexpr std::size_t kStreamBytes = 8u << 10;
  // Beside that, of all streams of a connection together: some turns of sending.
  static constexpr std::size_t kConnectionBytes = 512u << 10;
  // Less than that is not worth a system call.
  static constexpr std::size_t kReadBytesMin = 4u << 10;

  // `window`: of the stream and of its connection, the smaller. `waiting`: what was read for this
  // stream and not sent yet; `all_waiting`: for all streams of its connection.
  static std::size_t room(std::size_t window, std::size_t waiting, std::size_t all_waiting) {
    const std::size_t shared = kConnectionBytes - std::min(all_waiting, kConnectionBytes);
    const std::size_t wanted = kStreamBytes + std::min(window, shared);
    return waiting + kReadBytesMin > wanted ? 0 : wanted - waiting;
  }
};

}  // namespace proxy::session
