#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace proxy::http2 {

// Who ended the streams that were closed last. RFC 9113 §5.1 makes it the client's error to go on
// with a stream that it ended itself, but not with one that we reset: what comes then may have been
// on its way. Pure.
class ClosedStreams {
 public:
  enum class By : std::uint8_t {
    client,   // END_STREAM, or RST_STREAM
    us,       // RST_STREAM
    unknown,  // never begun, or too long ago
  };

  void add(std::int32_t stream, By by) { last_[next_++ % last_.size()] = {stream, by}; }
  By who_ended(std::int32_t stream) const {
    for (const Entry& entry : last_) {
      if (entry.stream == stream) return entry.by;
    }
    return By::unknown;
  }

 private:
  struct Entry {
    std::int32_t stream = 0;
    By by = By::unknown;
  };
  // As many as a client may have open at once.
  std::array<Entry, 128> last_{};
  std::size_t next_ = 0;
};

}  // namespace proxy::http2
