// Fields after a body, both ways, of either kind of client by either kind of endpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nwiki\r\n";
constexpr std::string_view kEnd = "0\r\nX-Sum: 7\r\nContent-Length: 99\r\nSet-Cookie: a=b\r\n\r\n";
constexpr std::string_view kPost =
    "POST /up HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n"
    "TE: trailers\r\nConnection: TE\r\n\r\n";
constexpr std::string_view kBody =
    "2\r\nab\r\n0\r\nX-Sum: 3\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: b\r\n"
    "Content_Length: 5\r\n\r\n";

const std::vector<std::pair<std::string, std::string>> kHttp2Post = {
    {":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/up"}};

class Trailers : public ::testing::Test {
 protected:
  void serve(std::uint16_t port, bool speaks_http2, const config::Shape& shape = {}) {
    config::Cluster cluster;
    cluster.speaks_http2 = speaks_http2;
    config::ProxyConfig config = shop({port}, std::move(cluster));
    add_certificate(config, "shop.test", certificate);
    if (shape != config::Shape{}) {
      config::VirtualHost host = *config.hosts["shop.test"];
      host.routes[0].policies.change().shape = "shape";
      config.shapes["shape"] = std::make_shared<config::Shape>(shape);
      config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    }
    ASSERT_TRUE(proxy.publish(config));
  }
  std::unique_ptr<Http2Client> connect_http2() {
    SocketStream stream = SocketStream::connect(proxy.https());
    EXPECT_EQ(stream.start_tls({"shop.test", "h2"}), "");
    return std::make_unique<Http2Client>(std::move(stream));
  }
  HttpAnswer post(std::string_view body = kBody) {
    auto client = HttpClient::connect(proxy.http());
    client.send(std::string(kPost) + std::string(body));
    return client.read_answer();
  }

  const config::Certificate certificate = issue({"shop.test"});
  ScriptedBackend http1{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(kChunked) && stream.send(kEnd);
  }};
  Http2Backend http2{[](const Http2Backend::Request&) {
    return Http2Backend::Reply{.head = {{":status", "200"}, {"trailer", "x-sum"}},
                               .body = "wiki",
                               .trailer = {{"x-sum", "7"}, {"set-cookie", "a=b"}}};
  }};
  RunningEngine proxy;
};

TEST_F(Trailers, PassFromHttp1ToHttp1BothWays) {
  serve(http1.port(), false);
  const HttpAnswer answer = post();
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_EQ(answer.trailer, "X-Sum: 7\n");
  EXPECT_EQ(answer.field("trailer"), "X-Sum");
  EXPECT_EQ(http1.last().body, "ab");
  EXPECT_EQ(http1.last().trailer, "X-Sum: 3\r\n");
  EXPECT_EQ(http1.last().field("Trailer"), "X-Sum");
  EXPECT_EQ(http1.last().field("TE"), "") << "which is for one hop";
}

TEST_F(Trailers, PassFromHttp1ToHttp2BothWays) {
  serve(http2.port(), true);
  const HttpAnswer answer = post();
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_EQ(answer.trailer, "x-sum: 7\n");
  EXPECT_EQ(answer.field("trailer"), "x-sum");
  const auto seen = http2.last();
  EXPECT_EQ(seen.body, "ab");
  EXPECT_EQ(seen.fields.at("x-sum"), "3");
  EXPECT_EQ(seen.fields.at("trailer"), "X-Sum");
  EXPECT_EQ(seen.fields.at("x-forwarded-for"), "127.0.0.1");
  EXPECT_FALSE(seen.fields.contains("authorization"));
}

TEST_F(Trailers, PassFromHttp2ToHttp1BothWays) {
  serve(http1.port(), false);
  auto client = connect_http2();
  const int stream = client->request(kHttp2Post, "ab", true);
  client->finish(stream, {{"x-sum", "3"}, {"x-real-ip", "6.6.6.6"}, {"cookie", "a=b"}});
  const auto& answer = client->wait(stream);
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_EQ(answer.fields.at("x-sum"), "7");
  EXPECT_EQ(answer.fields.at("trailer"), "X-Sum");
  EXPECT_FALSE(answer.fields.contains("set-cookie"));
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(http1.last().body, "ab");
  EXPECT_EQ(http1.last().trailer, "x-sum: 3\r\n");
}

TEST_F(Trailers, PassFromHttp2ToHttp2BothWays) {
  serve(http2.port(), true);
  auto client = connect_http2();
  const int stream = client->request(kHttp2Post, "ab", true);
  client->finish(stream, {{"x-sum", "3"}, {"range", "bytes=0-1"}});
  const auto& answer = client->wait(stream);
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_EQ(answer.fields.at("x-sum"), "7");
  EXPECT_FALSE(answer.fields.contains("set-cookie"));
  EXPECT_EQ(http2.last().body, "ab");
  EXPECT_EQ(http2.last().fields.at("x-sum"), "3");
  EXPECT_FALSE(http2.last().fields.contains("range"));
}

TEST_F(Trailers, PassWhateverPiecesTheyComeIn) {
  serve(http1.port(), false);
  auto client = HttpClient::connect(proxy.http());
  for (const char c : std::string(kPost) + std::string(kBody)) client.send({&c, 1});
  EXPECT_EQ(client.read_answer().trailer, "X-Sum: 7\n");
  EXPECT_EQ(http1.last().trailer, "X-Sum: 3\r\n");
  // And nothing of them is the next request's.
  EXPECT_EQ(client.get("/next").body, "wiki");
  EXPECT_EQ(http1.last().trailer, "");
}

// RFC 9110 §6.5.1: others may be confused by what they do not expect.
TEST_F(Trailers, OfAResponseDoNotReachAnHttp1ClientThatDidNotAskForThem) {
  serve(http1.port(), false);
  auto client = HttpClient::connect(proxy.http());
  const HttpAnswer answer = client.get("/");
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_EQ(answer.trailer, "");
  EXPECT_EQ(answer.field("trailer"), "");
  EXPECT_EQ(client.get("/again").body, "wiki") << "the connection goes on";
}

TEST_F(Trailers, WhatARouteWritesOrTakesAwayIsNotSaidAgainBehindTheBody) {
  serve(http1.port(), false,
        {.request_fields = {{"X-Sum", ""}}, .response_fields = {{"X-Sum", "1"}}});
  const HttpAnswer answer = post();
  EXPECT_EQ(answer.field("x-sum"), "1");
  EXPECT_EQ(answer.trailer, "");
  EXPECT_EQ(http1.last().trailer, "");
  EXPECT_EQ(post("2\r\nab\r\n0\r\nX_Sum: 1\r\nX-Other: 2\r\n\r\n").status, 200);
  EXPECT_EQ(http1.last().trailer, "X-Other: 2\r\n");
}

TEST_F(Trailers, AreSentAgainWithTheRequestThatTheyEnd) {
  std::atomic<int> calls{0};
  const Http2Backend refusing([&](const Http2Backend::Request&) {
    if (calls++ == 0) return Http2Backend::Reply{.reset = 7, .has_head = false};  // REFUSED_STREAM
    return Http2Backend::Reply{.body = "done"};
  });
  serve(refusing.port(), true);
  EXPECT_EQ(post().body, "done");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(refusing.last().body, "ab");
  EXPECT_EQ(refusing.last().fields.at("x-sum"), "3");
}

TEST_F(Trailers, ThatAreTooLargeAreRefused) {
  serve(http1.port(), false);
  const HttpAnswer answer = post("0\r\nX-Large: " + std::string(9'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(answer.status, 431);
  EXPECT_THAT(proxy.access_log(), HasSubstr("trailers_too_large"));
}

}  // namespace
}  // namespace proxy::support
