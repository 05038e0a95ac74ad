// What becomes of a connection to an endpoint after a response, and of a request whose pooled
// connection turns out to be dead.
#include <list>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "proxy/net/socket.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

// Answers with the request's body; the second request on each connection is read and not answered.
bool answers_once_on_each(SocketStream& stream, const SeenRequest& request) {
  static thread_local int seen = 0;  // of this connection: it has a thread of its own
  return ++seen == 1 && stream.send(ScriptedBackend::ok("got " + request.body));
}

std::string request_of(const std::string& method, const std::string& head_end = "") {
  return method + " / HTTP/1.1\r\nHost: shop.test\r\n" + head_end + "\r\n";
}

TEST(UpstreamReplay, AnIdempotentRequestWithASmallBodyIsSentAgainHoweverItArrives) {
  for (const char* method : {"PUT", "DELETE", "OPTIONS"}) {
    for (const bool at_once : {true, false}) {
      ScriptedBackend backend(answers_once_on_each);
      RunningEngine proxy;
      ASSERT_TRUE(proxy.publish(shop({backend.port()})));
      auto client = HttpClient::connect(proxy.http());
      ASSERT_EQ(client.get("/").status, 200);
      const std::string head = request_of(method, "Content-Length: 4\r\n");
      if (at_once) {
        client.send(head + "body");
      } else {
        client.send(head);
        // The head is with the endpoint before the body is sent.
        ASSERT_TRUE(
            eventually([&] { return proxy.metric("gatehouse_proxy_upstream_reused_total") == 1; }));
        client.send("bo");
        client.send("dy");
      }
      EXPECT_EQ(client.read_answer().body, "got body") << method << at_once;
      EXPECT_EQ(backend.connections(), 2);
      EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
    }
  }
}

TEST(UpstreamReplay, ABodyInChunksIsSentAgainInChunks) {
  ScriptedBackend backend(answers_once_on_each);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").status, 200);
  client.send(request_of("PUT", "Transfer-Encoding: chunked\r\n") +
              "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "got abcde");
  EXPECT_EQ(backend.connections(), 2);
}

TEST(UpstreamReplay, WhatIsMoreThanTheLimitIsNotKeptAndNotSentAgain) {
  ScriptedBackend backend(answers_once_on_each);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  ASSERT_EQ(client.get("/").status, 200);
  client.send(request_of("PUT", "Content-Length: 20000\r\n") + std::string(20'000, 'x'));
  EXPECT_EQ(client.read_answer().status, 502);
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 0);
}

TEST(UpstreamReplay, AMethodThatMayNotBeSentTwiceIsNot) {
  for (const char* method : {"POST", "PATCH", "BREW"}) {
    ScriptedBackend backend(answers_once_on_each);
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    ASSERT_EQ(client.get("/").status, 200);
    client.send(request_of(method, "Content-Length: 1\r\n") + "x");
    EXPECT_EQ(client.read_answer().status, 502) << method;
    EXPECT_EQ(backend.requests(), 2);
  }
}

TEST(UpstreamReplay, ARetryGoesToAnotherEndpointWhereThereIsOne) {
  std::atomic<int> first_swallows{0};
  ScriptedBackend first([&](SocketStream& stream, const SeenRequest&) {
    if (first_swallows > 0) return false;
    return stream.send(ScriptedBackend::ok("first"));
  });
  ScriptedBackend second([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("second"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({first.port(), second.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 2; ++i) ASSERT_EQ(client.get("/").status, 200);
  first_swallows = 1;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.get("/").body, "second");
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
  EXPECT_EQ(first.connections(), 1);
}

// ---- What an endpoint says of its connection

TEST(UpstreamReuse, AConnectionThatTheEndpointKeepsForNoTimeIsNotUsedAgain) {
  for (const char* field :
       {"Keep-Alive: timeout=0\r\n", "Keep-Alive: timeout=5, max=0\r\n", "Connection: close\r\n"}) {
    ScriptedBackend backend([&](SocketStream& stream, const SeenRequest&) {
      return stream.send(ScriptedBackend::ok("hello", field));
    });
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    for (int i = 0; i < 2; ++i) EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(backend.connections(), 2) << field;
  }
}

TEST(UpstreamReuse, AConnectionIsLeftBeforeTheTimeThatTheEndpointNames) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello", "Keep-Alive: timeout=1\r\n"));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_TRUE(eventually([&] { return backend.open_connections() == 0; }));
}

TEST(UpstreamReuse, AnHttp10EndpointKeepsItsConnectionOnlyIfItSaysSo) {
  const struct {
    const char* answer;
    int connections;
  } table[] = {
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 2},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", 1},
  };
  for (const auto& row : table) {
    ScriptedBackend backend(
        [&](SocketStream& stream, const SeenRequest&) { return stream.send(row.answer); });
    RunningEngine proxy;
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    for (int i = 0; i < 2; ++i) EXPECT_EQ(client.get("/").body, "hello");
    EXPECT_EQ(backend.connections(), row.connections) << row.answer;
  }
}

TEST(UpstreamReuse, AStrayAnswerThatComesLaterReachesNobody) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.path)) &&
           (request.path != "/stray" || stream.send(ScriptedBackend::ok("stray")));
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  EXPECT_EQ(client.get("/stray").body, "/stray");
  ASSERT_TRUE(eventually([&] {
    return proxy.metric("gatehouse_proxy_upstream_failures_total{reason=\"unsolicited_bytes\"}") ==
           1;
  }));
  EXPECT_EQ(client.get("/next").body, "/next");
  EXPECT_EQ(backend.connections(), 2);
}

// An endpoint whose window is shut after a first request that it has not read: what the proxy sends
// next is under way for as long as the test likes, and an answer that comes meanwhile is to nobody.
class EndpointWithAShutWindow {
 public:
  EndpointWithAShutWindow() {
    const int bytes = 4096;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }
  SocketStream accept() {
    net::Accepted accepted;
    EXPECT_TRUE(eventually([&] {
      accepted = net::accept_from(listener_.get());
      return accepted.fd.is_open();
    }));
    return SocketStream(std::move(accepted.fd));
  }

 private:
  net::Fd listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
};

TEST(UpstreamReuse, AStrayAnswerThatComesWhenTheNextRequestWasJustSentReachesNobody) {
  const struct {
    const char* method;
    bool is_sent_again;
  } table[] = {{"GET", true}, {"POST", false}};
  for (const auto& row : table) {
    EndpointWithAShutWindow endpoint;
    RunningEngine proxy;
    config::ProxyConfig config = shop({endpoint.port()});
    config::VirtualHost host = *config.hosts["shop.test"];
    host.routes[0].policies.change().buffers_request = true;  // the endpoint gets all of it at once
    config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    ASSERT_TRUE(proxy.publish(config));
    auto client = HttpClient::connect(proxy.http());
    client.send(request_of("POST", "Content-Length: 20000\r\n") + std::string(20'000, 'x'));
    SocketStream peer = endpoint.accept();
    pollfd input{peer.fd(), POLLIN, 0};
    ASSERT_EQ(::poll(&input, 1, kPatienceMillis), 1);
    peer.send(ScriptedBackend::ok("first"));
    ASSERT_EQ(client.read_answer().body, "first");
    client.send(request_of(row.method, row.is_sent_again ? "" : "Content-Length: 0\r\n"));
    ASSERT_TRUE(
        eventually([&] { return proxy.metric("gatehouse_proxy_upstream_reused_total") == 1; }));
    peer.send(ScriptedBackend::ok("stray"));
    if (row.is_sent_again) {
      SocketStream fresh = endpoint.accept();
      EXPECT_THAT(fresh.receive(), HasSubstr("GET / HTTP/1.1"));
      fresh.send(ScriptedBackend::ok("second"));
      EXPECT_EQ(client.read_answer().body, "second");
    } else {
      EXPECT_EQ(client.read_answer().status, 502);
      EXPECT_THAT(proxy.access_log(2), HasSubstr("stray_response"));
    }
    const std::string failures = "gatehouse_proxy_upstream_failures_total";
    EXPECT_EQ(proxy.metric(failures + "{reason=\"stray_response\"}"), 1) << row.method;
  }
}

// An endpoint that answers as soon as it has a head, and goes on reading.
class HastyEndpoint {
 public:
  HastyEndpoint() : thread_([this] { serve(); }) {}
  ~HastyEndpoint() {
    stop_ = true;
    thread_.join();
  }
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }
  int connections() const { return connections_; }

 private:
  void serve() {
    std::list<SocketStream> streams;
    while (!stop_) {
      net::Accepted accepted = net::accept_from(listener_.get());
      if (!accepted.fd.is_open()) continue;
      ++connections_;
      streams.emplace_back(std::move(accepted.fd));
      streams.back().receive();
      streams.back().send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  }

  net::Fd listener_ = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

TEST(UpstreamReuse, AConnectionWhoseRequestIsNotCompleteIsNotUsedAgain) {
  HastyEndpoint endpoint;
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({endpoint.port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(request_of("POST", "Content-Length: 100000\r\n") + "some");
  EXPECT_EQ(client.read_answer().status, 200);
  auto other = HttpClient::connect(proxy.http());
  EXPECT_EQ(other.get("/").status, 200);
  EXPECT_EQ(endpoint.connections(), 2);
}

TEST(UpstreamReuse, AConnectionOnWhichABodyWasRefusedIsNotUsedAgain) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send("HTTP/1.1 " + request.path.substr(1) +
                       " As Asked\r\nContent-Length: 2\r\n\r\nok");
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  const struct {
    const char* first;
    int connections;  // of two requests
  } table[] = {
      {"POST /401 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody", 2},
      {"PUT /503 HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n"
       "4\r\nbody\r\n0\r\n\r\n",
       2},
      {"POST /200 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody", 1},
      {"POST /303 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody", 1},
      {"POST /401 HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n\r\n", 1},
      {"GET /404 HTTP/1.1\r\nHost: shop.test\r\n\r\n", 1},
  };
  for (const auto& row : table) {
    ASSERT_TRUE(proxy.publish({}));  // without it there are no connections left
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    const int before = backend.connections();
    auto client = HttpClient::connect(proxy.http());
    client.send(row.first);
    EXPECT_EQ(client.read_answer().body, "ok");
    EXPECT_EQ(client.get("/200").body, "ok");
    EXPECT_EQ(backend.connections() - before, row.connections) << row.first;
  }
}

// ---- Endpoints that do not connect

TEST(DeadEndpoint, ItsConnectTimeoutIsWaitedForOnceAndNotByEachRequest) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  std::uint16_t dead = 0;
  {
    const ScriptedBackend gone([](SocketStream&, const SeenRequest&) { return false; });
    dead = gone.port();
  }
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(shop({dead, backend.port()})));
  auto client = HttpClient::connect(proxy.http());
  for (int i = 0; i < 10; ++i) ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_endpoints_marked"), 1);
  // Another revision with the same endpoints knows it still.
  config::Cluster cluster;
  cluster.read_timeout = std::chrono::seconds(7);
  ASSERT_TRUE(proxy.publish(shop({dead, backend.port()}, cluster)));
  for (int i = 0; i < 4; ++i) ASSERT_EQ(client.get("/").status, 200);
  EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_retries_total"), 1);
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_endpoints_marked") == 0; }));
}

TEST(DeadEndpoint, IsProbedOnlyWhileThereIsRoomForTheConnection) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  std::uint16_t dead = 0;
  {
    const ScriptedBackend gone([](SocketStream&, const SeenRequest&) { return false; });
    dead = gone.port();
  }
  session::Options options = RunningEngine::quick();
  options.endpoint_connections_max = 1;
  RunningEngine full(options);
  RunningEngine roomy;
  for (RunningEngine* const proxy : {&full, &roomy}) {
    ASSERT_TRUE(proxy->publish(shop({dead, backend.port()})));
  }
  auto client_of_full = HttpClient::connect(full.http());
  auto client_of_roomy = HttpClient::connect(roomy.http());
  const auto probes = [](const RunningEngine& proxy) {
    return proxy.metric("gatehouse_proxy_upstream_probes_total");
  };
  // Both found the endpoint dead at about the same time.
  const auto both_answer = [&] {
    return client_of_full.get("/").status == 200 && client_of_roomy.get("/").status == 200;
  };
  EXPECT_TRUE(eventually([&] { return both_answer() && probes(roomy) > 1; }));
  EXPECT_EQ(probes(full), 0);
  EXPECT_EQ(full.metric("gatehouse_proxy_upstream_connections_open"), 1);
}

}  // namespace
}  // namespace proxy::support
