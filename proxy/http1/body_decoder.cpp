#include "proxy/http1/body_decoder.h"

#include <algorithm>
#include <charconv>

#include "proxy/http/character_tables.h"

namespace proxy::http1 {
namespace {

using http::Failure;
using http::Framing;
using http::is_in_class;
using http::kFieldValue;
using http::kHexDigit;
using http::kToken;
using http::RequestHead;
using http::ResponseHead;

unsigned hex_value(unsigned char c) {
  return c <= '9' ? c - '0' : static_cast<unsigned>((c | 0x20) - 'a' + 10);
}

}  // namespace

BodyDecoder BodyDecoder::length(std::uint64_t bytes) {
  BodyDecoder decoder;
  decoder.remaining_ = bytes;
  decoder.state_ = bytes > 0 ? State::length : State::done;
  return decoder;
}

BodyDecoder BodyDecoder::chunked() {
  BodyDecoder decoder;
  decoder.state_ = State::chunk_size_first;
  return decoder;
}

BodyDecoder BodyDecoder::until_close() {
  BodyDecoder decoder;
  decoder.state_ = State::until_close;
  return decoder;
}

BodyDecoder BodyDecoder::for_request(const RequestHead& head) {
  return head.chunked ? chunked() : length(head.content_length.value_or(0));
}

BodyDecoder BodyDecoder::for_response(const ResponseHead& head) {
  switch (head.framing) {
    case Framing::none:
      return none();
    case Framing::length:
      return length(head.content_length.value_or(0));
    case Framing::chunked: {
      BodyDecoder decoder = chunked();
      decoder.is_response_ = true;
      return decoder;
    }
    case Framing::until_close:
    case Framing::tunnel:
      return until_close();
  }
  return none();
}

BodyDecoder::Piece BodyDecoder::next(std::string_view input) {
  Piece piece;
  const std::size_t trailer_before = trailer_bytes_;
  // Framing first, then the data behind it, in one piece.
  while (piece.consumed < input.size() && !has_data_next()) {
    if (state_ == State::done) break;
    if (state_ != State::failed) {
      failure_ = take_framing(static_cast<unsigned char>(input[piece.consumed]));
    }
    if (failure_ != Failure::none) {
      state_ = State::failed;
      piece.failure = failure_;
      return piece;
    }
    ++piece.consumed;
  }
  if (trailer_bytes_ != trailer_before) {
    // Only the end of the section can be behind its lines.
    const std::size_t end_bytes = state_ == State::done ? 2 : state_ == State::last_lf ? 1 : 0;
    const std::size_t size = trailer_bytes_ - trailer_before;
    piece.trailer = input.substr(piece.consumed - end_bytes - size, size);
  }
  if (state_ != State::done && piece.consumed < input.size()) {
    piece.data = take_data(input.substr(piece.consumed));
    piece.consumed += piece.data.size();
  }
  return piece;
}

std::string_view BodyDecoder::take_data(std::string_view input) {
  if (state_ == State::until_close) {
    data_bytes_ += input.size();
    return input;
  }
  const std::string_view data =
      input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), remaining_)));
  remaining_ -= data.size();
  data_bytes_ += data.size();
  if (remaining_ == 0) {
    state_ = state_ == State::length ? State::done : State::chunk_data_cr;
  }
  return data;
}

Failure BodyDecoder::take_framing(unsigned char byte) {
  switch (state_) {
    case State::chunk_data_cr:
      state_ = State::chunk_data_lf;
      return byte == '\r' ? Failure::none : Failure::bad_chunk_end;
    case State::chunk_data_lf:
      state_ = State::chunk_size_first;
      return byte == '\n' ? Failure::none : Failure::bad_chunk_end;
    case State::trailer_first:
    case State::trailer_name:
    case State::trailer_blank:
    case State::trailer_value:
    case State::trailer_lf:
    case State::last_lf:
      if (++line_bytes_ > kTrailerBytesMax) return Failure::trailers_too_large;
      if (!(state_ == State::trailer_first && byte == '\r') && state_ != State::last_lf) {
        ++trailer_bytes_;
      }
      return take_trailer(byte);
    default:
      if (++line_bytes_ > kChunkLineBytesMax) return Failure::chunk_line_too_long;
      return take_chunk_line(byte);
  }
}

// chunk-size [ chunk-ext ] CRLF, RFC 9112 §7.1. Extensions mean nothing to anybody; a CR or LF
// cannot stand in one, quoted or not, so it need not be understood to find its end.
Failure BodyDecoder::take_chunk_line(unsigned char byte) {
  const char c = static_cast<char>(byte);
  if (state_ == State::chunk_size_lf) {
    if (c != '\n') return Failure::bad_chunk_size;
    end_chunk_line();
    return Failure::none;
  }
  if (state_ == State::chunk_extension) {
    if (c == '\r') {
      state_ = State::chunk_size_lf;
    } else if (!is_in_class(c, kFieldValue)) {
      return Failure::bad_chunk_size;
    }
    return Failure::none;
  }
  if (state_ != State::chunk_size_space && is_in_class(c, kHexDigit)) {
    if (remaining_ >> 56 != 0) return Failure::bad_chunk_size;
    remaining_ = remaining_ << 4 | hex_value(byte);
    state_ = State::chunk_size;
    return Failure::none;
  }
  if (state_ == State::chunk_size_first) return Failure::bad_chunk_size;
  if (c == ';') {
    state_ = State::chunk_extension;
  } else if (c == ' ' || c == '\t') {
    state_ = State::chunk_size_space;
  } else if (c == '\r' && state_ == State::chunk_size) {
    state_ = State::chunk_size_lf;
  } else {
    return Failure::bad_chunk_size;
  }
  return Failure::none;
}

void BodyDecoder::end_chunk_line() {
  line_bytes_ = 0;
  state_ = remaining_ > 0 ? State::chunk_data : State::trailer_first;
}

// trailer-section CRLF, RFC 9112 §7.1.2.
Failure BodyDecoder::take_trailer(unsigned char byte) {
  const char c = static_cast<char>(byte);
  switch (state_) {
    case State::trailer_first:
      if (c == '\r') {
        state_ = State::last_lf;
        return Failure::none;
      }
      state_ = State::trailer_name;
      return is_in_class(c, kToken) ? Failure::none : Failure::bad_trailer;
    case State::trailer_name:
    case State::trailer_blank:
      if (c == ':') {
        state_ = State::trailer_value;
        return Failure::none;
      }
      if (is_response_ && (c == ' ' || c == '\t')) {  // RFC 9112 §5.1
        state_ = State::trailer_blank;
        return Failure::none;
      }
      if (state_ == State::trailer_blank) return Failure::bad_trailer;
      return is_in_class(c, kToken) ? Failure::none : Failure::bad_trailer;
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return Failure::none;
      }
      return is_in_class(c, kFieldValue) ? Failure::none : Failure::bad_trailer;
    case State::trailer_lf:
      state_ = State::trailer_first;
      return c == '\n' ? Failure::none : Failure::bad_trailer;
    default:
      state_ = State::done;
      return c == '\n' ? Failure::none : Failure::bad_trailer;
  }
}

Failure BodyDecoder::on_end_of_input() {
  if (state_ == State::until_close) state_ = State::done;
  if (state_ == State::done) return Failure::none;
  return state_ == State::failed ? failure_ : Failure::truncated_body;
}

std::size_t write_chunk_head(std::uint64_t bytes, char* out) {
  const auto result = std::to_chars(out, out + 16, bytes, 16);
  *result.ptr = '\r';
  result.ptr[1] = '\n';
  return static_cast<std::size_t>(result.ptr - out) + 2;
}

}  // namespace proxy::http1
