#include "proxy/http1/body_decoder.h"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace proxy::http1 {
namespace {

using http::Failure;
using http::Framing;
using http::reason_of;
using http::ResponseHead;
using namespace std::string_literals;

struct Decoded {
  std::string data;
  std::size_t consumed = 0;
  bool done = false;
  Failure failure = Failure::none;
  std::string trailer{};
  bool operator==(const Decoded&) const = default;
};

void PrintTo(const Decoded& d, std::ostream* out) {
  *out << '"' << d.data << "\" consumed " << d.consumed << (d.done ? " done " : " open ")
       << reason_of(d.failure);
}

// Feeds the input in pieces of `step` bytes.
Decoded decode(BodyDecoder decoder, std::string_view input, std::size_t step) {
  Decoded result;
  while (result.consumed < input.size() && !decoder.is_done()) {
    const auto piece = decoder.next(input.substr(result.consumed, step));
    result.data += piece.data;
    result.trailer += piece.trailer;
    if (piece.failure != Failure::none) {
      result.failure = piece.failure;
      break;
    }
    result.consumed += piece.consumed;
    if (piece.consumed == 0) break;
  }
  result.done = decoder.is_done();
  EXPECT_EQ(decoder.data_bytes(), result.data.size());
  return result;
}

Decoded decode_all_ways(const BodyDecoder& decoder, std::string_view input) {
  const Decoded whole = decode(decoder, input, input.size() + 1);
  for (const std::size_t step : {1u, 2u, 3u, 7u}) {
    Decoded stepped = decode(decoder, input, step);
    // Where in a piece a failure was found is of no interest.
    if (whole.failure != Failure::none) {
      stepped.consumed = whole.consumed;
      stepped.trailer = whole.trailer;
    }
    EXPECT_EQ(stepped, whole) << "in steps of " << step;
  }
  return whole;
}

TEST(BodyDecoder, ALengthEndsWhereItSays) {
  const Decoded result = decode_all_ways(BodyDecoder::length(5), "helloGET / HTTP/1.1");
  EXPECT_EQ(result, (Decoded{"hello", 5, true}));
}

TEST(BodyDecoder, NoBodyIsDoneAtOnce) {
  EXPECT_TRUE(BodyDecoder::none().is_done());
  EXPECT_TRUE(BodyDecoder::length(0).is_done());
  BodyDecoder decoder;
  EXPECT_EQ(decoder.next("abc").consumed, 0u);
}

TEST(BodyDecoder, ChunksComeOutWithoutTheirFraming) {
  const std::string body = "5\r\nhello\r\n1;x=\"y;z\"\r\n \r\n00A\r\n0123456789\r\n0\r\n\r\n";
  const Decoded result = decode_all_ways(BodyDecoder::chunked(), body + "next");
  EXPECT_EQ(result, (Decoded{"hello 0123456789", body.size(), true}));
}

TEST(BodyDecoder, TheLinesOfATrailerAreTold) {
  const std::string lines = "X-Sum: 1\r\nEmpty:\r\n";
  const std::string body = "1\r\na\r\n0\r\n" + lines + "\r\n";
  EXPECT_EQ(decode_all_ways(BodyDecoder::chunked(), body + "next"),
            (Decoded{"a", body.size(), true, Failure::none, lines}));
}

// RFC 9112 §5.1: in a response it is taken away, by who reads the lines.
TEST(BodyDecoder, WhitespaceBeforeAColonIsAnErrorOnlyInARequestsTrailer) {
  ResponseHead head;
  head.framing = Framing::chunked;
  for (const std::string trailer : {"X : a\r\n", "X \t:a\r\n"}) {
    const std::string body = "0\r\n" + trailer + "\r\n";
    EXPECT_TRUE(decode_all_ways(BodyDecoder::for_response(head), body).done);
    EXPECT_EQ(decode_all_ways(BodyDecoder::chunked(), body).failure, Failure::bad_trailer);
  }
  for (const std::string body : {"0\r\nX y: a\r\n\r\n", "0\r\n : a\r\n\r\n", "0\r\nX \r\n\r\n"}) {
    EXPECT_EQ(decode_all_ways(BodyDecoder::for_response(head), body).failure, Failure::bad_trailer);
  }
}

TEST(BodyDecoder, WhitespaceMayStandBeforeAnExtension) {
  const std::string body = "1 \t;a\r\na\r\n0\r\n\r\n";
  EXPECT_TRUE(decode_all_ways(BodyDecoder::chunked(), body).done);
}

TEST(BodyDecoder, BadFramingIsRefused) {
  struct {
    const char* name;
    std::string body;
    Failure failure;
  } cases[] = {
      {"no digit", "\r\n", Failure::bad_chunk_size},
      {"not hex", "g\r\n", Failure::bad_chunk_size},
      {"0x", "0x5\r\nhello\r\n", Failure::bad_chunk_size},
      {"sign", "-5\r\n", Failure::bad_chunk_size},
      {"leading space", " 5\r\nhello\r\n", Failure::bad_chunk_size},
      {"space at the end", "5 \r\nhello\r\n", Failure::bad_chunk_size},
      {"space in the number", "5 5\r\n", Failure::bad_chunk_size},
      {"bare LF", "5\nhello\r\n", Failure::bad_chunk_size},
      {"bare CR", "5\rhello\r\n", Failure::bad_chunk_size},
      {"LF in an extension", "5;a\nhello\r\n", Failure::bad_chunk_size},
      {"CR in an extension", "5;a\rb\r\nhello\r\n", Failure::bad_chunk_size},
      {"NUL in an extension", "5;\0\r\n"s, Failure::bad_chunk_size},
      {"over 64 bits", "10000000000000005\r\n", Failure::bad_chunk_size},
      {"data longer than said", "2\r\nabc\r\n", Failure::bad_chunk_end},
      {"LF after data", "2\r\nab\n", Failure::bad_chunk_end},
      {"CR CR after data", "2\r\nab\r\r\n", Failure::bad_chunk_end},
      {"long line", "1;" + std::string(300, 'a'), Failure::chunk_line_too_long},
      {"zeros without end", std::string(300, '0'), Failure::chunk_line_too_long},
      {"trailer without colon", "0\r\nabc\r\n\r\n", Failure::bad_trailer},
      {"trailer with a space", "0\r\na : b\r\n\r\n", Failure::bad_trailer},
      {"folded trailer", "0\r\na: b\r\n c\r\n\r\n", Failure::bad_trailer},
      {"trailer with LF", "0\r\na: b\n\r\n", Failure::bad_trailer},
      {"end with LF", "0\r\n\n", Failure::bad_trailer},
      {"end with CR only", "0\r\n\rX", Failure::bad_trailer},
      {"trailers without end", "0\r\na:" + std::string(9000, 'b'), Failure::trailers_too_large},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Decoded result = decode_all_ways(BodyDecoder::chunked(), c.body);
    EXPECT_EQ(result.failure, c.failure) << reason_of(result.failure);
    EXPECT_FALSE(result.done);
  }
}

TEST(BodyDecoder, AFailureIsFinal) {
  BodyDecoder decoder = BodyDecoder::chunked();
  EXPECT_EQ(decoder.next("x").failure, Failure::bad_chunk_size);
  EXPECT_EQ(decoder.next("1\r\na").failure, Failure::bad_chunk_size);
  EXPECT_EQ(decoder.on_end_of_input(), Failure::bad_chunk_size);
}

TEST(BodyDecoder, TheEndOfInputIsFineOnlyWhereABodyMayEnd) {
  BodyDecoder until_close = BodyDecoder::until_close();
  EXPECT_EQ(until_close.next("abc").data, "abc");
  EXPECT_EQ(until_close.on_end_of_input(), Failure::none);
  EXPECT_TRUE(until_close.is_done());

  BodyDecoder length = BodyDecoder::length(5);
  length.next("abc");
  EXPECT_EQ(length.on_end_of_input(), Failure::truncated_body);

  BodyDecoder chunked = BodyDecoder::chunked();
  chunked.next("1\r\na\r\n0\r\n");
  EXPECT_EQ(chunked.on_end_of_input(), Failure::truncated_body);
}

TEST(BodyDecoder, DataArePartsOfTheInput) {
  const std::string input = "3\r\nabc\r\n";
  BodyDecoder decoder = BodyDecoder::chunked();
  const auto piece = decoder.next(input);
  EXPECT_EQ(piece.data.data(), input.data() + 3);
  EXPECT_EQ(piece.consumed, 6u);
}

TEST(ChunkHead, IsWhatTheDecoderReads) {
  for (const std::uint64_t bytes :
       {std::uint64_t{1}, std::uint64_t{15}, std::uint64_t{16}, std::uint64_t{65536}}) {
    std::array<char, kChunkHeadBytesMax> head{};
    const std::size_t length = write_chunk_head(bytes, head.data());
    const std::string body = std::string(head.data(), length) + std::string(bytes, 'a') +
                             std::string(kChunkEnd) + std::string(kLastChunk);
    EXPECT_EQ(decode(BodyDecoder::chunked(), body, body.size()),
              (Decoded{std::string(bytes, 'a'), body.size(), true}));
  }
  std::array<char, kChunkHeadBytesMax> head{};
  EXPECT_EQ(write_chunk_head(std::numeric_limits<std::uint64_t>::max(), head.data()),
            kChunkHeadBytesMax);
}

}  // namespace
}  // namespace proxy::http1
