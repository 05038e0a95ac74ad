#include "proxy/upstream/piece.h"

#include <cstring>

#include <gtest/gtest.h>

#include "proxy/net/turn_budget.h"

namespace proxy::upstream {
namespace {

// A buffer with a body in the middle of it.
struct Buffer {
  explicit Buffer(std::string_view content, std::size_t before = 64, std::size_t after = 16)
      : bytes(before + content.size() + after, '#'), start(before), size(content.size()) {
    std::memcpy(begin(), content.data(), content.size());
  }
  char* begin() { return bytes.data() + start; }
  char* end() { return begin() + size; }
  Piece piece() { return {begin(), size, start, bytes.size() - start - size}; }
  bool contains(std::string_view text) const {
    return text.data() >= bytes.data() && text.data() + text.size() <= bytes.data() + bytes.size();
  }

  std::string bytes;
  std::size_t start, size;
};

TEST(Assemble, WritesHeadAndFramingAroundTheBodyInItsOwnBuffer) {
  Buffer buffer("body");
  std::string gather;
  const auto wire = assemble("HEAD\r\n\r\n", buffer.piece(), {true, true}, gather);
  EXPECT_EQ(wire, "HEAD\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
  EXPECT_TRUE(buffer.contains(wire));
}

TEST(Assemble, GathersWhenThereIsNoRoom) {
  for (Buffer buffer : {Buffer("body", 3, 16), Buffer("body", 64, 3)}) {
    std::string gather;
    const auto wire = assemble("HEAD\r\n\r\n", buffer.piece(), {true, true}, gather);
    EXPECT_EQ(wire, "HEAD\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    EXPECT_FALSE(buffer.contains(wire));
  }
}

TEST(Assemble, AnEmptyPieceIsNeverWrittenAsTheLastChunkByAccident) {
  std::string gather;
  EXPECT_EQ(assemble("HEAD", {}, {true, false}, gather), "HEAD");
  EXPECT_EQ(assemble("", {}, {true, false}, gather), "");
  EXPECT_EQ(assemble("", {}, {true, true}, gather), "0\r\n\r\n");
  EXPECT_EQ(assemble("", {}, {false, true}, gather), "");
}

TEST(Assemble, PutsATrailerBehindTheLastChunk) {
  std::string gather;
  Buffer buffer("body");
  EXPECT_EQ(assemble("HEAD", buffer.piece(), {true, true, "a: b\r\n"}, gather),
            "HEAD4\r\nbody\r\n0\r\na: b\r\n\r\n");
  EXPECT_EQ(assemble("", {}, {true, true, "a: b\r\n"}, gather), "0\r\na: b\r\n\r\n");
  EXPECT_EQ(assemble("HEAD", {}, {false, true, "a: b\r\n"}, gather), "HEAD");
}

TEST(DecodeInPlace, TellsTheLinesOfATrailer) {
  Buffer buffer("3\r\nabc\r\n2\r\nde\r\n0\r\na: b\r\nc:d\r\n\r\nGET /");
  auto decoder = http1::BodyDecoder::chunked();
  const Decoded decoded = decode_in_place(decoder, buffer.begin(), buffer.end(), 64, 16);
  EXPECT_EQ(decoded.piece.text(), "abcde");
  EXPECT_EQ(decoded.trailer, "a: b\r\nc:d\r\n");
}

TEST(DecodeInPlace, MovesTheContentOfAllChunksTogether) {
  Buffer buffer("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nGET /");
  auto decoder = http1::BodyDecoder::chunked();
  const Decoded decoded = decode_in_place(decoder, buffer.begin(), buffer.end(), 64, 16);
  EXPECT_EQ(decoded.failure, http::Failure::none);
  EXPECT_EQ(decoded.piece.text(), "abcde");
  EXPECT_TRUE(decoder.is_done());
  EXPECT_EQ(std::string_view(buffer.begin() + decoded.consumed, 5), "GET /");
}

TEST(DecodeInPlace, TheRoomAfterAPieceNeverReachesIntoTheNextRequest) {
  Buffer buffer("abcGET /");
  auto decoder = http1::BodyDecoder::length(3);
  const Decoded decoded = decode_in_place(decoder, buffer.begin(), buffer.end(), 64, 16);
  EXPECT_EQ(decoded.piece.text(), "abc");
  EXPECT_EQ(decoded.piece.room_after, 0u);
  std::string gather;
  EXPECT_EQ(assemble("H", decoded.piece, {true, true}, gather), "H3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(std::string_view(buffer.begin() + decoded.consumed, 5), "GET /");
}

TEST(DecodeInPlace, ABodyOverSeveralReadsIsDecodedReadByRead) {
  const std::string_view wire = "4\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    auto decoder = http1::BodyDecoder::chunked();
    std::string content;
    for (std::string_view part : {wire.substr(0, cut), wire.substr(cut)}) {
      Buffer buffer(part);
      const Decoded decoded = decode_in_place(decoder, buffer.begin(), buffer.end(), 64, 16);
      ASSERT_EQ(decoded.failure, http::Failure::none) << cut;
      EXPECT_EQ(decoded.consumed, part.size());
      content += decoded.piece.text();
    }
    EXPECT_EQ(content, "abcd0123456789abcdef") << cut;
    EXPECT_TRUE(decoder.is_done());
  }
}

// A chunk of one byte takes as long as many bytes of a large one.
TEST(DecodeInPlace, StopsAfterAsManyChunksAsFitInATurn) {
  constexpr std::size_t kMost = net::TurnBudget::units_per_step(net::TurnBudget::Unit::chunk);
  constexpr std::string_view kOne = "1\r\nx\r\n";
  std::string wire;
  for (std::size_t i = 0; i < kMost + 10; ++i) wire += kOne;
  Buffer buffer(wire + "0\r\n\r\nGET /");
  auto decoder = http1::BodyDecoder::chunked();
  const Decoded first = decode_in_place(decoder, buffer.begin(), buffer.end(), 64, 16);
  EXPECT_EQ(first.pieces, kMost);
  EXPECT_EQ(first.piece.text(), std::string(kMost, 'x'));
  EXPECT_FALSE(decoder.is_done());
  // What is written around the piece stays away from what is still to be decoded.
  EXPECT_EQ(first.piece.begin + first.piece.size + first.piece.room_after,
            buffer.begin() + first.consumed);
  const Decoded rest =
      decode_in_place(decoder, buffer.begin() + first.consumed, buffer.end(), 64, 16);
  EXPECT_EQ(rest.piece.text(), std::string(10, 'x'));
  EXPECT_TRUE(decoder.is_done());
  EXPECT_EQ(std::string_view(buffer.begin() + first.consumed + rest.consumed, 5), "GET /");
}

}  // namespace
}  // namespace proxy::upstream
