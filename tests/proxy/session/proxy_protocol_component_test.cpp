// The PROXY protocol on both ports, by the flag and by the configuration, and who is closed for how
// it begins.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/control/snapshot.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n";
const std::string kLine = "PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n";
const std::string kBinary =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x11\xcb\x00\x71\x09\x0a\x00\x00\x01\x12\x34\x01\xbb\x01\x00\x02h2"s;
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"s;

session::Options trusting(const std::vector<std::string>& networks) {
  session::Options options = RunningEngine::quick();
  options.trusted_proxies = client::TrustedNetworks::parse(networks).value();
  return options;
}

class ProxyProtocol : public ::testing::Test {
 protected:
  void serve(const std::vector<std::string>& networks) { serve(trusting(networks)); }
  void serve(const session::Options& options) {
    proxy_.emplace(options, 1, "127.0.0.1:0", true);
    auto config = shop({backend_.port()});
    add_certificate(config, "shop.test", issue({"shop.test"}));
    ASSERT_TRUE(proxy_->publish(config));
  }
  // Of those who connect from now on: beside those of the flag.
  void trust(std::string_view network) {
    config::Arrivals arrivals;
    arrivals.trusted_proxies = {config::Network::parse(network).value()};
    auto config = shop({backend_.port()});
    config.arrivals[""] = std::make_shared<const config::Arrivals>(arrivals);
    ASSERT_TRUE(proxy_->publish(config));
  }
  bool is_closed(std::uint16_t port, std::string_view bytes) {
    auto stream = SocketStream::connect(port);
    stream.send(bytes);
    return stream.receive_all().empty() && !stream.timed_out();
  }
  double refused(const std::string& reason) {
    return proxy_->metric("gatehouse_proxy_proxy_headers_refused_total{reason=\"" + reason + "\"}");
  }

  ScriptedBackend backend_{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  std::optional<RunningEngine> proxy_;
};

TEST_F(ProxyProtocol, ATrustedBalancerNamesItsClientBeforeTheFirstByte) {
  serve({"127.0.0.0/8"});
  for (const std::string& header : {kLine, kBinary}) {
    auto client = HttpClient::connect(proxy_->http());
    client.send(header + std::string(kGet));
    ASSERT_EQ(client.read_answer().status, 200);
    EXPECT_EQ(backend_.last().field("X-Forwarded-For"), "203.0.113.9");
    EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
  }
  EXPECT_THAT(proxy_->access_log(2), HasSubstr("\"client\":\"203.0.113.9\""));
}

TEST_F(ProxyProtocol, WhomTheConfigurationTrustsMayNameItsClient) {
  serve(trusting({}));
  EXPECT_TRUE(is_closed(proxy_->http(), kLine + std::string(kGet)));
  trust("127.0.0.0/8");
  auto client = HttpClient::connect(proxy_->http());
  client.send(kLine + std::string(kGet));
  ASSERT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
}

// Else whoever it trusts could say who the user is, by the address of a balancer of the flag.
TEST_F(ProxyProtocol, WhomTheConfigurationAloneTrustsBecomesByNoHeaderOneOfTheFlag) {
  const std::string header = "PROXY TCP4 10.0.0.1 10.0.0.2 4711 443\r\n";
  const std::string request =
      "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 203.0.113.9\r\n"
      "X-Auth-Request-User: ann\r\n\r\n";
  for (const auto& [networks, user] :
       {std::pair(std::vector<std::string>{"10.0.0.0/8"}, ""),
        std::pair(std::vector<std::string>{"10.0.0.0/8", "127.0.0.1"}, "ann")}) {
    session::Options options = trusting(networks);
    options.trusted_fields = client::TrustedFields::parse({"X-Auth-Request-User"}).value();
    serve(options);
    trust("127.0.0.0/8");
    auto peer = HttpClient::connect(proxy_->http());
    peer.send(header + request);
    ASSERT_EQ(peer.read_answer().status, 200);
    EXPECT_EQ(backend_.last().field("X-Auth-Request-User"), user);
    EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
  }
}

TEST_F(ProxyProtocol, TheHeaderMayComeAByteAtATime) {
  serve({"127.0.0.1"});
  for (const std::string& header : {kLine, kBinary, kLocal}) {
    auto client = HttpClient::connect(proxy_->http());
    for (const char c : header) client.send({&c, 1});
    client.send(kGet);
    ASSERT_EQ(client.read_answer().status, 200);
    const bool is_local = header == kLocal;
    EXPECT_EQ(backend_.last().field("X-Real-IP"), is_local ? "127.0.0.1" : "203.0.113.9");
  }
}

TEST_F(ProxyProtocol, TheHeaderComesBeforeTls) {
  serve({"127.0.0.1"});
  for (const std::string& header : {kLine, kBinary}) {
    auto stream = SocketStream::connect(proxy_->https());
    ASSERT_TRUE(stream.send(header));
    ASSERT_EQ(stream.start_tls({.server_name = "shop.test", .alpn = ""}), "");
    HttpClient client(std::move(stream));
    EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
    EXPECT_EQ(backend_.last().field("X-Forwarded-Proto"), "https");
  }
}

TEST_F(ProxyProtocol, FieldsCountOfAClientThatIsTrustedItselfAndOfNoOther) {
  const std::string request =
      "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n";
  serve({"127.0.0.1", "203.0.113.0/24"});
  auto by_cdn = HttpClient::connect(proxy_->http());
  by_cdn.send(kLine + request);
  ASSERT_EQ(by_cdn.read_answer().status, 200);
  EXPECT_EQ(backend_.last().field("X-Forwarded-For"), "198.51.100.7, 203.0.113.9");
  auto by_itself = HttpClient::connect(proxy_->http());
  by_itself.send("PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" + request);
  ASSERT_EQ(by_itself.read_answer().status, 200);
  EXPECT_EQ(backend_.last().field("X-Forwarded-For"), "192.0.2.1");
}

TEST_F(ProxyProtocol, WhoBeginsOtherwiseIsClosedWithItsReason) {
  serve({"127.0.0.1"});
  for (const std::uint16_t port : {proxy_->http(), proxy_->https()}) {
    EXPECT_TRUE(is_closed(port, kGet));
    EXPECT_TRUE(is_closed(port, "PROXY TCP4 203.0.113.999 10.0.0.1 1 2\r\n"));
    EXPECT_TRUE(is_closed(port, "PROXY UNKNOWN " + std::string(200, 'x')));
  }
  EXPECT_EQ(refused("no_proxy_header"), 2);
  EXPECT_EQ(refused("malformed_proxy_header"), 2);
  EXPECT_EQ(refused("proxy_header_too_long"), 2);
  EXPECT_EQ(backend_.requests(), 0);
}

TEST_F(ProxyProtocol, WhoIsNotTrustedIsClosedWhateverItSays) {
  serve({"10.0.0.0/8"});
  for (const std::string& header : {kLine, kBinary, kLocal, ""s}) {
    EXPECT_TRUE(is_closed(proxy_->http(), header + std::string(kGet)));
  }
  EXPECT_TRUE(eventually([&] { return refused("untrusted_peer") == 4; }));
  EXPECT_EQ(backend_.requests(), 0);
}

TEST_F(ProxyProtocol, AHeaderThatDoesNotComeToItsEndHasADeadline) {
  session::Options options = trusting({"127.0.0.1"});
  options.timeouts.handshake = std::chrono::milliseconds(50);
  serve(options);
  EXPECT_TRUE(is_closed(proxy_->http(), kLine.substr(0, 20)));
  EXPECT_TRUE(eventually([&] { return refused("timeout") == 1; }));
  auto gone = SocketStream::connect(proxy_->http());
  gone.send(kLine.substr(0, 20));
  gone.finish_sending();
  EXPECT_EQ(gone.receive_all(), "");
}

TEST_F(ProxyProtocol, TheFlagWantsAHeaderAlsoWhereTheConfigurationSaysThatOneMayCome) {
  serve({"127.0.0.1"});
  config::Arrivals arrivals;
  arrivals.takes_proxy_headers = true;
  auto config = shop({backend_.port()});
  config.arrivals[""] = std::make_shared<const config::Arrivals>(arrivals);
  ASSERT_TRUE(proxy_->publish(config));
  EXPECT_TRUE(is_closed(proxy_->http(), kGet));
  EXPECT_EQ(refused("no_proxy_header"), 1);
  auto direct = HttpClient::connect(proxy_->engine().direct_http_port());
  direct.send(kLine + std::string(kGet));
  EXPECT_EQ(direct.read_answer().status, 400) << "nothing is taken there";
}

TEST_F(ProxyProtocol, ADirectPortTakesNoHeader) {
  serve({"127.0.0.1"});
  auto client = HttpClient::connect(proxy_->engine().direct_http_port());
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "127.0.0.1");
  auto with_header = HttpClient::connect(proxy_->engine().direct_http_port());
  with_header.send(kLine + std::string(kGet));
  EXPECT_EQ(with_header.read_answer().status, 400);
  auto stream = SocketStream::connect(proxy_->engine().direct_https_port());
  EXPECT_EQ(stream.start_tls({.server_name = "shop.test", .alpn = ""}), "");
}

// Without the flag.
class ProxyProtocolByConfiguration : public ProxyProtocol {
 protected:
  void SetUp() override { start(RunningEngine::quick()); }
  void start(const session::Options& options) { proxy_.emplace(options); }
  void trust(std::string_view network, bool takes_headers) {
    config::Arrivals arrivals;
    arrivals.trusted_proxies = {config::Network::parse(network).value()};
    arrivals.takes_proxy_headers = takes_headers;
    auto config = shop({backend_.port()});
    add_certificate(config, "shop.test", certificate_);
    config.arrivals[""] = std::make_shared<const config::Arrivals>(arrivals);
    ASSERT_TRUE(proxy_->publish(config));
  }
  int status_of(std::string_view bytes) {
    auto client = HttpClient::connect(proxy_->http());
    client.send(bytes);
    return client.read_answer().status;
  }
  double refused_for_anything() {
    double all = 0;
    for (const char* reason : {"untrusted_peer", "no_proxy_header", "malformed_proxy_header",
                               "proxy_header_too_long", "client_closed", "timeout"}) {
      all += refused(reason);
    }
    return all;
  }
  double failed_handshakes(const std::string& reason) {
    return proxy_->metric("gatehouse_proxy_tls_handshake_failures_total{reason=\"" + reason +
                          "\"}");
  }
  double absent() { return proxy_->metric("gatehouse_proxy_proxy_headers_absent_total"); }

  const config::Certificate certificate_ = issue({"shop.test"});
};

TEST_F(ProxyProtocolByConfiguration, ATrustedProxyMayNameItsClientAndNeedNot) {
  trust("127.0.0.0/8", true);
  for (const std::string& header : {kLine, kBinary, kLocal, ""s}) {
    const std::string expected = header == kLine || header == kBinary ? "203.0.113.9" : "127.0.0.1";
    ASSERT_EQ(status_of(header + std::string(kGet)), 200) << header;
    EXPECT_EQ(backend_.last().field("X-Real-IP"), expected) << header;
    auto stream = SocketStream::connect(proxy_->https());
    if (!header.empty()) stream.send(header);
    ASSERT_EQ(stream.start_tls({.server_name = "shop.test", .alpn = ""}), "") << header;
    HttpClient client(std::move(stream));
    EXPECT_EQ(client.get("/").status, 200) << header;
    EXPECT_EQ(backend_.last().field("X-Real-IP"), expected) << header;
  }
  EXPECT_EQ(absent(), 2);
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, WhoIsNotTrustedIsReadAsItIs) {
  trust("10.0.0.0/8", true);
  EXPECT_EQ(status_of(kGet), 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "127.0.0.1");
  for (const std::string& header : {kLine, kBinary, kLocal}) {
    EXPECT_EQ(status_of(header + std::string(kGet)), 400) << "its own words";
  }
  auto stream = SocketStream::connect(proxy_->https());
  EXPECT_EQ(stream.start_tls({.server_name = "shop.test", .alpn = ""}), "");
  EXPECT_EQ(backend_.requests(), 1);
  EXPECT_EQ(absent(), 0) << "it is none that could have sent one";
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, WhatBeginsAHeaderAndIsNoneIsClosed) {
  trust("127.0.0.0/8", true);
  for (const std::uint16_t port : {proxy_->http(), proxy_->https()}) {
    EXPECT_TRUE(is_closed(port, "PROXY TCP4 203.0.113.999 10.0.0.1 1 2\r\n"));
    EXPECT_TRUE(is_closed(port, "PROXY TCP4 / HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
  }
  EXPECT_EQ(refused("malformed_proxy_header"), 4);
  auto gone = SocketStream::connect(proxy_->http());
  gone.send(kLine.substr(0, 20));
  gone.finish_sending();
  EXPECT_EQ(gone.receive_all(), "");
  EXPECT_TRUE(eventually([&] { return refused("client_closed") == 1; }));
  EXPECT_EQ(backend_.requests(), 0);
}

TEST_F(ProxyProtocolByConfiguration, ARequestThatBeginsAsAHeaderMightComesAByteAtATime) {
  trust("127.0.0.0/8", true);
  // Whoever is behind a balancer that speaks HTTP can choose the method, and is not to have that
  // one's connection closed without an answer, which balancers take for a failure.
  for (const std::string& method : {"PUT"s, "PROXY"s}) {
    auto client = HttpClient::connect(proxy_->http());
    const std::string rest = " / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n\r\n";
    for (const char c : method + rest) client.send({&c, 1});
    EXPECT_EQ(client.read_answer().status, 200) << method;
    EXPECT_EQ(backend_.last().field("X-Real-IP"), "127.0.0.1");
  }
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, FieldsCountOfATrustedProxyThatSendsNoHeader) {
  trust("127.0.0.0/8", true);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"),
            200);
  EXPECT_EQ(backend_.last().field("X-Forwarded-For"), "198.51.100.7, 127.0.0.1");
}

TEST_F(ProxyProtocolByConfiguration, IsTurnedOnAndOffForConnectionsThatComeAfterwards) {
  trust("127.0.0.0/8", false);
  auto before = HttpClient::connect(proxy_->http());
  EXPECT_EQ(before.get("/").status, 200);
  EXPECT_EQ(status_of(kLine + std::string(kGet)), 400);
  trust("127.0.0.0/8", true);
  EXPECT_EQ(before.get("/").status, 200);
  auto during = HttpClient::connect(proxy_->http());
  during.send(kLine + std::string(kGet));
  EXPECT_EQ(during.read_answer().status, 200);
  trust("127.0.0.0/8", false);
  EXPECT_EQ(during.get("/").status, 200);
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9") << "it keeps what it began with";
  EXPECT_EQ(status_of(kLine + std::string(kGet)), 400);
}

TEST_F(ProxyProtocolByConfiguration, WhoLeavesWithoutAWordIsNoHeaderThatIsRefused) {
  trust("127.0.0.0/8", true);
  for (const std::uint16_t port : {proxy_->http(), proxy_->https()}) {
    auto gone = SocketStream::connect(port);
    gone.finish_sending();
    EXPECT_EQ(gone.receive_all(), "");
  }
  EXPECT_TRUE(eventually([&] { return failed_handshakes("client_closed") == 1; }));
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, WhoSaysNothingIsClosedAsOnAnyPort) {
  session::Options options = RunningEngine::quick();
  options.timeouts.handshake = options.timeouts.request_header = std::chrono::milliseconds(50);
  start(options);
  trust("127.0.0.0/8", true);
  for (const std::uint16_t port : {proxy_->http(), proxy_->https()}) {
    EXPECT_EQ(SocketStream::connect(port).receive_all(), "");
  }
  EXPECT_TRUE(eventually([&] { return failed_handshakes("timeout") == 1; }));
  EXPECT_EQ(proxy_->metric(
                "gatehouse_proxy_connections_stalled_total{reason=\"request_header_timeout\"}"),
            1);
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, WhoSaysNothingHoldsNobodyUpWhenTheProxyStops) {
  trust("127.0.0.0/8", true);
  const auto silent = SocketStream::connect(proxy_->http());
  ASSERT_TRUE(eventually([&] { return proxy_->metric("gatehouse_proxy_connections_open") == 1; }));
  EXPECT_EQ(proxy_->engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}),
            0u);
  EXPECT_EQ(proxy_->metric(
                "gatehouse_proxy_connections_stalled_total{reason=\"request_header_timeout\"}"),
            0);
}

TEST_F(ProxyProtocolByConfiguration, AHeaderThatDoesNotComeHoldsNobodyUpWhenTheProxyStops) {
  trust("127.0.0.0/8", true);
  auto half = SocketStream::connect(proxy_->https());
  ASSERT_TRUE(half.send(kLine.substr(0, 5)));
  ASSERT_TRUE(eventually([&] { return proxy_->metric("gatehouse_proxy_connections_open") == 1; }));
  EXPECT_EQ(proxy_->engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {}),
            0u);
  EXPECT_EQ(refused_for_anything(), 0);
}

TEST_F(ProxyProtocolByConfiguration, WhoHasOnlyJustConnectedIsStillServedWhenTheProxyStops) {
  trust("127.0.0.0/8", true);
  auto client = HttpClient::connect(proxy_->http());
  ASSERT_TRUE(eventually([&] { return proxy_->metric("gatehouse_proxy_connections_open") == 1; }));
  std::size_t left = 99;
  std::thread drain([&] {
    left = proxy_->engine().drain({std::chrono::milliseconds(0), std::chrono::seconds(5)}, {});
  });
  EXPECT_TRUE(eventually([&] { return SocketStream::connect(proxy_->http()).fd() < 0; }));
  client.send(kLine + std::string(kGet));
  const HttpAnswer answer = client.read_answer();
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.field("connection"), "close");
  EXPECT_EQ(backend_.last().field("X-Real-IP"), "203.0.113.9");
  client.stream().close();
  drain.join();
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace proxy::support
