// CORS at the edge, seen by browsers' requests and by the endpoint behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

// An endpoint that admits everybody, with an answer of its own for OPTIONS.
ScriptedBackend::Script admits_everybody() {
  return [](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok(
        "hello",
        "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: *\r\nX-Own: 1\r\n"));
  };
}

class CorsAtTheEdge : public ::testing::Test {
 protected:
  static config::Cors shops() {
    config::Cors cors;
    cors.origins = {"https://*.shop.example", "https://shop.example"};
    cors.credentials = true;
    cors.methods = "GET, PUT";
    cors.headers = "X-A";
    cors.max_age = 600;
    return cors;
  }

  void serve(const config::Cors& cors, const config::Guards& guards = {}) {
    config::ProxyConfig config = shop({backend_.port()});
    config.shapes["s"] = std::make_shared<const config::Shape>(config::Shape{cors});
    config::VirtualHost host = *config.hosts.at("shop.test");
    config::Route api = host.routes.at(0);
    api.path = "/api";
    api.policies.change().shape = "s";
    if (guards != config::Guards{}) {
      config.guards["g"] = std::make_shared<const config::Guards>(guards);
      api.policies.change().guards = "g";
    }
    host.routes.push_back(api);
    config::Route closed = api;
    closed.path = "/api/closed";
    closed.action = config::FixedAnswer{503, "service_not_found"};
    host.routes.push_back(closed);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
    ASSERT_TRUE(proxy_.publish(config));
  }

  HttpAnswer ask(const std::string& line, const std::string& fields) {
    auto client = HttpClient::connect(proxy_.http());
    client.send(line + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n");
    return client.read_answer();
  }
  HttpAnswer preflight(const std::string& origin) {
    return ask("OPTIONS /api/x",
               "Origin: " + origin + "\r\nAccess-Control-Request-Method: PUT\r\n");
  }

  ScriptedBackend backend_{admits_everybody()};
  RunningEngine proxy_;
};

TEST_F(CorsAtTheEdge, APreflightIsAnsweredHereAndTheEndpointHearsNothingOfIt) {
  serve(shops());
  const HttpAnswer answer = preflight("https://a.shop.example");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.field("access-control-allow-origin"), "https://a.shop.example");
  EXPECT_EQ(answer.field("access-control-allow-credentials"), "true");
  EXPECT_EQ(answer.field("access-control-allow-methods"), "GET, PUT");
  EXPECT_EQ(answer.field("access-control-allow-headers"), "X-A");
  EXPECT_EQ(answer.field("access-control-max-age"), "600");
  EXPECT_EQ(answer.field("vary"), "Origin");
  EXPECT_EQ(answer.fields.count("content-length"), 0u);
  EXPECT_EQ(backend_.requests(), 0);
  EXPECT_THAT(proxy_.access_log(1), HasSubstr("\"cors_preflight\""));
}

TEST_F(CorsAtTheEdge, APreflightOfAnotherOriginIsAnsweredWithoutAWordOfCors) {
  serve(shops());
  for (const char* origin : {"https://evil.example", "http://shop.example", "null",
                             "https://shop.example:8443", "https://a.b.shop.example"}) {
    const HttpAnswer answer = preflight(origin);
    EXPECT_EQ(answer.status, 204);
    for (const auto& [name, value] : answer.fields) {
      EXPECT_NE(name.rfind("access-control-", 0), 0u) << origin << " " << name;
    }
  }
  EXPECT_EQ(backend_.requests(), 0);
}

TEST_F(CorsAtTheEdge, WhatTheEndpointSaysIsReplacedForWhoIsAdmittedAndTakenFromOthers) {
  serve(shops());
  const HttpAnswer admitted = ask("GET /api/x", "Origin: https://shop.example\r\n");
  EXPECT_EQ(admitted.status, 200);
  EXPECT_EQ(admitted.body, "hello");
  EXPECT_EQ(admitted.field("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(admitted.field("access-control-allow-methods"), "GET, PUT");
  EXPECT_EQ(admitted.field("x-own"), "1");
  for (const char* origin : {"Origin: https://evil.example\r\n", ""}) {
    const HttpAnswer other = ask("GET /api/x", origin);
    EXPECT_EQ(other.status, 200);
    EXPECT_EQ(other.fields.count("access-control-allow-origin"), 0u) << origin;
    EXPECT_EQ(other.fields.count("access-control-allow-methods"), 0u) << origin;
    EXPECT_EQ(other.field("vary"), "Origin") << origin;
  }
  // Other routes are the endpoint's own affair.
  EXPECT_EQ(ask("GET /", "Origin: https://evil.example\r\n").field("access-control-allow-origin"),
            "*");
}

TEST_F(CorsAtTheEdge, OptionsThatIsNoPreflightGoesToTheEndpoint) {
  serve(shops());
  EXPECT_EQ(ask("OPTIONS /api/x", "Origin: https://shop.example\r\n").status, 200);
  EXPECT_EQ(ask("OPTIONS /api/x", "Access-Control-Request-Method: PUT\r\n").status, 200);
  EXPECT_EQ(backend_.requests(), 2);
}

TEST_F(CorsAtTheEdge, AnAnswerOfTheProxysOwnCanBeReadToo) {
  serve(shops());
  const HttpAnswer answer = ask("GET /api/closed", "Origin: https://shop.example\r\n");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.field("access-control-allow-origin"), "https://shop.example");
}

TEST_F(CorsAtTheEdge, AGuardComesBeforeThePreflight) {
  config::Guards guards;
  guards.denied = {*config::Network::parse("127.0.0.0/8")};
  serve(shops(), guards);
  EXPECT_EQ(preflight("https://shop.example").status, 403);
}

TEST_F(CorsAtTheEdge, APreflightIsAskedForNoPasswordButTheRequestIs) {
  config::Guards guards;
  guards.basic_auth = config::BasicAuth{"shop", {{"ann", "hash"}}};
  serve(shops(), guards);
  EXPECT_EQ(preflight("https://shop.example").status, 204);
  const HttpAnswer refused = ask("GET /api/x", "Origin: https://shop.example\r\n");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.field("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(ask("OPTIONS /api/x", "Origin: https://shop.example\r\n").status, 401);
  EXPECT_EQ(ask("GET /api/x", "Access-Control-Request-Method: PUT\r\nOrigin: a\r\n").status, 401);
  EXPECT_EQ(backend_.requests(), 0);
  guards.denied = {*config::Network::parse("127.0.0.0/8")};
  serve(shops(), guards);
  EXPECT_EQ(preflight("https://shop.example").status, 403);
}

TEST_F(CorsAtTheEdge, IsTheSameInHttp2) {
  serve(shops());
  auto stream = SocketStream::connect(proxy_.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const auto ask = [&](const char* method, const char* origin) {
    const int id = client.request({{":method", method},
                                   {":scheme", "https"},
                                   {":authority", "shop.test"},
                                   {":path", "/api/x"},
                                   {"origin", origin},
                                   {"access-control-request-method", "PUT"}});
    return client.wait(id);
  };
  const Http2Client::Answer preflight = ask("OPTIONS", "https://shop.example");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.fields.at("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(preflight.fields.count("content-length"), 0u);
  EXPECT_EQ(backend_.requests(), 0);
  const Http2Client::Answer other = ask("GET", "https://evil.example");
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.fields.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(other.fields.at("x-own"), "1");
}

TEST_F(CorsAtTheEdge, ARequestWithTwoOriginsHasNone) {
  serve(shops());
  const HttpAnswer answer =
      ask("GET /api/x", "Origin: https://shop.example\r\nOrigin: https://evil.example\r\n");
  EXPECT_EQ(answer.fields.count("access-control-allow-origin"), 0u);
}

TEST_F(CorsAtTheEdge, TheNextRequestOfAConnectionBeginsAnew) {
  serve(shops());
  auto client = HttpClient::connect(proxy_.http());
  const std::string host = " HTTP/1.1\r\nHost: shop.test\r\n";
  client.send("GET /api/x" + host + "Origin: https://shop.example\r\n\r\n");
  EXPECT_EQ(client.read_answer().field("access-control-allow-origin"), "https://shop.example");
  client.send("GET /x" + host + "\r\n");
  const HttpAnswer plain = client.read_answer();
  EXPECT_EQ(plain.field("access-control-allow-origin"), "*");
  EXPECT_EQ(plain.fields.count("vary"), 0u);
  client.send("OPTIONS /api/x" + host +
              "Origin: https://a.shop.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 204);
  client.send("GET /api/x" + host + "\r\n");
  EXPECT_EQ(client.read_answer().fields.count("access-control-allow-origin"), 0u);
}

}  // namespace
}  // namespace proxy::support
