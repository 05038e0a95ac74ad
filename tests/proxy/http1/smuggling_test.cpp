// How one connection's bytes are cut into requests: a table of the spellings by which smugglers
// make two parsers cut in different places, with the answer that each gets here. Whatever is served
// is also written as it goes to an endpoint, and read again: the cuts must be the same.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/http1/body_decoder.h"
#include "proxy/http1/head_writer.h"
#include "proxy/http1/request_parser.h"
#include "proxy/http2/request_text.h"

namespace proxy::http1 {
namespace {

using http::Failure;
using http::reason_of;
using http::RequestHead;
using http::status_of;
using namespace std::string_literals;

std::string refusal(Failure failure) {
  return std::to_string(status_of(failure)) + " " + std::string(reason_of(failure));
}

struct Reading {
  std::string requests;   // "POST /a[5] GET /b 400 bad_chunk_size": what was read, in order
  std::string forwarded;  // as an endpoint gets what was served
};

// The bytes of one body, in steps as they could arrive. False: it was refused.
bool read_body(BodyDecoder& decoder, std::string_view& rest, std::size_t step, std::string& body,
               Failure& failure) {
  while (!decoder.is_done() && !rest.empty()) {
    const BodyDecoder::Piece piece = decoder.next(rest.substr(0, step));
    body += piece.data;
    failure = piece.failure;
    if (failure != Failure::none) return false;
    rest.remove_prefix(piece.consumed);
  }
  return true;
}

std::string forwarded_request(const RequestHead& head, const std::string& body) {
  const Forwarding forwarding{
      .client_address = "203.0.113.9", .scheme = "https", .port = "443", .request_id = "id"};
  std::string text(request_head_bound(head, forwarding), '\0');
  text.resize(write_request_head(head, forwarding, text));
  if (!head.chunked) return text + body;
  if (!body.empty()) {
    char size[kChunkHeadBytesMax];
    text.append(size, write_chunk_head(body.size(), size));
    text.append(body).append(kChunkEnd);
  }
  return text.append(kLastChunk);
}

Reading read_connection_bytes(std::string_view bytes, std::size_t step) {
  static const Limits limits;
  Reading reading;
  const auto say = [&](const std::string& what) {
    if (!reading.requests.empty()) reading.requests += ' ';
    reading.requests += what;
  };
  while (!bytes.empty()) {
    RequestParser parser(limits);
    RequestHead head;
    auto outcome = RequestParser::Outcome::needs_more;
    for (std::size_t n = 0; n < bytes.size() && outcome == RequestParser::Outcome::needs_more;) {
      n = std::min(bytes.size(), n + step);
      outcome = parser.parse(bytes.substr(0, n), head);
    }
    if (outcome == RequestParser::Outcome::failed) {
      say(refusal(parser.failure()));
      return reading;
    }
    if (outcome == RequestParser::Outcome::needs_more) {
      say("...");
      return reading;
    }
    bytes.remove_prefix(parser.head_bytes());
    std::string said = std::string(head.method_text) + " " + std::string(head.path);
    BodyDecoder decoder = BodyDecoder::for_request(head);
    std::string body;
    Failure failure = Failure::none;
    if (!read_body(decoder, bytes, step, body, failure)) {
      say(refusal(failure));
      return reading;
    }
    if (head.has_body()) said += "[" + std::to_string(body.size()) + "]";
    say(said);
    if (!decoder.is_done()) {
      say("...");
      return reading;
    }
    reading.forwarded += forwarded_request(head, body);
  }
  return reading;
}

struct Case {
  std::string name;
  std::string bytes;
  std::string answer;
};

void expect_answers(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Reading whole = read_connection_bytes(c.bytes, c.bytes.size());
    EXPECT_EQ(whole.requests, c.answer);
    for (const std::size_t step : {1u, 3u, 16u}) {
      const Reading stepped = read_connection_bytes(c.bytes, step);
      EXPECT_EQ(stepped.requests, whole.requests) << "in steps of " << step;
      EXPECT_EQ(stepped.forwarded, whole.forwarded) << "in steps of " << step;
    }
    // What was served before a refusal was forwarded, and nothing else.
    const Reading again = read_connection_bytes(whole.forwarded, 64 << 10);
    EXPECT_EQ(again.requests, whole.requests.substr(0, again.requests.size()));
    EXPECT_EQ(again.requests.find("..."), std::string::npos);
    EXPECT_EQ(again.forwarded.size(), whole.forwarded.size());
  }
}

const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";
const std::string kNext = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(Smuggling, BothLengthAndChunksAreRefused) {
  const std::string both = "400 length_and_transfer_encoding";
  expect_answers({
      {"CL.TE", kPost + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", both},
      {"TE.CL", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\nQ\r\n",
       both},
      {"zero", kPost + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", both},
      {"in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 bad_transfer_encoding"},
      {"length twice and chunks",
       kPost + "Content-Length: 1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       both},
  });
}

TEST(Smuggling, ALengthIsOneNumberAndMayBeRepeated) {
  const auto with = [](const std::string& fields) { return kPost + fields + "\r\nab" + kNext; };
  const std::string served = "POST /[2] GET /next";
  const std::string bad = "400 bad_content_length";
  const std::string differs = "400 duplicate_content_length";
  expect_answers({
      {"one", with("Content-Length: 2\r\n"), served},
      {"list", with("Content-Length: 2, 2\r\n"), served},
      {"list without space", with("Content-Length: 2,2\r\n"), served},
      {"list of three with tabs", with("Content-Length: 2\t,\t2 , 2\r\n"), served},
      {"two fields", with("Content-Length: 2\r\nContent-Length: 2\r\n"), served},
      {"list and field", with("Content-Length: 2, 2\r\ncontent-length: 2\r\n"), served},
      {"leading zeros", with("Content-Length: 0002\r\n"), served},
      {"many leading zeros", with("Content-Length: " + std::string(40, '0') + "2\r\n"), served},
      {"differing list", with("Content-Length: 2, 3\r\n"), differs},
      {"differing fields", with("Content-Length: 2\r\nContent-Length: 3\r\n"), differs},
      {"differing at the end", with("Content-Length: 2, 2, 0\r\n"), differs},
      {"differing from a list", with("Content-Length: 2, 2\r\nContent-Length: 0\r\n"), differs},
      {"empty member", with("Content-Length: 2,\r\n"), bad},
      {"empty first member", with("Content-Length: ,2\r\n"), bad},
      {"comma alone", with("Content-Length: ,\r\n"), bad},
      {"empty", with("Content-Length:\r\n"), bad},
      {"plus", with("Content-Length: +2\r\n"), bad},
      {"minus", with("Content-Length: -2\r\n"), bad},
      {"minus zero", with("Content-Length: -0\r\n"), bad},
      {"hexadecimal", with("Content-Length: 0x2\r\n"), bad},
      {"fraction", with("Content-Length: 2.0\r\n"), bad},
      {"exponent", with("Content-Length: 2e0\r\n"), bad},
      {"underscore", with("Content-Length: 0_2\r\n"), bad},
      {"inner space", with("Content-Length: 0 2\r\n"), bad},
      {"semicolon", with("Content-Length: 2;2\r\n"), bad},
      {"quoted", with("Content-Length: \"2\"\r\n"), bad},
      {"full-width digit", with("Content-Length: \xef\xbc\x92\r\n"), bad},
      {"vertical tab",
       with("Content-Length: \x0b"
            "2\r\n"),
       "400 bad_field_value"},
      {"NUL", with("Content-Length: 2\0\r\n"s), "400 bad_field_value"},
      {"above 64 bits", with("Content-Length: 18446744073709551618\r\n"), bad},
      {"above 32 bits twice", with("Content-Length: 4294967298, 2\r\n"), differs},
  });
}

// Names that are a framing field only for a parser that passes over a mark.
constexpr const char* kDisguised[] = {
    "Content_Length",     "content_length",     "Content.Length",      "ContentLength",
    "_Content-Length",    "'Content-Length",    "Content-Length'",     "Content--Length",
    "-Content-Length",    "Content-Length-",    "C-o-ntent-Length",    "Transfer_Encoding",
    "Transfer.Encoding",  "TransferEncoding",   "_transfer-encoding",  "'Transfer-Encoding",
    "Transfer-Encoding`", "*Transfer-Encoding", "TRANSFER_ENCODING",   "Transfer--Encoding",
    "transfer~encoding",  "|Transfer-Encoding", "Transfer-Encoding^",  "Trans-fer-Encoding",
    "$Content-Length",    "Content+Length",     "!transfer!encoding!", "____content_length____",
};

TEST(Smuggling, NamesThatLookLikeFramingAreRefused) {
  for (const std::string name : kDisguised) {
    SCOPED_TRACE(name);
    for (const std::string value : {"chunked", "0", ""}) {
      const std::string field = name + ": " + value + "\r\n";
      const std::string answer = "400 disguised_framing_field";
      expect_answers({
          {"alone", kPost + field + "\r\n0\r\n\r\n", answer},
          {"behind a length", kPost + "Content-Length: 2\r\n" + field + "\r\nab", answer},
          {"before chunks", kPost + field + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", answer},
      });
    }
  }
}

TEST(Smuggling, NamesThatLookLikeFramingAreRefusedInHttp2) {
  for (std::string name : kDisguised) {
    SCOPED_TRACE(name);
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    http2::RequestText text;
    text.add(":method", "POST");
    text.add(":scheme", "https");
    text.add(":authority", "a");
    text.add(":path", "/");
    text.add(name, "5");
    EXPECT_EQ(read_connection_bytes(text.finish(), 64 << 10).requests,
              "400 disguised_framing_field");
  }
}

TEST(Smuggling, NamesThatOnlyShareTheirWordsPass) {
  for (const std::string name :
       {"X-Content-Length", "Content-Length-X", "Content-Lengths", "Content-Encoding",
        "Accept-Encoding", "Transfer-Encodings", "X_Transfer_Encoding", "Length", "Uploading",
        "Content-Length2", "Transfer", "X-Breakthrough", "X-Transfer-Housing", "--------------g"}) {
    expect_answers({{name, kPost + name + ": 5\r\n\r\n" + kNext, "POST / GET /next"}});
  }
}

TEST(Smuggling, AFramingNameIsATokenDirectlyBeforeItsColon) {
  for (const std::string name : {"Transfer-Encoding", "Content-Length"}) {
    const std::string value = name == "Content-Length" ? "2" : "chunked";
    const std::string bad_name = "400 bad_field_name";
    const auto with = [&](const std::string& line) { return kPost + line + "\r\n\r\nab"; };
    expect_answers({
        {"space before the colon", with(name + " : " + value), bad_name},
        {"tab before the colon", with(name + "\t: " + value), bad_name},
        {"space before the name", with(" " + name + ": " + value), bad_name},
        {"tab before the name", with("\t" + name + ": " + value), bad_name},
        {"vertical tab", with(name + "\x0b: " + value), bad_name},
        {"form feed", with(name + "\x0c: " + value), bad_name},
        {"NUL", with(name + "\0: "s + value), bad_name},
        {"DEL", with(name + "\x7f: " + value), bad_name},
        {"no-break space", with(name + "\xc2\xa0: " + value), bad_name},
        {"byte order mark", with("\xef\xbb\xbf" + name + ": " + value), bad_name},
        {"quoted", with("\"" + name + "\": " + value), bad_name},
        {"no colon", with(name + " " + value), bad_name},
        {"behind a bare CR", with("X: y\r" + name + ": " + value), "400 bad_line_ending"},
        {"behind a bare LF", with("X: y\n" + name + ": " + value), "400 bad_line_ending"},
        {"folded into another", with("X: y\r\n " + name + ": " + value), bad_name},
        {"value on the next line", with(name + ":\r\n " + value),
         name == "Content-Length" ? "400 bad_content_length"
                                  : "501 transfer_encoding_not_supported"},
    });
  }
}

TEST(Smuggling, ATransferEncodingIsChunkedAndNothingElse) {
  const auto with = [](const std::string& fields) {
    return kPost + fields + "\r\n2\r\nab\r\n0\r\n\r\n" + kNext;
  };
  const std::string served = "POST /[2] GET /next";
  const std::string other = "501 transfer_encoding_not_supported";
  const std::string repeated = "400 bad_transfer_encoding";
  expect_answers({
      {"chunked", with("Transfer-Encoding: chunked\r\n"), served},
      {"another case", with("tRANSFER-eNCODING: cHUNKED\r\n"), served},
      {"whitespace around", with("Transfer-Encoding: \t chunked \t\r\n"), served},
      {"no space", with("Transfer-Encoding:chunked\r\n"), served},
      {"twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), repeated},
      {"list of two", with("Transfer-Encoding: chunked, chunked\r\n"), other},
      {"then identity", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
       repeated},
      {"identity first", with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
       other},
      {"identity", with("Transfer-Encoding: identity\r\n"), other},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), other},
      {"chunked, gzip", with("Transfer-Encoding: chunked, gzip\r\n"), other},
      {"empty member", with("Transfer-Encoding: chunked,\r\n"), other},
      {"empty", with("Transfer-Encoding:\r\n"), other},
      {"parameter", with("Transfer-Encoding: chunked;a=b\r\n"), other},
      {"quoted", with("Transfer-Encoding: \"chunked\"\r\n"), other},
      {"apostrophes", with("Transfer-Encoding: 'chunked'\r\n"), other},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n"), other},
      {"chunkedx", with("Transfer-Encoding: chunkedx\r\n"), other},
      {"two words", with("Transfer-Encoding: x chunked\r\n"), other},
      {"UTF-8 k",
       with("Transfer-Encoding: chun\xe2\x84\xaa"
            "ed\r\n"),
       other},
      {"vertical tab", with("Transfer-Encoding: chunked\x0b\r\n"), "400 bad_field_value"},
      {"bare CR", with("Transfer-Encoding: chunked\r\r\n"), "400 bad_line_ending"},
  });
}

TEST(Smuggling, AChunkSizeIsHexadecimalDigitsThatEndWithCrLf) {
  const auto with = [](const std::string& body) { return kChunked + body; };
  const std::string end = "ab\r\n0\r\n\r\n" + kNext;
  const std::string served = "POST /[2] GET /next";
  const std::string bad = "400 bad_chunk_size";
  expect_answers({
      {"plain", with("2\r\n" + end), served},
      {"leading zeros", with("0000000000000000000002\r\n" + end), served},
      {"upper case", with("A\r\n0123456789\r\n0\r\n\r\n" + kNext), "POST /[10] GET /next"},
      {"last chunk of many zeros", with("2\r\nab\r\n00000\r\n\r\n" + kNext), served},
      {"0x", with("0x2\r\n" + end), bad},
      {"0X", with("0X2\r\n" + end), bad},
      {"h behind", with("2h\r\n" + end), bad},
      {"plus", with("+2\r\n" + end), bad},
      {"minus", with("-2\r\n" + end), bad},
      {"minus zero", with("-0\r\n\r\n" + kNext), bad},
      {"space before", with(" 2\r\n" + end), bad},
      {"space behind", with("2 \r\n" + end), bad},
      {"tab behind", with("2\t\r\n" + end), bad},
      {"space inside", with("0 2\r\n" + end), bad},
      {"comma", with("2,2\r\n" + end), bad},
      {"underscore", with("0_2\r\n" + end), bad},
      {"dot", with("2.0\r\n" + end), bad},
      {"NUL", with("2\0\r\n"s + end), bad},
      {"empty line", with("\r\n2\r\n" + end), bad},
      {"bare LF", with("2\n" + end), bad},
      {"bare CR", with("2\r" + end), bad},
      {"CR CR LF", with("2\r\r\n" + end), bad},
      {"LF CR", with("2\n\r" + end), bad},
      {"17 digits", with("10000000000000002\r\n" + end), bad},
      {"wraps at 64 bits", with("FFFFFFFFFFFFFFFFF\r\n" + end), bad},
      {"longer than a line may be", with(std::string(300, '0') + "2\r\n" + end),
       "400 chunk_line_too_long"},
      {"data shorter than said", with("3\r\nab\r\n0\r\n\r\n" + kNext), "400 bad_chunk_end"},
      {"data longer than said", with("1\r\nab\r\n0\r\n\r\n" + kNext), "400 bad_chunk_end"},
      {"LF behind data", with("2\r\nab\n0\r\n\r\n" + kNext), "400 bad_chunk_end"},
      {"CR behind data", with("2\r\nab\r0\r\n\r\n" + kNext), "400 bad_chunk_end"},
      {"nothing behind data", with("2\r\nab0\r\n\r\n" + kNext), "400 bad_chunk_end"},
  });
}

TEST(Smuggling, AChunkExtensionIsPassedOverToItsCrLf) {
  const auto with = [](const std::string& extension) {
    return kChunked + "2" + extension + "\r\nab\r\n0\r\n\r\n" + kNext;
  };
  const std::string served = "POST /[2] GET /next";
  const std::string bad = "400 bad_chunk_size";
  expect_answers({
      {"name", with(";a"), served},
      {"name and value", with(";a=b"), served},
      {"quoted", with(";a=\"b;c\""), served},
      {"a size in it", with(";a=\"5\""), served},
      {"whitespace before", with(" ;a"), served},
      {"on the last chunk", kChunked + "2\r\nab\r\n0;a=b\r\n\r\n" + kNext, served},
      {"bare LF, which ends the line for some", with(";a\n"), bad},
      {"LF in quotes", with(";a=\"\nxx\""), bad},
      {"bare CR", with(";a\rb"), bad},
      {"CR in quotes", with(";a=\"\r\""), bad},
      {"NUL", with(";a\0"s), bad},
      {"no semicolon", with("a=b"), bad},
      {"space and no semicolon", with(" a"), bad},
      {"too long", with(";" + std::string(300, 'a')), "400 chunk_line_too_long"},
  });
}

TEST(Smuggling, TrailersEndABodyAndSayNothing) {
  const auto with = [](const std::string& trailers) {
    return kChunked + "2\r\nab\r\n0\r\n" + trailers + "\r\n" + kNext;
  };
  const std::string served = "POST /[2] GET /next";
  const std::string bad = "400 bad_trailer";
  expect_answers({
      {"none", with(""), served},
      {"one", with("X: y\r\n"), served},
      {"a length", with("Content-Length: 100\r\n"), served},
      {"an encoding", with("Transfer-Encoding: chunked\r\n"), served},
      {"disguised", with("Content_Length: 100\r\n"), served},
      {"a host", with("Host: b\r\n"), served},
      {"a request line", with("GET /evil HTTP/1.1\r\n"), bad},
      {"folded", with("X: y\r\n z\r\n"), bad},
      {"space before the colon", with("X : y\r\n"), bad},
      {"bare LF", with("X: y\n"), bad},
      {"bare LF as the end", kChunked + "2\r\nab\r\n0\r\n\n" + kNext, bad},
      {"bare CR", with("X: y\rZ: a\r\n"), bad},
      {"NUL", with("X: \0\r\n"s), bad},
      {"too large", with("X: " + std::string(9000, 'a') + "\r\n"), "431 trailers_too_large"},
  });
}

TEST(Smuggling, ALineEndsWithCrLf) {
  const std::string bad = "400 bad_line_ending";
  expect_answers({
      {"LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", bad},
      {"LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", bad},
      {"LF LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", bad},
      {"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", bad},
      {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", bad},
      {"bare CR at the end", "GET / HTTP/1.1\r\nHost: a\r\n\rGET /x HTTP/1.1\r\n\r\n",
       "400 bad_field_name"},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, "400 bad_field_value"},
  });
}

TEST(Smuggling, ARequestWithoutFramingHasNoBody) {
  expect_answers({
      {"bytes that follow are the next request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + kNext,
       "GET / GET /next"},
      {"empty lines between", kPost + "Content-Length: 2\r\n\r\nab\r\n\r\n" + kNext,
       "POST /[2] GET /next"},
      {"a body that nobody announced", kPost + "\r\nab=c\r\n" + kNext, "POST / 400 bad_method"},
      {"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" + kNext,
       "GET /[2] GET /next"},
  });
}

TEST(Smuggling, OneRequestNamesOneHost) {
  const std::string get = "GET / HTTP/1.1\r\n";
  expect_answers({
      {"two", get + "Host: a\r\nHost: b\r\n\r\n", "400 duplicate_host"},
      {"two equal ones", get + "Host: a\r\nHost: a\r\n\r\n", "400 duplicate_host"},
      {"an empty and another", get + "Host:\r\nHost: a\r\n\r\n", "400 duplicate_host"},
      {"none", get + "\r\n", "400 missing_host"},
      {"empty", get + "Host:\r\n\r\n", "GET /"},
      {"with a space inside", get + "Host: a b\r\n\r\n", "400 bad_host"},
      {"list", get + "Host: a, b\r\n\r\n", "400 bad_host"},
      {"with a path", get + "Host: a/b\r\n\r\n", "400 bad_host"},
      {"folded", get + "Host: a\r\n b\r\n\r\n", "400 bad_field_name"},
      {"absolute form with another", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"},
      {"absolute form with an empty one", "GET http://b/ HTTP/1.1\r\nHost:\r\n\r\n", "GET /"},
      {"absolute form without one", "GET http://b/ HTTP/1.1\r\n\r\n", "400 missing_host"},
  });
}

}  // namespace
}  // namespace proxy::http1
