#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/http1/body_decoder.h"

namespace proxy::upstream {

// Bytes of a body in a buffer that has room around them, so that framing and a rewritten head can
// be written right beside them: one record and one send then carry it all, and nothing is copied.
// The head that was received may lie in the room before; it is overwritten.
struct Piece {
  char* begin = nullptr;
  std::size_t size = 0;
  std::size_t room_before = 0;
  std::size_t room_after = 0;

  std::string_view text() const { return {begin, size}; }
  bool empty() const { return size == 0; }
};

// What lies in a text that is only read, and has no room around it.
inline Piece piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size(), 0, 0};
}

// What is put around a body's bytes on the wire.
struct Wrapping {
  bool chunked = false;
  bool last = false;           // the body ends with this piece
  std::string_view trailer{};  // lines after the last chunk; see http1/trailer.h
};

// Head (may be empty), framing and piece as one string: in place when there is room, else in
// `gather`. It is valid until the piece's buffer or `gather` is used again.
std::string_view assemble(std::string_view head, const Piece& piece, Wrapping wrapping,
                          std::string& gather);

// The content of all that is in [begin, end), or of as many pieces of it as a step deals with
// (TurnBudget), moved together to where the first of it lies.
struct Decoded {
  Piece piece;
  std::size_t consumed = 0;
  std::size_t pieces = 0;
  http::Failure failure = http::Failure::none;
  // Lines of a trailer, as they lie in the input: before the piece is assemble()d.
  std::string_view trailer{};
};
Decoded decode_in_place(http1::BodyDecoder& decoder, char* begin, char* end,
                        std::size_t room_before, std::size_t room_after);

}  // namespace proxy::upstream
