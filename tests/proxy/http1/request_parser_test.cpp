#include "proxy/http1/request_parser.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/http1/parsing.h"

namespace proxy::http1 {
namespace {

using http::Failure;
using http::FieldId;
using http::Method;
using http::reason_of;
using http::RequestHead;
using namespace std::string_literals;

constexpr std::string_view kBrowserless =
    "GET /api/v1/things?limit=10 HTTP/1.1\r\n"
    "Host: shop.example\r\n"
    "User-Agent: load/1.0\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip\r\n"
    "\r\n";

TEST(RequestParser, ReadsAPlainRequest) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  ASSERT_EQ(parser.parse(kBrowserless, head), RequestParser::Outcome::complete);
  EXPECT_EQ(parser.head_bytes(), kBrowserless.size());
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.method_text, "GET");
  EXPECT_EQ(head.path, "/api/v1/things");
  EXPECT_EQ(head.query, "?limit=10");
  EXPECT_EQ(head.host, "shop.example");
  EXPECT_EQ(head.fields.size(), 4u);
  EXPECT_EQ(head.fields[3].name, "Accept-Encoding");
  EXPECT_EQ(head.fields[3].value, "gzip");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.has_body());
}

TEST(RequestParser, StopsAtTheEndOfTheHeadWhenMoreFollows) {
  const std::string two = std::string(kBrowserless) + std::string(kBrowserless);
  EXPECT_EQ(parse_whole(two).verdict, "complete at " + std::to_string(kBrowserless.size()));
}

struct Case {
  std::string name;
  std::string bytes;
  std::string expected;  // verdict
};

// Every case is parsed whole and byte by byte: both must say the same.
void expect_verdicts(const std::vector<Case>& cases, const Limits& limits = {}) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Parsed whole = parse_whole(c.bytes, limits);
    const Parsed bytewise = parse_bytewise(c.bytes, limits);
    EXPECT_EQ(whole.verdict, c.expected);
    EXPECT_EQ(bytewise.verdict, whole.verdict);
    EXPECT_EQ(bytewise.head, whole.head);
  }
}

std::string complete(const std::string& bytes) {
  return "complete at " + std::to_string(bytes.size());
}

std::string failed(Failure failure) {
  return "failed: " + std::string(reason_of(failure));
}

std::vector<Case> accepted(const std::vector<std::pair<std::string, std::string>>& requests) {
  std::vector<Case> cases;
  for (const auto& [name, bytes] : requests) cases.push_back({name, bytes, complete(bytes)});
  return cases;
}

TEST(RequestParser, TakesWhatTheGrammarAllows) {
  expect_verdicts(accepted({
      {"smallest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"},
      {"one empty line before", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"unknown method", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"all of tchar", "!#$%&'*+-.^_`|~9aZ / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n"},
      {"value with only whitespace", "GET / HTTP/1.1\r\nHost: a\r\nX: \t \r\n\r\n"},
      {"no space after colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n"},
      {"whitespace around the value", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n"},
      {"obs-text in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\n\r\n"},
      {"tab in a long value",
       "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789abcdef\t0123456789abcdef\r\n\r\n"},
      {"unescaped characters that browsers send",
       "GET /a|b^{c}`\"<>?q=\\[]|^{}`\"<> HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"UTF-8 in path and query", "GET /\xc3\xa9?\xe2\x82\xac=\xff HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"absolute form with such", "GET http://a/\xc3\xa9?\"<> HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"some empty lines before", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
      {"version 1.9", "GET / HTTP/1.9\r\nHost: a\r\n\r\n"},
      {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
      {"host and port", "GET / HTTP/1.1\r\nHost: a.example:8443\r\n\r\n"},
      {"host and empty port", "GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n"},
      {"IPv4", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"},
      {"IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
      {"IPv6 without port", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"},
      {"trailing dot", "GET / HTTP/1.1\r\nHost: a.example.\r\n\r\n"},
      {"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"chunked in any case", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"},
      {"length zero", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
      {"length with leading zeros", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0005\r\n\r\n"},
      {"expect", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n"},
  }));
}

// Long lines are looked at many bytes at a time: where in them a byte stands is no matter.
TEST(RequestParser, AByteIsFoundWhereverItStandsInAField) {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string value(size, 'v');
      value[at] = '\x01';
      EXPECT_EQ(parse_whole("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n").verdict,
                "failed: bad_field_value")
          << size << " " << at;
      value[at] = '\r';
      EXPECT_EQ(parse_whole("GET / HTTP/1.1\r\nHost: a\r\nX: " + value + "\r\n\r\n").verdict,
                "failed: bad_line_ending")
          << size << " " << at;
      std::string name(size, 'n');
      name[at] = '(';
      EXPECT_EQ(parse_whole("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": v\r\n\r\n").verdict,
                "failed: bad_field_name")
          << size << " " << at;
      name[at] = '.';
      EXPECT_THAT(parse_whole("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": v\r\n\r\n").head,
                  testing::EndsWith("\n" + name + "=v"))
          << size << " " << at;
    }
  }
}

// And each byte is judged alike in a short field and in a long one.
TEST(RequestParser, AByteIsAsGoodInALongFieldAsInAShortOne) {
  const std::string before = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '\n') continue;
    const auto verdict = [&](const std::string& line) {
      std::string outcome = parse_whole(before + line + "\r\n\r\n").verdict;
      return outcome.substr(0, outcome.find(" at "));
    };
    const std::string more(20, 'a');
    EXPECT_EQ(verdict("X: a" + std::string(1, c) + "a"), verdict("X: " + more + c + more)) << byte;
    EXPECT_EQ(verdict("a" + std::string(1, c) + "a:"), verdict(more + c + more + ": " + more))
        << byte;
  }
}

// What a second parser could read another way. Each is refused, however its bytes arrive.
TEST(RequestParser, RefusesEveryAttemptAtSmuggling) {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  expect_verdicts({
      // Two lengths.
      {"CL and TE", post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
       failed(Failure::length_and_transfer_encoding)},
      {"TE and CL", post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
       failed(Failure::length_and_transfer_encoding)},
      {"TE and CL zero", post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
       failed(Failure::length_and_transfer_encoding)},
      {"two different CL", post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
       failed(Failure::duplicate_content_length)},
      {"CL with plus", post + "Content-Length: +5\r\n\r\n", failed(Failure::bad_content_length)},
      {"CL negative", post + "Content-Length: -5\r\n\r\n", failed(Failure::bad_content_length)},
      {"CL in hex", post + "Content-Length: 0x5\r\n\r\n", failed(Failure::bad_content_length)},
      {"CL with inner space", post + "Content-Length: 1 0\r\n\r\n",
       failed(Failure::bad_content_length)},
      {"CL empty", post + "Content-Length:\r\n\r\n", failed(Failure::bad_content_length)},
      {"CL over 64 bits", post + "Content-Length: 18446744073709551617\r\n\r\n",
       failed(Failure::bad_content_length)},
      // Disguised Transfer-Encoding.
      {"TE twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       failed(Failure::bad_transfer_encoding)},
      {"TE identity after chunked",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
       failed(Failure::bad_transfer_encoding)},
      {"TE xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE list", post + "Transfer-Encoding: gzip, chunked\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE chunked not last", post + "Transfer-Encoding: chunked, identity\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE with parameter", post + "Transfer-Encoding: chunked;q=1\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE quoted", post + "Transfer-Encoding: \"chunked\"\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE empty", post + "Transfer-Encoding:\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE with a vertical tab",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n",
       failed(Failure::bad_field_value)},
      {"TE with a no-break space", post + "Transfer-Encoding: chunked\xc2\xa0\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
       failed(Failure::bad_transfer_encoding)},
      {"space before the colon", post + "Transfer-Encoding : chunked\r\n\r\n",
       failed(Failure::bad_field_name)},
      {"tab before the colon", post + "Transfer-Encoding\t: chunked\r\n\r\n",
       failed(Failure::bad_field_name)},
      {"obs-fold", post + "Transfer-Encoding:\r\n chunked\r\n\r\n",
       failed(Failure::transfer_encoding_not_supported)},
      {"obs-fold of another field", post + "X: a\r\n b\r\n\r\n", failed(Failure::bad_field_name)},
      {"line that begins with a tab", post + "\tContent-Length: 5\r\n\r\n",
       failed(Failure::bad_field_name)},
      {"field before Host begins with a space", get + " X: y\r\nHost: a\r\n\r\n",
       failed(Failure::bad_field_name)},
      {"no colon", post + "Content-Length\r\n\r\n", failed(Failure::bad_field_name)},
      {"empty name", post + ": x\r\n\r\n", failed(Failure::bad_field_name)},
      {"name with a NUL", post + "X\0Y: a\r\n\r\n"s, failed(Failure::bad_field_name)},
      {"name in UTF-8", post + "X\xc3\xa9: a\r\n\r\n", failed(Failure::bad_field_name)},
      // Line endings.
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n",
       failed(Failure::bad_line_ending)},
      {"bare LF after a field", get + "Host: a\n\r\n", failed(Failure::bad_line_ending)},
      {"bare LF as the end", get + "Host: a\r\n\n", failed(Failure::bad_line_ending)},
      {"bare CR in a value", get + "Host: a\r\nX: a\rContent-Length: 5\r\n\r\n",
       failed(Failure::bad_line_ending)},
      {"CR CR LF", get + "Host: a\r\nX: a\r\r\n\r\n", failed(Failure::bad_line_ending)},
      {"CR before the end", get + "Host: a\r\n\r\r\n", failed(Failure::bad_field_name)},
      {"NUL in a value", get + "Host: a\r\nX: a\0b\r\n\r\n"s, failed(Failure::bad_field_value)},
      {"DEL in a value", get + "Host: a\r\nX: a\x7f\r\n\r\n", failed(Failure::bad_field_value)},
      {"control after 16 bytes", get + "Host: a\r\nX: 0123456789abcdef01\x01\r\n\r\n",
       failed(Failure::bad_field_value)},
      {"LF before", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", failed(Failure::bad_line_ending)},
      // The request line.
      {"leading space", " GET / HTTP/1.1\r\n", failed(Failure::bad_method)},
      {"TLS on a plain port", "\x16\x03\x01\x00\xa5"s, failed(Failure::tls_on_plain_port)},
      {"TLS after an empty line", "\r\n\x16\x03"s, failed(Failure::tls_on_plain_port)},
      {"SSH on a plain port", "\0\0\0\x0c"s, failed(Failure::bad_method)},
      {"two spaces", "GET  / HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"tab for space", "GET\t/ HTTP/1.1\r\n", failed(Failure::bad_method)},
      {"space in the target", "GET /a b HTTP/1.1\r\n", failed(Failure::bad_request_line)},
      {"space at the end", "GET / HTTP/1.1 \r\n", failed(Failure::bad_request_line)},
      {"HTTP/0.9", "GET /\r\n", failed(Failure::bad_request_line)},
      {"only a method", "GET\r\n", failed(Failure::bad_method)},
      {"lower-case version", "GET / http/1.1\r\n", failed(Failure::bad_request_line)},
      {"version 1.10", "GET / HTTP/1.10\r\n", failed(Failure::bad_request_line)},
      {"version 01.1", "GET / HTTP/01.1\r\n", failed(Failure::bad_request_line)},
      {"version 0.9", "GET / HTTP/0.9\r\n", failed(Failure::version_not_supported)},
      {"version 3.0", "GET / HTTP/3.0\r\n", failed(Failure::version_not_supported)},
      {"version 1", "GET / HTTP/1\r\n", failed(Failure::bad_request_line)},
      {"version 2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", failed(Failure::version_not_supported)},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n", failed(Failure::connect_not_supported)},
      {"authority form", "GET a:443 HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"relative target", "GET a/b HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"asterisk for GET", "GET * HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"fragment", "GET /a#b HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"backslash in the path", "GET /a\\..\\b HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"NUL in the target", "GET /a\0b HTTP/1.1\r\n"s, failed(Failure::bad_target)},
      {"DEL in the target", "GET /a\x7f HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"tab in the query", "GET /?a\tb HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"fragment behind a query", "GET /?a#b HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"other scheme", "GET ftp://a/ HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"userinfo", "GET http://user@a/ HTTP/1.1\r\n", failed(Failure::bad_target)},
      {"absolute form without host", "GET http:///a HTTP/1.1\r\n", failed(Failure::bad_target)},
      // Host.
      {"no Host", get + "\r\n", failed(Failure::missing_host)},
      {"no Host with absolute form", "GET http://a/ HTTP/1.1\r\n\r\n",
       failed(Failure::missing_host)},
      {"two Hosts", get + "Host: a\r\nHost: a\r\n\r\n", failed(Failure::duplicate_host)},
      {"Host list", get + "Host: a, b\r\n\r\n", failed(Failure::bad_host)},
      {"Host with userinfo", get + "Host: a@b\r\n\r\n", failed(Failure::bad_host)},
      {"Host with path", get + "Host: a/b\r\n\r\n", failed(Failure::bad_host)},
      {"Host with escape", get + "Host: a%2eb\r\n\r\n", failed(Failure::bad_host)},
      {"Host with two ports", get + "Host: a:80:81\r\n\r\n", failed(Failure::bad_host)},
      {"Host with port too large", get + "Host: a:65536\r\n\r\n", failed(Failure::bad_host)},
      {"Host with bad port", get + "Host: a:8x\r\n\r\n", failed(Failure::bad_host)},
      {"Host is a port", get + "Host: :80\r\n\r\n", failed(Failure::bad_host)},
      {"IPv6 without brackets", get + "Host: ::1\r\n\r\n", failed(Failure::bad_host)},
      {"bad IPv6", get + "Host: [::g]\r\n\r\n", failed(Failure::bad_host)},
      {"open bracket", get + "Host: [::1\r\n\r\n", failed(Failure::bad_host)},
      {"text after IPv6", get + "Host: [::1]x\r\n\r\n", failed(Failure::bad_host)},
      // Others.
      {"other expectation", post + "Expect: 200-ok\r\n\r\n", failed(Failure::expectation_failed)},
      {"Connection is not a list of tokens", post + "Connection: a b\r\n\r\n",
       failed(Failure::bad_field_value)},
  });
}

RequestHead parsed(std::string_view bytes) {
  static const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  EXPECT_EQ(parser.parse(bytes, head), RequestParser::Outcome::complete) << bytes;
  return head;
}

TEST(RequestParser, EmptyLinesBeforeARequestHaveALimit) {
  const auto with = [](int lines) {
    std::string bytes;
    for (int i = 0; i < lines; ++i) bytes += "\r\n";
    return bytes + "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  expect_verdicts({
      {"at the limit", with(16), complete(with(16))},
      {"above it", with(17), failed(Failure::too_many_empty_lines)},
  });
}

TEST(RequestParser, AHigherMinorVersionIsServedAsHttp11) {
  const RequestHead head = parsed("GET / HTTP/1.9\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(parse_whole("GET / HTTP/1.2\r\n\r\n").verdict, failed(Failure::missing_host));
}

TEST(RequestParser, AnEmptyHostNamesNone) {
  EXPECT_EQ(parsed("GET / HTTP/1.1\r\nHost: \r\n\r\n").host, "");
}

// What the log gets of a request that was refused or is late.
std::string described(std::string_view bytes) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  EXPECT_NE(parser.parse(bytes, head), RequestParser::Outcome::complete);
  parser.describe_unread(head);
  std::string text(head.host);
  return text.append("|").append(head.method_text).append("|").append(head.path).append(head.query);
}

TEST(RequestParser, WhatWasReadOfARefusedRequestCanBeTold) {
  const std::string get = "GET /a?b HTTP/1.1\r\n";
  const struct {
    const char* name;
    std::string bytes, expected;
  } cases[] = {
      {"late in the request line", "GET /a?b", "|GET|/a?b"},
      {"late in the method", "GE", "|GE|"},
      {"late before Host", get + "X: y\r\n", "|GET|/a?b"},
      {"late in Host, which may be cut", get + "Host: shop.ex", "|GET|/a?b"},
      {"late behind Host", get + "Host: a\r\nX: y", "a|GET|/a?b"},
      {"bad target", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", "a|GET|a/b"},
      {"fragment", "GET /a#b HTTP/1.1\r\nhost:\ta\r\n\r\n", "a|GET|/a#b"},
      {"version", "GET /a HTTP/2.0\r\nHost: a\r\n\r\n", "a|GET|/a"},
      {"HTTP/0.9", "GET /a\r\n", "|GET|/a"},
      {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n", "b|CONNECT|a:443"},
      {"behind empty lines", "\r\n\r\nGET a HTTP/1.1\r\nHost: a\r\n\r\n", "a|GET|a"},
      {"bad field before Host", get + "X y\r\nHost: a\r\n\r\n", "a|GET|/a?b"},
      {"bad field behind Host", get + "Host: a\r\nX y\r\n\r\n", "a|GET|/a?b"},
      {"bad host", get + "Host: a b\r\n\r\n", "a b|GET|/a?b"},
      {"no Host", get + "X: y\r\n\r\nHost: body\r\n", "|GET|/a?b"},
      {"absolute form", "GET http://a/b HTTP/1.1\r\n\r\n", "a|GET|/b"},
      {"other Host than the form's", "GET http://a/b HTTP/1.1\r\nX y\r\nHost: c\r\n\r\n",
       "a|GET|/b"},
      {"long line", "GET /" + std::string(9000, 'a'), "|GET|/" + std::string(511, 'a')},
      {"no HTTP", "\x16\x03\x01", "||"},
      {"nothing", "\r\n", "||"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(described(c.bytes), c.expected) << c.name;
  }
}

TEST(RequestParser, AnUnfinishedHeadNeedsMore) {
  for (std::size_t n = 0; n < kBrowserless.size(); ++n) {
    EXPECT_EQ(parse_whole(kBrowserless.substr(0, n)).verdict, "needs more") << n;
  }
}

TEST(RequestParser, LimitsAreExact) {
  const std::string request = "GET /abc HTTP/1.1\r\nHost: a\r\nX: yz\r\n\r\n";
  const std::size_t line = request.find('\n') + 1;
  const auto limits = [](std::size_t line_max, std::size_t head_max, std::size_t fields_max) {
    return Limits{line_max, head_max, fields_max};
  };
  expect_verdicts({{"all at their limit", request, complete(request)}},
                  limits(line, request.size(), 2));
  expect_verdicts({{"request line", request, failed(Failure::request_line_too_long)}},
                  limits(line - 1, request.size(), 2));
  expect_verdicts({{"head", request, failed(Failure::head_too_large)}},
                  limits(line, request.size() - 1, 2));
  expect_verdicts({{"fields", request, failed(Failure::too_many_fields)}},
                  limits(line, request.size(), 1));
  // The smaller limit speaks, also when it is the head's.
  expect_verdicts({{"head before line", request, failed(Failure::head_too_large)}},
                  limits(line - 1, line - 2, 2));
}

TEST(RequestParser, AnEndlessLineIsRefusedAtItsLimitAndNotLater) {
  const Limits limits;
  const std::string endless(limits.request_line_bytes_max + 1, 'a');
  expect_verdicts({{"request line", endless, failed(Failure::request_line_too_long)}});
  EXPECT_EQ(parse_whole(endless.substr(1)).verdict, "needs more");

  const std::string fields =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(limits.head_bytes_max, 'a');
  EXPECT_EQ(parse_whole(fields).verdict, failed(Failure::head_too_large));
}

TEST(RequestParser, AbsoluteFormWinsOverHost) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  ASSERT_EQ(parser.parse("GET http://Real.example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n", head),
            RequestParser::Outcome::complete);
  EXPECT_EQ(head.host, "Real.example:81");
  EXPECT_EQ(head.path, "/p");
  EXPECT_EQ(head.query, "?q");
}

TEST(RequestParser, AbsoluteFormWithoutAPathIsTheRoot) {
  const Limits limits;
  struct {
    std::string_view request, path, query;
  } cases[] = {
      {"GET https://a HTTP/1.1\r\nHost: a\r\n\r\n", "/", ""},
      {"GET http://a?x=/y HTTP/1.1\r\nHost: a\r\n\r\n", "/", "?x=/y"},
      {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "*", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.request);
    RequestParser parser(limits);
    RequestHead head;
    ASSERT_EQ(parser.parse(c.request, head), RequestParser::Outcome::complete);
    EXPECT_EQ(head.host, "a");
    EXPECT_EQ(head.path, c.path);
    EXPECT_EQ(head.query, c.query);
    EXPECT_EQ(parse_bytewise(c.request).head, parse_whole(c.request).head);
  }
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
  EXPECT_TRUE(parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, ,close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_FALSE(
      parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive);
}

TEST(RequestParser, FieldsNamedByConnectionAreForThisHopOnly) {
  const RequestHead head = parsed(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nX-End: 2\r\n"
      "Connection: x-hop, Host, Content-Length\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(head.fields[1].dropped);
  EXPECT_FALSE(head.fields[2].dropped);
  EXPECT_FALSE(head.find(FieldId::host)->dropped);
  EXPECT_FALSE(head.find(FieldId::content_length)->dropped);
}

// A backend may name as many again, and each of them is looked for among these.
TEST(RequestParser, AnUpgradeToOneOfManyProtocolsIsNone) {
  const auto upgrade_to = [](int count) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: a";
    for (int i = 1; i < count; ++i) head += ",a";
    return std::string(parsed(head + "\r\n\r\n").upgrade);
  };
  EXPECT_NE(upgrade_to(16), "");
  EXPECT_EQ(upgrade_to(17), "");
}

TEST(RequestParser, ManyConnectionOptionsAreRefused) {
  std::string options;
  for (int i = 0; i < 33; ++i) options += "a,";
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nConnection: " + options + "\r\n\r\n";
  EXPECT_EQ(parse_whole(bytes).verdict, failed(Failure::bad_field_value));
}

TEST(RequestParser, AnUpgradeNeedsHttp11ConnectionAndNoBodyInChunks) {
  const std::string end = "Host: a\r\n\r\n";
  const std::string named = "Connection: keep-alive, Upgrade\r\n";
  const std::string websocket = named + "Upgrade: WebSocket\r\n";
  const struct {
    std::string head;
    std::string_view upgrade;
  } table[] = {
      {"GET / HTTP/1.1\r\n" + websocket, "WebSocket"},
      {"POST / HTTP/1.1\r\n" + websocket, "WebSocket"},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n" + websocket, "WebSocket"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\n" + websocket, "WebSocket"},
      {"POST / HTTP/1.1\r\n" + named + "Upgrade: SPDY/3.1\r\n", "SPDY/3.1"},
      {"POST / HTTP/1.1\r\n" + named + "Upgrade: tailscale-control-protocol\r\n",
       "tailscale-control-protocol"},
      {"POST / HTTP/1.1\r\n" + named + "Upgrade: tcp\r\n", "tcp"},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: websocket, SPDY/3.1\r\n", "websocket, SPDY/3.1"},

      {"HEAD / HTTP/1.1\r\n" + websocket, ""},
      {"GET / HTTP/1.0\r\n" + websocket, ""},
      {"GET / HTTP/1.1\r\nUpgrade: websocket\r\n", ""},
      {"GET / HTTP/1.1\r\nConnection: upgrade\r\n", ""},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + websocket, ""},
      {"GET / HTTP/1.1\r\n" + websocket + "Upgrade: websocket\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: h2c\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: websocket, H2C\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: HTTP/2.0\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: web socket\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: SPDY/\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: /3.1\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: a/b/c\r\n", ""},
      {"GET / HTTP/1.1\r\n" + named + "Upgrade: \r\n", ""},
  };
  for (const auto& row : table) EXPECT_EQ(parsed(row.head + end).upgrade, row.upgrade) << row.head;
}

TEST(RequestParser, ExpectIsNothingInHttp10) {
  const std::string rest = "Content-Length: 1\r\nExpect: 100-continue\r\nHost: a\r\n\r\n";
  EXPECT_TRUE(parsed("POST / HTTP/1.1\r\n" + rest).expects_continue);
  EXPECT_FALSE(parsed("POST / HTTP/1.0\r\n" + rest).expects_continue);
}

TEST(RequestParser, ResetMakesItReadyForTheNextRequest) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  const std::string first =
      "POST http://x/ HTTP/1.0\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n";
  ASSERT_EQ(parser.parse(first, head), RequestParser::Outcome::complete);
  parser.reset();
  head.reset();
  EXPECT_FALSE(parser.has_begun());
  ASSERT_EQ(parser.parse(kBrowserless, head), RequestParser::Outcome::complete);
  EXPECT_EQ(describe(head), parse_whole(kBrowserless).head);
}

TEST(RequestParser, AFailureIsFinal) {
  const Limits limits;
  RequestParser parser(limits);
  RequestHead head;
  ASSERT_EQ(parser.parse("GET / HTTP/1.1\n", head), RequestParser::Outcome::failed);
  EXPECT_EQ(parser.parse(kBrowserless, head), RequestParser::Outcome::failed);
}

}  // namespace
}  // namespace proxy::http1
