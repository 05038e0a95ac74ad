// TLS that ends at an endpoint, and PROXY headers that tell endpoints who their clients are.
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/openssl.h"
#include "proxy/net/socket.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/patience.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// More than the sockets on its way hold together.
constexpr std::size_t kMuch = 12u << 20;

// Takes connections one at a time, and leaves what comes on them to the test.
class Door {
 public:
  Door() : listener_(net::listen_on(net::SocketAddress::from_ip("127.0.0.1", 0).value()).value()) {}
  std::uint16_t port() const { return net::local_address(listener_.get()).port(); }
  SocketStream accept() {
    pollfd wait{listener_.get(), POLLIN, 0};
    ::poll(&wait, 1, kPatienceMillis);
    return SocketStream(net::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }

 private:
  net::Fd listener_;
};

// Exactly so many bytes: what follows is for TLS.
std::string take(const SocketStream& stream, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::recv(stream.fd(), bytes.data(), size, MSG_WAITALL);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string take_line(const SocketStream& stream) {
  std::string line;
  for (std::string next = "x"; !next.empty() && !line.ends_with("\n"); line += next) {
    next = take(stream, 1);
  }
  return line;
}

std::uint16_t dead_port() {
  return Door().port();
}

std::string common_name(SocketStream& stream) {
  const base::X509Ptr shown(SSL_get1_peer_certificate(stream.ssl()));
  char text[256] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, text, sizeof text);
  return text;
}

// What a client of TLS says first.
std::string hello_for(const std::string& name) {
  const base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const base::SslPtr ssl(SSL_new(context.get()));
  SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

// shop.test ends here, pass.test at the endpoints.
class Passthrough : public ::testing::Test {
 protected:
  void serve(const std::vector<std::uint16_t>& ports, config::Cluster cluster = {},
             const std::optional<config::Guards>& guards = {},
             const session::Options& options = RunningEngine::quick()) {
    config::ProxyConfig config = shop(ports, std::move(cluster));
    config.hosts["pass.test"] = passing(guards ? "guards" : "");
    config.hosts["*.wild.test"] = passing("");
    if (guards) config.guards["guards"] = std::make_shared<config::Guards>(*guards);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    proxy_.emplace(options);
    ASSERT_TRUE(proxy_->publish(config));
  }
  static std::shared_ptr<config::VirtualHost> passing(const std::string& guards) {
    config::VirtualHost host;
    host.passthrough = {"shop", guards};
    host.own_certificate_only = true;
    host.https_redirect = true;
    return std::make_shared<config::VirtualHost>(std::move(host));
  }

  SocketStream connect(const std::string& hello = "") {
    SocketStream stream = SocketStream::connect(proxy_->https());
    if (!hello.empty()) stream.send(hello);
    return stream;
  }
  double ended(const std::string& reason) {
    return proxy_->metric("gatehouse_proxy_passthrough_connections_ended_total{reason=\"" + reason +
                          "\"}");
  }
  double open_to_endpoints() { return proxy_->metric("gatehouse_proxy_upstream_connections_open"); }
  double held(const std::string& kind) {
    return proxy_->metric("gatehouse_proxy_memory_bytes{kind=\"" + kind + "\"}");
  }

  const config::Certificate own_ = issue({"backend.test"});
  const base::SslCtxPtr context_ = tls_server(own_);
  std::optional<RunningEngine> proxy_;
};

TEST_F(Passthrough, TheEndpointEndsTlsAndSeesTheName) {
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest& request) {
        return stream.send(ScriptedBackend::ok(request.field("Host")));
      },
      "127.0.0.1", tls_server(own_));
  serve({backend.port()});
  for (const char* const name : {"pass.test", "PASS.test", "a.wild.test"}) {
    auto stream = connect();
    ASSERT_EQ(stream.start_tls({name, {}, nullptr}), "") << name;
    EXPECT_EQ(common_name(stream), "backend.test");
    auto client = HttpClient(std::move(stream));
    // What it asks for there is between the two.
    EXPECT_EQ(client.get("/", "shop.test").body, "shop.test");
    client.stream().say_goodbye();
    client.stream().finish_sending();
  }
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_passthrough_connections_total"), 3);
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_tls_handshakes_total"), 0);
}

TEST_F(Passthrough, OtherHostsAndClientsThatNameNoneEndHere) {
  const Door door;
  serve({door.port()});
  auto stream = connect();
  ASSERT_EQ(stream.start_tls({"shop.test", {}, nullptr}), "");
  EXPECT_EQ(common_name(stream), "shop.test");
  for (const char* const name : {"", "b.a.wild.test", "wild.test", "other.test"}) {
    EXPECT_NE(connect().start_tls({name, {}, nullptr}), "") << name;
  }
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_passthrough_connections_total"), 0);
  // So does what is no TLS, and it is told as it is where none passes.
  EXPECT_EQ(connect("GET / HTTP/1.1\r\n\r\n").receive_all(), "");
  EXPECT_EQ(proxy_->metric(
                "gatehouse_proxy_tls_handshake_failures_total{reason=\"plain_http_on_tls_port\"}"),
            1);
}

TEST_F(Passthrough, OverTlsThatEndsHereItsHostIsMisdirected) {
  const ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  serve({backend.port()});
  auto stream = connect();
  ASSERT_EQ(stream.start_tls({"shop.test", {}, nullptr}), "");
  auto client = HttpClient(std::move(stream));
  EXPECT_EQ(client.get("/", "shop.test").status, 200);
  EXPECT_EQ(client.get("/", "pass.test").status, 421);
  EXPECT_EQ(HttpClient::connect(proxy_->http()).get("/", "pass.test").status, 308);
}

TEST_F(Passthrough, ClientsHelloMayComeInAnyPieces) {
  Door door;
  serve({door.port()});
  const std::string hello = hello_for("pass.test");
  {
    auto client = connect();
    for (const char c : hello) client.send({&c, 1});
    EXPECT_EQ(take(door.accept(), hello.size()), hello);
  }
  // Two records, and what is not TLS at all behind them.
  const std::string record = hello.substr(0, 3);
  const auto of_size = [&](std::string_view part) {
    return record +
           std::string{static_cast<char>(part.size() >> 8), static_cast<char>(part.size())} +
           std::string(part);
  };
  const std::string message = hello.substr(5);
  const std::string both = of_size(message.substr(0, 60)) + of_size(message.substr(60)) + "more";
  auto client = connect(both);
  EXPECT_EQ(take(door.accept(), both.size()), both);
  EXPECT_EQ(held("client_input"), 0);
  EXPECT_EQ(held("request_copies"), 0);
}

TEST_F(Passthrough, AHelloThatNeverEndsIsGivenUpAtItsDeadline) {
  const Door door;
  session::Options options = RunningEngine::quick();
  options.timeouts.handshake = std::chrono::milliseconds(300);
  serve({door.port()}, {}, {}, options);
  auto client = connect(hello_for("pass.test").substr(0, 100));
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_FALSE(client.timed_out());
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_tls_handshake_failures_total{reason=\"timeout\"}"), 1);
  EXPECT_TRUE(eventually([&] { return held("client_input") == 0; }));
}

TEST_F(Passthrough, MuchPassesBothWaysAndEachSideEndsForItself) {
  Door door;
  serve({door.port()});
  auto client = connect(hello_for("pass.test"));
  auto endpoint = door.accept();
  ASSERT_EQ(take(endpoint, hello_for("pass.test").size()).size(), hello_for("pass.test").size());
  const std::string much(kMuch, 'x');
  {
    std::thread sender([&] {
      client.send(much);
      client.finish_sending();
    });
    EXPECT_EQ(endpoint.receive_all(), much);
    sender.join();
  }
  // The client has said all, and still gets an answer.
  std::thread sender([&] {
    endpoint.send(much);
    endpoint.finish_sending();
  });
  EXPECT_EQ(client.receive_all(), much);
  sender.join();
  EXPECT_TRUE(eventually([&] { return ended("done") == 1; }));
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_passthrough_bytes_total{to=\"client\"}"), kMuch);
  EXPECT_GT(proxy_->metric("gatehouse_proxy_moved_bytes_total"), kMuch);
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_passthrough_connections_open"), 0);
}

TEST_F(Passthrough, TheEndpointMayEndFirstAndStillReadAll) {
  Door door;
  serve({door.port()});
  const std::string hello = hello_for("pass.test");
  auto client = connect(hello);
  auto endpoint = door.accept();
  endpoint.send("bye");
  endpoint.finish_sending();
  EXPECT_EQ(client.receive_all(), "bye");
  client.send("last words");
  client.close();
  EXPECT_EQ(endpoint.receive_all(), hello + "last words");
  EXPECT_TRUE(eventually([&] { return ended("done") == 1; }));
}

TEST_F(Passthrough, WhoReadsNothingHoldsNoMoreThanABoundAndIsLetGo) {
  Door door;
  config::Cluster cluster;
  cluster.send_timeout = std::chrono::milliseconds(400);
  serve({door.port()}, cluster);
  auto client = connect(hello_for("pass.test"));
  const auto endpoint = door.accept();
  const std::string much(1u << 20, 'x');
  while (client.send(much)) EXPECT_LE(held("endpoint_output") + held("pipes"), 512u << 10);
  EXPECT_TRUE(eventually([&] { return ended("upstream_send_timeout") == 1; }));
  EXPECT_TRUE(eventually([&] { return held("endpoint_output") + held("pipes") == 0; }));
}

TEST_F(Passthrough, TheSideThatIsLeftHasLittleTimeToSaySomething) {
  Door door;
  session::Options options = RunningEngine::quick();
  options.timeouts.body_idle = std::chrono::milliseconds(300);
  serve({door.port()}, {}, {}, options);
  auto client = connect(hello_for("pass.test"));
  auto endpoint = door.accept();
  client.finish_sending();
  endpoint.receive_all();
  EXPECT_TRUE(eventually([&] { return ended("passthrough_idle") == 1; }));
}

TEST_F(Passthrough, AClientThatIsResetIsResetAtItsEndpoint) {
  Door door;
  serve({door.port()});
  auto client = connect(hello_for("pass.test"));
  auto endpoint = door.accept();
  ASSERT_NE(take(endpoint, 10), "");
  client.reset();
  endpoint.receive_all();
  EXPECT_TRUE(eventually([&] { return ended("client_reset") == 1; }));
  EXPECT_TRUE(eventually(
      [&] { return proxy_->metric("gatehouse_proxy_passthrough_connections_open") == 0; }));
}

TEST_F(Passthrough, AnotherEndpointIsTriedUntilOneConnects) {
  Door door;
  const std::uint16_t dead = dead_port(), dead_too = dead_port();
  serve({door.port(), dead, dead_too});
  for (int i = 0; i < 3; ++i) {
    auto client = connect(hello_for("pass.test"));
    EXPECT_NE(take(door.accept(), 10), "");
  }
  serve({dead});
  auto client = connect(hello_for("pass.test"));
  EXPECT_EQ(client.receive_all(), "");
  EXPECT_EQ(ended("connect_refused"), 1);
  EXPECT_THAT(proxy_->access_log(), HasSubstr("\"status\":502"));
}

TEST_F(Passthrough, ALineOfTheLogSaysWhoWhereHowMuchAndWhy) {
  Door door;
  serve({door.port()});
  const std::string hello = hello_for("pass.test");
  {
    auto client = connect(hello);
    auto endpoint = door.accept();
    endpoint.send("four");
    endpoint.finish_sending();
    EXPECT_EQ(client.receive_all(), "four");
  }
  const std::string line = proxy_->access_log();
  EXPECT_THAT(line, HasSubstr("\"client\":\"127.0.0.1\",\"host\":\"pass.test\""));
  EXPECT_THAT(line, HasSubstr("\"protocol\":\"TLS passthrough\",\"status\":200,\"request_bytes\":" +
                              std::to_string(hello.size()) + ",\"response_bytes\":4"));
  EXPECT_THAT(line, HasSubstr("\"upstream\":\"127.0.0.1:" + std::to_string(door.port()) + "\""));
  EXPECT_THAT(line, Not(HasSubstr("reason")));
}

TEST_F(Passthrough, GuardsThatNeedNoRequestHoldAndOthersLetNobodyPass) {
  const Door door;
  const auto refused = [&](const config::Guards& guards) {
    serve({door.port()}, {}, guards);
    EXPECT_EQ(connect(hello_for("pass.test")).receive_all(), "");
    return proxy_->access_log();
  };
  EXPECT_THAT(refused({.denied = {*config::Network::parse("127.0.0.0/8")}}),
              HasSubstr("\"status\":403"));
  EXPECT_THAT(refused({.denied = {}, .allowed = {*config::Network::parse("192.0.2.0/24")}}),
              HasSubstr("\"status\":403"));
  EXPECT_THAT(refused({.denied = {}, .basic_auth = config::BasicAuth{"r", {}}}),
              HasSubstr("\"status\":401"));
  EXPECT_THAT(refused({.closed = true, .denied = {}}), HasSubstr("\"status\":503"));
  // As many at a time as may be.
  Door open;
  serve({open.port()}, {},
        config::Guards{.denied = {}, .limits = config::Limits{.id = "a/b", .connections = 1}});
  const auto first = connect(hello_for("pass.test"));
  const auto endpoint = open.accept();
  EXPECT_EQ(connect(hello_for("pass.test")).receive_all(), "");
}

TEST_F(Passthrough, WithoutEndpointsItIsClosed) {
  serve({});
  EXPECT_EQ(connect(hello_for("pass.test")).receive_all(), "");
  EXPECT_EQ(ended("no_endpoints"), 1);
}

TEST_F(Passthrough, WhereNoEndpointMayHaveAnotherConnectionItIsClosed) {
  Door door;
  auto options = RunningEngine::quick();
  options.pools.connections_max = 1;
  serve({door.port()}, {}, {}, options);
  const std::string hello = hello_for("pass.test");
  SocketStream first = connect(hello);
  SocketStream backend = door.accept();
  ASSERT_EQ(take(backend, hello.size()), hello);
  EXPECT_EQ(connect(hello).receive_all(), "");
  EXPECT_EQ(ended("endpoints_busy"), 1);
  first.close();
  backend.close();
  ASSERT_TRUE(eventually([&] { return ended("endpoints_busy") == 1 && open_to_endpoints() == 0; }));
  const SocketStream next = connect(hello);
  EXPECT_EQ(take(door.accept(), hello.size()), hello) << "who leaves makes room";
}

TEST_F(Passthrough, AConnectionAtRestMakesRoomForOneThatPasses) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("well"));
  });
  auto options = RunningEngine::quick();
  options.pools.connections_max = 1;
  serve({backend.port()}, {}, {}, options);
  EXPECT_EQ(HttpClient::connect(proxy_->http()).get("/").body, "well");
  EXPECT_EQ(HttpClient::connect(proxy_->http()).get("/").body, "well");
  EXPECT_EQ(backend.connections(), 1);
  const SocketStream passing = connect(hello_for("pass.test"));
  EXPECT_TRUE(eventually([&] { return backend.connections() == 2; }));
  EXPECT_EQ(HttpClient::connect(proxy_->http()).get("/").status, 503);
}

TEST_F(Passthrough, WithLittleMemoryNobodyNewPassesAndWhoDoesGoesOn) {
  Door door;
  serve({door.port()});
  const std::string hello = hello_for("pass.test");
  SocketStream before = connect(hello);
  SocketStream backend = door.accept();
  ASSERT_EQ(take(backend, hello.size()), hello);
  proxy_->engine().note_memory({.used = 920, .limit = 1'000});
  ASSERT_TRUE(eventually(
      [&] { return HttpClient::connect(proxy_->http()).get("/", "nobody.test").status == 503; }));
  SocketStream next = connect(hello);
  EXPECT_EQ(next.receive_all(), "");
  EXPECT_FALSE(next.timed_out());
  EXPECT_EQ(ended("memory_pressure"), 1);
  EXPECT_THAT(proxy_->access_log(), HasSubstr("memory_pressure"));
  before.send("more");
  EXPECT_EQ(take(backend, 4), "more");
  backend.send("said");
  EXPECT_EQ(take(before, 4), "said");
}

TEST_F(Passthrough, OnesThatAreLeftAtADrainAreClosedInItsLastPart) {
  Door door;
  serve({door.port()});
  auto client = connect(hello_for("pass.test"));
  auto endpoint = door.accept();
  ASSERT_NE(take(endpoint, 10), "");
  const std::size_t left = proxy_->engine().drain(
      {.grace = std::chrono::milliseconds(0), .deadline = std::chrono::milliseconds(800)}, {});
  EXPECT_EQ(left, 0u);
  EXPECT_EQ(ended("draining"), 1);
}

// ---- PROXY headers

config::Cluster told(config::ProxyProtocol version) {
  config::Cluster cluster;
  cluster.proxy_protocol = version;
  return cluster;
}

TEST_F(Passthrough, AnEndpointIsToldOfTheClientBeforeItsFirstByte) {
  Door door;
  const std::string hello = hello_for("pass.test");
  serve({door.port()}, told(config::ProxyProtocol::v1));
  {
    auto client = connect(hello);
    const auto endpoint = door.accept();
    EXPECT_EQ(take_line(endpoint), "PROXY TCP4 127.0.0.1 127.0.0.1 " +
                                       std::to_string(net::local_address(client.fd()).port()) +
                                       " " + std::to_string(proxy_->https()) + "\r\n");
    EXPECT_EQ(take(endpoint, hello.size()), hello);
  }
  serve({door.port()}, told(config::ProxyProtocol::v2));
  auto client = connect(hello);
  const auto endpoint = door.accept();
  EXPECT_THAT(take(endpoint, 28),
              HasSubstr(std::string("QUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01", 13)));
  EXPECT_EQ(take(endpoint, hello.size()), hello);
}

TEST_F(Passthrough, AnEndpointOfHttpIsToldOfTheClientAndNoOtherClientHasItsConnection) {
  Door door;
  serve({door.port()}, told(config::ProxyProtocol::v1));
  const auto ask = [&](HttpClient& client) {
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    auto endpoint = door.accept();
    EXPECT_THAT(take_line(endpoint),
                StartsWith("PROXY TCP4 127.0.0.1 127.0.0.1 " +
                           std::to_string(net::local_address(client.stream().fd()).port()) + " "));
    EXPECT_THAT(endpoint.receive(), StartsWith("GET / HTTP/1.1\r\n"));
    endpoint.send(ScriptedBackend::ok("hello"));
    EXPECT_EQ(client.read_answer().body, "hello");
    EXPECT_TRUE(endpoint.at_end());
  };
  auto first = HttpClient::connect(proxy_->http());
  auto second = HttpClient::connect(proxy_->http());
  ask(first);
  ask(first);
  ask(second);
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_upstream_reused_total"), 0);
}

TEST_F(Passthrough, AConnectionThatBeganWithoutAHeaderIsNotUsedWhereOneIsAskedFor) {
  Door door;
  serve({door.port()});
  auto client = HttpClient::connect(proxy_->http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  auto before = door.accept();
  EXPECT_THAT(before.receive(), StartsWith("GET / HTTP/1.1\r\n"));
  before.send(ScriptedBackend::ok("hello"));
  EXPECT_EQ(client.read_answer().body, "hello");
  ASSERT_TRUE(proxy_->publish(shop({door.port()}, told(config::ProxyProtocol::v1))));
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  auto after = door.accept();
  EXPECT_THAT(take_line(after), StartsWith("PROXY TCP4 "));
  after.send(ScriptedBackend::ok("hello"));
  EXPECT_EQ(client.read_answer().body, "hello");
}

TEST_F(Passthrough, TheHeaderComesBeforeTlsToAnEndpointOfHttp) {
  Door door;
  config::Cluster cluster = told(config::ProxyProtocol::v2);
  cluster.tls.emplace();
  serve({door.port()}, cluster);
  auto client = HttpClient::connect(proxy_->http());
  client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  auto endpoint = door.accept();
  EXPECT_THAT(take(endpoint, 28), HasSubstr("QUIT\n"));
  ASSERT_TRUE(endpoint.accept_tls(context_.get()));
  EXPECT_THAT(endpoint.receive(), StartsWith("GET / HTTP/1.1\r\n"));
  endpoint.send(ScriptedBackend::ok("hello"));
  EXPECT_EQ(client.read_answer().body, "hello");
  // And TLS that passes is not put into it.
  EXPECT_EQ(connect(hello_for("pass.test")).receive_all(), "");
  EXPECT_EQ(ended("passthrough_is_not_plain"), 1);
}

TEST_F(Passthrough, OverHttp2NobodyCouldBeToldOf) {
  const Door door;
  config::Cluster cluster = told(config::ProxyProtocol::v2);
  cluster.speaks_http2 = true;
  serve({door.port()}, cluster);
  EXPECT_EQ(HttpClient::connect(proxy_->http()).get("/").status, 503);
}

}  // namespace
}  // namespace proxy::support
