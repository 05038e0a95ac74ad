#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/failure.h"
#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"

namespace proxy::http1 {

// Takes the framing off a body. No copies: the data that comes out are parts of the input.
//
//   while (!input.empty() && !decoder.is_done()) {
//     const BodyDecoder::Piece piece = decoder.next(input);
//     if (piece.failure != Failure::none) ...close
//     forward(piece.data);                 // may be empty
//     input.remove_prefix(piece.consumed); // > 0 unless done
//   }
//
// Chunk extensions are checked and dropped; the lines of a trailer are checked and told, and what
// becomes of them is their reader's affair (trailer.h).
class BodyDecoder {
 public:
  struct Piece {
    std::string_view data;
    // Lines of the trailer, or a part of one, as they are in the input: in their order, and never
    // together with data.
    std::string_view trailer{};
    std::size_t consumed = 0;  // bytes of input, data included; never past the end of the body
    http::Failure failure = http::Failure::none;
  };

  static constexpr std::size_t kChunkLineBytesMax = 256;     // size, extensions and CRLF
  static constexpr std::size_t kTrailerBytesMax = 8u << 10;  // all of the trailer section

  BodyDecoder() = default;  // no body: done at once
  static BodyDecoder none() { return {}; }
  static BodyDecoder length(std::uint64_t bytes);
  static BodyDecoder chunked();
  static BodyDecoder until_close();
  static BodyDecoder for_request(const http::RequestHead& head);
  static BodyDecoder for_response(const http::ResponseHead& head);  // tunnel counts as until_close

  // One step over the front of input: at most one piece of data.
  Piece next(std::string_view input);
  bool is_done() const { return state_ == State::done; }
  // The peer closed. none when the body may end so; else truncated_body.
  http::Failure on_end_of_input();

  // Of a body with a Content-Length, how much is still to come; 0 for any other framing.
  std::uint64_t length_left() const { return state_ == State::length ? remaining_ : 0; }
  // So much of length_left(), and not all of it, went by without next().
  void skip(std::uint64_t bytes) {
    remaining_ -= bytes;
    data_bytes_ += bytes;
  }

  // Content bytes given out so far.
  std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class State : std::uint8_t {
    done,
    failed,
    length,
    until_close,
    chunk_size_first,  // at least one digit
    chunk_size,        // more digits, an extension, or CR
    chunk_size_space,  // whitespace before an extension (BWS in RFC 9112 §7.1.1)
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer_first,  // the first byte of a trailer line, or the last CR
    trailer_name,
    trailer_blank,  // whitespace before the colon, in a response
    trailer_value,
    trailer_lf,
    last_lf,
  };

  bool has_data_next() const {
    return state_ == State::length || state_ == State::until_close || state_ == State::chunk_data;
  }
  std::string_view take_data(std::string_view input);
  http::Failure take_framing(unsigned char byte);
  http::Failure take_chunk_line(unsigned char byte);
  http::Failure take_trailer(unsigned char byte);
  void end_chunk_line();

  State state_ = State::done;
  bool is_response_ = false;
  http::Failure failure_ = http::Failure::none;
  std::uint16_t line_bytes_ = 0;     // of this chunk line, or of the trailer section
  std::uint16_t trailer_bytes_ = 0;  // of that: of its lines
  std::uint64_t remaining_ = 0;      // of the length or the chunk
  std::uint64_t data_bytes_ = 0;
};

// Chunk framing for sending. The size line for a chunk of this many bytes (> 0), into out; returns
// its length. After the data comes kChunkEnd; after the last chunk kLastChunk, or kLastChunkHead,
// the lines of a trailer and CRLF.
inline constexpr std::size_t kChunkHeadBytesMax = 18;
std::size_t write_chunk_head(std::uint64_t bytes, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kLastChunkHead = "0\r\n";

}  // namespace proxy::http1
