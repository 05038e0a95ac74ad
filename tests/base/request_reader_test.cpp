#include "base/request_reader.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

using Outcome = RequestReader::Outcome;

RequestReader::Limits small() {
  return {.head_bytes_max = 512, .fields_max = 8, .body_bytes_max = 64};
}

// What came of it: the status of a refusal, 0 for "needs more", 200 for a whole request.
int result_of(std::string_view bytes, std::size_t step) {
  RequestReader reader(small());
  Outcome outcome = Outcome::needs_more;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    outcome = reader.read();
    if (outcome == Outcome::wants_continue) outcome = reader.read();
    if (outcome != Outcome::needs_more) break;
  }
  if (outcome == Outcome::refused) return reader.refusal().status;
  return outcome == Outcome::complete ? 200 : 0;
}

TEST(RequestReader, ReadsARequestWithItsFieldsAndBody) {
  RequestReader reader(small());
  reader.feed(
      "POST /v1/a%20b?after=1%2F2&wait=60s HTTP/1.1\r\nHost: x\r\nX-Token:\t t \r\n"
      "Content-Length: 3\r\n\r\nabcGET");
  ASSERT_EQ(reader.read(), Outcome::complete);
  const ServedRequest request = reader.take_request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/v1/a b");
  EXPECT_EQ(request.query, (std::map<std::string, std::string>{{"after", "1/2"}, {"wait", "60s"}}));
  EXPECT_EQ(request.headers.find("x-token")->second, "t");
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(reader.keeps_alive());
  EXPECT_TRUE(reader.has_begun()) << "of the next request three bytes are there";
  EXPECT_EQ(reader.read(), Outcome::needs_more);
}

TEST(RequestReader, ReadsOneRequestAfterTheOther) {
  RequestReader reader(small());
  reader.feed(
      "GET /one HTTP/1.1\r\nHost: x\r\n\r\n\r\nHEAD /two HTTP/1.1\r\nhost: x\r\n"
      "Connection: Keep-Alive, CLOSE\r\n\r\n");
  ASSERT_EQ(reader.read(), Outcome::complete);
  EXPECT_EQ(reader.take_request().path, "/one");
  EXPECT_FALSE(reader.is_head());
  ASSERT_EQ(reader.read(), Outcome::complete);
  EXPECT_EQ(reader.take_request().path, "/two");
  EXPECT_TRUE(reader.is_head());
  EXPECT_FALSE(reader.keeps_alive());
  EXPECT_FALSE(reader.has_begun());
}

TEST(RequestReader, SaysOnceThatTheClientWaitsForContinue) {
  RequestReader reader(small());
  reader.feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(reader.read(), Outcome::wants_continue);
  EXPECT_EQ(reader.read(), Outcome::needs_more);
  reader.feed("ab");
  EXPECT_EQ(reader.read(), Outcome::complete);
}

struct Case {
  const char* name;
  std::string bytes;
  int result;
};

std::vector<Case> cases() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = get + "Host: x\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  std::string many_fields = get + "Host: x\r\n";
  for (int i = 0; i < 8; ++i) many_fields += "a: b\r\n";
  return {
      {"the least", host + "\r\n", 200},
      {"empty lines before it", "\r\n\r\n\r\n" + host + "\r\n", 200},
      {"not whole", host, 0},
      {"nothing but empty lines", "\r\n\r\n\r\n", 0},
      {"absolute-form", "GET http://x:1/a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", 200},
      {"HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", 200},
      {"no host", get + "\r\n", 400},
      {"two hosts", host + "Host: y\r\n\r\n", 400},
      {"another version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"another protocol", "GET / SIP/2.0\r\n\r\n", 400},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a TLS ClientHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12), 400},
      {"a lone LF ends a line", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"a lone LF at the very beginning", "\n" + host + "\r\n", 400},
      {"a CR in a value", get + "Host: x\ry\r\n\r\n", 400},
      {"a NUL in a value", get + std::string("Host: x\0y\r\n\r\n", 13), 400},
      {"a folded line", host + " more\r\n\r\n", 400},
      {"a space before the colon", host + "A : b\r\n\r\n", 400},
      {"no colon", host + "A\r\n\r\n", 400},
      {"no name", host + ": b\r\n\r\n", 400},
      {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a method that is none", "G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a method of forty bytes", std::string(40, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a target that does not decode", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a percent sign at the end", "GET /% HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a query that does not decode", "GET /?a=%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"bytes that are not ASCII in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"authority-form", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"another scheme", "GET file:///etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"a length", post + "Content-Length: 3\r\n\r\nabc", 200},
      {"a length that has not come", post + "Content-Length: 3\r\n\r\nab", 0},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"a negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"a length with a plus", post + "Content-Length: +3\r\n\r\nabc", 400},
      {"a length in hexadecimal", post + "Content-Length: 0x3\r\n\r\nabc", 400},
      {"an empty length", post + "Content-Length:\r\n\r\n", 400},
      {"a length over the limit", post + "Content-Length: 65\r\n\r\n", 413},
      {"a length over all numbers", post + "Content-Length: 99999999999999999999\r\n\r\n", 413},
      {"chunks", post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {"both framings", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 411},
      {"another expectation", post + "Expect: tea\r\nContent-Length: 1\r\n\r\na", 417},
      {"too many fields", many_fields + "\r\n", 431},
      {"a head that does not end", host + "A: " + std::string(600, 'a'), 431},
      {"a request line that does not end", std::string(600, 'A'), 431},
      {"a value that is not ASCII", host + "A: \xff\xfe\r\n\r\n", 200},
  };
}

TEST(RequestReader, GivesEachInputOneVerdictHoweverItsBytesArrive) {
  for (const Case& one : cases()) {
    for (const std::size_t step :
         {one.bytes.size(), std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
      EXPECT_EQ(result_of(one.bytes, step), one.result) << one.name << ", " << step << " at a time";
    }
  }
}

TEST(RequestReader, ReadsNothingMoreAfterARefusal) {
  RequestReader reader(small());
  reader.feed("nonsense\r\n\r\n");
  ASSERT_EQ(reader.read(), Outcome::refused);
  reader.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(reader.read(), Outcome::refused);
  EXPECT_FALSE(reader.keeps_alive());
}

// They cost a client nothing, and would keep the reader, and the thread that it runs on, for ever.
TEST(RequestReader, RefusesAClientThatSendsNothingButEmptyLines) {
  RequestReader reader(small());
  Outcome outcome = Outcome::needs_more;
  for (int i = 0; i < 100 && outcome == Outcome::needs_more; ++i) {
    reader.feed("\r\n");
    outcome = reader.read();
  }
  ASSERT_EQ(outcome, Outcome::refused);
  EXPECT_EQ(reader.refusal().status, 400);
}

TEST(RequestReader, TakesAnEmptyLineAfterEachOfManyBodies) {
  RequestReader reader(small());
  for (int i = 0; i < 100; ++i) {
    reader.feed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\n");
    ASSERT_EQ(reader.read(), Outcome::complete) << i;
    reader.take_request();
  }
}

// Every cut and every byte replaced: no verdict but these, and no read past the end (sanitizers).
TEST(RequestReader, BearsWhatIsCutOffOrDamagedAnywhere) {
  const std::string whole =
      "POST /v1/certificates?a=%41 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n"
      "Content-Length: 4\r\n\r\n[\"\"]";
  ASSERT_EQ(result_of(whole, whole.size()), 200);
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(result_of(std::string_view(whole).substr(0, cut), 3), 0) << cut;
  }
  const std::set<int> verdicts = {0, 200, 400, 411, 413, 417, 431, 505};
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '\n', '\r', ' ', '%', ':', '9', '\x7f', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = byte;
      const int once = result_of(damaged, damaged.size());
      EXPECT_TRUE(verdicts.contains(once)) << at << " " << int{byte};
      EXPECT_EQ(result_of(damaged, 1), once) << at << " " << int{byte};
    }
  }
}

}  // namespace
}  // namespace base
