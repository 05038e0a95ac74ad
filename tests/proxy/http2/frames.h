#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nghttp2/nghttp2.h>

namespace proxy::http2 {

// A client's frames, byte by byte, as no well-behaved library would send them.
inline std::string frame(std::uint8_t type, std::uint8_t flags, int stream,
                         std::string_view payload) {
  std::string bytes;
  for (const int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream >> shift);
  return bytes.append(payload);
}

inline std::string preface() {
  return std::string(NGHTTP2_CLIENT_MAGIC) + frame(NGHTTP2_SETTINGS, 0, 0, "");
}

constexpr std::uint8_t kWholeRequest = NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM;

// GET http://a/ with indexed fields of HPACK's static table, and ":authority: a".
constexpr std::string_view kGetFields = "\x82\x86\x84\x01\x01\x61";
inline std::string get(int stream, std::uint8_t flags = kWholeRequest) {
  return frame(NGHTTP2_HEADERS, flags, stream, kGetFields);
}

// A field that is not indexed (RFC 7541 §6.2.2); both shorter than 127 bytes.
inline std::string field(std::string_view name, std::string_view value) {
  std::string bytes(1, '\0');
  bytes += static_cast<char>(name.size());
  bytes.append(name);
  bytes += static_cast<char>(value.size());
  return bytes.append(value);
}

inline std::string reset(int stream) {
  return frame(NGHTTP2_RST_STREAM, 0, stream, {"\0\0\0\x08", 4});
}

inline std::string window_update(int stream, std::uint32_t by) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(by >> shift);
  return frame(NGHTTP2_WINDOW_UPDATE, 0, stream, bytes);
}

// A field block as HEADERS and CONTINUATION, in frames of the size that we take.
inline std::string headers(int stream, std::string_view block, std::uint8_t flags) {
  constexpr std::size_t kFrameBytes = 16'384;
  std::string bytes;
  bool first = true;
  do {
    const std::string_view part = block.substr(0, kFrameBytes);
    block.remove_prefix(part.size());
    const auto end = static_cast<std::uint8_t>(block.empty() ? NGHTTP2_FLAG_END_HEADERS : 0);
    const auto others = static_cast<std::uint8_t>(flags & ~NGHTTP2_FLAG_END_HEADERS);
    bytes += first ? frame(NGHTTP2_HEADERS, end | others, stream, part)
                   : frame(NGHTTP2_CONTINUATION, end, stream, part);
    first = false;
  } while (!block.empty());
  return bytes;
}

// What the server sent: type, flags, stream and payload of each frame in turn.
template <class Visit>
void for_each_frame(std::string_view bytes, Visit visit) {
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    }
    return value;
  };
  while (bytes.size() >= 9) {
    const std::size_t size = number(0, 3);
    visit(static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
          static_cast<int>(number(5, 4)), bytes.substr(9, size));
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
}

}  // namespace proxy::http2
