#include "proxy/http1/response_parser.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/proxy/http1/parsing.h"

namespace proxy::http1 {
namespace {

using http::Failure;
using http::Framing;
using http::reason_of;
using http::response_reason_of;
using http::ResponseHead;
using namespace std::string_literals;

struct Read {
  std::string verdict;
  ResponseHead head;
};

// Head views point into `bytes`, which must outlive the result.
Read read(const std::string& bytes, Question question = {}) {
  static const Limits limits;
  ResponseParser parser(limits);
  Read result;
  const auto outcome = parser.parse(bytes, question, result.head);
  result.verdict = verdict_of(parser, outcome);
  EXPECT_EQ(parse_response_bytewise(bytes, question).verdict, result.verdict);
  return result;
}

TEST(ResponseParser, TheBodyEndsAsTheRulesSay) {
  const Question get;
  const Question head_method{.head_method = true};
  struct {
    const char* name;
    std::string bytes;
    Question question;
    Framing framing;
    bool keep_alive;
  } cases[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", get, Framing::length, true},
      {"length zero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", get, Framing::none, true},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", get, Framing::chunked,
       true},
      {"until close", "HTTP/1.1 200 OK\r\n\r\n", get, Framing::until_close, false},
      {"HTTP/1.0 with length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", get, Framing::length,
       false},
      {"HTTP/1.0 keep-alive",
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n", get,
       Framing::length, true},
      {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", get,
       Framing::length, false},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head_method, Framing::none, true},
      {"HEAD chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", head_method,
       Framing::none, true},
      {"HEAD without length", "HTTP/1.1 200 OK\r\n\r\n", head_method, Framing::none, true},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", get, Framing::none, true},
      {"204 with length zero", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", get,
       Framing::none, true},
      {"204 with a body that may follow", "HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", get,
       Framing::none, false},
      {"304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", get, Framing::none, true},
      {"103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", get, Framing::none, true},
      {"status 999", "HTTP/1.1 999 No\r\nContent-Length: 5\r\n\r\n", get, Framing::length, true},
      {"status 600 without length", "HTTP/1.1 600 \r\n\r\n", get, Framing::until_close, false},
      {"HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\n", get, Framing::length, true},
      {"two equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
       get, Framing::length, true},
      {"list of equal lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", get,
       Framing::length, true},
      {"folded field", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\n", get,
       Framing::length, true},
      {"obs-text in value and phrase",
       "HTTP/1.1 200 \xe9\r\nX: \xc3\xa9\xff\r\nContent-Length: 5\r\n\r\n", get, Framing::length,
       true},
      {"no phrase", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", get, Framing::length, true},
      {"no phrase, no space", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", get, Framing::length,
       true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Read result = read(c.bytes, c.question);
    EXPECT_EQ(result.verdict, "complete at " + std::to_string(c.bytes.size()));
    EXPECT_EQ(result.head.framing, c.framing);
    EXPECT_EQ(result.head.keep_alive, c.keep_alive);
  }
}

TEST(ResponseParser, WhatTwoParsersCouldReadDifferentlyIsRefused) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  struct {
    const char* name;
    std::string bytes;
    Failure failure;
  } cases[] = {
      {"CL and TE", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       Failure::length_and_transfer_encoding},
      {"two differing CL", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
       Failure::duplicate_content_length},
      {"CL list that differs", ok + "Content-Length: 5,6\r\n\r\n",
       Failure::duplicate_content_length},
      {"CL with a plus", ok + "Content-Length: +5\r\n\r\n", Failure::bad_content_length},
      {"CL negative", ok + "Content-Length: -1\r\n\r\n", Failure::bad_content_length},
      {"TE gzip", ok + "Transfer-Encoding: gzip\r\n\r\n", Failure::transfer_encoding_not_supported},
      {"TE twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       Failure::bad_transfer_encoding},
      {"TE in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
       Failure::bad_transfer_encoding},
      {"folded Content-Length", ok + "Content-Length: 1\r\n 0\r\n\r\n",
       Failure::folded_framing_field},
      {"folded Transfer-Encoding", ok + "Transfer-Encoding: chunked\r\n\t, gzip\r\n\r\n",
       Failure::folded_framing_field},
      {"folded Connection", ok + "Connection: close,\r\n x\r\n\r\n", Failure::folded_framing_field},
      {"fold of nothing", ok + " a\r\nX: b\r\n\r\n", Failure::bad_field_name},
      {"fold with a bare CR", ok + "X: a\r\n b\rc\r\n\r\n", Failure::bad_line_ending},
      {"fold with a NUL", ok + "X: a\r\n b\0\r\n\r\n"s, Failure::bad_field_value},
      {"fold with a bare LF", ok + "X: a\r\n b\n\r\n", Failure::bad_line_ending},
      {"bare LF", "HTTP/1.1 200 OK\n\n", Failure::bad_line_ending},
      {"bare CR", ok + "X: a\rb\r\n\r\n", Failure::bad_line_ending},
      {"NUL", ok + "X: a\0b\r\n\r\n"s, Failure::bad_field_value},
      {"space in a name", ok + "X Y: a\r\n\r\n", Failure::bad_field_name},
      {"space and no colon", ok + "X \r\n\r\n", Failure::bad_field_name},
      {"length before whose colon is a space, beside chunks",
       ok + "Content-Length : 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       Failure::length_and_transfer_encoding},
      {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", Failure::bad_status_line},
      {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", Failure::version_not_supported},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n", Failure::bad_status_line},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", Failure::bad_status_line},
      {"status 099", "HTTP/1.1 099 X\r\n\r\n", Failure::bad_status_line},
      {"control in the phrase", "HTTP/1.1 200 O\x01K\r\n\r\n", Failure::bad_status_line},
      {"101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
       Failure::unexpected_upgrade},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(read(c.bytes).verdict, "failed: " + std::string(reason_of(c.failure)));
  }
}

TEST(ResponseParser, AFoldedValueBecomesOneLine) {
  const struct {
    const char* name;
    std::string lines, expected;
  } cases[] = {
      {"space", "X: a\r\n b\r\n", "X=a b"},
      {"tab and more", "X: a \t\r\n\t  b \r\n", "X=a b"},
      {"many", "X: a\r\n b\r\n c\r\n\td\r\n", "X=a b c d"},
      {"first line empty", "X:\r\n a\r\n b\r\n", "X=a b"},
      {"blank in between", "X: a\r\n \r\n b\r\n", "X=a b"},
      {"blank at the end", "X: a\r\n \r\n", "X=a"},
      {"what looks like a field", "X: a\r\n Content-Length: 9\r\n", "X=a Content-Length: 9"},
      {"two fields", "X: a\r\n b\r\nY: c\r\n d\r\n e\r\n", "X=a b\nY=c d e"},
      {"long enough to be moved", "X: a\r\n " + std::string(90, 'b') + "\r\n c\r\n",
       "X=a " + std::string(90, 'b') + " c"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string bytes = "HTTP/1.1 204 No Content\r\n" + c.lines + "\r\n";
    const Parsed whole = parse_response_whole(bytes);
    EXPECT_EQ(whole.head, "204 No Content\nframing 0 keep-alive\n" + c.expected);
    EXPECT_EQ(parse_response_bytewise(bytes).head, whole.head);
  }
}

// RFC 9112 §5.1: a proxy takes it away before the message goes on.
TEST(ResponseParser, WhitespaceBeforeAColonIsNoPartOfTheName) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nX : a\r\nY \t :b\r\nContent-Length : 5\r\n\r\n";
  const Parsed whole = parse_response_whole(bytes);
  EXPECT_EQ(whole.head, "200 OK\nframing 1 length 5 keep-alive\nX=a\nY=b\nContent-Length=5");
  EXPECT_EQ(parse_response_bytewise(bytes).head, whole.head);
}

TEST(ResponseParser, ADisguisedFramingFieldIsNotPassedOn) {
  const std::string bytes =
      "HTTP/1.1 204 No Content\r\nContent_Length: 5\r\n'Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(parse_response_whole(bytes).head,
            "204 No Content\nframing 0 keep-alive\nContent_Length=5 dropped\n"
            "'Transfer-Encoding=chunked dropped");
}

TEST(ResponseParser, AHeadWithManyFieldsGivesItsMemoryBack) {
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 500; ++i) bytes += "Set-Cookie: a\r\n";
  bytes += "\r\n";
  const Limits limits{.fields_max = 1000};
  ResponseParser parser(limits);
  ResponseHead head;
  ASSERT_EQ(parser.parse(bytes, {}, head), ResponseParser::Outcome::complete);
  EXPECT_EQ(head.fields.size(), 500u);
  head.reset();
  EXPECT_LE(head.fields.capacity(), 128u);
}

TEST(ResponseParser, AnUpgradeThatWasAskedForBecomesATunnel) {
  const std::string bytes =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Content-Length: 5\r\n\r\n";
  const Read result = read(bytes, {.offered_upgrade = "websocket"});
  EXPECT_FALSE(result.head.content_length);
  EXPECT_EQ(result.head.framing, Framing::tunnel);
  EXPECT_FALSE(result.head.is_interim());
}

TEST(ResponseParser, AnUpgradeIsOnlyToWhatWasOffered) {
  const std::string line = "HTTP/1.1 101 Switching Protocols\r\n";
  const std::string named = line + "Connection: upgrade\r\n";
  const struct {
    std::string head;
    std::string_view offered;
    bool accepted;
  } table[] = {
      {named + "Upgrade: WebSocket\r\n", "websocket", true},
      {named + "Upgrade: SPDY/3.1\r\n", "SPDY/3.1", true},
      {named + "Upgrade: websocket\r\n", "SPDY/3.1, websocket", true},
      {named + "Upgrade: b, a\r\n", "a, b", true},

      {named + "Upgrade: evil/1.0\r\n", "websocket", false},
      {named + "Upgrade: SPDY/3\r\n", "SPDY/3.1", false},
      {named + "Upgrade: websocket, evil\r\n", "websocket", false},
      {named + "Upgrade: websocket\r\nUpgrade: websocket\r\n", "websocket", false},
      // One more than there may be.
      {named + "Upgrade: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n", "a", false},
      {named + "Upgrade: \r\n", "websocket", false},
      {named + "Upgrade: web socket\r\n", "websocket", false},
      {named, "websocket", false},
      {line + "Upgrade: websocket\r\n", "websocket", false},
      {line, "websocket", false},
      {named + "Upgrade: websocket\r\n", "", false},
  };
  for (const auto& row : table) {
    EXPECT_EQ(read(row.head + "\r\n", {.offered_upgrade = row.offered}).verdict,
              row.accepted ? "complete at " + std::to_string(row.head.size() + 2)
                           : "failed: unexpected_upgrade")
        << row.head;
  }
}

TEST(ResponseParser, AReasonSaysThatItIsTheEndpointsFault) {
  for (int i = 1; i <= static_cast<int>(Failure::unexpected_upgrade); ++i) {
    const auto failure = static_cast<Failure>(i);
    EXPECT_EQ(response_reason_of(failure), "upstream_" + std::string(reason_of(failure)));
  }
}

TEST(ResponseParser, AnInterimResponseIsFollowedByTheNext) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const Limits limits;
  ResponseParser parser(limits);
  ResponseHead head;
  ASSERT_EQ(parser.parse(bytes, {}, head), ResponseParser::Outcome::complete);
  EXPECT_TRUE(head.is_interim());
  const std::string_view rest = std::string_view(bytes).substr(parser.head_bytes());
  parser.reset();
  head.reset();
  ASSERT_EQ(parser.parse(rest, {}, head), ResponseParser::Outcome::complete);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(rest.substr(parser.head_bytes()), "hi");
}

TEST(ResponseParser, AnEndlessHeadIsRefusedAtTheLimit) {
  const Limits limits{.request_line_bytes_max = 10, .head_bytes_max = 64, .fields_max = 2};
  const std::string endless = "HTTP/1.1 200 " + std::string(100, 'a');
  EXPECT_EQ(parse_response_whole(endless, {}, limits).verdict, "failed: head_too_large");
  EXPECT_EQ(parse_response_bytewise(endless, {}, limits).verdict, "failed: head_too_large");
}

}  // namespace
}  // namespace proxy::http1
