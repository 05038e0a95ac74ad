// Passwords asked of clients, seen by them and by the endpoint behind. What a hash says, and when,
// is the test's.
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64url.h"
#include "tests/proxy/support/held_work.h"
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

std::string basic(const std::string& credentials) {
  return "Authorization: Basic " + base::base64_encode(credentials) + "\r\n";
}

std::string request(const std::string& path, const std::string& fields,
                    const std::string& body = "", const std::string& method = "GET") {
  return method + " " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n" + body;
}

// "secret" has every hash. While it is held, nothing is found out.
class Hashes : public HeldWork {
 public:
  std::function<bool(const std::string&, const std::string&)> compare() {
    return [this](const std::string& password, const std::string&) {
      begin();
      return password == "secret";
    };
  }
};

class BasicAuth : public ::testing::Test {
 protected:
  ~BasicAuth() override { hashes.release(); }

  static config::Guards guards(const std::string& hash = "hash") {
    config::Guards guards;
    guards.basic_auth = config::BasicAuth{"shop", {{"ann", hash}, {"bob", hash}}};
    return guards;
  }
  // Below /admin these guards hold.
  config::ProxyConfig shop_with(const config::Guards& guards, bool gathers = false) {
    config::ProxyConfig config = shop({backend.port()});
    guard_below("/admin", config, guards, gathers);
    add_certificate(config, "shop.test", issue({"shop.test"}));
    return config;
  }
  session::Options options() {
    session::Options options = RunningEngine::quick();
    options.passwords.compare = hashes.compare();
    options.passwords.limits.waiting_of_one_max = 2;
    return options;
  }
  HttpAnswer ask(const std::string& fields, const std::string& path = "/admin") {
    auto client = HttpClient::connect(proxy.http());
    client.send(request(path, fields));
    return client.read_answer();
  }

  ScriptedBackend backend{says_hello()};
  Hashes hashes;
  RunningEngine proxy{options()};
};

TEST_F(BasicAuth, ChallengesWhoShowsNothingAndTheBackendHearsNothingOfIt) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  for (const std::string& fields : {std::string(), std::string("Authorization: Bearer x\r\n"),
                                    basic("nocolon"), basic("ann:secret") + basic("bob:secret")}) {
    const HttpAnswer answer = ask(fields);
    EXPECT_EQ(answer.status, 401) << fields;
    EXPECT_EQ(answer.field("www-authenticate"), "Basic realm=\"shop\", charset=\"UTF-8\"");
  }
  EXPECT_EQ(backend.requests(), 0);
  EXPECT_EQ(hashes.begun(), 0);
  EXPECT_EQ(ask("", "/").status, 200);
}

TEST_F(BasicAuth, LetsInWhoIsRightWithoutTellingTheBackendThePassword) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  EXPECT_EQ(ask("X-Before: 1\r\n" + basic("ann:secret") + "X-Behind: 2\r\n").status, 200);
  const SeenRequest seen = backend.last();
  EXPECT_EQ(seen.path, "/admin");
  EXPECT_EQ(seen.field("Authorization"), "");
  EXPECT_EQ(seen.field("X-Before") + seen.field("X-Behind"), "12");
  EXPECT_THAT(proxy.access_log(), Not(HasSubstr("secret")));
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"user\":\"ann\""));
}

TEST_F(BasicAuth, WhatIsNotGuardedKeepsItsCredentials) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  EXPECT_EQ(ask(basic("ann:secret"), "/").status, 200);
  EXPECT_NE(backend.last().field("Authorization"), "");
}

TEST_F(BasicAuth, RefusesWhoIsWrongEachTimeByAHash) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  EXPECT_EQ(ask(basic("ann:wrong")).status, 401);
  EXPECT_EQ(ask(basic("ann:wrong")).status, 401);
  EXPECT_EQ(ask(basic("eve:wrong")).status, 401);
  EXPECT_EQ(ask(basic("eve:secret")).status, 401);
  EXPECT_EQ(hashes.begun(), 4);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(BasicAuth, RemembersWhoWasRightUntilTheUsersChange) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(basic("ann:secret")).status, 200);
  EXPECT_EQ(hashes.begun(), 1);
  ASSERT_TRUE(proxy.publish(shop_with(guards("another"))));
  EXPECT_EQ(ask(basic("ann:secret")).status, 200);
  EXPECT_EQ(hashes.begun(), 2);
}

TEST_F(BasicAuth, OthersAreServedWhileAHashIsBeingMade) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  EXPECT_EQ(ask(basic("bob:secret")).status, 200);
  hashes.hold();
  auto waiting = HttpClient::connect(proxy.http());
  waiting.send(request("/admin/x", basic("ann:secret")));
  hashes.wait_until_begun(2);
  EXPECT_EQ(ask("", "/").status, 200);
  EXPECT_EQ(ask(basic("bob:secret")).status, 200);  // remembered
  hashes.release();
  EXPECT_EQ(waiting.read_answer().status, 200);
  EXPECT_EQ(backend.last().path, "/admin/x");
}

TEST_F(BasicAuth, RequestsWithTheSameCredentialsWaitForOneHash) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  hashes.hold();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(HttpClient::connect(proxy.http()));
    clients.back().send(request("/admin", basic("ann:secret")));
  }
  hashes.wait_until_begun(1);
  hashes.release();
  for (HttpClient& client : clients) EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(hashes.begun(), 1);
}

TEST_F(BasicAuth, WhoAsksForTooMuchIsToldToComeAgainAndDoesNotTakeAnothersTurn) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  hashes.hold();
  std::vector<HttpClient> clients;
  // One is under way, two wait: more there are not of one address.
  for (int i = 0; i < 3; ++i) {
    clients.push_back(HttpClient::connect(proxy.http()));
    clients.back().send(request("/admin", basic("ann:guess" + std::to_string(i))));
    if (i == 0) hashes.wait_until_begun(1);
  }
  HttpAnswer refused;
  ASSERT_TRUE(eventually([&] {
    refused = ask(basic("ann:secret"));
    return refused.status != 0;
  }));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.field("retry-after"), "2");
  EXPECT_EQ(hashes.begun(), 1);
  hashes.release();
  for (HttpClient& client : clients) EXPECT_EQ(client.read_answer().status, 401);
  EXPECT_EQ(ask(basic("ann:secret")).status, 200);
  EXPECT_THAT(proxy.access_log(5), HasSubstr("password_checks_busy"));
}

TEST_F(BasicAuth, AClientThatLeavesWhileItWaitsHarmsNobody) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  hashes.hold();
  {
    auto leaving = HttpClient::connect(proxy.http());
    leaving.send(request("/admin", basic("ann:secret")));
    hashes.wait_until_begun(1);
  }
  EXPECT_THAT(proxy.access_log(1), HasSubstr("client_closed"));
  hashes.release();
  EXPECT_EQ(ask(basic("ann:secret")).status, 200);
  EXPECT_EQ(backend.requests(), 1);
}

TEST_F(BasicAuth, ABodyComesThroughWholeAfterItHasWaited) {
  for (const bool gathers : {false, true}) {
    ASSERT_TRUE(proxy.publish(shop_with(guards(gathers ? "one" : "two"), gathers)));
    const std::string body(300'000, 'b');
    const std::string sized = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string chunks = "493e0\r\n" + body + "\r\n0\r\n\r\n";
    for (const bool is_chunked : {false, true}) {
      hashes.hold();
      const int begun = hashes.begun();
      auto client = HttpClient::connect(proxy.http());
      std::thread sender([&] {
        client.send(request("/admin",
                            basic((is_chunked ? "ann" : "bob") + std::string(":secret")) +
                                (is_chunked ? chunked : sized),
                            is_chunked ? chunks : body, "POST"));
      });
      hashes.wait_until_begun(begun + 1);
      hashes.release();
      sender.join();
      EXPECT_EQ(client.read_answer().status, 200);
      EXPECT_EQ(backend.last().body, body);
    }
  }
}

TEST_F(BasicAuth, AClientThatWaitsToSendItsBodyIsAskedForItOnceItMayPass) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  auto client = HttpClient::connect(proxy.http());
  client.send(request(
      "/admin", basic("ann:secret") + "Expect: 100-continue\r\nContent-Length: 4\r\n", "", "PUT"));
  EXPECT_EQ(client.read_bytes(25), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(backend.last().body, "body");
  auto wrong = HttpClient::connect(proxy.http());
  wrong.send(request("/admin", basic("ann:wrong") + "Expect: 100-continue\r\nContent-Length: 4\r\n",
                     "", "PUT"));
  EXPECT_EQ(wrong.read_answer().status, 401);
}

TEST_F(BasicAuth, RequestsOnOneConnectionAreAnsweredInTheirOrder) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/admin/1", basic("ann:secret")) + request("/admin/2", "") +
              request("/admin/3", basic("ann:wrong")) + request("/4", ""));
  for (const int status : {200, 401, 401, 200}) EXPECT_EQ(client.read_answer().status, status);
}

TEST_F(BasicAuth, AConfigurationThatComesMeanwhileDecides) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  hashes.hold();
  auto client = HttpClient::connect(proxy.http());
  client.send(request("/admin", basic("ann:secret")));
  hashes.wait_until_begun(1);
  config::Guards closed;
  closed.closed = true;
  ASSERT_TRUE(proxy.publish(shop_with(closed)));
  hashes.release();
  EXPECT_EQ(client.read_answer().status, 503);
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(BasicAuth, StreamsOfHttp2WaitEachForItself) {
  ASSERT_TRUE(proxy.publish(shop_with(guards())));
  SocketStream stream = SocketStream::connect(proxy.https());
  ASSERT_EQ(stream.start_tls({"shop.test", "h2"}), "");
  Http2Client client(std::move(stream));
  const auto head = [](const std::string& path, const std::string& credentials) {
    std::vector<std::pair<std::string, std::string>> fields = {
        {":method", "POST"}, {":scheme", "https"}, {":authority", "shop.test"}, {":path", path}};
    if (!credentials.empty()) {
      fields.emplace_back("authorization", "Basic " + base::base64_encode(credentials));
    }
    return fields;
  };
  hashes.hold();
  const std::string body(200'000, 'b');
  const int waiting = client.request(head("/admin", "ann:secret"), body);
  const int nothing = client.request(head("/admin", ""));
  const int open = client.request(head("/", ""));
  EXPECT_EQ(client.wait(nothing).status, 401);
  EXPECT_EQ(client.answer(nothing).fields.at("www-authenticate"),
            "Basic realm=\"shop\", charset=\"UTF-8\"");
  EXPECT_EQ(client.wait(open).status, 200);
  const int reset = client.request(head("/admin", "bob:wrong"), "x");
  client.flush();
  client.reset(reset);
  client.flush();
  hashes.release();
  EXPECT_EQ(client.wait(waiting).status, 200);
  EXPECT_EQ(backend.last().body, body);
  EXPECT_EQ(client.wait(client.request(head("/admin", "ann:wrong"))).status, 401);
}

// The hashes of htpasswd, by the real threads.
TEST(BasicAuthForReal, TakesThePasswordOfEachKindOfHash) {
  ScriptedBackend backend(says_hello());
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  config::Guards guards;
  guards.basic_auth = config::BasicAuth{
      "shop",
      {{"apr1", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"},
       {"sha", "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="},
       {"bcrypt", "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"}}};
  guard_all(config, guards);
  ASSERT_TRUE(proxy.publish(config));
  for (const std::string& user : std::vector<std::string>{"apr1", "sha", "bcrypt"}) {
    for (const bool is_right : {true, false}) {
      auto client = HttpClient::connect(proxy.http());
      client.send(request("/", basic(user + (is_right ? ":myPassword" : ":mypassword"))));
      EXPECT_EQ(client.read_answer().status, is_right ? 200 : 401) << user;
    }
  }
}

}  // namespace
}  // namespace proxy::support
