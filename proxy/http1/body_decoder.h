#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http1/failure.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http1/response_parser.h"

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
// Chunk extensions and trailer fields are checked and dropped.
class BodyDecoder {
 public:
  struct Piece {
    std::string_view data;
    std::size_t consumed = 0;  // bytes of input, data included; never past the end of the body
    Failure failure = Failure::none;
  };

  static constexpr std::size_t kChunkLineBytesMax = 256;     // size, extensions and CRLF
  static constexpr std::size_t kTrailerBytesMax = 8u << 10;  // all of the trailer section

  BodyDecoder() = default;  // no body: done at once
  static BodyDecoder none() { return {}; }
  static BodyDecoder length(std::uint64_t bytes);
  static BodyDecoder chunked();
  static BodyDecoder until_close();
  static BodyDecoder for_request(const RequestHead& head);
  static BodyDecoder for_response(const ResponseHead& head);  // tunnel counts as until_close

  // One step over the front of input: at most one piece of data.
  Piece next(std::string_view input);
  bool is_done() const { return state_ == State::done; }
  // The peer closed. none when the body may end so; else truncated_body.
  Failure on_end_of_input();

  // Content bytes given out so far.
  std::uint64_t data_bytes() const { return data_bytes_; }

 private:
  enum class State : std::uint8_t {
    done,
    length,
    until_close,
    chunk_size,       // at least one digit is needed
    chunk_size_more,  // digits, then ";" or CR
    chunk_extension,
    chunk_size_lf,
    chunk_data,
    chunk_data_cr,
    chunk_data_lf,
    trailer_line,  // first byte of a trailer line, or the last CRLF
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    failed,
  };

  Piece next_framing(std::string_view input);
  Failure take(char byte);
  Piece take_data(std::string_view input);

  State state_ = State::done;
  bool seen_chunk_data_ = false;
  bool quoted_ = false;  // inside a quoted chunk extension value
  bool escaped_ = false;
  std::uint16_t line_bytes_ = 0;  // of this chunk line, or of the trailer section
  std::uint64_t remaining_ = 0;   // of the length or the chunk
  std::uint64_t data_bytes_ = 0;
  Failure failure_ = Failure::none;
};

// Chunk framing for sending. The size line for a chunk of this many bytes (> 0), into out; returns
// its length. After the data comes kChunkEnd; after the last chunk kLastChunk.
inline constexpr std::size_t kChunkHeadBytesMax = 18;
std::size_t write_chunk_head(std::uint64_t bytes, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace proxy::http1
