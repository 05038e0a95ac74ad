#pragma once

#include <cstddef>
#include <cstdint>

namespace proxy::tls {

// Messages after the handshake that carry no data: a KeyUpdate and our answer to it (RFC 8446
// §4.6.3), a ticket, or a renegotiation that we decline. Each costs as much as kilobytes of data
// do, and needs 27 bytes. A key is good for 2^24 records (RFC 8446 §5.5), so who means well sends
// next to none.
class ControlMessages {
 public:
  void note_message() { ++count_; }
  void note_data(std::size_t bytes) { data_bytes_ += bytes; }
  bool are_too_many() const { return count_ > kAtOnce + data_bytes_ / kBytesForOne; }

 private:
  static constexpr std::uint64_t kAtOnce = 32;
  static constexpr std::uint64_t kBytesForOne = 16u << 10;

  std::uint64_t count_ = 0;
  std::uint64_t data_bytes_ = 0;
};

}  // namespace proxy::tls
