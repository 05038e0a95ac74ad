#include "proxy/upstream/piece.h"

#include <array>
#include <cstring>

#include "proxy/net/turn_budget.h"

namespace proxy::upstream {
namespace {

std::string_view assemble_in_place(std::string_view head, const Piece& piece,
                                   std::string_view chunk_head, std::string_view tail) {
  char* begin = piece.begin;
  begin -= chunk_head.size();
  if (!chunk_head.empty()) std::memcpy(begin, chunk_head.data(), chunk_head.size());
  begin -= head.size();
  if (!head.empty()) std::memcpy(begin, head.data(), head.size());
  char* end = piece.begin + piece.size;
  if (!tail.empty()) std::memcpy(end, tail.data(), tail.size());
  end += tail.size();
  return {begin, static_cast<std::size_t>(end - begin)};
}

// Where it lies if there is room around it, else in `gather`.
std::string_view put_together(std::string_view head, const Piece& piece,
                              std::string_view chunk_head, std::string_view tail,
                              std::string& gather) {
  if (!piece.empty() && head.size() + chunk_head.size() <= piece.room_before &&
      tail.size() <= piece.room_after) {
    return assemble_in_place(head, piece, chunk_head, tail);
  }
  if (piece.empty() && tail.empty()) return head;
  gather.assign(head).append(chunk_head).append(piece.text()).append(tail);
  return gather;
}

}  // namespace

std::string_view assemble(std::string_view head, const Piece& piece, Wrapping wrapping,
                          std::string& gather) {
  if (!wrapping.chunked) return put_together(head, piece, {}, {}, gather);
  std::array<char, http1::kChunkHeadBytesMax> chunk_head{};
  std::size_t chunk_head_size = 0;
  std::array<char, 8> tail{};
  std::size_t tail_size = 0;
  const auto append_tail = [&](std::string_view text) {
    std::memcpy(tail.data() + tail_size, text.data(), text.size());
    tail_size += text.size();
  };
  if (!piece.empty()) {
    chunk_head_size = http1::write_chunk_head(piece.size, chunk_head.data());
    append_tail(http1::kChunkEnd);
  }
  if (wrapping.last && wrapping.trailer.empty()) append_tail(http1::kLastChunk);
  const std::string_view before(chunk_head.data(), chunk_head_size);
  const std::string_view after(tail.data(), tail_size);
  if (wrapping.last && !wrapping.trailer.empty()) {
    gather.assign(head).append(before).append(piece.text()).append(after);
    gather.append(http1::kLastChunkHead).append(wrapping.trailer).append("\r\n");
    return gather;
  }
  return put_together(head, piece, before, after, gather);
}

Decoded decode_in_place(http1::BodyDecoder& decoder, char* begin, char* end,
                        std::size_t room_before, std::size_t room_after) {
  Decoded decoded;
  std::string_view input(begin, static_cast<std::size_t>(end - begin));
  constexpr std::size_t kPiecesMax = net::TurnBudget::units_per_step(net::TurnBudget::Unit::chunk);
  while (!input.empty() && !decoder.is_done() && decoded.pieces < kPiecesMax) {
    const http1::BodyDecoder::Piece next = decoder.next(input);
    ++decoded.pieces;
    if (next.failure != http::Failure::none) {
      decoded.failure = next.failure;
      return decoded;
    }
    if (!next.trailer.empty()) decoded.trailer = next.trailer;
    if (!next.data.empty()) {
      char* const data = begin + (next.data.data() - begin);
      if (decoded.piece.begin == nullptr) {
        decoded.piece.begin = data;
      } else {
        std::memmove(decoded.piece.begin + decoded.piece.size, data, next.data.size());
      }
      decoded.piece.size += next.data.size();
    }
    input.remove_prefix(next.consumed);
  }
  decoded.consumed = static_cast<std::size_t>(end - begin) - input.size();
  if (decoded.piece.begin == nullptr) decoded.piece.begin = begin;
  decoded.piece.room_before = room_before + static_cast<std::size_t>(decoded.piece.begin - begin);
  // Whatever follows in the buffer and is not part of this body must not be overwritten.
  const auto gap = static_cast<std::size_t>((begin + decoded.consumed) -
                                            (decoded.piece.begin + decoded.piece.size));
  decoded.piece.room_after = gap + (input.empty() ? room_after : 0);
  return decoded;
}

}  // namespace proxy::upstream
