// Another service that is asked about each request, as the client, the backend and that service see
// it.
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/session/auth_places.h"
#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ScriptedBackend::Script says(const std::string& answer) {
  return [answer](SocketStream& stream, const SeenRequest&) { return stream.send(answer); };
}

std::string head(const std::string& status, const std::string& fields = "") {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: 0\r\n\r\n";
}

std::string request(const std::string& path, const std::string& fields = "",
                    const std::string& body = "", const std::string& method = "GET") {
  return method + " " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n" + body;
}

class ExternalAuth : public ::testing::Test {
 protected:
  static config::ExternalAuth settings() {
    config::ExternalAuth auth;
    auth.cluster = "auth";
    auth.host = "auth.internal";
    auth.target = "/check?uri=$escaped_request_uri";
    auth.copied = {{"X-User"}};
    return auth;
  }
  static config::Guards guards(const config::ExternalAuth& auth = settings()) {
    config::Guards guards;
    guards.external_auth = auth;
    return guards;
  }
  // Below /admin these guards hold, and this endpoint is asked.
  config::ProxyConfig shop_asking(std::uint16_t auth_port, const config::Guards& guards,
                                  std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    config::ProxyConfig config = shop({backend.port()});
    config::Cluster auth;
    auth.endpoints = {{"127.0.0.1", auth_port}};
    auth.read_timeout = patience;
    auth.connect_timeout = patience;
    config.clusters["auth"] = std::make_shared<const config::Cluster>(auth);
    guard_below("/admin", config, guards);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    return config;
  }
  void serve(const ScriptedBackend& auth, const config::Guards& with = guards()) {
    ASSERT_TRUE(proxy.publish(shop_asking(auth.port(), with)));
  }
  HttpAnswer ask(const std::string& bytes = request("/admin")) {
    auto client = HttpClient::connect(proxy.http());
    client.send(bytes);
    return client.read_answer();
  }

  static session::Options trusting_everybody() {
    session::Options options = RunningEngine::quick();
    options.trusted_proxies = client::TrustedNetworks::parse({"127.0.0.0/8"}).value();
    return options;
  }

  ScriptedBackend backend{says(ScriptedBackend::ok("hello", "Set-Cookie: of=backend\r\n"))};
  RunningEngine proxy;
};

TEST_F(ExternalAuth, WhoIsLetInReachesTheBackendAndOthersPathsAreNotAskedAbout) {
  ScriptedBackend auth(says(head("204 No Content", "X-User: ann\r\n")));
  serve(auth);
  const HttpAnswer answer =
      ask(request("/admin/x?y=1", "Cookie: s=1\r\nX-User: evil\r\nX_User: evil\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  const SeenRequest asked = auth.last();
  EXPECT_EQ(asked.path, "/check?uri=%2Fadmin%2Fx%3Fy%3D1");
  EXPECT_EQ(asked.field("Host"), "auth.internal");
  EXPECT_EQ(asked.field("Cookie"), "s=1");
  EXPECT_EQ(asked.field("X-Original-URL"), "http://shop.test/admin/x?y=1");
  EXPECT_EQ(backend.last().field("X-User"), "ann");
  EXPECT_THAT(backend.last().head, Not(HasSubstr("evil")));
  EXPECT_EQ(ask(request("/")).status, 200);
  EXPECT_EQ(auth.requests(), 1);
}

TEST_F(ExternalAuth, InterimHeadsOfItSayNothingAndTooManyLetNobodyIn) {
  const auto hints = [](int count) {
    std::string heads;
    for (int i = 0; i < count; ++i) heads += "HTTP/1.1 103 Early Hints\r\nX-User: evil\r\n\r\n";
    return heads + head("200 OK", "X-User: ann\r\n");
  };
  ScriptedBackend some(says(hints(16)));
  serve(some);
  const HttpAnswer answer = ask();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(backend.last().field("X-User"), "ann");
  ScriptedBackend many(says(hints(17)));
  serve(many);
  EXPECT_EQ(ask().status, 500);
  EXPECT_THAT(proxy.access_log(2), HasSubstr("auth_answer_malformed"));
  EXPECT_EQ(many.requests(), 1);
  EXPECT_EQ(backend.requests(), 1);
}

// As the operator looks whether a proxy answers a challenge: it gets no further than here.
TEST_F(ExternalAuth, ALookForAChallengeAsksNobodyAndWhatElseMayNotGoOnAsksTheGuards) {
  ScriptedBackend auth(says(head("204 No Content")));
  config::ProxyConfig config = shop_asking(auth.port(), guards());
  config::VirtualHost host = *config.hosts.at("shop.test");
  host.routes.back().path = "/.well-known";
  host.routes.push_back(host.routes.back());
  host.routes.back().path = "/admin";
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  const HttpAnswer here =
      ask(request("/.well-known/acme-challenge/token", "Max-Forwards: 0\r\n", "", "OPTIONS"));
  EXPECT_EQ(here.status, 200);
  EXPECT_EQ(here.body, "");
  EXPECT_EQ(auth.requests(), 0);
  EXPECT_EQ(ask(request("/admin", "Max-Forwards: 0\r\n", "", "OPTIONS")).status, 200);
  EXPECT_EQ(auth.requests(), 1);
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_EQ(ask(request("/admin", "Max-Forwards: 1\r\n", "", "OPTIONS")).body, "hello");
  EXPECT_EQ(auth.requests(), 2);
  EXPECT_EQ(backend.last().field("Max-Forwards"), "0");
}

TEST_F(ExternalAuth, WhomItKnowsStandsInTheAccessLogAndWhoWasRefusedDoesNot) {
  ScriptedBackend yes(says(head("200 OK", "X-Auth-Request-User: ann@x.test\r\n")));
  serve(yes);
  EXPECT_EQ(ask(request("/admin/in", "X-Auth-Request-User: evil\r\n")).status, 200);
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"user\":\"ann@x.test\""));
  ScriptedBackend no(says(head("403 Forbidden", "X-Auth-Request-User: bob\r\n")));
  serve(no);
  EXPECT_EQ(ask().status, 403);
  EXPECT_THAT(proxy.access_log(2), Not(HasSubstr("bob")));
  EXPECT_THAT(proxy.access_log(2), Not(HasSubstr("evil")));
}

TEST_F(ExternalAuth, WhatItRefusesIsRefusedAndWhatItSaysOtherwiseIs500) {
  const struct {
    std::string answer;
    int status;
    std::string reason;
  } rows[] = {
      {head("401 Unauthorized", "WWW-Authenticate: Bearer realm=\"x\"\r\n"), 401,
       "auth_unauthorized"},
      {head("403 Forbidden"), 403, "auth_forbidden"},
      {head("302 Found", "Location: https://evil.test/\r\n"), 500, "auth_answer_unexpected"},
      {head("404 Not Found"), 500, "auth_answer_unexpected"},
      {head("500 Oh"), 500, "auth_answer_unexpected"},
      {"what?\r\n\r\n", 500, "auth_answer_malformed"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 500,
       "auth_answer_malformed"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", 500,
       "auth_answer_malformed"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n", 500,
       "auth_answer_malformed"},
  };
  for (const auto& row : rows) {
    ScriptedBackend auth(says(row.answer));
    serve(auth);
    const HttpAnswer answer = ask();
    EXPECT_EQ(answer.status, row.status) << row.answer.substr(0, 40);
    EXPECT_THAT(answer.body, HasSubstr(row.reason)) << row.answer.substr(0, 40);
    EXPECT_EQ(answer.field("location"), "");
    const bool challenges = row.status == 401;
    EXPECT_EQ(answer.field("www-authenticate"), challenges ? "Bearer realm=\"x\"" : "");
  }
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(ExternalAuth, WhatPassesAsAPreflightIsAnsweredAsOneWhateverIsCopied) {
  ScriptedBackend auth(says(head("403 Forbidden")));
  config::ExternalAuth with = settings();
  with.copied = {{"Origin"}, {"Access-Control-Request-Method"}};
  auto config = shop_asking(auth.port(), guards(with));
  config::Shape shape;
  shape.cors = config::Cors{};
  shape.cors->any_origin = true;
  config.shapes["s"] = std::make_shared<const config::Shape>(shape);
  config::VirtualHost host = *config.hosts.at("shop.test");
  for (config::Route& route : host.routes) route.policies.change().shape = "s";
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  const std::string fields = "Origin: https://evil.test\r\nAccess-Control-Request-Method: PUT\r\n";
  EXPECT_EQ(ask(request("/admin", fields, "", "OPTIONS")).status, 204);
  EXPECT_EQ(ask(request("/admin", fields)).status, 403);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(ExternalAuth, WhereAPasswordWouldDoToItIsAskedForBesideWhatTheServerSays) {
  ScriptedBackend auth(says(head("401 Unauthorized")));
  config::Guards both = guards();
  both.satisfy_any = true;
  both.allowed = {*config::Network::parse("192.0.2.0/24")};
  both.basic_auth = config::BasicAuth{};
  both.basic_auth->realm = "shop";
  serve(auth, both);
  const HttpAnswer answer = ask();
  EXPECT_EQ(answer.status, 401);
  EXPECT_THAT(answer.field("www-authenticate"), HasSubstr("Basic realm=\"shop\""));
}

TEST_F(ExternalAuth, WhatATrustedProxySaysOfACertificateIsNotToldAsIfItWereShownHere) {
  RunningEngine trusting(trusting_everybody());
  ScriptedBackend auth(says(head("204 No Content")));
  ASSERT_TRUE(trusting.publish(shop_asking(auth.port(), guards())));
  auto client = HttpClient::connect(trusting.http());
  client.send(
      request("/admin", "ssl-client-verify: SUCCESS\r\nSsl_Client_Subject-DN: CN=root\r\n"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_THAT(auth.last().head, Not(HasSubstr("CN=root")));
  EXPECT_THAT(auth.last().head, Not(HasSubstr("SUCCESS")));
}

TEST_F(ExternalAuth, WhoSaysNothingLetsNobodyIn) {
  const ScriptedBackend::Script scripts[] = {
      [](SocketStream&, const SeenRequest&) { return false; },
      [](SocketStream& stream, const SeenRequest&) {
        stream.send("HTTP/1.1 200 OK\r\nX-User: a");
        return false;
      },
      [](SocketStream& stream, const SeenRequest&) {
        for (int i = 0; i < 100; ++i) stream.send("HTTP/1.1 100 Continue\r\n\r\n");
        return false;
      },
  };
  for (const auto& script : scripts) {
    ScriptedBackend auth(script);
    serve(auth);
    EXPECT_EQ(ask().status, 500);
  }
  std::uint16_t closed_port = 0;
  {
    const ScriptedBackend gone(says(""));
    closed_port = gone.port();
  }
  ASSERT_TRUE(proxy.publish(shop_asking(closed_port, guards())));
  EXPECT_EQ(ask().status, 500);
  config::ProxyConfig config = shop_asking(closed_port, guards());
  config.clusters["auth"] = std::make_shared<const config::Cluster>();
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(ask().status, 500);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(ExternalAuth, WhoTakesTooLongLetsNobodyIn) {
  for (const std::string& begun : {std::string(), std::string("HTTP/1.1 200 OK\r\nX: y\r\n")}) {
    ScriptedBackend auth([&](SocketStream& stream, const SeenRequest&) {
      stream.send(begun);
      stream.receive_all();
      return false;
    });
    ASSERT_TRUE(proxy.publish(shop_asking(auth.port(), guards(), std::chrono::milliseconds(50))));
    const HttpAnswer answer = ask();
    EXPECT_EQ(answer.status, 500);
    EXPECT_THAT(answer.body, HasSubstr("auth_timeout"));
    EXPECT_EQ(ask(request("/")).status, 200);
  }
}

TEST_F(ExternalAuth, SaysYesWithItsHeadWhateverBecomesOfItsBody) {
  for (const std::string& answer :
       {std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
                    "chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nbegun"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")}) {
    ScriptedBackend auth(says(answer));
    serve(auth);
    EXPECT_EQ(ask().status, 200) << answer;
  }
}

TEST_F(ExternalAuth, AConnectionIsUsedAgainOnlyWhereItsAnswerWasWhole) {
  ScriptedBackend whole(says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes"));
  serve(whole);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(whole.connections(), 1);
  // What follows would be taken for the answer to the next question.
  for (const std::string& rest :
       {std::string("Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        std::string("Content-Length: 40\r\n\r\nHTTP/1.1 200 OK\r\n")}) {
    std::atomic<int> count = 0;
    ScriptedBackend cut([&](SocketStream& stream, const SeenRequest&) {
      return stream.send("HTTP/1.1 " + std::string(count++ == 0 ? "200" : "403") + " It\r\n" +
                         rest);
    });
    serve(cut);
    EXPECT_EQ(ask().status, 200);
    EXPECT_EQ(ask().status, 403);
    EXPECT_EQ(cut.connections(), 2);
  }
}

TEST_F(ExternalAuth, APooledConnectionThatHasEndedIsNoAnswer) {
  ScriptedBackend auth(says(head("200 OK")));
  serve(auth);
  EXPECT_EQ(ask().status, 200);
  auth.close_idle();
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(auth.connections(), 2);
}

TEST_F(ExternalAuth, WhoHasToSignInIsSentThereWithTheWayBack) {
  ScriptedBackend auth(says(head("401 Unauthorized", "Set-Cookie: csrf=1\r\n")));
  config::ExternalAuth with_signin = settings();
  with_signin.signin = "https://$host/start?rd=$scheme://$http_host$escaped_request_uri";
  serve(auth, guards(with_signin));
  const HttpAnswer answer = ask(request("/admin/%22%20x?a=b&c"));
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.field("location"),
            "https://shop.test/start?rd=http://shop.test%2Fadmin%2F%2522%2520x%3Fa%3Db%26c");
  EXPECT_EQ(answer.field("set-cookie"), "csrf=1");
}

TEST_F(ExternalAuth, CookiesGoToTheClientWithWhatSucceedsAndWhereWantedWithAll) {
  const std::string cookie = "Set-Cookie: of=auth\r\n";
  ScriptedBackend yes(says(head("200 OK", cookie)));
  ScriptedBackend no(says(head("401 Unauthorized", cookie)));
  serve(yes);
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/admin", "Connection: close\r\n"));
  const std::string bytes = client.read_bytes(100'000);
  EXPECT_THAT(bytes, HasSubstr("of=backend"));
  EXPECT_THAT(bytes, HasSubstr("of=auth"));
  serve(no);
  EXPECT_EQ(ask().field("set-cookie"), "");
  config::ExternalAuth always = settings();
  always.always_sets_cookies = true;
  serve(no, guards(always));
  EXPECT_EQ(ask().field("set-cookie"), "of=auth");
}

TEST_F(ExternalAuth, ABodyWaitsAndIsTheBackendsAlone) {
  ScriptedBackend auth(says(head("200 OK")));
  serve(auth);
  const std::string body(200'000, 'b');
  EXPECT_EQ(ask(request("/admin", "Content-Length: 200000\r\n", body, "POST")).status, 200);
  EXPECT_EQ(backend.last().body, body);
  EXPECT_EQ(auth.last().body, "");
  EXPECT_EQ(auth.last().method, "GET");
  EXPECT_EQ(auth.last().field("X-Original-Method"), "POST");
  EXPECT_EQ(ask(request("/admin", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", "PUT"))
                .status,
            200);
  EXPECT_EQ(backend.last().body, "abc");
}

TEST_F(ExternalAuth, OthersAreServedWhileItThinksAndAClientThatLeavesEndsItsQuestion) {
  std::mutex held;
  held.lock();
  ScriptedBackend auth([&](SocketStream& stream, const SeenRequest&) {
    const std::lock_guard lock(held);
    return stream.send(head("200 OK", "X-User: of who left\r\n"));
  });
  serve(auth);
  {
    auto leaving = HttpClient::connect(proxy.http());
    leaving.send(request("/admin"));
    EXPECT_TRUE(eventually([&] { return auth.requests() == 1; }));
    EXPECT_EQ(ask(request("/")).status, 200);
  }
  EXPECT_TRUE(
      eventually([&] { return proxy.metric("gatehouse_proxy_upstream_connections_open") <= 1; }));
  held.unlock();
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(auth.connections(), 2);
  EXPECT_EQ(backend.requests(), 2);
}

TEST_F(ExternalAuth, EverySpellingOfAGuardedPathIsAskedAbout) {
  ScriptedBackend auth(says(head("403 Forbidden")));
  serve(auth);
  for (const char* path : {"/ADMIN", "//admin", "/%61dmin", "/x/../admin", "/admin;a=b",
                           "/admin%2Fx", "/x%2F..%2Fadmin", "/admin%5Cx"}) {
    EXPECT_THAT(ask(request(path)).status, ::testing::AnyOf(403, 400)) << path;
  }
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(ExternalAuth, UpgradesAndStreamsOfHttp2AreAskedAboutTheSameWay) {
  std::atomic<bool> lets_in = false;
  ScriptedBackend auth([&](SocketStream& stream, const SeenRequest& seen) {
    EXPECT_EQ(seen.field("Upgrade"), "");
    return stream.send(head(lets_in ? "200 OK" : "401 Unauthorized"));
  });
  serve(auth);
  const std::string upgrade = request("/admin", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_EQ(ask(upgrade).status, 401);
  EXPECT_EQ(backend.requests(), 0);
  lets_in = true;
  EXPECT_EQ(ask(upgrade).status, 200);
  EXPECT_EQ(backend.last().field("Upgrade"), "websocket");

  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const int let_in = client.get("/admin");
  EXPECT_EQ(client.wait(let_in).status, 200);
  EXPECT_EQ(auth.last().field("X-Original-URL"), "https://shop.test/admin");
  lets_in = false;
  const int refused = client.get("/admin");
  EXPECT_EQ(client.wait(refused).status, 401);
  const int open = client.get("/");
  EXPECT_EQ(client.wait(open).status, 200);
}

TEST_F(ExternalAuth, ARouteOfThisProxyIsAskedWhereItIsGuardedByNothing) {
  ScriptedBackend auth(says(head("200 OK", "X-User: ann\r\n")));
  config::ExternalAuth own = settings();
  own.cluster.clear();
  own.host = "$host";
  own.target = "/oauth2/auth";
  config::ProxyConfig config = shop_asking(auth.port(), guards(own));
  config::VirtualHost host = *config.hosts.at("shop.test");
  config::Route route = host.routes.at(0);
  route.path = "/oauth2";
  route.action = config::Forward{"auth"};
  route.policies = {};
  host.routes.push_back(route);
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(auth.last().path, "/oauth2/auth");
  EXPECT_EQ(auth.last().field("Host"), "shop.test");
  EXPECT_EQ(backend.last().field("X-User"), "ann");
  // It would lead back here, or past another guard.
  own.target = "/admin";
  config.guards["g"] = std::make_shared<const config::Guards>(guards(own));
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_THAT(ask().body, HasSubstr("auth_route_guarded"));
  own.host = "other.test";
  config.guards["g"] = std::make_shared<const config::Guards>(guards(own));
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_THAT(ask().body, HasSubstr("auth_route_missing"));
  EXPECT_EQ(ask().status, 500);
}

// A balancer may pass on what its client says there.
TEST_F(ExternalAuth, WhatATrustedProxySaysOfTheHostDoesNotChooseWhoIsAskedOrAboutWhat) {
  RunningEngine trusting(trusting_everybody());
  ScriptedBackend auth(says(head("401 Unauthorized")));
  config::ExternalAuth own = settings();
  own.cluster.clear();
  own.host = "$host";
  own.target = "/open";
  config::ProxyConfig config = shop_asking(auth.port(), guards(own));
  config::VirtualHost evil = *config.hosts.at("shop.test");
  config.hosts["evil.test"] = std::make_shared<const config::VirtualHost>(evil);
  config::VirtualHost host = evil;
  host.routes.at(0).action = config::Forward{"auth"};
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(trusting.publish(config));
  auto client = HttpClient::connect(trusting.http());
  client.send(request("/admin", "X-Forwarded-Host: evil.test\r\nX-Forwarded-For: 192.0.2.9\r\n"));
  EXPECT_EQ(client.read_answer().status, 401);
  EXPECT_EQ(auth.last().field("X-Original-URL"), "http://shop.test/admin");
  EXPECT_EQ(auth.last().field("X-Real-IP"), "192.0.2.9");
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(ExternalAuth, AClientThatAsksForTooMuchAtOnceIsToldToComeAgain) {
  std::mutex held;
  held.lock();
  ScriptedBackend auth([&](SocketStream&, const SeenRequest&) {
    const std::lock_guard lock(held);
    return false;
  });
  serve(auth);
  std::vector<HttpClient> waiting;
  for (std::size_t i = 0; i < session::AuthPlaces::kOfOneClientMax; ++i) {
    waiting.push_back(HttpClient::connect(proxy.http()));
    waiting.back().send(request("/admin"));
  }
  const int all = static_cast<int>(waiting.size());
  EXPECT_TRUE(eventually([&] { return auth.requests() == all; }));
  const HttpAnswer answer = ask();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.field("retry-after"), "");
  held.unlock();
  for (HttpClient& client : waiting) EXPECT_EQ(client.read_answer().status, 500);
}

}  // namespace
}  // namespace proxy::support
