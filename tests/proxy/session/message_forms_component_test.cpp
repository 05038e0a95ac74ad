// Messages that are unusual, through the engine: what is passed, what is answered by the proxy
// itself, and what the log says of a request that was refused before it had a route.
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// What the endpoint says, which a test changes while the endpoint's threads may still be saying it.
class Said {
 public:
  Said& operator=(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
    return *this;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_ = ScriptedBackend::ok("hello");
};

class MessageForms : public ::testing::Test {
 protected:
  void SetUp() override {
    config = shop({backend.port()});
    add_certificate(config, "shop.test", issue({"shop.test"}));
  }
  void start(const session::Options& options = RunningEngine::quick()) {
    proxy = std::make_unique<RunningEngine>(options);
    ASSERT_TRUE(proxy->publish(config));
  }
  HttpClient connect() { return HttpClient::connect(proxy->http()); }
  std::unique_ptr<Http2Client> connect_http2() {
    auto stream = SocketStream::connect(proxy->https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2", nullptr}), "");
    return std::make_unique<Http2Client>(std::move(stream));
  }
  HttpAnswer answer_to(const std::string& request) {
    auto client = connect();
    client.send(request);
    return client.read_answer();
  }
  double refusals(const std::string& reason) {
    return proxy->metric("gatehouse_proxy_refusals_total{reason=\"" + reason + "\"}");
  }

  Said says;  // the endpoint, to everything
  ScriptedBackend backend{
      [this](SocketStream& stream, const SeenRequest&) { return stream.send(says.text()); }};
  config::ProxyConfig config;
  std::unique_ptr<RunningEngine> proxy;
};

TEST_F(MessageForms, TraceIsNotAllowedUnlessTheFlagSaysSo) {
  start();
  const HttpAnswer refused = answer_to("TRACE / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.field("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  const auto http2 = connect_http2();
  const int stream = http2->request(
      {{":method", "TRACE"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}});
  EXPECT_EQ(http2->wait(stream).status, 405);
  EXPECT_EQ(http2->answer(stream).fields.at("allow"), refused.field("allow"));
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_EQ(refusals("trace_not_allowed"), 2);

  session::Options options = RunningEngine::quick();
  options.trace_allowed = true;
  start(options);
  EXPECT_EQ(answer_to("TRACE / HTTP/1.1\r\nHost: shop.test\r\n\r\n").status, 200);
  EXPECT_EQ(backend.last().method, "TRACE");
}

TEST_F(MessageForms, ConnectIsNotAllowed) {
  start();
  const HttpAnswer answer = answer_to("CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_NE(answer.field("allow"), "");
  auto client = connect_http2();
  const auto& over_http2 =
      client->wait(client->request({{":method", "CONNECT"}, {":authority", "shop.test:443"}}));
  EXPECT_EQ(over_http2.status, 405);
  EXPECT_TRUE(over_http2.fields.contains("allow"));
  EXPECT_THAT(proxy->access_log(2), HasSubstr("connect_not_supported"));
}

TEST_F(MessageForms, OptionsAboutTheServerGoToTheRootsEndpoint) {
  start();
  EXPECT_EQ(answer_to("OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n").status, 200);
  EXPECT_EQ(backend.last().path, "*");
}

TEST_F(MessageForms, OptionsThatMayNotGoOnAreAnsweredHereAndOthersMayPassOneProxyLess) {
  start();
  const auto options = [](const std::string& left) {
    return "OPTIONS / HTTP/1.1\r\nHost: shop.test\r\nMax-Forwards: " + left + "\r\n\r\n";
  };
  const HttpAnswer here = answer_to(options("0"));
  EXPECT_EQ(here.status, 200);
  EXPECT_EQ(here.field("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(here.field("content-length"), "0");
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_THAT(proxy->access_log(), HasSubstr("max_forwards"));
  EXPECT_EQ(answer_to(options("2")).body, "hello");
  EXPECT_EQ(backend.last().field("Max-Forwards"), "1");
}

// What was said on the way here is the endpoint's to know, and our own word would make many servers
// leave their answers uncompressed.
TEST_F(MessageForms, ViaPassesAndIsNotAddedTo) {
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n").field("via"), "");
  EXPECT_EQ(backend.last().field("Via"), "");
  says = ScriptedBackend::ok("hello", "Via: 1.0 theirs\r\n");
  const HttpAnswer answer = answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\nVia: 1.1 ours\r\n\r\n");
  EXPECT_EQ(answer.field("via"), "1.0 theirs");
  EXPECT_EQ(backend.last().field("Via"), "1.1 ours");
}

TEST_F(MessageForms, WhitespaceBeforeAColonIsTakenOutOfAResponseAndRefusedInARequest) {
  says = "HTTP/1.1 200 OK\r\nX-Odd : yes\r\nContent-Length\t: 5\r\n\r\nhello";
  start();
  const HttpAnswer answer = answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.field("x-odd"), "yes");
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Odd : yes\r\n\r\n").status, 400);
}

TEST_F(MessageForms, AnEmptyHostIsForTheDefaultHostOrNotFound) {
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost:\r\n\r\n").status, 404);
  auto stream = SocketStream::connect(proxy->https());
  ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
  HttpClient secure(std::move(stream));
  secure.send("GET / HTTP/1.1\r\nHost:\r\n\r\n");
  EXPECT_EQ(secure.read_answer().status, 404);
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\n\r\n").status, 400);

  config.hosts[""] = config.hosts["shop.test"];
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost:\r\n\r\n").status, 200);
  EXPECT_THAT(backend.last().head, HasSubstr("\r\nHost: \r\n"));
}

TEST_F(MessageForms, UnusualTargetsReachTheEndpointAsTheyAre) {
  start();
  for (const std::string target : {"/a\"<>b?\"<>", "/a|{}^`b?|{}^`", "/\xc3\xa9?\xc3\xa9\xff"}) {
    EXPECT_EQ(answer_to("GET " + target + " HTTP/1.1\r\nHost: shop.test\r\n\r\n").status, 200);
    EXPECT_EQ(backend.last().path, target);
  }
  const std::string log = proxy->access_log(3);
  EXPECT_THAT(log, HasSubstr("\"path\":\"/a\\\"<>b?\\\"<>\""));
  EXPECT_THAT(log, HasSubstr("\"path\":\"/\xc3\xa9?\xc3\xa9\\ufffd\""));
  EXPECT_EQ(answer_to("GET http://shop.test/x HTTP/1.1\r\nHost: shop.test\r\n\r\n").status, 200);
  EXPECT_EQ(backend.last().path, "/x");
}

TEST_F(MessageForms, AnotherMinorVersionIsServedAsOurs) {
  start();
  auto client = connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET / HTTP/1.5\r\nHost: shop.test\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 200);
  }
  EXPECT_THAT(backend.last().head, HasSubstr(" HTTP/1.1\r\n"));
}

TEST_F(MessageForms, AnExpectationThatIsNotOursFailsInBothProtocols) {
  start();
  EXPECT_EQ(answer_to("POST / HTTP/1.1\r\nHost: shop.test\r\nExpect: tea\r\n\r\n").status, 417);
  const auto http2 = connect_http2();
  const int stream = http2->request({{":method", "POST"},
                                     {":scheme", "https"},
                                     {":authority", "shop.test"},
                                     {":path", "/"},
                                     {"expect", "tea"}});
  EXPECT_EQ(http2->wait(stream).status, 417);
}

TEST_F(MessageForms, AnUpgradeToHttp2InClearIsPassedOver) {
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                      "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nTE: trailers\r\n\r\n")
                .status,
            200);
  const SeenRequest seen = backend.last();
  for (const char* name : {"Connection", "Upgrade", "HTTP2-Settings", "TE"}) {
    EXPECT_EQ(seen.field(name), "") << name;
  }
}

// ---- Responses

TEST_F(MessageForms, AResponseMaySetManyCookies) {
  std::string cookies;
  for (int i = 0; i < 120; ++i) cookies += "Set-Cookie: c" + std::to_string(i) + "=1\r\n";
  says = ScriptedBackend::ok("hello", cookies);
  start();
  const HttpAnswer answer = answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  const auto http2 = connect_http2();
  EXPECT_EQ(http2->wait(http2->get("/")).status, 200);
}

TEST_F(MessageForms, AStatusAbove599PassesAndCountsAsTheServersFault) {
  says = "HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nno";
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n").status, 999);
  const auto http2 = connect_http2();
  EXPECT_EQ(http2->wait(http2->get("/")).status, 999);
  EXPECT_EQ(backend.requests(), 2);
  EXPECT_TRUE(eventually(
      [&] { return proxy->metric("gatehouse_proxy_responses_total{class=\"5xx\"}") == 2; }));
}

// RFC 9110 §14.2: of parts of a resource the endpoint decides, in both protocols.
// RFC 9110 §14.2 and §13.1.5: a part is asked for and answered between the client and its endpoint.
TEST_F(MessageForms, ARangeIsAskedForAndAnsweredAsTheEndpointHasIt) {
  says =
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nAccept-Ranges: bytes\r\n"
      "ETag: \"v1\"\r\nContent-Length: 3\r\n\r\ncde";
  start();
  const HttpAnswer part = answer_to(
      "GET /a HTTP/1.1\r\nHost: shop.test\r\nRange: bytes=2-4\r\nIf-Range: \"v1\"\r\n\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.field("content-range"), "bytes 2-4/10");
  EXPECT_EQ(part.field("accept-ranges"), "bytes");
  EXPECT_EQ(part.field("etag"), "\"v1\"");
  EXPECT_EQ(part.body, "cde");
  EXPECT_EQ(backend.last().field("range"), "bytes=2-4");
  EXPECT_EQ(backend.last().field("if-range"), "\"v1\"");
  const auto http2 = connect_http2();
  const int stream = http2->request({{":method", "GET"},
                                     {":scheme", "https"},
                                     {":authority", "shop.test"},
                                     {":path", "/a"},
                                     {"range", "bytes=2-4"}});
  EXPECT_EQ(http2->wait(stream).status, 206);
  EXPECT_EQ(http2->answer(stream).fields.at("content-range"), "bytes 2-4/10");
  EXPECT_EQ(http2->answer(stream).body, "cde");
  says =
      "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\nContent-Length: "
      "0\r\n\r\n";
  const HttpAnswer none =
      answer_to("GET /a HTTP/1.1\r\nHost: shop.test\r\nRange: bytes=20-\r\n\r\n");
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.field("content-range"), "bytes */10");
}

TEST_F(MessageForms, AFoldedFieldOfAResponseIsUnfolded) {
  says = ScriptedBackend::ok("hello", "X-Folded: a\r\n b\r\n\tc\r\n");
  start();
  EXPECT_EQ(answer_to("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n").field("x-folded"), "a b c");
  const auto http2 = connect_http2();
  const int stream = http2->get("/");
  EXPECT_EQ(http2->wait(stream).fields.at("x-folded"), "a b c");
}

// ---- Requests that never got a route

TEST_F(MessageForms, ARefusalBeforeRoutingLogsWhatWasReadAndIsCounted) {
  start();
  const struct {
    std::string request;
    int status;
    std::string reason, host, method, path;
  } cases[] = {
      {"GET /a?b HTTP/1.1\r\nHost: shop.test\r\nX y\r\n\r\n", 400, "bad_field_name", "shop.test",
       "GET", "/a?b"},
      {"GET /a#b HTTP/1.1\r\nHost: shop.test\r\n\r\n", 400, "bad_target", "shop.test", "GET",
       "/a#b"},
      {"GET /a HTTP/3.0\r\nHost: shop.test\r\n\r\n", 505, "version_not_supported", "shop.test",
       "GET", "/a"},
      {"GET /a HTTP/1.1\r\nHost: shop.test\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431,
       "head_too_large", "shop.test", "GET", "/a"},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: shop.test\r\n\r\n", 414,
       "request_line_too_long", "shop.test", "GET", "/xxx"},
      {"POST /a HTTP/1.1\r\nHost: shop.test\r\nContent_Length: 5\r\n\r\n", 400,
       "disguised_framing_field", "shop.test", "POST", "/a"},
      {"POST /a HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400,
       "bad_chunk_size", "shop.test", "POST", "/a"},
      {std::string("\x16\x03\x01\x02\x00\x01", 6), 400, "tls_on_plain_port", "", "", ""},
  };
  int lines = 0;
  for (const auto& c : cases) {
    SCOPED_TRACE(c.reason);
    EXPECT_EQ(answer_to(c.request).status, c.status);
    const std::string log = proxy->access_log(++lines);
    const std::size_t begin = log.rfind('\n', log.size() - 2);
    const std::string line = begin == std::string::npos ? log : log.substr(begin + 1);
    EXPECT_THAT(line, AllOf(HasSubstr("\"reason\":\"" + c.reason + "\""),
                            HasSubstr("\"host\":\"" + c.host + "\""),
                            HasSubstr("\"method\":\"" + c.method + "\""),
                            HasSubstr("\"path\":\"" + c.path)));
    EXPECT_TRUE(eventually([&] { return refusals(c.reason) == 1; }));
  }
}

TEST_F(MessageForms, ALateRequestIsLoggedAsFarAsItCame) {
  session::Options options = RunningEngine::quick();
  options.timeouts.request_header = std::chrono::milliseconds(150);
  start(options);
  EXPECT_EQ(answer_to("GET /a HTTP/1.1\r\nHost: shop.test\r\nX: y").status, 408);
  EXPECT_THAT(proxy->access_log(),
              AllOf(HasSubstr("\"reason\":\"request_header_timeout\""),
                    HasSubstr("\"host\":\"shop.test\""), HasSubstr("\"path\":\"/a\"")));
}

}  // namespace
}  // namespace proxy::support
