#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// Where a peer's frames begin and end (RFC 9113 §4.1), however its bytes come: what they hold
// is libnghttp2's business, but not every frame is seen by its callbacks. Pure; the bytes stay with
// whoever has them.
class FrameWalk {
 public:
  // Fields are taken in small steps: in between it can be seen what they come to, decoded.
  static constexpr std::size_t kFieldsStepBytes = 1u << 10;

  // Whose bytes they are: a client's begin with the preface (RFC 9113 §3.4).
  enum class Side { client, server };
  explicit FrameWalk(Side side = Side::client)
      : preface_left_(side == Side::client ? NGHTTP2_CLIENT_MAGIC_LEN : 0) {}

  struct Step {
    std::size_t bytes = 0;
    bool begins = false;  // head() is that of the frame which these bytes begin, or go on with
    bool ends = false;    // the frame's last byte is the last of these
    // A part of a frame's head: what becomes of the frame cannot be told yet. Once it begins, this
    // is in start() again, as far as it had come before.
    bool is_part_of_head = false;
    std::size_t had = 0;
  };

  // How many bytes to take next. Never 0, unless there are none.
  Step next(std::string_view input) {
    Step step;
    if (preface_left_ > 0) {
      step.bytes = std::min(preface_left_, input.size());
      preface_left_ -= step.bytes;
      return step;
    }
    step.begins = have_ < kHeadBytes;
    if (step.begins) step.had = have_;
    step.bytes = keep(input, kHeadBytes);
    if (have_ < kHeadBytes) return {step.bytes, false, false, true, 0};
    if (step.begins) read_head();
    input.remove_prefix(step.bytes);
    std::size_t payload = std::min<std::size_t>(input.size(), payload_left_);
    if (carries_fields()) payload = std::min(payload, kFieldsStepBytes);
    keep(input.substr(0, payload), start_.size());
    payload_left_ -= static_cast<std::uint32_t>(payload);
    step.bytes += payload;
    step.ends = payload_left_ == 0;
    if (step.ends) have_ = 0;
    return step;
  }

  struct Head {
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::int32_t stream = 0;
  };
  const Head& head() const { return head_; }
  std::string_view start() const { return {start_.data(), start_.size()}; }
  // At the end of a PRIORITY frame: the stream that its stream is said to depend on. Of GOAWAY: the
  // last stream.
  std::int32_t first_number() const { return number(kHeadBytes); }

 private:
  static constexpr std::size_t kHeadBytes = 9;

  bool carries_fields() const {
    return head_.type == NGHTTP2_HEADERS || head_.type == NGHTTP2_CONTINUATION;
  }
  // Keeps what is missing of the frame's first `size` bytes; returns how many that were.
  std::size_t keep(std::string_view input, std::size_t size) {
    const std::size_t count = std::min(size - std::min(size, have_), input.size());
    std::copy_n(input.data(), count, start_.data() + have_);
    have_ += count;
    return count;
  }
  std::int32_t number(std::size_t at) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i)
      value = value << 8 | static_cast<std::uint8_t>(start_[i]);
    return static_cast<std::int32_t>(value & 0x7fff'ffffu);
  }
  void read_head() {
    head_.length = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      head_.length = head_.length << 8 | static_cast<std::uint8_t>(start_[i]);
    }
    head_.type = static_cast<std::uint8_t>(start_[3]);
    head_.flags = static_cast<std::uint8_t>(start_[4]);
    head_.stream = number(5);
    payload_left_ = head_.length;
  }

  std::size_t preface_left_;
  std::array<char, kHeadBytes + 4> start_{};  // of the frame: its head, and what may follow
  std::size_t have_ = 0;                      // of start_
  std::uint32_t payload_left_ = 0;
  Head head_;
};

}  // namespace proxy::http2
