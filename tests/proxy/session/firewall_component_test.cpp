// Requests that are inspected before they go on, seen by clients and by the endpoint behind. But
// for the last tests, what is found, and when, is the test's.
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/held_work.h"
#include "tests/proxy/support/http2_backend.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ScriptedBackend::Script says_hello() {
  return [](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  };
}

std::string request(const std::string& path, const std::string& fields = "",
                    const std::string& body = "", const std::string& method = "POST") {
  return method + " " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n" + body;
}

std::string with_length(const std::string& path, const std::string& body) {
  return request(path, "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
}

// A request with "evil" in its target or body is an attack. While it is held, nothing is found.
class Findings : public HeldWork {
 public:
  auto inspect() {
    return [this](const firewall::Subject& subject,
                  const config::Firewall&) -> base::Result<firewall::Findings> {
      note(subject);
      begin(subject.body.size());
      const auto has_evil = [](std::string_view text) {
        return text.find("evil") != std::string_view::npos;
      };
      if (has_evil(subject.head.query) || has_evil(subject.body)) return {{true, {942100, 942190}}};
      return firewall::Findings{};
    };
  }
  std::string last_body() const {
    const std::lock_guard lock(mutex_);
    return last_body_;
  }
  bool was_cut() const {
    const std::lock_guard lock(mutex_);
    return was_cut_;
  }

 private:
  void note(const firewall::Subject& subject) {
    const std::lock_guard lock(mutex_);
    last_body_ = subject.body;
    was_cut_ = subject.body_is_cut;
  }

  mutable std::mutex mutex_;
  std::string last_body_;
  bool was_cut_ = false;
};

class Firewall : public ::testing::Test {
 protected:
  ~Firewall() override { findings.release(); }

  static config::Guards guards(const config::Firewall& firewall = {}) {
    config::Guards guards;
    guards.firewall = firewall;
    return guards;
  }
  // Below /guarded these guards hold.
  config::ProxyConfig shop_with(const config::Guards& guards, bool gathers = false) {
    config::ProxyConfig config = shop({backend.port()});
    guard_below("/guarded", config, guards, gathers);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    return config;
  }
  session::Options options() {
    session::Options options = RunningEngine::quick();
    options.inspectors.inspect = findings.inspect();
    options.inspectors.threads = 1;
    options.inspectors.limits.waiting_of_one_max = 1;
    options.inspectors.wait_max = std::chrono::seconds(60);
    return options;
  }
  session::Options impatient() {
    session::Options made = options();
    made.inspectors.wait_max = std::chrono::milliseconds(20);
    return made;
  }
  static HttpAnswer ask(RunningEngine& proxy, const std::string& text) {
    auto client = HttpClient::connect(proxy.http());
    client.send(text);
    return client.read_answer();
  }
  HttpAnswer ask(const std::string& text) { return ask(proxy, text); }

  ScriptedBackend backend{says_hello()};
  Findings findings;
  RunningEngine proxy{options()};
};

TEST_F(Firewall, BlocksAnAttackWithItsRulesInTheLogAndCountsIt) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  EXPECT_EQ(ask(request("/guarded?q=evil", "", "", "GET")).status, 403);
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"reason\":\"firewall\""));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall_rules\":[942100,942190]"));
  EXPECT_EQ(ask(request("/guarded?q=good", "", "", "GET")).status, 200);
  EXPECT_EQ(ask(request("/?q=evil", "", "", "GET")).status, 200);
  const std::string family = "gatehouse_proxy_firewall_requests_total";
  EXPECT_EQ(proxy.metric(family + R"({rules="core",mode="block",outcome="attack"})"), 1);
  EXPECT_EQ(proxy.metric(family + R"({rules="core",mode="block",outcome="clean"})"), 1);
  EXPECT_EQ(proxy.metric(R"(gatehouse_proxy_refusals_total{reason="firewall"})"), 1);
}

TEST_F(Firewall, DetectsWithoutBlocking) {
  ASSERT_TRUE(proxy.publish(shop_with(guards({.mode = config::FirewallMode::detect}))));
  EXPECT_EQ(ask(request("/guarded?q=evil", "", "", "GET")).status, 200);
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall\":\"detected\""));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"firewall_rules\":[942100,942190]"));
}

TEST_F(Firewall, InspectsAWholeBodyAndPassesItOnAsItCame) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  const std::string body(300'000, 'b');
  EXPECT_EQ(ask(with_length("/guarded", body)).status, 200);
  EXPECT_EQ(findings.last_body(), body);
  EXPECT_FALSE(findings.was_cut());
  EXPECT_EQ(backend.last().body, body);
  EXPECT_EQ(ask(with_length("/guarded", body + "evil")).status, 403);
  EXPECT_EQ(backend.requests(), 1);
}

TEST_F(Firewall, InspectsABodyOfUnknownLengthInWhateverPiecesItComes) {
  for (const bool gathers : {false, true}) {
    ASSERT_TRUE(proxy.publish(shop_with(guards(), gathers)));
    auto client = HttpClient::connect(proxy.http());
    client.send(request("/guarded", "Transfer-Encoding: chunked\r\n", "4\r\nfirs\r\n"));
    client.send("1\r\nt\r\n");
    client.send("3\r\nend\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_EQ(findings.last_body(), "firstend");
    EXPECT_EQ(backend.last().body, "firstend");
  }
}

TEST_F(Firewall, TellsAClientThatWaitsForItToSendItsBody) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/guarded", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(backend.last().body, "body");
}

TEST_F(Firewall, RefusesABodyThatIsLargerThanIsInspectedUnlessItMayPass) {
  config::Firewall settings{.body_bytes_max = 1000};
  const std::string body(1001, 'b');
  const std::string chunked =
      request("/guarded", "Transfer-Encoding: chunked\r\n", "3e9\r\n" + body + "\r\n0\r\n\r\n");
  ASSERT_TRUE(proxy.publish(shop_with(guards(settings))));
  EXPECT_EQ(ask(with_length("/guarded", body)).status, 413);
  EXPECT_EQ(ask(chunked).status, 413);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("\"reason\":\"firewall_body_too_large\""));
  EXPECT_EQ(ask(with_length("/guarded", body.substr(1))).status, 200);
  EXPECT_EQ(findings.begun(), 1);

  settings.passes_uninspected = true;
  ASSERT_TRUE(proxy.publish(shop_with(guards(settings))));
  for (const std::string& text : {with_length("/guarded", body), chunked}) {
    EXPECT_EQ(ask(text).status, 200);
    EXPECT_EQ(findings.last_body(), body.substr(1));
    EXPECT_TRUE(findings.was_cut());
    EXPECT_EQ(backend.last().body, body);
  }
  EXPECT_EQ(ask(with_length("/guarded", "evil" + body)).status, 403);
}

TEST_F(Firewall, ABodyThatIsTooLargeForItsRouteIsNotInspected) {
  config::ProxyConfig config = shop_with(guards());
  config::VirtualHost host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) route.policies.change().body_bytes_max = 10;
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(ask(with_length("/guarded", "eleven bytes")).status, 413);
  EXPECT_EQ(findings.begun(), 0);
}

TEST_F(Firewall, NobodyElseWaits) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  findings.hold();
  auto waiting = HttpClient::connect(proxy.http());
  waiting.send(with_length("/guarded", "body"));
  findings.wait_until_begun(1);
  EXPECT_EQ(ask(request("/", "", "", "GET")).status, 200);
  findings.release();
  EXPECT_EQ(waiting.read_answer().status, 200);
}

TEST_F(Firewall, LargeBodiesDoNotKeepSmallRequestsWaiting) {
  session::Options two = options();
  two.inspectors.threads = 2;
  two.inspectors.limits.waiting_of_one_max = 10;
  RunningEngine engine{two};
  ASSERT_TRUE(engine.publish(shop_with(guards())));
  const std::string large(session::Inspectors::kSmallBytesMax + 1, 'b');
  findings.hold_larger_than(session::Inspectors::kSmallBytesMax);
  auto first = HttpClient::connect(engine.http());
  auto second = HttpClient::connect(engine.http());
  first.send(with_length("/guarded", large));
  second.send(with_length("/guarded", large));
  findings.wait_until_begun(1);
  EXPECT_EQ(ask(engine, with_length("/guarded", "little")).status, 200);
  findings.release();
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(second.read_answer().status, 200);
}

// Of bodies that come in slowly, one client's fill its share of the memory and no more.
TEST_F(Firewall, SlowBodiesOfOneClientKeepNobodyElseFromBeingInspected) {
  session::Options small = options();
  small.gathered_bytes_max = 1u << 20;
  small.inspectors.limits.waiting_of_one_max = 10;
  small.trusted_proxies = client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
  RunningEngine engine{small};
  ASSERT_TRUE(engine.publish(shop_with(guards())));
  const auto of_client = [](const std::string& address, std::size_t announced, std::size_t sent) {
    return request(
        "/guarded",
        "X-Forwarded-For: " + address + "\r\nContent-Length: " + std::to_string(announced) + "\r\n",
        std::string(sent, 'b'));
  };
  constexpr std::size_t kSlow = 40;
  std::vector<HttpClient> slow;
  for (std::size_t i = 0; i < kSlow; ++i) {
    slow.push_back(HttpClient::connect(engine.http()));
    slow.back().send(of_client("203.0.113.1", 100'000, 40'000));
  }
  // Each of them waits, or was refused.
  ASSERT_TRUE(eventually([&] {
    const double refused =
        engine.metric(R"(gatehouse_proxy_refusals_total{reason="firewall_memory_full"})");
    const double held = engine.metric("gatehouse_proxy_gathered_request_bytes");
    return refused > 0 && held >= 40'000 * (kSlow - refused);
  }));
  EXPECT_EQ(ask(engine, of_client("203.0.113.2", 50'000, 50'000)).status, 200);
  EXPECT_EQ(ask(engine, of_client("203.0.113.2", 10, 10)).status, 200);
  EXPECT_EQ(ask(engine, of_client("203.0.113.1", 10'000, 10'000)).status, 200);
  EXPECT_EQ(ask(engine, of_client("203.0.113.1", 70'000, 70'000)).status, 503);
}

TEST_F(Firewall, WhoFindsNoRoomIsRefusedUnlessItMayPass) {
  for (const bool passes : {false, true}) {
    ASSERT_TRUE(proxy.publish(shop_with(guards({.passes_uninspected = passes}))));
    findings.hold();
    const int before = findings.begun();
    auto first = HttpClient::connect(proxy.http());
    first.send(with_length("/guarded", "first"));
    findings.wait_until_begun(before + 1);
    auto second = HttpClient::connect(proxy.http());
    second.send(with_length("/guarded", "second"));
    const auto third = [&] { return ask(with_length("/guarded", "third")); };
    // The second one may have no place in the queue yet.
    HttpAnswer refused;
    ASSERT_TRUE(eventually([&] {
      refused = third();
      return refused.status == (passes ? 200 : 503);
    }));
    EXPECT_EQ(refused.field("retry-after"), passes ? "" : "2");
    findings.release();
    EXPECT_EQ(first.read_answer().status, 200);
    second.read_answer();
  }
  EXPECT_THAT(proxy.access_log(6), HasSubstr("\"reason\":\"firewall_busy\""));
  EXPECT_THAT(proxy.access_log(6), HasSubstr("\"firewall\":\"firewall_busy\""));
}

TEST_F(Firewall, WhatTakesTooLongIsRefusedUnlessItMayPass) {
  RunningEngine quick{impatient()};
  for (const bool passes : {false, true}) {
    ASSERT_TRUE(quick.publish(shop_with(guards({.passes_uninspected = passes}))));
    findings.hold();
    EXPECT_EQ(ask(quick, with_length("/guarded", "body")).status, passes ? 200 : 503);
    findings.release();
  }
  EXPECT_EQ(backend.requests(), 1);
  EXPECT_EQ(backend.last().body, "body");
  EXPECT_THAT(quick.access_log(2), HasSubstr("\"reason\":\"firewall_too_slow\""));
}

TEST_F(Firewall, AClientThatLeavesIsForgotten) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  findings.hold();
  {
    auto client = HttpClient::connect(proxy.http());
    client.send(with_length("/guarded", std::string(100'000, 'b')));
    findings.wait_until_begun(1);
    auto next = HttpClient::connect(proxy.http());
    next.send(with_length("/guarded", std::string(100'000, 'b')));
  }
  EXPECT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 0; }));
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_gathered_request_bytes") == 0; }));
  findings.release();
  // What was given up has its place in the queue until its turn comes.
  EXPECT_TRUE(eventually([&] { return ask(with_length("/guarded", "body")).status == 200; }));
  EXPECT_EQ(backend.last().body, "body");
}

TEST_F(Firewall, AConfigurationThatComesMeanwhileDecides) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  findings.hold();
  auto client = HttpClient::connect(proxy.http());
  client.send(with_length("/guarded", "body"));
  findings.wait_until_begun(1);
  config::Guards closed;
  closed.closed = true;
  ASSERT_TRUE(proxy.publish(shop_with(closed)));
  findings.release();
  EXPECT_EQ(client.read_answer().status, 503);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(Firewall, WhoMayNotComeInIsNotInspected) {
  config::Guards both = guards();
  both.denied = {*config::Network::parse("127.0.0.0/8")};
  ASSERT_TRUE(proxy.publish(shop_with(both)));
  EXPECT_EQ(ask(with_length("/guarded", "body")).status, 403);
  EXPECT_EQ(findings.begun(), 0);
}

TEST_F(Firewall, OfAnUpgradeTheHeadIsInspected) {
  ScriptedBackend upgrades([](SocketStream& stream, const SeenRequest&) {
    stream.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "\r\nevil");
    return false;
  });
  config::ProxyConfig config = shop({upgrades.port()});
  guard_all(config, guards());
  ASSERT_TRUE(proxy.publish(config));
  const std::string fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_EQ(ask(request("/?q=evil", fields, "", "GET")).status, 403);
  EXPECT_EQ(ask(request("/", fields, "", "GET")).status, 101);
  EXPECT_EQ(findings.begun(), 2);
}

TEST_F(Firewall, StreamsOfHttp2AreInspectedEachForItself) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const auto post = [&](const std::string& path, const std::string& body) {
    return client.request(
        {{":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", path}},
        body);
  };
  const std::string body(200'000, 'b');
  EXPECT_EQ(client.wait(post("/guarded", body)).status, 200);
  EXPECT_EQ(findings.last_body(), body);
  EXPECT_EQ(backend.last().body, body);
  EXPECT_EQ(client.wait(post("/guarded", body + "evil")).status, 403);
  EXPECT_EQ(client.wait(post("/", "evil")).status, 200);
}

// Its body may never end: only the head of a call is inspected, and only where backends take calls.
TEST_F(Firewall, OfAGrpcCallTheHeadIsInspected) {
  Http2Backend calls([](const Http2Backend::Request&) { return Http2Backend::Reply{}; },
                     {.echoes = true});
  config::Cluster cluster;
  cluster.speaks_http2 = true;
  config::ProxyConfig config = shop({calls.port()}, cluster);
  guard_all(config, guards());
  add_certificate(config, "shop.test", issue({"shop.test"}));
  ASSERT_TRUE(proxy.publish(config));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const int call = client.request({{":method", "POST"},
                                   {":scheme", "https"},
                                   {":authority", "shop.test"},
                                   {":path", "/chat"},
                                   {"content-type", "application/grpc"},
                                   {"te", "trailers"}},
                                  "", true);
  client.say(call, "hello");
  client.read_until([&] { return client.answer(call).body == "hello"; });
  EXPECT_EQ(client.answer(call).body, "hello");
  EXPECT_EQ(findings.begun(), 1);
  EXPECT_EQ(findings.last_body(), "");
}

// ---- The rule set itself

TEST(FirewallForReal, BlocksWhatTheCoreRuleSetTakesForAnAttack) {
  ScriptedBackend backend(says_hello());
  session::Options options = RunningEngine::quick();
  options.inspectors.wait_max = std::chrono::seconds(60);
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  config::Guards guards;
  guards.firewall = config::Firewall{};
  guard_all(config, guards);
  ASSERT_TRUE(proxy.publish(config));
  const auto status = [&](const std::string& text) {
    auto client = HttpClient::connect(proxy.http());
    client.send(text);
    return client.read_answer().status;
  };
  const std::string browser = "User-Agent: Mozilla/5.0\r\nAccept: */*\r\n";
  EXPECT_EQ(status(request("/items?id=7", browser, "", "GET")), 200);
  EXPECT_EQ(status(request("/items?id=1%27%20OR%20%271%27=%271", browser, "", "GET")), 403);
  const std::string form = "name=%3Cscript%3Ealert(1)%3C/script%3E";
  EXPECT_EQ(status(request("/form",
                           browser + "Content-Type: application/x-www-form-urlencoded\r\n" +
                               "Content-Length: " + std::to_string(form.size()) + "\r\n",
                           form)),
            403);
}

TEST(FirewallForReal, WithoutARuleSetNobodyPassesWhoIsToBeInspected) {
  ScriptedBackend backend(says_hello());
  session::Options options = RunningEngine::quick();
  options.inspectors.rules = "/nowhere";
  RunningEngine proxy(options);
  config::ProxyConfig config = shop({backend.port()});
  config::Guards guards;
  guards.firewall = config::Firewall{};
  guard_all(config, guards);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(HttpClient::connect(proxy.http()).get("/").status, 503);
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"reason\":\"firewall_unavailable\""));
}

}  // namespace
}  // namespace proxy::support
