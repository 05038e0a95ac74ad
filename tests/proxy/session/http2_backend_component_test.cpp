// Endpoints that speak HTTP/2, and gRPC through it.
#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "tests/proxy/http2/frames.h"
#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using Reply = Http2Backend::Reply;
using Request = Http2Backend::Request;

config::Cluster over_http2() {
  config::Cluster cluster;
  cluster.speaks_http2 = true;
  return cluster;
}

Reply says_ok(const Request& request) {
  return {.head = {{":status", "200"}, {"content-type", "application/grpc"}},
          .body = "re: " + request.body,
          .trailer = {{"grpc-status", "0"}, {"x-last", "word"}}};
}

Reply refuses(std::int64_t error) {
  return {.reset = error, .has_head = false};
}

class Http2Endpoints : public ::testing::Test {
 protected:
  void serve(const std::vector<std::uint16_t>& ports, config::Cluster cluster = over_http2()) {
    config::ProxyConfig config = shop(ports, std::move(cluster));
    add_certificate(config, "shop.test", certificate_);
    ASSERT_TRUE(proxy_.publish(config));
  }
  std::unique_ptr<Http2Client> connect(const Http2Client::Windows& windows = {}) {
    SocketStream stream = SocketStream::connect(proxy_.https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    return std::make_unique<Http2Client>(std::move(stream), windows);
  }
  static int call(Http2Client& client, const std::string& body, bool stays_open = false,
                  const std::string& timeout = "1M") {
    return client.request({{":method", "POST"},
                           {":scheme", "https"},
                           {":authority", "shop.test"},
                           {":path", "/pkg.Service/Method?x=1"},
                           {"content-type", "application/grpc+proto"},
                           {"te", "trailers"},
                           {"grpc-timeout", timeout}},
                          body, stays_open);
  }

  // What the client makes of an answer of this type whose endpoint is gone in the middle of it.
  Http2Client::Answer lose_endpoint_amid(const std::string& content_type) {
    Http2Backend backend(
        [&](const Request&) {
          return Reply{.head = {{":status", "200"}, {"content-type", content_type}}};
        },
        {.echoes = true});
    serve({backend.port()});
    auto client = connect();
    const int lost = call(*client, "half", true);
    client->read_until([&] { return client->answer(lost).body == "half"; });
    backend.drop_connections();
    return client->wait(lost);
  }

  const config::Certificate certificate_ = issue({"shop.test"});
  RunningEngine proxy_;
};

TEST_F(Http2Endpoints, ACallIsPassedOnWithItsFieldsAndItsTrailerComesBack) {
  const Http2Backend backend(says_ok);
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "re: hello");
  EXPECT_EQ(answer.fields.at("grpc-status"), "0");
  EXPECT_EQ(answer.fields.at("x-last"), "word");
  EXPECT_EQ(answer.error, NGHTTP2_NO_ERROR);
  const Request seen = backend.last();
  EXPECT_EQ(seen.fields.at(":method"), "POST");
  EXPECT_EQ(seen.fields.at(":scheme"), "http");
  EXPECT_EQ(seen.fields.at(":authority"), "shop.test");
  EXPECT_EQ(seen.fields.at(":path"), "/pkg.Service/Method?x=1");
  EXPECT_EQ(seen.fields.at("te"), "trailers");
  EXPECT_EQ(seen.fields.at("grpc-timeout"), "1M");
  EXPECT_EQ(seen.fields.at("x-forwarded-for"), "127.0.0.1");
  EXPECT_FALSE(seen.fields.contains("transfer-encoding"));
  EXPECT_FALSE(seen.fields.contains("connection"));
}

TEST_F(Http2Endpoints, AResponseThatIsAllHeadEndsWithIt) {
  const Http2Backend backend([](const Request&) {
    return Reply{.head = {{":status", "200"},
                          {"content-type", "application/grpc"},
                          {"grpc-status", "5"},
                          {"grpc-message", "no such thing"}}};
  });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.fields.at("grpc-status"), "5");
  EXPECT_TRUE(answer.ended);
}

TEST_F(Http2Endpoints, BothSidesOfACallSpeakInTurnAndManyCallsShareAConnection) {
  const Http2Backend backend(
      [](const Request&) {
        return Reply{.trailer = {{"grpc-status", "0"}}};
      },
      {.echoes = true});
  serve({backend.port()});
  auto client = connect();
  std::vector<int> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(call(*client, "", true));
  for (const std::string word : {"one,", "two,", "three"}) {
    for (const int stream : calls) client->say(stream, word);
    for (const int stream : calls) {
      client->read_until([&] { return client->answer(stream).body.ends_with(word); });
    }
  }
  for (const int stream : calls) client->say(stream, "", true);
  for (const int stream : calls) {
    EXPECT_EQ(client->wait(stream).body, "one,two,three");
    EXPECT_EQ(client->answer(stream).fields.at("grpc-status"), "0");
  }
  EXPECT_EQ(backend.connections(), 1);
}

TEST_F(Http2Endpoints, AnEndpointIsNeverAskedForMoreAtATimeThanItAllows) {
  const Http2Backend backend([](const Request&) { return Reply{}; },
                             {.streams_max = 3, .echoes = true});
  serve({backend.port()});
  auto client = connect();
  std::vector<int> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(call(*client, "", true));
  for (const int stream : calls) client->say(stream, "hello");
  for (const int stream : calls) {
    client->read_until([&] { return client->answer(stream).body == "hello"; });
    EXPECT_EQ(client->answer(stream).body, "hello");
  }
  EXPECT_LE(backend.streams_at_once(), 3);
  EXPECT_GE(backend.connections(), 4);
  EXPECT_EQ(proxy_.metric("gatehouse_proxy_upstream_retries_total"), 0);
}

TEST_F(Http2Endpoints, LargeBodiesPassBothWays) {
  const Http2Backend backend([](const Request& request) { return Reply{.body = request.body}; });
  serve({backend.port()});
  auto client = connect();
  const std::string large(3u << 20, 'x');
  EXPECT_EQ(client->wait(call(*client, large)).body, large);
}

TEST_F(Http2Endpoints, AClientThatTakesNothingHoldsUpNobodyAndLittleIsKeptForIt) {
  const std::string large(8u << 20, 'x');
  const Http2Backend backend([&](const Request&) { return Reply{.body = large}; });
  serve({backend.port()});
  auto slow = connect({.window = 65'535, .opens_windows = false});
  const int stalled = call(*slow, "hello");
  slow->read_until([&] { return slow->answer(stalled).body.size() == 65'535; });
  auto other = connect();
  EXPECT_EQ(other->wait(call(*other, "hello")).body.size(), large.size());
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_LT(proxy_.metric("gatehouse_proxy_memory_bytes{kind=\"http2_output\"}"), 512 << 10);
}

// A call that an endpoint only listens to is answered at its end: a message may come now and then,
// but not for ever.
TEST_F(Http2Endpoints, ACallThatNobodyAnswersHasATimeForAllOfIt) {
  const Http2Backend backend(says_ok);
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = std::chrono::milliseconds(50);
  options.timeouts.body_total = std::chrono::milliseconds(500);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()}, over_http2());
  add_certificate(config, "shop.test", certificate_);
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const int streamed = call(client, "x", true);
  ASSERT_TRUE(eventually([&] {
    client.say(streamed, "x");
    return client.flush() &&
           proxy.metric("gatehouse_proxy_refusals_total{reason=\"request_body_too_slow\"}") > 0;
  }));
  EXPECT_EQ(client.wait(streamed).fields.at("grpc-message"), "request_body_too_slow");
}

TEST_F(Http2Endpoints, ACallThatNobodyAnswersAndWhoseClientIsSilentIsToldSo) {
  const Http2Backend backend(says_ok);
  session::Options options = RunningEngine::quick();
  options.timeouts.tunnel_idle = std::chrono::milliseconds(100);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()}, over_http2());
  add_certificate(config, "shop.test", certificate_);
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  EXPECT_EQ(client.wait(call(client, "x", true)).fields.at("grpc-message"), "call_idle");
}

TEST_F(Http2Endpoints, ManyResponsesThatNobodyTakesAreReadLittleAhead) {
  constexpr int kCalls = 60;
  const std::string large(1u << 20, 'x');
  const Http2Backend backend([&](const Request&) { return Reply{.body = large}; });
  serve({backend.port()});
  auto silent = connect({.window = 0, .opens_windows = false});
  for (int i = 0; i < kCalls; ++i) call(*silent, "hello");
  ASSERT_TRUE(silent->flush());
  ASSERT_TRUE(eventually([&] { return backend.requests() == kCalls; }));
  auto other = connect();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(other->wait(call(*other, "hello")).body.size(), large.size());
  }
  EXPECT_LE(proxy_.metric("gatehouse_proxy_memory_bytes{kind=\"http2_output\"}"),
            kCalls * (16 << 10));
}

TEST_F(Http2Endpoints, InterimHeadsWaitForAClientThatTakesNothingUpToABound) {
  constexpr int kCalls = 40;
  const Http2Backend backend([&](const Request& request) {
    if (request.fields.at(":path") != "/hints") return says_ok(request);
    std::string head = http2::field(":status", "103");
    for (int i = 0; i < 100; ++i) head += http2::field("link", std::string(100, 'x'));
    std::string heads;
    for (int i = 0; i < 16; ++i) {
      heads += http2::headers(request.stream, head, NGHTTP2_FLAG_END_HEADERS);
    }
    return Reply{.has_head = false, .says_nothing = true, .frames = heads};
  });
  serve({backend.port()});
  SocketStream silent = SocketStream::connect(proxy_.https());
  ASSERT_EQ(silent.start_tls({"shop.test", "h2"}), "");
  const std::string fields =
      "\x82\x87" + http2::field(":authority", "shop.test") + http2::field(":path", "/hints");
  std::string requests = http2::preface();
  for (int i = 0; i < kCalls; ++i) {
    requests += http2::headers(2 * i + 1, fields, http2::kWholeRequest);
  }
  ASSERT_TRUE(silent.send(requests));
  ASSERT_TRUE(eventually([&] { return backend.requests() == kCalls; }));
  auto other = connect();
  EXPECT_EQ(other->wait(call(*other, "hello")).body, "re: hello");
  EXPECT_LE(proxy_.metric("gatehouse_proxy_memory_bytes{kind=\"http2_output\"}"),
            kCalls * (16 << 10));
}

// So many interim heads, and then the answer.
Reply hints(const Request& request, int count) {
  const std::string hint =
      http2::headers(request.stream, http2::field(":status", "103") + http2::field("link", "</a>"),
                     NGHTTP2_FLAG_END_HEADERS);
  std::string heads;
  for (int i = 0; i < count; ++i) heads += hint;
  heads += http2::headers(request.stream, "\x88", http2::kWholeRequest);  // 200
  return {.has_head = false, .says_nothing = true, .frames = heads};
}

TEST_F(Http2Endpoints, InterimHeadsPassUpToANumberAndOneMoreIsTheEndpointsFault) {
  const Http2Backend backend(
      [](const Request& request) { return hints(request, request.body == "16" ? 16 : 17); });
  serve({backend.port()});
  auto client = connect();
  const auto post = [&](const std::string& count) {
    return client->request(
        {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
        count);
  };
  EXPECT_EQ(client->wait(post("16")).status, 200);
  EXPECT_EQ(client->wait(post("17")).status, 502);
  EXPECT_THAT(proxy_.access_log(2), HasSubstr("too_many_interim_responses"));
  EXPECT_EQ(client->wait(post("16")).status, 200);
  EXPECT_EQ(backend.connections(), 1);  // the others on it are not to blame
}

TEST_F(Http2Endpoints, ANumberOfInterimHeadsPassesToAClientOfHttp1Too) {
  const Http2Backend backend([](const Request& request) {
    return hints(request, request.fields.at(":path") == "/16" ? 16 : 17);
  });
  serve({backend.port()});
  auto client = HttpClient::connect(proxy_.http());
  client.send("GET /16 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  for (int i = 0; i < 16; ++i) EXPECT_EQ(client.read_answer().status, 103) << i;
  EXPECT_EQ(client.read_answer().status, 200);
  client.send("GET /17 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  for (int i = 0; i < 16; ++i) EXPECT_EQ(client.read_answer().status, 103) << i;
  EXPECT_EQ(client.read_answer().status, 502);
}

TEST_F(Http2Endpoints, OneInterimHeadTooManyIsTheEndpointsFaultThoughNobodyReadsThem) {
  const Http2Backend backend([](const Request& request) {
    return request.fields.at(":path") == "/hints" ? hints(request, 17) : says_ok(request);
  });
  serve({backend.port()});
  SocketStream silent = SocketStream::connect(proxy_.https());
  ASSERT_EQ(silent.start_tls({"shop.test", "h2"}), "");
  const std::string fields =
      "\x82\x87" + http2::field(":authority", "shop.test") + http2::field(":path", "/hints");
  ASSERT_TRUE(silent.send(http2::preface() + http2::headers(1, fields, http2::kWholeRequest)));
  EXPECT_THAT(proxy_.access_log(), HasSubstr("too_many_interim_responses"));
  EXPECT_EQ(backend.requests(), 1);  // it is not asked again
}

TEST_F(Http2Endpoints, WhatAnEndpointRefusesIsSentAgainEvenIfItIsAPost) {
  std::atomic<int> asked{0};
  const Http2Backend backend([&](const Request& request) {
    return asked++ < 2 ? refuses(NGHTTP2_REFUSED_STREAM) : says_ok(request);
  });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.body, "re: hello");
  EXPECT_EQ(answer.fields.at("grpc-status"), "0");
  EXPECT_EQ(asked, 3);
}

TEST_F(Http2Endpoints, OnesThatRefuseEverythingAreGivenUp) {
  const auto refuse = [](const Request&) { return refuses(NGHTTP2_REFUSED_STREAM); };
  const Http2Backend one(refuse);
  const Http2Backend other(refuse);
  serve({one.port(), other.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(call(*client, "hello")).fields.at("grpc-status"), "14");
  EXPECT_GE(one.requests(), 1);
  EXPECT_GE(other.requests(), 1);
  EXPECT_LE(one.requests() + other.requests(), 6);
}

TEST_F(Http2Endpoints, WhatAGoawayLeavesOutIsSentOnAnotherConnection) {
  std::atomic<int> asked{0};
  const Http2Backend backend([&](const Request& request) {
    return asked++ == 1 ? Reply{.leaves = true} : says_ok(request);
  });
  serve({backend.port()});
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client->wait(call(*client, "hello")).body, "re: hello");
  }
  EXPECT_EQ(backend.connections(), 2);
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 1; }));
}

TEST_F(Http2Endpoints, WhatAnEndpointMayHaveDoneIsNotSentAgain) {
  const Http2Backend backend([](const Request&) { return refuses(NGHTTP2_INTERNAL_ERROR); });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.fields.at("grpc-status"), "14");
  EXPECT_EQ(backend.requests(), 1);
  EXPECT_THAT(proxy_.access_log(), HasSubstr("upstream_reset_stream"));
}

// RFC 9113 §10.5, the other way round.
TEST_F(Http2Endpoints, OneThatSendsFramesWithoutEndAndNoAnswerIsLeft) {
  std::string flood;
  for (int i = 0; i < 30'000; ++i) flood += http2::frame(0x77, 0, 0, "");
  std::atomic<int> asked{0};
  const Http2Backend backend([&](const Request& request) {
    return asked++ == 0 ? Reply{.says_nothing = true, .frames = flood} : says_ok(request);
  });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.fields.at("grpc-status"), "14");
  EXPECT_EQ(answer.fields.at("grpc-message"), "upstream_http2_flood");
  EXPECT_THAT(proxy_.access_log(), HasSubstr("upstream_http2_flood"));
  EXPECT_EQ(client->wait(call(*client, "hello")).body, "re: hello");
  EXPECT_EQ(backend.connections(), 2);
}

TEST_F(Http2Endpoints, ACallThatLosesItsEndpointEndsAsUnavailable) {
  const Http2Client::Answer answer = lose_endpoint_amid("application/grpc");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.fields.at("grpc-status"), "14");
  EXPECT_EQ(answer.fields.at("grpc-message"), "closed_early");
  EXPECT_THAT(proxy_.access_log(), HasSubstr("closed_early"));
}

TEST_F(Http2Endpoints, AnswersThatAreNoneOfGrpcAreNeverEndedLikeWholeOnes) {
  const Http2Client::Answer answer = lose_endpoint_amid("text/plain");
  EXPECT_FALSE(answer.ended);
  EXPECT_EQ(answer.error, NGHTTP2_INTERNAL_ERROR);
}

TEST_F(Http2Endpoints, AGrpcClientIsAnsweredInItsOwnTerms) {
  std::uint16_t closed = 0;
  { closed = Http2Backend(says_ok).port(); }
  serve({closed});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.fields.at("content-type"), "application/grpc");
  EXPECT_EQ(answer.fields.at("grpc-status"), "14");
  EXPECT_EQ(answer.fields.at("grpc-message"), "connect_refused");
  EXPECT_FALSE(answer.fields.contains("content-length"));
  EXPECT_EQ(client->wait(client->get("/")).status, 502);
  EXPECT_THAT(proxy_.access_log(2), HasSubstr("\"status\":502"));
}

// Its client and its endpoint wait on, as neither of the two should.
TEST_F(Http2Endpoints, ACallThatNobodyAnswersEndsAfterItsTime) {
  const Http2Backend backend([](const Request&) { return Reply{.says_nothing = true}; });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello", false, "10m"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.fields.at("grpc-status"), "4");
  EXPECT_EQ(answer.fields.at("grpc-message"), "call_deadline");
  EXPECT_TRUE(eventually([&] { return backend.resets() == 1; }));
  EXPECT_THAT(proxy_.access_log(), HasSubstr("\"status\":504"));
}

TEST_F(Http2Endpoints, ACallThatGoesOnEndsAfterItsTimeWithAStatus) {
  const Http2Backend backend([](const Request&) { return says_ok({}); }, {.echoes = true});
  serve({backend.port()});
  auto client = connect();
  const int stream = call(*client, "", true, "2S");
  client->say(stream, "hello");
  const auto& answer = client->wait(stream);
  EXPECT_THAT(answer.body, HasSubstr("hello"));
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.fields.at("grpc-status"), "4");
  EXPECT_TRUE(eventually([&] { return backend.resets() == 1; }));
  EXPECT_THAT(proxy_.access_log(), HasSubstr("call_deadline"));
}

TEST_F(Http2Endpoints, ACallThatItsClientCancelsIsCancelledAtTheEndpoint) {
  const Http2Backend backend([](const Request&) { return Reply{}; }, {.echoes = true});
  serve({backend.port()});
  auto client = connect();
  const int cancelled = call(*client, "", true);
  client->say(cancelled, "hello");
  client->read_until([&] { return client->answer(cancelled).body == "hello"; });
  client->reset(cancelled);
  client->flush();
  EXPECT_TRUE(eventually([&] { return backend.resets() == 1; }));
  const int next = call(*client, "", true);
  client->say(next, "hello", true);
  EXPECT_EQ(client->wait(next).body, "hello");
  EXPECT_EQ(backend.connections(), 1);
}

TEST_F(Http2Endpoints, AnAnswerThatIsCutOffIsNotTakenForComplete) {
  const Http2Backend backend(
      [](const Request&) { return Reply{.body = "half of it", .reset = NGHTTP2_INTERNAL_ERROR}; });
  serve({backend.port()});
  auto client = connect();
  const auto& answer = client->wait(call(*client, "hello"));
  EXPECT_FALSE(answer.ended);
  EXPECT_TRUE(answer.is_closed());
  EXPECT_NE(answer.error, NGHTTP2_NO_ERROR);
}

TEST_F(Http2Endpoints, ClientsOfHttp1AreServedToo) {
  const Http2Backend backend([](const Request& request) {
    return Reply{.head = {{":status", "201"}, {"x-mine", "yes"}},
                 .body = request.fields.at(":method") == "HEAD" ? "" : "re: " + request.body,
                 .trailer = {}};
  });
  serve({backend.port()});
  auto client = HttpClient::connect(proxy_.http());
  client.send(
      "POST /a HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n0\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "re: hello");
  EXPECT_EQ(answer.field("x-mine"), "yes");
  client.send("HEAD /a HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 201);
  client.send(
      "GET /a HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "re: ");
  EXPECT_FALSE(backend.last().fields.contains("upgrade"));
}

TEST_F(Http2Endpoints, AnEmptyAnswerToAClientOfHttp1HasALength) {
  const Http2Backend backend([](const Request&) { return Reply{}; });
  serve({backend.port()});
  auto client = HttpClient::connect(proxy_.http());
  EXPECT_EQ(client.get("/").field("content-length"), "0");
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Http2Endpoints, AConnectionThatIsGoneIsNoFailureOfTheNextRequest) {
  Http2Backend backend([](const Request&) { return Reply{.body = "hello"}; });
  serve({backend.port()});
  auto client = connect();
  EXPECT_EQ(client->wait(client->get("/")).body, "hello");
  backend.drop_connections();
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
  EXPECT_EQ(client->wait(client->get("/")).body, "hello");
  EXPECT_EQ(backend.connections(), 2);
}

TEST_F(Http2Endpoints, AfterAnAnswerThatNeverCameAnotherConnectionIsTried) {
  std::atomic<int> asked{0};
  const Http2Backend backend([&](const Request& request) {
    return asked++ == 0 ? Reply{.says_nothing = true} : says_ok(request);
  });
  config::Cluster impatient = over_http2();
  impatient.read_timeout = std::chrono::milliseconds(100);
  serve({backend.port()}, impatient);
  auto client = connect();
  EXPECT_EQ(client->wait(call(*client, "hello")).fields.at("grpc-status"), "14");
  EXPECT_THAT(proxy_.access_log(), HasSubstr("upstream_read_timeout"));
  EXPECT_EQ(client->wait(call(*client, "hello")).body, "re: hello");
}

TEST_F(Http2Endpoints, OnesThatLeaveTheConfigurationAreLeftWhenTheirLastCallEnds) {
  const Http2Backend backend([](const Request&) { return Reply{}; }, {.echoes = true});
  serve({backend.port()});
  auto client = connect();
  const int stream = call(*client, "", true);
  client->say(stream, "one,");
  client->read_until([&] { return client->answer(stream).body == "one,"; });
  const Http2Backend other(says_ok);
  serve({other.port()});
  EXPECT_EQ(client->wait(call(*client, "hello")).body, "re: hello");
  client->say(stream, "two", true);
  EXPECT_EQ(client->wait(stream).body, "one,two");
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

TEST_F(Http2Endpoints, AreToldInTlsThatItIsHttp2) {
  base::SslCtxPtr context = tls_server(issue({"backend.test"}));
  std::string offered;
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
         unsigned in_size, void* seen) {
        static_cast<std::string*>(seen)->assign(reinterpret_cast<const char*>(in), in_size);
        *out = in + 1;
        *size = in[0];
        return SSL_TLSEXT_ERR_OK;
      },
      &offered);
  const Http2Backend backend(says_ok, {.tls = std::move(context)});
  config::Cluster cluster = over_http2();
  cluster.tls.emplace();
  serve({backend.port()}, cluster);
  auto client = connect();
  EXPECT_EQ(client->wait(call(*client, "hello")).body, "re: hello");
  EXPECT_EQ(backend.last().fields.at(":scheme"), "https");
  EXPECT_EQ(offered, "\x02h2");
}

// ---- Calls with long silences

// Calls of one client that stay open, to shop.test and to other.test, each of its own endpoint.
class LongCalls : public ::testing::Test {
 protected:
  void serve(const session::Timeouts& timeouts, const config::Cluster& cluster,
             const config::Cluster& other_cluster) {
    session::Options options = RunningEngine::quick();
    options.timeouts = timeouts;
    proxy_.emplace(options);
    config::ProxyConfig config = shop({backend_.port()}, cluster);
    const config::ProxyConfig other = shop({other_backend_.port()}, other_cluster);
    config.clusters["other"] = other.clusters.at("shop");
    config::VirtualHost host = *other.hosts.at("shop.test");
    host.routes.at(0).action = config::Forward{"other"};
    config.hosts["other.test"] = std::make_shared<const config::VirtualHost>(host);
    const config::Certificate certificate = issue({"shop.test", "other.test"});
    for (const char* name : {"shop.test", "other.test"}) {
      add_certificate(config, name, certificate);
    }
    ASSERT_TRUE(proxy_->publish(config));
    SocketStream stream = SocketStream::connect(proxy_->https());
    ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    client_.emplace(std::move(stream));
  }
  // Has an answer, and no end.
  int open(const std::string& authority, const std::string& content_type = "application/grpc") {
    const int stream = client_->request({{":method", "POST"},
                                         {":scheme", "https"},
                                         {":authority", authority},
                                         {":path", "/"},
                                         {"content-type", content_type}},
                                        "", true);
    client_->read_until([&] { return client_->answer(stream).status != 0; });
    return stream;
  }
  void expect_open(int stream) {
    const std::size_t before = client_->answer(stream).body.size();
    const auto& answer = client_->answer(stream);
    client_->say(stream, "still here");
    client_->read_until([&] { return answer.body.size() > before || answer.is_closed(); });
    EXPECT_TRUE(answer.body.ends_with("still here"));
    EXPECT_FALSE(answer.is_closed());
  }

  const Http2Backend backend_{[](const Request&) { return Reply{}; }, {.echoes = true}};
  const Http2Backend other_backend_{[](const Request&) { return Reply{}; },
                                    {.echoes_to_all = true}};
  std::optional<RunningEngine> proxy_;
  std::optional<Http2Client> client_;
};

// The endpoint speaks to a client that says nothing, until a call in which nobody does has ended.
TEST_F(LongCalls, OneStaysWhoseClientIsSilentAndWhoseEndpointSpeaks) {
  session::Timeouts timeouts = RunningEngine::quick().timeouts;
  timeouts.tunnel_idle = std::chrono::milliseconds(1'500);
  serve(timeouts, over_http2(), over_http2());
  const int listens = open("other.test");
  const int silent = open("shop.test");
  const int speaks = open("other.test");
  const auto& heard = client_->answer(listens);
  while (!client_->answer(silent).is_closed() && !heard.is_closed() && !client_->is_over()) {
    const std::size_t before = heard.body.size();
    client_->say(speaks, "word");
    client_->read_until([&] { return heard.body.size() > before || heard.is_closed(); });
  }
  EXPECT_TRUE(client_->answer(silent).is_closed());
  EXPECT_FALSE(heard.is_closed());
  expect_open(listens);
}

// Both times are the route's: that of the client, and that of the endpoint.
TEST_F(LongCalls, OneThatIsSilentStaysForAsLongAsItsRouteHasItsEndpointWait) {
  session::Timeouts timeouts = RunningEngine::quick().timeouts;
  timeouts.tunnel_idle = std::chrono::milliseconds(150);
  config::Cluster patient = over_http2();
  patient.read_timeout = std::chrono::milliseconds(100);
  patient.send_timeout = std::chrono::minutes(10);
  serve(timeouts, over_http2(), patient);
  const int stays = open("other.test");
  const int goes = open("shop.test");
  EXPECT_TRUE(client_->wait(goes).is_closed());
  expect_open(stays);
}

// Whoever is looked at first, the client or the endpoint.
TEST_F(LongCalls, OneThatWasSilentForTooLongIsToldByAWordOfItsOwn) {
  session::Timeouts timeouts = RunningEngine::quick().timeouts;
  timeouts.tunnel_idle = std::chrono::milliseconds(150);
  config::Cluster impatient = over_http2();
  impatient.read_timeout = std::chrono::milliseconds(100);
  for (const config::Cluster& cluster : {over_http2(), impatient}) {
    serve(timeouts, cluster, over_http2());
    EXPECT_TRUE(client_->wait(open("shop.test")).is_closed());
    EXPECT_THAT(proxy_->access_log(), HasSubstr("\"call_idle\""));
  }
}

// What a body is waited for is not what a call may be silent.
TEST_F(LongCalls, OneThatIsSilentStaysWhereABodyWouldNotBeWaitedForAnyMore) {
  session::Timeouts timeouts = RunningEngine::quick().timeouts;
  timeouts.body_idle = std::chrono::milliseconds(150);
  serve(timeouts, over_http2(), over_http2());
  const int stays = open("other.test");
  const int goes = open("shop.test", "text/plain");
  EXPECT_TRUE(client_->wait(goes).is_closed());
  expect_open(stays);
}

TEST(Http2EndpointsOfFewConnections, OneThatIsLeavingTakesNobodysPlace) {
  std::atomic<int> asked{0};
  const Http2Backend backend([&](const Request& request) {
    const int before = asked++;
    if (before == 0) return Reply{.says_nothing = true};
    return before == 1 ? Reply{.leaves = true} : says_ok(request);
  });
  session::Options options = RunningEngine::quick();
  options.pools.connections_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()}, over_http2())));
  auto waiting = HttpClient::connect(proxy.http());
  waiting.send("GET /long HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(backend.connections(), 2);
  EXPECT_EQ(backend.open_connections(), 2);
}

TEST(Http2EndpointsOfFewDescriptors, AnIdleConnectionMakesRoomForTheNext) {
  const Http2Backend one(says_ok), two(says_ok);
  session::Options options = RunningEngine::quick();
  options.endpoint_connections_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({one.port(), two.port()}, over_http2())));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(one.requests() + two.requests(), 2);
  EXPECT_TRUE(eventually([&] { return one.open_connections() + two.open_connections() == 1; }));
}

}  // namespace
}  // namespace proxy::support
