#pragma once

#include <cstddef>
#include <string_view>

namespace proxy::http2 {

// What the fields of one request come to, decoded: all of them, pseudo-header fields, crumbs of
// cookies, Host and trailers too. One byte on the wire may stand for a field of thousands (RFC 7541
// §7.3), so a field is counted before it is looked at. Pure.
class FieldAccount {
 public:
  struct Limits {
    // As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2), which also announces it.
    std::size_t bytes_max = 32u << 10;
    // Browsers send a crumb for each cookie, and keep 180 for a host at most.
    std::size_t fields_max = 400;
  };
  // Each field counts that much more than its name and value.
  static constexpr std::size_t kFieldBytes = 32;

  void add(std::string_view name, std::string_view value) {
    bytes_ += name.size() + value.size() + kFieldBytes;
    ++fields_;
  }
  // The request is to be refused, and nothing more of its fields is to be kept.
  bool is_over(const Limits& limits) const {
    return bytes_ > limits.bytes_max || fields_ > limits.fields_max;
  }
  // There is no end of it: even reading on, only to get to the end of the head, costs too much.
  bool is_far_over(const Limits& limits) const {
    return bytes_ > kFarOver * limits.bytes_max || fields_ > kFarOver * limits.fields_max;
  }

  void reset() { bytes_ = fields_ = 0; }

 private:
  static constexpr std::size_t kFarOver = 4;

  std::size_t bytes_ = 0;
  std::size_t fields_ = 0;
};

}  // namespace proxy::http2
