// Bodies that come in before an endpoint is chosen, and clients that send theirs too slowly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/net/socket.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

bool echoes_body(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok(request.body));
}

config::ProxyConfig gathering_shop(std::uint16_t port) {
  config::ProxyConfig config = shop({port});
  config::VirtualHost host = *config.hosts["shop.test"];
  host.routes[0].policies.change().buffers_request = true;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  return config;
}

double gathered(const RunningEngine& proxy) {
  return proxy.metric("gatehouse_proxy_gathered_request_bytes");
}

std::string post(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n";
}

TEST(Gathering, AnEndpointIsNotBotheredBeforeASmallBodyIsComplete) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Content-Length: 6\r\n"));
  client.send("abc");
  ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
  // Others pass meanwhile, and theirs is the one connection.
  auto other = HttpClient::connect(proxy.http());
  ASSERT_EQ(other.get("/").status, 200);
  EXPECT_EQ(backend.connections(), 1);
  client.send("def");
  EXPECT_EQ(client.read_answer().body, "abcdef");
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_EQ(backend.last().field("Content-Length"), "6");
  EXPECT_EQ(gathered(proxy), 0);
}

TEST(Gathering, ABodyOfUnknownLengthIsGatheredToo) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n");
  ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
  client.send("3\r\ndef\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "abcdef");
  EXPECT_EQ(backend.connections(), 1);
}

// Some servers of applications cannot read chunks (WSGI has no word for them).
TEST(Gathering, ABodyThatIsWholeGoesOnWithItsLengthThoughItCameInChunks) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  const struct {
    const char* first;
    const char* then;  // once the first part is gathered
    const char* body;
  } table[] = {
      {"3\r\nabc\r\n", "3\r\ndef\r\n0\r\n\r\n", "abcdef"},
      {"", "0\r\nX-Sum: 1\r\n\r\n", ""},
      {"3\r\nabc\r\n", "0\r\n\r\n", "abc"},
      {"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "", "abc"},
      {"0\r\n\r\n", "", ""},
  };
  for (const auto& row : table) {
    auto client = HttpClient::connect(proxy.http());
    client.send(post("Transfer-Encoding: chunked\r\n") + row.first);
    if (*row.then != '\0') {
      ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
      client.send(row.then);
    }
    EXPECT_EQ(client.read_answer().body, row.body);
    const SeenRequest seen = backend.last();
    EXPECT_EQ(seen.body, row.body);
    EXPECT_EQ(seen.field("Content-Length"), std::to_string(seen.body.size()));
    EXPECT_EQ(seen.field("Transfer-Encoding"), "");
  }
}

TEST(Gathering, ABodyThatIsNotWholeInTimeGoesOnInChunks) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  for (const bool has_begun : {true, false}) {
    auto client = HttpClient::connect(proxy.http());
    client.send(post("Transfer-Encoding: chunked\r\n") + (has_begun ? "3\r\nabc\r\n" : ""));
    ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
    ASSERT_TRUE(eventually([&] { return gathered(proxy) == 0; }));
    client.send("3\r\ndef\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, has_begun ? "abcdef" : "def");
    EXPECT_EQ(backend.last().field("Transfer-Encoding"), "chunked");
    EXPECT_EQ(backend.last().field("Content-Length"), "");
  }
}

TEST(Gathering, AStreamThatNeverEndsGoesOnAfterAShortTime) {
  std::atomic<bool> got_both{false};
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  std::thread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    std::string got;
    const auto read_to = [&](std::string_view word) {
      for (std::string part = "-"; got.find(word) == std::string::npos && !part.empty();) {
        part = stream.receive();
        got += part;
      }
    };
    read_to("first");
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nans");
    read_to("second");
    got_both = got.find("second") != std::string::npos;
    stream.send("wer");
  });
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(net::local_address(listener.get()).port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Transfer-Encoding: chunked\r\n") + "5\r\nfirst\r\n");
  EXPECT_TRUE(client.wait_for_bytes());
  client.send("6\r\nsecond\r\n");
  endpoint.join();
  EXPECT_TRUE(got_both);
}

TEST(Gathering, SlowBodiesOfUnknownLengthHoldFewConnectionsToEndpoints) {
  constexpr int kPlaces = session::SlowBodies::kOfALoneClient;
  ScriptedBackend backend(echoes_body);
  session::Options options = RunningEngine::quick();
  // More than what is waited for of a body.
  options.timeouts.request_header = milliseconds(1'500);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  const std::string beginning = post("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n";
  std::vector<HttpClient> slow;
  for (int i = 0; i < kPlaces; ++i) {
    slow.push_back(HttpClient::connect(proxy.http()));
    slow.back().send(beginning);
  }
  ASSERT_TRUE(eventually([&] { return backend.connections() == kPlaces && gathered(proxy) == 0; }));
  auto another = HttpClient::connect(proxy.http());
  another.send(beginning);
  ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
  // Whoever began later, and has a longer time, is told that it is over: so is the other's.
  auto later = HttpClient::connect(proxy.http());
  later.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(later.read_answer().status, 408);
  EXPECT_GT(gathered(proxy), 0);
  EXPECT_EQ(backend.connections(), kPlaces);
  // Those who are answered make room.
  slow[0].send("0\r\n\r\n");
  EXPECT_EQ(slow[0].read_answer().body, "abc");
  EXPECT_TRUE(eventually([&] { return gathered(proxy) == 0; }));
  another.send("3\r\ndef\r\n0\r\n\r\n");
  EXPECT_EQ(another.read_answer().body, "abcdef");
  EXPECT_EQ(backend.last().field("Transfer-Encoding"), "chunked");
}

TEST(Gathering, SlowBodiesOfOneClientLeavePlacesToOthersAndToOtherBackends) {
  constexpr int kPlaces = session::SlowBodies::kOfALoneClient;
  ScriptedBackend backend(echoes_body);
  ScriptedBackend other_backend(echoes_body);
  session::Options options = RunningEngine::quick();
  options.trusted_proxies = client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
  RunningEngine proxy(options);
  config::ProxyConfig config = gathering_shop(backend.port());
  config::Cluster blog = *config.clusters["shop"];
  blog.endpoints.clear();
  blog.endpoints.push_back({"127.0.0.1", other_backend.port()});
  config.clusters["blog"] = std::make_shared<config::Cluster>(blog);
  config::VirtualHost host = *config.hosts["shop.test"];
  host.routes[0].action = config::Forward{"blog"};
  config.hosts["blog.test"] = std::make_shared<config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  const auto beginning = [](const std::string& to, const std::string& client) {
    return "POST / HTTP/1.1\r\nHost: " + to + "\r\nX-Forwarded-For: " + client +
           "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  };
  std::vector<HttpClient> slow;
  const auto begin = [&](const std::string& to, const std::string& client) {
    slow.push_back(HttpClient::connect(proxy.http()));
    slow.back().send(beginning(to, client));
  };
  for (int i = 0; i < 2 * kPlaces; ++i) begin("shop.test", "203.0.113.1");
  ASSERT_TRUE(eventually([&] { return backend.connections() == kPlaces; }));
  begin("shop.test", "203.0.113.2");
  EXPECT_TRUE(eventually([&] { return backend.connections() == kPlaces + 1; }));
  begin("blog.test", "203.0.113.1");
  EXPECT_TRUE(eventually([&] { return other_backend.connections() == 1; }));
  EXPECT_EQ(backend.connections(), kPlaces + 1);
}

// Nobody waits for a place whose body comes.
TEST(Gathering, ASlowBodyWithoutAPlaceGoesOnWhenAsMuchCameAsOfOthersOrAllOfIt) {
  constexpr int kPlaces = session::SlowBodies::kOfALoneClient;
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  const std::string head = post("Transfer-Encoding: chunked\r\n");
  std::vector<HttpClient> slow;
  for (int i = 0; i < kPlaces; ++i) {
    slow.push_back(HttpClient::connect(proxy.http()));
    slow.back().send(head);
  }
  ASSERT_TRUE(eventually([&] { return backend.connections() == kPlaces && gathered(proxy) == 0; }));
  auto whole = HttpClient::connect(proxy.http());
  whole.send(head + "3\r\nabc\r\n");
  auto large = HttpClient::connect(proxy.http());
  const std::string body(100'000, 'x');
  large.send(head + "186a0\r\n" + body);
  EXPECT_TRUE(eventually([&] { return backend.connections() == kPlaces + 1; }));
  large.send("\r\n0\r\n\r\n");
  EXPECT_EQ(large.read_answer().body, body);
  whole.send("0\r\n\r\n");
  EXPECT_EQ(whole.read_answer().body, "abc");
  EXPECT_EQ(backend.last().field("Content-Length"), "3");
}

TEST(Gathering, ALargeBodyStreamsOnceTheBoundIsReached) {
  const std::string body(1 << 20, 'x');
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  for (const bool chunked : {false, true}) {
    auto client = HttpClient::connect(proxy.http());
    client.send(chunked ? post("Transfer-Encoding: chunked\r\n") + "100000\r\n"
                        : post("Content-Length: 1048576\r\n"));
    client.send(std::string_view(body).substr(0, 100'000));
    // The endpoint has a connection although the body is not complete.
    ASSERT_TRUE(eventually([&] { return backend.connections() == 1; }));
    EXPECT_TRUE(eventually([&] { return gathered(proxy) == 0; }));
    client.send(std::string_view(body).substr(100'000));
    if (chunked) client.send("\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, body);
    EXPECT_EQ(backend.last().field("Transfer-Encoding"), chunked ? "chunked" : "");
  }
}

TEST(Gathering, AClientThatWaitsForContinueHearsItFromUs) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Content-Length: 4\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_answer().status, 100);
  EXPECT_EQ(backend.connections(), 0);
  client.send("body");
  EXPECT_EQ(client.read_answer().body, "body");
}

TEST(Gathering, WhereTheMemoryForItIsUsedUpRequestsGoOnAsTheyCome) {
  ScriptedBackend backend(echoes_body);
  session::Options options = RunningEngine::quick();
  options.gathered_bytes_max = 0;
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Content-Length: 6\r\n") + "abc");
  ASSERT_TRUE(eventually([&] { return backend.connections() == 1; }));
  EXPECT_EQ(gathered(proxy), 0);
  client.send("def");
  EXPECT_EQ(client.read_answer().body, "abcdef");
}

TEST(Gathering, AClientThatLeavesGivesItsMemoryBackAndCostsNoConnection) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Content-Length: 6\r\n") + "abc");
  ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
  client.stream().reset();
  EXPECT_TRUE(eventually([&] { return gathered(proxy) == 0; }));
  EXPECT_EQ(backend.connections(), 0);
}

TEST(Gathering, AClusterThatIsEmptyByThenIs503) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  ASSERT_TRUE(proxy.publish(gathering_shop(backend.port())));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Content-Length: 6\r\n") + "abc");
  ASSERT_TRUE(eventually([&] { return gathered(proxy) > 0; }));
  ASSERT_TRUE(proxy.publish(shop({})));
  client.send("def");
  EXPECT_EQ(client.read_answer().status, 503);
  EXPECT_THAT(proxy.access_log(), HasSubstr("no_endpoints"));
}

TEST(Gathering, ABodyOfHttp2ReachesTheEndpointWithItsHead) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  config::ProxyConfig config = gathering_shop(backend.port());
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const auto& answer = client.wait(client.request(
      {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
      "body"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "body");
  EXPECT_EQ(backend.last().field("Content-Length"), "4");
  EXPECT_EQ(gathered(proxy), 0);
}

TEST(Gathering, ABodyOfHttp2InManyFramesIsGatheredAndItsWindowOpens) {
  ScriptedBackend backend(echoes_body);
  RunningEngine proxy;
  config::ProxyConfig config = gathering_shop(backend.port());
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  // Less than is gathered, and more than that and than a window.
  for (const std::size_t size : {40'000u, 200'000u}) {
    const std::string body(size, 'x');
    const auto& answer = client.wait(client.request(
        {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", "/"}},
        body));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, body);
  }
  EXPECT_EQ(gathered(proxy), 0);
}

// ---- Slow bodies

session::Options impatient() {
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = milliseconds(300);
  return options;
}

// A byte now and then, so that no idle limit runs out, until somebody answers.
void trickle(HttpClient& client) {
  client.stream().be_patient_for(milliseconds(30));
  for (int i = 0; i < 200 && !client.wait_for_bytes(); ++i) client.send("x");
  client.stream().be_patient_for(kPatience);
}

TEST(SlowBody, ATrickleIs408ThoughItIsNeverIdle) {
  ScriptedBackend backend(echoes_body);
  for (const bool gathers : {false, true}) {
    RunningEngine proxy(impatient());
    ASSERT_TRUE(proxy.publish(gathers ? gathering_shop(backend.port()) : shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send(post("Content-Length: 100000\r\n"));
    trickle(client);
    EXPECT_EQ(client.read_answer().status, 408);
    EXPECT_TRUE(client.stream().at_end());
    EXPECT_THAT(proxy.access_log(), HasSubstr("request_body_too_slow"));
    EXPECT_TRUE(
        eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") == 0; }));
  }
}

TEST(SlowBody, WhoTalksWithAnEndpointMaySayLittleAtATime) {
  net::Fd listener = net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value();
  const std::jthread endpoint([&] {
    net::Accepted accepted;
    while (!accepted.fd.is_open()) accepted = net::accept_from(listener.get());
    SocketStream stream(std::move(accepted.fd));
    stream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nans");
    std::string got;
    for (std::string part = "-"; got.find("last") == std::string::npos && !part.empty();) {
      part = stream.receive();
      got += part;
    }
    stream.send("wer");
  });
  RunningEngine proxy(impatient());
  ASSERT_TRUE(proxy.publish(shop({net::local_address(listener.get()).port()})));
  auto client = HttpClient::connect(proxy.http());
  client.send(post("Transfer-Encoding: chunked\r\n") + "5\r\nfirst\r\n");
  std::string answer;
  while (answer.find("ans") == std::string::npos) {
    const std::string part = client.stream().receive();
    ASSERT_NE(part, "");
    answer += part;
  }
  // For several times the limit on what is idle, and at much less than the least rate.
  client.stream().be_patient_for(milliseconds(50));
  for (int i = 0; i < 30; ++i) {
    client.send("1\r\nx\r\n");
    ASSERT_FALSE(client.wait_for_bytes());
  }
  client.stream().be_patient_for(kPatience);
  client.send("4\r\nlast\r\n0\r\n\r\n");
  EXPECT_EQ(client.stream().receive(), "wer");
}

}  // namespace
}  // namespace proxy::support
