// HTTP/1 through the engine, against endpoints that behave as each test says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ScriptedBackend::Script says(std::string answer) {
  return [answer](SocketStream& stream, const SeenRequest&) { return stream.send(answer); };
}

ScriptedBackend::Script echoes() {
  return [](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.body));
  };
}

// Says this, then closes.
ScriptedBackend::Script last_words(std::string answer) {
  return [answer](SocketStream& stream, const SeenRequest&) {
    stream.send(answer);
    return false;
  };
}

TEST(Http1, RequestsOfOneClientShareOneConnectionToTheEndpoint) {
  ScriptedBackend backend(says(ScriptedBackend::ok("hello")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 5; ++i) {
    const HttpAnswer answer = client.get("/");
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
  }
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_EQ(backend.requests(), 5);
}

TEST(Http1, TheEndpointLearnsWhoTheClientIsAndNothingMeantForThisHopOnly) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "GET /a?b=c HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 6.6.6.6\r\nProxy: evil\r\n"
      "Connection: X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\n\r\n");
  ASSERT_EQ(client.read_answer().status, 200);
  const SeenRequest seen = backend.last();
  EXPECT_EQ(seen.path, "/a?b=c");
  EXPECT_EQ(seen.field("Host"), "shop.test");
  EXPECT_EQ(seen.field("X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(seen.field("X-Forwarded-Proto"), "http");
  EXPECT_EQ(seen.field("X-Forwarded-Port"), std::to_string(proxy.http()));
  EXPECT_EQ(seen.field("Proxy"), "");
  EXPECT_EQ(seen.field("X-Mine"), "");
  EXPECT_EQ(seen.field("X-Yours"), "2");
  EXPECT_EQ(seen.field("X-Request-ID").size(), 32u);
}

TEST(Http1, PipelinedRequestsAreAnsweredInTheirOrder) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    const std::string host = i % 10 == 3 ? "other.test" : "shop.test";
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 50; ++i) {
    const HttpAnswer answer = client.read_answer();
    if (i % 10 == 3) {
      EXPECT_EQ(answer.status, 404);
    } else {
      EXPECT_EQ(answer.body, "/" + std::to_string(i));
    }
  }
}

TEST(Http1, ARequestMayArriveByteByByte) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (const char c : std::string_view("POST / HTTP/1.1\r\nHost: shop.test\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"
                                       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_answer().body, "abcde");
}

TEST(Http1, BodiesOfAnyFramingPassBothWays) {
  const std::string megabyte(1 << 20, 'x');
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/chunked") {
      return stream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n") &&
             stream.send("5;a=b\r\npedia\r\n0\r\nTrailer: dropped\r\n\r\n");
    }
    if (request.path == "/until-close") {
      stream.send("HTTP/1.1 200 OK\r\n\r\n" + megabyte);
      return false;
    }
    return stream.send(ScriptedBackend::ok(request.body));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/chunked").body, "wikipedia");

  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1048576\r\n\r\n" + megabyte);
  EXPECT_EQ(client.read_answer().body, megabyte);
  EXPECT_EQ(backend.last().field("Content-Length"), "1048576");

  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" +
              megabyte + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, megabyte);
  EXPECT_EQ(backend.last().field("Transfer-Encoding"), "chunked");

  // An end that only a close tells is told in chunks to a client that can read them.
  const HttpAnswer answer = client.get("/until-close");
  EXPECT_EQ(answer.body, megabyte);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(client.get("/chunked").status, 200);
}

TEST(Http1, AnHttp10ClientGetsNoChunksAndItsConnectionIsClosed) {
  ScriptedBackend backend(
      says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n0\r\n\r\n"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.0\r\nHost: shop.test\r\nConnection: keep-alive\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.field("transfer-encoding"), "");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(answer.body, "wiki");
  EXPECT_TRUE(answer.complete);
}

TEST(Http1, AnAnswerToHeadHasNoBodyAndLeavesTheConnectionUsable) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    const bool head = request.method == "HEAD";
    return stream.send(head ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                            : ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("HEAD / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).field("content-length"), "5");
  client.send("HEAD / HTTP/1.1\r\nHost: other.test\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).status, 404);
  EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_EQ(backend.connections(), 1);
}

TEST(Http1, AClientThatWaitsForContinueGetsIt) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "body");
}

TEST(Http1, AClientThatWaitsForContinueIsSparedTheBodyThatNobodyWants) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish({}));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(client.stream().at_end());
}

TEST(Http1, EarlyHintsPassAndAStray100DoesNot) {
  ScriptedBackend backend(
      says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
           ScriptedBackend::ok("hello")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  const HttpAnswer hints = client.get("/");
  EXPECT_EQ(hints.status, 103);
  EXPECT_EQ(hints.field("link"), "</a>");
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST(Http1, WhatTheProxyAnswersItselfNamesItsReason) {
  RunningEngine proxy;
  config::ProxyConfig config = shop({});
  config::VirtualHost host;
  host.routes = {{.path = "/gone", .action = config::FixedAnswer{503, "service_not_found"}},
                 {.path = "/empty", .action = config::Forward{"shop"}}};
  host.https_redirect = false;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  host.https_redirect = true;
  config.hosts["safe.test"] = std::make_shared<config::VirtualHost>(host);
  config.challenges["token"] = std::make_shared<config::ChallengeAnswer>(
      config::ChallengeAnswer{"safe.test", "token.thumbprint"});
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_TRUE(proxy.engine().ready());
  auto client = HttpClient::connect(proxy.http());
  EXPECT_THAT(client.get("/gone").body, HasSubstr("service_not_found"));
  EXPECT_EQ(client.get("/empty").status, 503);
  EXPECT_EQ(client.get("/other").status, 404);
  const HttpAnswer redirect = client.get("/gone?x=1", "safe.test");
  EXPECT_EQ(redirect.status, 308);
  EXPECT_EQ(redirect.field("location"),
            "https://safe.test:" + std::to_string(proxy.https()) + "/gone?x=1");
  EXPECT_EQ(client.get("/.well-known/acme-challenge/token", "safe.test").body, "token.thumbprint");
  const std::string log = proxy.access_log(5);
  for (const char* reason :
       {"service_not_found", "no_endpoints", "no_path", "https_redirect", "acme_challenge"}) {
    EXPECT_THAT(log, HasSubstr(reason));
  }
}

TEST(Http1, MalformedRequestsAreRefusedAndNothingAfterThemIsRead) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  const std::string next = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n";
  for (const std::string& request :
       {"GET / HTTP/1.1\r\n\r\n" + next,
        "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n" +
            next,
        "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + next,
        "GET / HTTP/1.1\nHost: shop.test\n\n" + next,
        "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test\r\n\r\n" + next}) {
    auto client = HttpClient::connect(proxy.http());
    client.send(request);
    const HttpAnswer answer = client.read_answer();
    EXPECT_GE(answer.status, 400) << request;
    EXPECT_LT(answer.status, 502) << request;
    EXPECT_EQ(answer.field("connection"), "close") << request;
    EXPECT_TRUE(client.stream().at_end()) << request;
  }
  EXPECT_EQ(backend.requests(), 0);
}

TEST(Http1, AChunkThatBreaksInTheMiddleOfABodyEndsTheRequest) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(
      "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(eventually([&] { return backend.connections() == 1; }));
  client.send("zz\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.stream().at_end());
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
  EXPECT_EQ(backend.requests(), 0);
}

TEST(Http1, ABodyOverTheRoutesLimitIs413HoweverItIsAnnounced) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  config::VirtualHost host = *config.hosts["shop.test"];
  host.routes[0].policies.change().body_bytes_max = 10;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  for (const char* request :
       {"POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 11\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "b\r\n12345678901\r\n"}) {
    auto client = HttpClient::connect(proxy.http());
    client.send(request);
    EXPECT_EQ(client.read_answer().status, 413);
    EXPECT_TRUE(client.stream().at_end());
  }
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\n1234567890");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(Http1, AHeadOverTheLimitIs431) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish({}));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 431);
}

// ---- Endpoints that fail

TEST(Upstream, EndpointsTakeTurnsAndEachKeepsItsConnection) {
  ScriptedBackend first(says(ScriptedBackend::ok("hello")));
  ScriptedBackend second(says(ScriptedBackend::ok("hello")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({first.port(), second.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 6; ++i) ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(first.requests(), 3);
  EXPECT_EQ(second.requests(), 3);
  EXPECT_EQ(first.connections(), 1);
  EXPECT_EQ(second.connections(), 1);
}

TEST(Upstream, AnEndpointThatRefusesIsPassedOver) {
  ScriptedBackend backend(echoes());
  std::uint16_t dead = 0;
  {
    const ScriptedBackend gone(echoes());
    dead = gone.port();
  }
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({dead, backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 4; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_EQ(client.read_answer().body, "body");
  }
  ASSERT_TRUE(proxy.publish(shop({dead})));
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_THAT(proxy.access_log(5), HasSubstr("connect_refused"));
}

TEST(Upstream, ADeadPooledConnectionCostsAnIdempotentRequestNothing) {
  std::atomic<bool> closes_early{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    if (closes_early.exchange(false)) return false;
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").status, 200);
  closes_early = true;
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(backend.connections(), 2);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
}

TEST(Upstream, ANonIdempotentRequestIsNotSentTwice) {
  std::atomic<bool> closes_early{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    if (closes_early.exchange(false)) return false;
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").status, 200);
  closes_early = true;
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(client.read_answer().status, 502);
  EXPECT_EQ(backend.requests(), 2);
}

TEST(Upstream, AConnectionThatTheEndpointClosesWhileIdleIsNotUsed) {
  ScriptedBackend backend(says(ScriptedBackend::ok("hello")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").status, 200);
  ASSERT_TRUE(eventually([&] {
    backend.close_idle();
    return proxy.metric("gatehouse_proxy_upstream_connections_open") == 0;
  }));
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 0);
}

TEST(Upstream, ResponsesThatMakeNoSenseAre502AndTheirConnectionIsNotReused) {
  for (const char* answer :
       {"", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}) {
    ScriptedBackend backend(last_words(answer));
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    EXPECT_EQ(client.get("/").status, 502) << answer;
    EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
  }
}

TEST(Upstream, A502SaysWhatIsWrongWithTheResponse) {
  const struct {
    const char* answer;
    const char* reason;
  } table[] = {
      {"nonsense\r\n\r\n", "upstream_bad_status_line"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
       "upstream_duplicate_content_length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n", "upstream_folded_framing_field"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "upstream_bad_chunk_size"},
  };
  for (const auto& row : table) {
    ScriptedBackend backend(last_words(row.answer));
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    EXPECT_EQ(client.get("/").status, 502) << row.answer;
    EXPECT_THAT(proxy.access_log(), HasSubstr("\"" + std::string(row.reason) + "\""));
    const std::string label = "_total{reason=\"" + std::string(row.reason) + "\"}";
    EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_failures" + label), 1) << row.reason;
    EXPECT_EQ(proxy.metric("gatehouse_proxy_refusals" + label), 1) << row.reason;
  }
}

TEST(Upstream, AStatusThatHttpDoesNotHavePassesAndCountsAsTheServersError) {
  ScriptedBackend backend(says("HTTP/1.1 999 Request Denied\r\nContent-Length: 2\r\n\r\nno"));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 2; ++i) {
    const HttpAnswer answer = client.get("/");
    EXPECT_EQ(answer.status, 999);
    EXPECT_EQ(answer.body, "no");
  }
  proxy.access_log(2);  // it is written after they were counted
  EXPECT_EQ(proxy.metric("gatehouse_proxy_responses_total{class=\"5xx\"}"), 2);
}

TEST(Upstream, BytesBehindAResponseAreNobodysAnswer) {
  ScriptedBackend backend(says(ScriptedBackend::ok("mine") + ScriptedBackend::ok("smuggled")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").body, "mine");
  EXPECT_EQ(client.get("/").body, "mine");
  EXPECT_EQ(backend.connections(), 2);
}

TEST(Upstream, AResponseThatEndsEarlyIsNotTakenForComplete) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n"}) {
    std::atomic<bool> has_begun{false};
    ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
      stream.send(answer);
      eventually([&] { return has_begun.load(); });  // the head goes first
      return false;
    });
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    has_begun = client.wait_for_bytes();
    EXPECT_TRUE(has_begun);
    EXPECT_FALSE(client.read_answer().complete) << answer;
    EXPECT_THAT(proxy.access_log(), HasSubstr("truncated_response"));
  }
}

TEST(Upstream, ASilentEndpointIs504) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    stream.receive();
    return false;
  });
  config::Cluster cluster;
  cluster.read_timeout = std::chrono::milliseconds(150);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 504);
  EXPECT_THAT(proxy.access_log(), HasSubstr("upstream_read_timeout"));
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

TEST(Upstream, AnEarlyAnswerReachesAClientThatStillSends) {
  ScriptedBackend backend(echoes());
  // Reads nothing of the body.
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  const std::uint16_t port = net::local_address(listener.get()).port();
  std::atomic<bool> answered{false};
  std::thread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    EXPECT_NE(stream.receive(), "");  // the head
    stream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    eventually([&] { return answered.load(); });
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({port})));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\nsome");
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body, "no");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_TRUE(client.stream().at_end());
  answered = true;
  endpoint.join();
}

TEST(Upstream, AnEndpointThatLeavesTheConfigurationIsLetGo) {
  ScriptedBackend leaving(says(ScriptedBackend::ok("old")));
  ScriptedBackend staying(says(ScriptedBackend::ok("new")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({leaving.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").body, "old");
  ASSERT_EQ(leaving.open_connections(), 1);
  ASSERT_TRUE(proxy.publish(shop({staying.port()})));
  EXPECT_TRUE(eventually([&] { return leaving.open_connections() == 0; }));
  EXPECT_EQ(client.get("/").body, "new");
}

TEST(Upstream, ARequestUnderWayOutlivesItsEndpointsPlaceInTheConfiguration) {
  std::atomic<bool> go{false};
  ScriptedBackend leaving([&](SocketStream& stream, const SeenRequest&) {
    eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("old"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({leaving.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return leaving.requests() == 1; }));
  ASSERT_TRUE(proxy.publish({}));
  go = true;
  EXPECT_EQ(client.read_answer().body, "old");
  EXPECT_TRUE(eventually([&] { return leaving.open_connections() == 0; }));
  EXPECT_EQ(client.get("/").status, 404);
}

// ---- Slow peers, and how much is held for them

TEST(SlowPeers, AClientThatDoesNotReadStopsItsEndpoint) {
  std::atomic<std::size_t> sent{0};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    const std::string part(1 << 16, 'x');
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n");
    for (int i = 0; i < 4096 && stream.send(part); ++i) sent += part.size();
    return true;
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(comes_to_rest(sent));
  EXPECT_LT(sent, 64u << 20);  // the kernel's buffers, and little of ours
  const HttpAnswer answer = client.read_answer();
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.body.size(), 268435456u);
}

TEST(SlowPeers, AnEndpointThatDoesNotReadStopsItsClient) {
  std::atomic<bool> go{false};
  ScriptedBackend backend(echoes());
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  const std::uint16_t port = net::local_address(listener.get()).port();
  std::thread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    eventually([&] { return go.load(); });
    std::size_t got = 0;
    while (got < 64u << 20) {
      const std::string part = stream.receive();
      if (part.empty() && !eventually([] { return true; })) break;
      got += part.size();
    }
    stream.send(ScriptedBackend::ok("thanks"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({port})));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 67108864\r\n\r\n");
  std::atomic<std::size_t> sent{0};
  std::thread sender([&] {
    const std::string part(1 << 16, 'x');
    for (int i = 0; i < 1024 && client.stream().send(part); ++i) sent += part.size();
  });
  ASSERT_TRUE(comes_to_rest(sent));
  EXPECT_LT(sent, 48u << 20);
  go = true;
  sender.join();
  EXPECT_EQ(client.read_answer().body, "thanks");
  endpoint.join();
}

session::Options impatient() {
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = std::chrono::milliseconds(200);
  return options;
}

TEST(SlowPeers, AClientThatReadsSlowlyButSteadilyGetsItsWholeResponse) {
  const std::string body(12 << 20, 'x');
  ScriptedBackend backend(says(ScriptedBackend::ok(body)));
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  SocketStream client = SocketStream::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
  std::string answer = client.receive_slowly(impatient().timeouts.body_idle * 5);
  ASSERT_LT(answer.size(), body.size()) << "it was not slow";
  answer += client.receive_all();
  EXPECT_EQ(answer.size(), answer.find("\r\n\r\n") + 4 + body.size());
}

TEST(SlowPeers, AClientThatTakesNothingIsCutOff) {
  ScriptedBackend backend(says(ScriptedBackend::ok(std::string(64 << 20, 'x'))));
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  EXPECT_THAT(proxy.access_log(), HasSubstr("client_send_timeout"));
  EXPECT_FALSE(client.read_answer().complete);
}

TEST(SlowPeers, AClientWhoseUploadIsOverIsStillCutOffWhenItTakesNothing) {
  const std::string response = ScriptedBackend::ok(std::string(32 << 20, 'x'));
  // Answers while the request's body is still on its way.
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  std::atomic<bool> stop{false};
  std::thread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    stream.send(response);
    eventually([&] { return stop.load(); });
  });
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(shop({net::local_address(listener.get()).port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2\r\n\r\n1");
  ASSERT_NE(client.stream().receive(), "");
  client.send("2");
  EXPECT_THAT(proxy.access_log(), HasSubstr("client_send_timeout"));
  stop = true;
  endpoint.join();
}

TEST(SlowPeers, AnEndpointThatReadsSlowlyButSteadilyGetsTheWholeRequest) {
  const std::string body(12 << 20, 'x');
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  config::Cluster cluster;
  cluster.send_timeout = std::chrono::milliseconds(200);
  std::thread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    std::size_t got = stream.receive_slowly(cluster.send_timeout * 5).size();
    EXPECT_LT(got, body.size()) << "it was not slow";
    while (got < body.size()) {
      const std::string part = stream.receive();
      if (part.empty()) break;
      got += part.size();
    }
    stream.send(ScriptedBackend::ok("thanks"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({net::local_address(listener.get()).port()}, cluster)));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(client.read_answer().body, "thanks");
  endpoint.join();
}

// Redirects, each longer than its request, without an endpoint.
config::ProxyConfig redirecting() {
  config::ProxyConfig config;
  config::VirtualHost host;
  host.https_redirect = true;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  return config;
}

// Requests, one after the other without waiting, for as long as they are taken.
class Flood {
 public:
  explicit Flood(std::uint16_t port) : client_(HttpClient::connect(port)) {
    thread_ = std::thread([this] {
      while (!stop_ && client_.send(kRequest)) requests_ += 1;
    });
  }
  ~Flood() {
    stop_ = true;
    ::shutdown(client_.stream().fd(), SHUT_RDWR);  // nobody waits for the peer any more
    thread_.join();
  }
  const std::atomic<std::size_t>& requests() const { return requests_; }
  HttpClient& client() { return client_; }
  // How many there were; the last of them may wait for its answer's turn still.
  std::size_t stop() {
    stop_ = true;
    return requests_;
  }

 private:
  const std::string kRequest =
      "GET /" + std::string(4000, 'x') + " HTTP/1.1\r\nHost: shop.test\r\n\r\n";
  HttpClient client_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> requests_{0};
  std::thread thread_;
};

TEST(SlowPeers, AClientIsReadOnlyWhileItTakesWhatItIsOwed) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(redirecting()));
  Flood flood(proxy.http());
  const auto held = [&](const std::string& kind) {
    return proxy.metric("gatehouse_proxy_memory_bytes{kind=\"" + kind + "\"}");
  };
  const auto mark = static_cast<double>(session::Options().unsent_bytes_high);
  constexpr double kAnswer = 5000;  // the last one that was begun
  ASSERT_TRUE(eventually([&] { return held("client_output") > mark; }));
  ASSERT_TRUE(comes_to_rest(flood.requests()));  // the kernel's buffers are full, and ours
  EXPECT_LT(held("client_output"), mark + kAnswer);
  EXPECT_LE(held("client_input"), 32u << 10);
  const std::size_t asked = flood.stop();
  for (std::size_t i = 0; i < asked; ++i) ASSERT_EQ(flood.client().read_answer().status, 308) << i;
  EXPECT_TRUE(eventually([&] { return held("client_output") + held("client_input") == 0; }));
}

TEST(SlowPeers, AClientThatTakesNoneOfItsAnswersIsCutOff) {
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(redirecting()));
  const Flood flood(proxy.http());
  EXPECT_TRUE(eventually([&] {
    return proxy.metric("gatehouse_proxy_connections_accepted_total{listener=\"http\"}") > 0 &&
           proxy.metric("gatehouse_proxy_connections_open") == 0;
  }));
}

TEST(SlowPeers, WhoeverAsksAndFinishesSendingIsStillToldWhatTheProxyItselfAnswers) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(redirecting()));
  auto client = HttpClient::connect(proxy.http());
  std::string requests;
  constexpr int kCount = 100;
  for (int i = 0; i < kCount; ++i) requests += "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
  client.send(requests);
  client.stream().finish_sending();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(client.read_answer().status, 308) << i;
  EXPECT_TRUE(client.stream().at_end());
}

TEST(SlowPeers, AHeadThatDoesNotComeToItsEndIs408) {
  session::Options options = RunningEngine::quick();
  options.timeouts.request_header = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: sh");
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.stream().at_end());
  EXPECT_THAT(proxy.access_log(), HasSubstr("request_header_timeout"));

  auto silent = SocketStream::connect(proxy.http());
  EXPECT_TRUE(silent.at_end());
}

TEST(SlowPeers, WhatIsLoggedOfAHeadWithoutEndIsItsOwnAndNotWhatOthersSentSince) {
  session::Options options = RunningEngine::quick();
  options.timeouts.request_header = std::chrono::milliseconds(300);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto slow = HttpClient::connect(proxy.http());
  slow.send("GET /slow HTTP/1.1\r\nHost: slow.test\r\nX-Request-ID: of-the-slow-one\r\n");
  // Seen before the others: their answers come from the same worker, later.
  auto others = HttpClient::connect(proxy.http());
  const std::string request =
      "GET /" + std::string(200, 's') + " HTTP/1.1\r\nHost: secret.test\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    others.send(request);
    ASSERT_EQ(others.read_answer().status, 404);
  }
  ASSERT_EQ(slow.read_answer().status, 408);

  const std::string log = proxy.access_log(3);
  const std::size_t at = log.find("request_header_timeout");
  ASSERT_NE(at, std::string::npos) << log;
  const std::size_t begin = log.rfind('\n', at) + 1;  // npos + 1 is the first line's
  const std::string line = log.substr(begin, log.find('\n', at) - begin);
  EXPECT_THAT(line, HasSubstr("\"slow.test\""));
  EXPECT_THAT(line, HasSubstr("\"/slow\""));
  EXPECT_THAT(line, HasSubstr("of-the-slow-one"));
  EXPECT_THAT(line, Not(HasSubstr("sss")));
}

TEST(SlowPeers, ABodyThatStopsIs408) {
  ScriptedBackend backend(echoes());
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nbegin");
  EXPECT_EQ(client.read_answer().status, 408);
  EXPECT_TRUE(client.stream().at_end());
}

TEST(SlowPeers, ABodyThatComesAByteNowAndThenIs408) {
  ScriptedBackend backend(echoes());
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\n");
  std::atomic<bool> stop{false};
  std::thread trickle([&] {
    while (!stop && client.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  EXPECT_EQ(client.read_answer().status, 408);
  stop = true;
  trickle.join();
  EXPECT_THAT(proxy.access_log(), HasSubstr("request_body_too_slow"));
}

TEST(SlowPeers, AnIdleConnectionIsClosedAfterItsTime) {
  session::Options options = RunningEngine::quick();
  options.timeouts.keep_alive = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").field("connection"), "");
  EXPECT_TRUE(client.stream().at_end());
}

TEST(SlowPeers, AClientThatOnlyFinishedSendingGetsAnAnswerThatComesSoon) {
  ScriptedBackend backend(says(ScriptedBackend::ok("hello")));
  session::Options options = RunningEngine::quick();
  options.timeouts.half_closed = std::chrono::seconds(5);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  client.stream().finish_sending();
  EXPECT_EQ(client.read_answer().body, "hello");
  EXPECT_TRUE(client.stream().at_end());
}

TEST(SlowPeers, AClientThatLeavesEndsItsRequest) {
  for (const bool by_reset : {true, false}) {
    ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
      stream.receive();
      return false;
    });
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return backend.requests() == 1; }));
    if (by_reset) {
      client.stream().reset();
    } else {
      client.stream().close();
    }
    EXPECT_THAT(proxy.access_log(), HasSubstr("client_"));
    EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
  }
}

TEST(SlowPeers, MoreConnectionsThanAllowedWaitForTheirTurn) {
  session::Options options = RunningEngine::quick();
  options.connections_max = 2;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto first = HttpClient::connect(proxy.http());
  auto second = HttpClient::connect(proxy.http());
  EXPECT_EQ(first.get("/").status, 404);
  EXPECT_EQ(second.get("/").status, 404);
  auto third = HttpClient::connect(proxy.http());
  third.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  first.stream().close();
  EXPECT_EQ(third.read_answer().status, 404);
}

TEST(SlowPeers, TheClientThatIsSilentForLongestMakesRoomAndFirstOneThatNeverAsked) {
  session::Options options = RunningEngine::quick();
  options.connections_max = 2;
  options.makes_room_after = options.newcomer_makes_room_after = std::chrono::milliseconds(0);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto customer = HttpClient::connect(proxy.http());
  EXPECT_EQ(customer.get("/").status, 404);
  auto silent = HttpClient::connect(proxy.http());
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 2; }));
  auto newcomer = HttpClient::connect(proxy.http());
  EXPECT_EQ(newcomer.get("/").status, 404);
  EXPECT_TRUE(silent.stream().at_end());
  EXPECT_EQ(customer.get("/").status, 404);
  auto another = HttpClient::connect(proxy.http());
  EXPECT_EQ(another.get("/").status, 404);
  EXPECT_TRUE(newcomer.stream().at_end());
  EXPECT_EQ(customer.get("/").status, 404);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_connections_made_room_total"), 2);
}

TEST(SlowPeers, AClientThatHasYetToTakeItsAnswersDoesNotMakeRoom) {
  constexpr int kRequests = 60'000;  // their answers are more than two sockets hold
  session::Options options = RunningEngine::quick();
  options.connections_max = 1;
  options.makes_room_after = options.newcomer_makes_room_after = std::chrono::milliseconds(200);
  options.timeouts.keep_alive = options.timeouts.body_idle = std::chrono::seconds(5);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto customer = HttpClient::connect(proxy.http());
  std::thread asks([&] {
    std::string requests;
    for (int i = 1; i < kRequests; ++i) requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    customer.send(requests + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  });
  ASSERT_TRUE(eventually(
      [&] { return proxy.metric("gatehouse_proxy_memory_bytes{kind=\"client_output\"}") > 0; }));
  auto newcomer = HttpClient::connect(proxy.http());
  newcomer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  newcomer.stream().be_patient_for(std::chrono::milliseconds(600));
  EXPECT_FALSE(newcomer.wait_for_bytes());
  const std::string answers = customer.stream().receive_all();
  asks.join();
  int count = 0;
  for (std::size_t at = 0; (at = answers.find("HTTP/1.1 404", at)) != std::string::npos; ++at) {
    ++count;
  }
  EXPECT_EQ(count, kRequests);
  newcomer.stream().be_patient_for(kPatience);
  EXPECT_EQ(newcomer.read_answer().status, 404);
}

TEST(Upstream, InterimHeadsPassUpToANumberAndOneMoreIsTheEndpointsFault) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    const int count = std::stoi(request.path.substr(1));
    for (int i = 0; i < count; ++i) {
      if (!stream.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")) return false;
    }
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send("GET /16 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  for (int i = 0; i < 16; ++i) EXPECT_EQ(client.read_answer().status, 103) << i;
  EXPECT_EQ(client.read_answer().body, "hello");
  client.send("GET /17 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  for (int i = 0; i < 16; ++i) EXPECT_EQ(client.read_answer().status, 103) << i;
  EXPECT_EQ(client.read_answer().status, 502);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("too_many_interim_responses"));
}

TEST(Upstream, WhereDescriptorsAreShortAnIdleConnectionMakesRoomAndElseTheRequestIsRefused) {
  ScriptedBackend one(says(ScriptedBackend::ok("one")));
  std::atomic<bool> go{false};
  ScriptedBackend two([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("two"));
  });
  session::Options options = RunningEngine::quick();
  options.endpoint_connections_max = 1;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({one.port(), two.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_TRUE(eventually([&] { return one.open_connections() + two.open_connections() == 1; }));
  ASSERT_TRUE(proxy.publish(shop({two.port()})));
  client.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return two.last().path == "/slow"; }));
  auto other = HttpClient::connect(proxy.http());
  const HttpAnswer refused = other.get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("no_descriptors"));
  go = true;
  EXPECT_EQ(client.read_answer().body, "two");
}

TEST(Upstream, ABackendThatAnswersNobodyLeavesConnectionsToOthers) {
  constexpr int kConnections = 16;
  constexpr int kOfOne = 14;  // seven for each of the two that are free then
  std::atomic<bool> go{false};
  ScriptedBackend stuck([&](SocketStream& stream, const SeenRequest&) {
    eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("late"));
  });
  ScriptedBackend well(says(ScriptedBackend::ok("well")));
  session::Options options = RunningEngine::quick();
  options.endpoint_connections_max = kConnections;
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({stuck.port()});
  config::Cluster blog = *config.clusters["shop"];
  blog.endpoints.clear();
  blog.endpoints.push_back({"127.0.0.1", well.port()});
  config.clusters["blog"] = std::make_shared<config::Cluster>(blog);
  config::VirtualHost host = *config.hosts["shop.test"];
  host.routes[0].action = config::Forward{"blog"};
  config.hosts["blog.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  std::vector<HttpClient> waiting;
  for (int i = 0; i < kOfOne; ++i) {
    waiting.push_back(HttpClient::connect(proxy.http()));
    waiting.back().send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return stuck.requests() == i + 1; }));
  }
  auto client = HttpClient::connect(proxy.http());
  const HttpAnswer refused = client.get("/");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("no_descriptors"));
  EXPECT_EQ(client.get("/", "blog.test").body, "well");
  go = true;
  for (HttpClient& one : waiting) EXPECT_EQ(one.read_answer().body, "late");
}

// ---- WebSockets

constexpr const char* kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

// Accepts the upgrade, greets in the same packet, then echoes until the client is done.
bool accept_websocket(SocketStream& stream, const SeenRequest&) {
  stream.send(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
  for (std::string part = stream.receive(); !part.empty(); part = stream.receive()) {
    if (!stream.send(part)) break;
  }
  return false;
}

TEST(WebSocket, BytesPassBothWaysAfter101) {
  ScriptedBackend backend(accept_websocket);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(kUpgrade);
  const HttpAnswer answer = client.read_answer();
  ASSERT_EQ(answer.status, 101);
  EXPECT_EQ(answer.field("upgrade"), "websocket");
  EXPECT_EQ(client.read_bytes(2), "hi");
  EXPECT_EQ(backend.last().field("Upgrade"), "websocket");
  const std::string big(4 << 20, 'y');
  std::thread sender([&] { client.stream().send(big); });
  EXPECT_EQ(client.read_bytes(big.size()).size(), big.size());
  sender.join();
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upgraded_connections_open"), 1);
  client.stream().finish_sending();
  EXPECT_TRUE(client.stream().at_end());
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upgraded_connections_open") == 0; }));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"status\":101"));
}

TEST(WebSocket, WhatComesRightBehindTheRequestIsNotLost) {
  ScriptedBackend backend(accept_websocket);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(std::string(kUpgrade) + "early");
  ASSERT_EQ(client.read_answer().status, 101);
  EXPECT_EQ(client.read_bytes(7), "hiearly");
}

TEST(WebSocket, ARefusedUpgradeIsAnOrdinaryAnswer) {
  ScriptedBackend backend(says(ScriptedBackend::ok("no")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(kUpgrade);
  EXPECT_EQ(client.read_answer().body, "no");
  EXPECT_EQ(client.get("/").body, "no");
}

TEST(WebSocket, AnIdleOneIsClosedAfterItsTime) {
  ScriptedBackend backend(accept_websocket);
  session::Options options = RunningEngine::quick();
  options.timeouts.tunnel_idle = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(kUpgrade);
  ASSERT_EQ(client.read_answer().status, 101);
  EXPECT_EQ(client.read_bytes(2), "hi");
  EXPECT_EQ(client.stream().receive(), "");
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

// Both are silent; the one that began first is there when the other has been closed for that.
TEST(WebSocket, OneThatIsSilentStaysForAsLongAsItsRouteHasItsEndpointWait) {
  ScriptedBackend backend(accept_websocket);
  session::Options options = RunningEngine::quick();
  options.timeouts.tunnel_idle = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  auto config = shop({backend.port()});
  auto patient = *config.clusters.at("shop");
  patient.read_timeout = std::chrono::minutes(10);
  config.clusters["patient"] = std::make_shared<config::Cluster>(patient);
  auto host = *config.hosts.at("shop.test");
  host.routes[0].action = config::Forward{"patient"};
  config.hosts["patient.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  const auto open = [&](std::string upgrade) {
    auto client = HttpClient::connect(proxy.http());
    client.send(upgrade);
    EXPECT_EQ(client.read_answer().status, 101);
    EXPECT_EQ(client.read_bytes(2), "hi");
    return client;
  };
  std::string for_patient = kUpgrade;
  for_patient.replace(for_patient.find("shop.test"), 9, "patient.test");
  auto stays = open(for_patient);
  auto goes = open(kUpgrade);
  EXPECT_EQ(goes.stream().receive(), "");
  stays.stream().send("still here");
  EXPECT_EQ(stays.read_bytes(10), "still here");
}

// ---- Draining

TEST(Drain, RequestsUnderWayFinishAndIdleConnectionsAreClosed) {
  std::atomic<bool> go{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest& request) {
    if (request.path == "/slow") eventually([&] { return go.load(); });
    return stream.send(ScriptedBackend::ok("done"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto idle = HttpClient::connect(proxy.http());
  ASSERT_EQ(idle.get("/").status, 200);
  auto busy = HttpClient::connect(proxy.http());
  busy.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return backend.requests() == 2; }));
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  EXPECT_TRUE(idle.stream().at_end());
  EXPECT_FALSE(proxy.engine().ready());
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(proxy.http()).fd() < 0; }));
  go = true;
  const HttpAnswer answer = busy.read_answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("connection"), "close");
  busy.stream().close();
  drain.join();
  EXPECT_EQ(left, 0u);
}

TEST(Drain, AClientThatKeepsItsIdleConnectionHoldsNobodyUp) {
  ScriptedBackend backend(says(ScriptedBackend::ok("done")));
  session::Options options = RunningEngine::quick();
  options.timeouts.linger = std::chrono::seconds(60);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  auto plain = HttpClient::connect(proxy.http());
  ASSERT_EQ(plain.get("/").status, 200);
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
  HttpClient secure(std::move(stream));
  ASSERT_EQ(secure.get("/").status, 200);
  // Neither client ever closes its side, and a lingering connection would count as cut off.
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
  EXPECT_TRUE(plain.stream().at_end());
  EXPECT_TRUE(secure.stream().at_end());
}

TEST(Drain, AConnectionThatWasToldToStayClosesWhenItsResponseEnds) {
  std::atomic<bool> go{false};
  ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    eventually([&] { return go.load(); });
    return stream.send("lf");
  });
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  auto plain = HttpClient::connect(proxy.http());
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
  HttpClient secure(std::move(stream));
  for (HttpClient* client : {&plain, &secure}) {
    client->send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    ASSERT_TRUE(client->wait_for_bytes());
  }
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(proxy.http()).fd() < 0; }));
  go = true;
  for (HttpClient* client : {&plain, &secure}) {
    const HttpAnswer answer = client->read_answer();
    EXPECT_EQ(answer.body, "half");
    EXPECT_EQ(answer.field("connection"), "");
    EXPECT_TRUE(client->stream().at_end());
  }
  EXPECT_EQ(SSL_get_shutdown(secure.stream().ssl()) & SSL_RECEIVED_SHUTDOWN,
            SSL_RECEIVED_SHUTDOWN);  // close_notify
  drain.join();
  EXPECT_EQ(left, 0u);
}

TEST(Drain, AClientThatHasOnlyJustConnectedIsStillServed) {
  ScriptedBackend backend(says(ScriptedBackend::ok("done")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 1; }));
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(proxy.http()).fd() < 0; }));
  const HttpAnswer answer = client.get("/");
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("connection"), "close");
  client.stream().close();
  drain.join();
  EXPECT_EQ(left, 0u);
}

TEST(Drain, AClientThatConnectedAndSaysNothingHoldsNobodyUp) {
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish({}));
  const auto silent = SocketStream::connect(proxy.http());
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 1; }));
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
}

TEST(Drain, AClientThatHasYetToShakeHandsHoldsNobodyUp) {
  RunningEngine proxy;
  config::ProxyConfig config = shop({1});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  const std::string hello = client_hello();
  const auto silent = SocketStream::connect(proxy.https());
  auto in_the_middle = SocketStream::connect(proxy.https());
  ASSERT_TRUE(in_the_middle.send(hello.substr(0, hello.size() / 2)));
  auto half_way = SocketStream::connect(proxy.https());
  ASSERT_TRUE(half_way.send(hello));
  ASSERT_NE(half_way.receive(), "");  // what the server says, to which this one says nothing
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 3; }));
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
  // Nobody is to be told of clients that had no time.
  EXPECT_EQ(proxy.metric("gatehouse_proxy_tls_handshake_failures_total{reason=\"timeout\"}"), 0);
}

TEST(Drain, AHandshakeThatHasOnlyJustBegunIsEndedAndItsRequestServed) {
  ScriptedBackend backend(says(ScriptedBackend::ok("done")));
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 1; }));
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(proxy.http()).fd() < 0; }));
  EXPECT_EQ(stream.start_tls({"shop.test", "", nullptr}), "");
  HttpClient client(std::move(stream));
  const HttpAnswer answer = client.get("/");
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.field("connection"), "close");
  client.stream().close();
  drain.join();
  EXPECT_EQ(left, 0u);
}

TEST(Drain, ARequestOfWhichHalfTheHeadCameHoldsNobodyUp) {
  ScriptedBackend backend(says(ScriptedBackend::ok("done")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto first = HttpClient::connect(proxy.http());
  first.send("GET / HTTP/1.1\r\nHo");
  auto second = HttpClient::connect(proxy.http());
  ASSERT_EQ(second.get("/").status, 200);
  second.send("GET / HTTP/1.1\r\nHo");
  ASSERT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 2; }));
  EXPECT_EQ(proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}), 0u);
  EXPECT_EQ(first.read_answer().status, 408);
}

TEST(Drain, DuringTheGraceTimeNewClientsAreServedAndToldToGo) {
  ScriptedBackend backend(says(ScriptedBackend::ok("done")));
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  std::stop_source stop;
  std::thread drain([&] {
    proxy.engine().drain({std::chrono::seconds(5), std::chrono::seconds(5)}, stop.get_token());
  });
  ASSERT_TRUE(eventually([&] { return !proxy.engine().ready(); }));
  auto client = HttpClient::connect(proxy.http());
  const HttpAnswer answer = client.get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.field("connection"), "close");
  stop.request_stop();
  drain.join();
}

TEST(Drain, WebSocketsAreClosedInTheLastPartOfTheDeadline) {
  ScriptedBackend backend(accept_websocket);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  std::vector<HttpClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(HttpClient::connect(proxy.http()));
    clients.back().send(kUpgrade);
    ASSERT_EQ(clients.back().read_answer().status, 101);
  }
  EXPECT_EQ(
      proxy.engine().drain({std::chrono::milliseconds(0), std::chrono::milliseconds(400)}, {}), 0u);
}

}  // namespace
}  // namespace proxy::support
