// The proxy between programs that nobody here wrote: Debian's nginx and haproxy as what it asks and
// as what asks it, nghttp and curl as its clients. Skipped where a program is not.
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/net/socket.h"
#include "tests/integration/proxy/debian_servers.h"
#include "tests/integration/support/child_process.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace integration {
namespace {

using proxy::support::add_certificate;
using proxy::support::Http2Client;
using proxy::support::HttpAnswer;
using proxy::support::HttpClient;
using proxy::support::issue;
using proxy::support::RunningEngine;
using proxy::support::ScriptedBackend;
using proxy::support::SeenRequest;
using proxy::support::SocketStream;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kMuch = 3u << 20;  // more than windows and buffers hold together

std::string listen(int port, const std::string& how = "") {
  return "listen 127.0.0.1:" + std::to_string(port) + " " + how + "; ";
}

struct Outcome {
  int exit_code = -1;
  std::string output;
};

class RealPeers : public ::testing::Test {
 protected:
  RealPeers() {
    servers_.write("own.key", own_.key_pem.text());
    servers_.write("own.crt", own_.chain_pem.text());
    servers_.write("own.pem", own_.chain_pem.text() + own_.key_pem.text());
    servers_.write("root/much", std::string(kMuch, 'x'));
  }

  // What nginx says of a request, a large file at /much, and /sink, which takes what is uploaded to
  // its end and says how much it was.
  std::string server(const std::string& listens, const std::string& says) const {
    return "server { " + listens + "ssl_certificate " + servers_.path("own.crt") +
           "; ssl_certificate_key " + servers_.path("own.key") + "; root " + servers_.path("root") +
           "; location = / { return 200 \"" + says + "\"; } location = /sink { " +
           "client_max_body_size 0; proxy_set_body ''; proxy_pass http://127.0.0.1:" +
           std::to_string(sink_port_) + "; } }";
  }
  // Where /sink ends, when the whole body has come.
  std::string sink() const {
    return "server { " + listen(sink_port_) + " return 200 \"taken\"; } ";
  }
  std::unique_ptr<ChildProcess> start_nginx(int port, const std::string& listens,
                                            const std::string& says) const {
    return servers_.start_nginx(port, sink() + server(listens, says));
  }

  static proxy::config::Cluster verified(const std::string& name, const std::string& trusted) {
    proxy::config::Cluster cluster;
    proxy::config::BackendTls tls;
    tls.server_name = tls.verified_name = name;
    tls.trusted_pem = trusted;
    cluster.tls = tls;
    return cluster;
  }
  proxy::config::Cluster over_tls() const {
    return verified("backend.test", own_.chain_pem.text());
  }

  void serve(RunningEngine& proxy, int port, const proxy::config::Cluster& cluster = {}) const {
    proxy::config::ProxyConfig config =
        proxy::support::shop({static_cast<std::uint16_t>(port)}, cluster);
    proxy::config::VirtualHost passing;
    passing.passthrough = proxy::config::Passthrough{"shop", ""};
    config.hosts["backend.test"] = std::make_shared<const proxy::config::VirtualHost>(passing);
    add_certificate(config, "shop.test", shop_);
    ASSERT_TRUE(proxy.publish(config));
  }

  // Heads, a large body down and a large one up, one after the other on one connection.
  static void expect_all_kinds(const RunningEngine& proxy, const std::string& says) {
    HttpClient client = HttpClient::connect(proxy.http());
    EXPECT_EQ(client.get("/").body, says);
    const HttpAnswer file = client.get("/much");
    EXPECT_EQ(file.body.size(), kMuch);
    EXPECT_TRUE(file.complete);
    client.send("PUT /sink HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " +
                std::to_string(kMuch) + "\r\n\r\n" + std::string(kMuch, 'y'));
    EXPECT_EQ(client.read_answer().body, "taken");
    client.send(
        "POST /sink HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_answer().body, "taken");
    client.send("HEAD /much HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    EXPECT_EQ(client.read_answer(true).field("content-length"), std::to_string(kMuch));
    client.send("GET /much HTTP/1.1\r\nHost: shop.test\r\nRange: bytes=0-9\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 206);
    EXPECT_EQ(client.get("/nowhere").status, 404);
    EXPECT_EQ(client.get("/").body, says);
  }

  static std::string address_of(SocketStream& stream) {
    return proxy::net::local_address(stream.fd()).text();
  }

  // A program to its end; its output, and how it ended.
  Outcome run(const std::vector<std::string>& command) const {
    const std::string path = servers_.write("command-output", "");
    const auto process =
        ChildProcess::start({.command = command, .environment = {}, .output = path});
    if (!process) return {};
    Outcome outcome;
    outcome.exit_code = (*process)->wait_for_exit(std::chrono::seconds(20)).value_or(-1);
    outcome.output = (*process)->output();
    return outcome;
  }
  bool is_there(const std::string& program) const {
    return run({program, "--version"}).exit_code == 0;
  }

  DebianServers servers_;
  const proxy::config::Certificate own_ = issue({"backend.test"});
  const proxy::config::Certificate shop_ = issue({"shop.test"});
  const int sink_port_ = find_free_port();
};

TEST_F(RealPeers, NginxIsAnHttpsBackend) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    const int port = find_free_port();
    const auto nginx = start_nginx(port, listen(port, "ssl") + "ssl_protocols " + version + "; ",
                                   "$ssl_protocol $ssl_server_name $server_protocol $http_host");
    RunningEngine proxy;
    serve(proxy, port, over_tls());
    expect_all_kinds(proxy, version + " backend.test HTTP/1.1 shop.test");
    // Of another name, or of other authorities, it gets nothing.
    serve(proxy, port, verified("other.test", own_.chain_pem.text()));
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").status, 502);
    serve(proxy, port, verified("backend.test", shop_.chain_pem.text()));
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").status, 502);
  }
}

TEST_F(RealPeers, NginxResumesTheSessionOfTheConnectionBefore) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    const int port = find_free_port();
    const auto nginx = start_nginx(
        port, listen(port, "ssl") + "keepalive_timeout 0; ssl_protocols " + version + "; ",
        "$ssl_session_reused");
    RunningEngine proxy;
    serve(proxy, port, over_tls());
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, ".") << version;
    EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body, "r") << version;
  }
}

TEST_F(RealPeers, NginxIsAnHttp2Backend) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  const int clear = find_free_port(), tls = find_free_port();
  const auto nginx = start_nginx(clear, listen(clear, "http2") + listen(tls, "ssl http2"),
                                 "$server_protocol $ssl_server_name.");
  for (const bool is_clear : {true, false}) {
    RunningEngine proxy;
    proxy::config::Cluster cluster = is_clear ? proxy::config::Cluster{} : over_tls();
    cluster.speaks_http2 = true;
    serve(proxy, is_clear ? clear : tls, cluster);
    expect_all_kinds(proxy, is_clear ? "HTTP/2.0 ." : "HTTP/2.0 backend.test.");
    EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_connections_open"), 1);
  }
}

TEST_F(RealPeers, HaproxyIsAnHttp2Backend) {
  if (!DebianServers::has_haproxy()) GTEST_SKIP() << "needs haproxy";
  const int clear = find_free_port(), tls = find_free_port();
  const auto haproxy =
      servers_.start_haproxy(clear,
                             "defaults\n mode http\n timeout client 5s\n"
                             "frontend f\n bind 127.0.0.1:" +
                                 std::to_string(clear) +
                                 " proto h2\n"
                                 " bind 127.0.0.1:" +
                                 std::to_string(tls) + " ssl crt " + servers_.path("own.pem") +
                                 " alpn h2\n"
                                 " http-request return status 200 content-type text/plain lf-string"
                                 " \"%HV %[ssl_fc_sni] %[req.hdr(host)]\"\n");
  for (const bool is_clear : {true, false}) {
    RunningEngine proxy;
    proxy::config::Cluster cluster = is_clear ? proxy::config::Cluster{} : over_tls();
    cluster.speaks_http2 = true;
    serve(proxy, is_clear ? clear : tls, cluster);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").body,
                is_clear ? "HTTP/2.0  shop.test" : "HTTP/2.0 backend.test shop.test");
    }
    EXPECT_EQ(proxy.metric("gatehouse_proxy_upstream_connections_open"), 1);
  }
}

TEST_F(RealPeers, NginxIsToldOfTheClientByAProxyHeader) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  const int port = find_free_port();
  const auto nginx = start_nginx(port, listen(port, "proxy_protocol"),
                                 "$proxy_protocol_addr:$proxy_protocol_port");
  for (const auto version : {proxy::config::ProxyProtocol::v1, proxy::config::ProxyProtocol::v2}) {
    RunningEngine proxy;
    proxy::config::Cluster cluster;
    cluster.proxy_protocol = version;
    serve(proxy, port, cluster);
    for (int i = 0; i < 3; ++i) {
      HttpClient client = HttpClient::connect(proxy.http());
      const std::string own = address_of(client.stream());
      EXPECT_EQ(client.get("/").body, own);
      EXPECT_EQ(client.get("/").body, own);
    }
    HttpClient client = HttpClient::connect(proxy.http());
    EXPECT_EQ(client.get("/much").body.size(), kMuch);
  }
}

TEST_F(RealPeers, NginxEndsTlsThatIsPassedThroughAndIsToldOfTheClient) {
  if (!DebianServers::has_nginx()) GTEST_SKIP() << "needs nginx (nginx-light)";
  const int port = find_free_port();
  const auto nginx =
      start_nginx(port, listen(port, "ssl http2 proxy_protocol"),
                  "$server_protocol $ssl_server_name $proxy_protocol_addr:$proxy_protocol_port");
  for (const auto version : {proxy::config::ProxyProtocol::v1, proxy::config::ProxyProtocol::v2}) {
    RunningEngine proxy;
    proxy::config::Cluster cluster;
    cluster.proxy_protocol = version;
    serve(proxy, port, cluster);
    SocketStream stream = SocketStream::connect(proxy.https());
    const std::string own = address_of(stream);
    ASSERT_EQ(stream.start_tls({"backend.test", "", nullptr}), "");
    HttpClient client(std::move(stream));
    EXPECT_EQ(client.get("/", "backend.test").body, "HTTP/1.1 backend.test " + own);
    EXPECT_EQ(client.get("/much", "backend.test").body.size(), kMuch);
    SocketStream second = SocketStream::connect(proxy.https());
    const std::string its_own = address_of(second);
    ASSERT_EQ(second.start_tls({"backend.test", "h2", nullptr}), "");
    Http2Client http2(std::move(second));
    EXPECT_EQ(http2.wait(http2.get("/", "backend.test")).body, "HTTP/2.0 backend.test " + its_own);
    EXPECT_EQ(http2.wait(http2.get("/much", "backend.test")).body.size(), kMuch);
  }
}

// A balancer that speaks TCP and says who its client is; whom it says it is told by us.
TEST_F(RealPeers, HaproxyInFrontSaysWhoItsClientIs) {
  if (!DebianServers::has_haproxy()) GTEST_SKIP() << "needs haproxy";
  const ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.field("X-Forwarded-For") + " " +
                                           request.field("X-Forwarded-Proto")));
  });
  for (const std::string how : {"send-proxy", "send-proxy-v2", "send-proxy-v2-ssl",
                                "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority"}) {
    proxy::session::Options options = RunningEngine::quick();
    options.trusted_proxies = proxy::client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
    RunningEngine proxy(options, 1, "127.0.0.1:0", true);
    serve(proxy, backend.port());
    const int plain = find_free_port(), tls = find_free_port();
    const auto to = [&](int port, std::uint16_t next) {
      return "listen l" + std::to_string(port) + "\n bind 127.0.0.1:" + std::to_string(port) +
             " accept-proxy\n unique-id-format %Ts\n server s 127.0.0.1:" + std::to_string(next) +
             " check inter 20ms " + how + "\n";
    };
    const auto haproxy = servers_.start_haproxy(
        plain,
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n" +
            to(plain, proxy.http()) + to(tls, proxy.https()));
    HttpClient client = HttpClient::connect(static_cast<std::uint16_t>(plain));
    client.send("PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n");
    EXPECT_EQ(client.get("/").body, "203.0.113.9 http") << how;
    SocketStream stream = SocketStream::connect(static_cast<std::uint16_t>(tls));
    stream.send("PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n");
    ASSERT_EQ(stream.start_tls({"shop.test", "", nullptr}), "") << how;
    HttpClient secure(std::move(stream));
    EXPECT_EQ(secure.get("/").body, "2001:db8::7 https") << how;
  }
}

TEST_F(RealPeers, NghttpIsServedWithPaddingPrioritiesAndTrailers) {
  if (!is_there("nghttp")) GTEST_SKIP() << "needs nghttp (nghttp2-client)";
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok("got " + std::to_string(request.body.size())));
  });
  RunningEngine proxy;
  serve(proxy, backend.port());
  const std::string url = "https://127.0.0.1:" + std::to_string(proxy.https()) + "/";
  const auto nghttp = [&](std::vector<std::string> more) {
    std::vector<std::string> command = {"nghttp", "--timeout=10", "-H", ":authority: shop.test"};
    command.insert(command.end(), more.begin(), more.end());
    command.push_back(url);
    return run(command).output;
  };
  EXPECT_THAT(nghttp({}), HasSubstr("got 0"));
  EXPECT_THAT(nghttp({"--padding=200", "--weight=7", "--no-dep"}), HasSubstr("got 0"));
  EXPECT_THAT(nghttp({"--hexdump", "--window-bits=30", "--header-table-size=0"}),
              HasSubstr("got 0"));
  const std::string file = servers_.path("root/much");
  const std::string uploaded = "got " + std::to_string(kMuch);
  EXPECT_THAT(nghttp({"--data=" + file}), HasSubstr(uploaded));
  EXPECT_THAT(nghttp({"--data=" + file, "--padding=100", "--trailer=x-sum: 7",
                      "--no-content-length", "--expect-continue"}),
              HasSubstr(uploaded));
  EXPECT_THAT(backend.last().trailer, HasSubstr("x-sum: 7"));
  const std::string frames = nghttp({"--multiply=20", "--verbose", "--null-out"});
  EXPECT_THAT(frames, HasSubstr(":status: 200"));
  EXPECT_THAT(frames, Not(HasSubstr("RST_STREAM")));
}

// Debian 12's curl calls a stream's reset an error, if it comes before it has read the answer.
TEST_F(RealPeers, CurlTakesAnAnswerThatComesBeforeItHasSentAll) {
  if (!is_there("curl")) GTEST_SKIP() << "needs curl";
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  proxy::config::ProxyConfig config = proxy::support::shop({backend.port()});
  proxy::config::VirtualHost host = *config.hosts["shop.test"];
  proxy::config::Policies small;
  small.body_bytes_max = 1000;
  host.routes.front().policies = small;
  config.hosts["shop.test"] = std::make_shared<const proxy::config::VirtualHost>(host);
  add_certificate(config, "shop.test", shop_);
  ASSERT_TRUE(proxy.publish(config));
  const std::string at = "shop.test:" + std::to_string(proxy.https());
  for (const char* const version : {"--http2", "--http1.1"}) {
    for (const std::string how : {"--data-binary", "--upload-file"}) {
      for (int i = 0; i < 5; ++i) {
        const std::string body = (how == "--data-binary" ? "@" : "") + servers_.path("root/much");
        const Outcome answer =
            run({"curl", "-sS", "-m", "10", "-k", "-o", "/dev/null", "--resolve", at + ":127.0.0.1",
                 version, how, body, "-w", "%{http_code}", "https://" + at + "/"});
        EXPECT_EQ(answer.output, "413") << version << how;
        EXPECT_EQ(answer.exit_code, 0) << version << how;
      }
    }
  }
  EXPECT_EQ(backend.requests(), 0);
}

}  // namespace
}  // namespace integration
