// TLS through the engine: which certificate is shown, and how it is swapped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/x509.h"
#include "proxy/net/socket.h"
#include "tests/fakes/clock.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

std::string served_serial(SocketStream& stream) {
  const base::X509Ptr leaf(SSL_get1_peer_certificate(stream.ssl()));
  if (leaf == nullptr) return "";
  unsigned char* der = nullptr;
  const int size = i2d_X509(leaf.get(), &der);
  const auto info =
      base::read_certificate_der({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return info.value().serial;
}

struct Handshake {
  SocketStream stream;
  std::string error;
  std::string serial;
};

Handshake handshake(const RunningEngine& proxy, const std::string& server_name,
                    SSL_SESSION* resume = nullptr) {
  Handshake result{SocketStream::connect(proxy.https()), "", ""};
  result.error = result.stream.start_tls({server_name, "", resume});
  if (result.error.empty()) result.serial = served_serial(result.stream);
  return result;
}

// Makes the kernel keep next to nothing of what is sent to clients of this port. Their sockets
// inherit it from the one that listens, which is found by its number: the engine has it.
bool give_small_buffers(std::uint16_t port) {
  bool found = false;
  for (int fd = 0; fd < 1024; ++fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
    if (net::local_address(fd).port() != port) continue;
    const int bytes = 1;  // the kernel takes its least
    found = ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0;
  }
  return found;
}

class Tls : public ::testing::Test {
 protected:
  config::ProxyConfig config_with(const std::string& name, const config::Certificate& certificate) {
    config::ProxyConfig config = shop({backend.port()});
    add_certificate(config, name, certificate);
    return config;
  }

  ScriptedBackend backend{[](SocketStream& stream, const SeenRequest& request) {
    return stream.send(ScriptedBackend::ok(request.body + "hello"));
  }};
  RunningEngine proxy;
};

TEST_F(Tls, ServesHttpOverTlsAndSaysSoToTheEndpoint) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  Handshake client = handshake(proxy, "shop.test");
  ASSERT_EQ(client.error, "");
  HttpClient http(std::move(client.stream));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(http.get("/").body, "hello");
  EXPECT_EQ(backend.last().field("X-Forwarded-Proto"), "https");
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"tls\":\"TLSv1.3\""));
}

TEST_F(Tls, LargeBodiesPassBothWays) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  Handshake client = handshake(proxy, "shop.test");
  HttpClient http(std::move(client.stream));
  const std::string big(3'000'000, 'z');
  http.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3000000\r\n\r\n");
  std::thread sender([&] { http.stream().send(big); });
  sender.join();
  EXPECT_EQ(http.read_answer().body, big + "hello");
}

TEST_F(Tls, TheServerNamePicksTheCertificateAndAnUnknownOneGetsAnAlert) {
  const auto exact = issue({"shop.test"});
  const auto wild = issue({"*.shop.test"});
  config::ProxyConfig config = config_with("shop.test", exact);
  add_certificate(config, "*.shop.test", wild);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(handshake(proxy, "SHOP.test").serial, serial_of(exact));
  EXPECT_EQ(handshake(proxy, "a.shop.test").serial, serial_of(wild));
  EXPECT_THAT(handshake(proxy, "a.b.shop.test").error, HasSubstr("unrecognized name"));
  EXPECT_THAT(handshake(proxy, "other.test").error, HasSubstr("unrecognized name"));
  EXPECT_THAT(handshake(proxy, "").error, HasSubstr("unrecognized name"));
  EXPECT_TRUE(eventually([&] {
    return proxy.metric(
               "gatehouse_proxy_tls_handshake_failures_total{reason=\"unrecognized_name\"}") == 3;
  }));
  const auto fallback = issue({"fallback.test"});
  add_certificate(config, "", fallback);
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_EQ(handshake(proxy, "other.test").serial, serial_of(fallback));
  EXPECT_EQ(handshake(proxy, "").serial, serial_of(fallback));
}

TEST_F(Tls, ABrokenPairHarmsItsOwnHostOnly) {
  const auto good = issue({"shop.test"});
  config::ProxyConfig config = config_with("shop.test", good);
  add_certificate(config, "broken.test",
                  {issue({"broken.test"}).chain_pem, issue({"broken.test"}).key_pem});
  ASSERT_TRUE(proxy.publish(config));
  EXPECT_THAT(handshake(proxy, "broken.test").error, HasSubstr("internal error"));
  EXPECT_EQ(handshake(proxy, "shop.test").serial, serial_of(good));
  EXPECT_TRUE(eventually([&] {
    return proxy.metric(
               "gatehouse_proxy_tls_handshake_failures_total{reason=\"certificate_broken\"}") == 1;
  }));
}

TEST_F(Tls, AConfigurationWithoutCertificatesRefusesHandshakes) {
  ASSERT_TRUE(proxy.publish({}));
  EXPECT_NE(handshake(proxy, "shop.test").error, "");
}

TEST_F(Tls, ASwapIsSeenByTheNextHandshakeAndNotByEstablishedConnections) {
  const auto old_pair = issue({"shop.test"});
  const auto new_pair = issue({"shop.test"});
  ASSERT_TRUE(proxy.publish(config_with("shop.test", old_pair)));
  Handshake before = handshake(proxy, "shop.test");
  ASSERT_EQ(before.serial, serial_of(old_pair));
  HttpClient http(std::move(before.stream));
  ASSERT_EQ(http.get("/").status, 200);
  ASSERT_TRUE(proxy.publish(config_with("shop.test", new_pair)));
  EXPECT_EQ(handshake(proxy, "shop.test").serial, serial_of(new_pair));
  EXPECT_EQ(http.get("/").status, 200);
}

TEST_F(Tls, AClientThatHasYetToAskIsAnsweredToTheEndOfItsHandshake) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  const Handshake silent = handshake(proxy, "shop.test");
  ASSERT_EQ(silent.error, "");
  char byte = 0;  // of the ticket
  EXPECT_EQ(::recv(silent.stream.fd(), &byte, 1, MSG_PEEK), 1);
}

TEST_F(Tls, ASessionIsResumedByItsTicket) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  Handshake first = handshake(proxy, "shop.test");
  HttpClient http(std::move(first.stream));
  ASSERT_EQ(http.get("/").status, 200);  // reads the ticket on the way
  const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session(
      SSL_get1_session(http.stream().ssl()), SSL_SESSION_free);
  ASSERT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
  Handshake second = handshake(proxy, "shop.test", session.get());
  ASSERT_EQ(second.error, "");
  EXPECT_EQ(SSL_session_reused(second.stream.ssl()), 1);
  EXPECT_EQ(HttpClient(std::move(second.stream)).get("/").status, 200);
}

// And at every worker of it: the kernel deals clients out by their ports, so that of so many each
// worker has some.
TEST(TlsTickets, ASessionResumesAtEveryWorkerOfEveryProxyThatWasGivenTheSameKeys) {
  constexpr std::size_t kWorkers = 2;
  constexpr int kClients = 40;
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  config::ProxyConfig config = shop({backend.port()});
  add_certificate(config, "shop.test", issue({"shop.test"}));
  RunningEngine proxy(RunningEngine::quick(), kWorkers);
  RunningEngine other(RunningEngine::quick(), kWorkers);
  const std::string key(80, 'k');
  const std::string next(80, 'n');
  ASSERT_TRUE(proxy.engine().use_ticket_keys({key, next}));
  ASSERT_TRUE(other.engine().use_ticket_keys({next, key}));  // an hour ahead
  ASSERT_TRUE(proxy.publish(config));
  ASSERT_TRUE(other.publish(config));
  EXPECT_FALSE(proxy.engine().use_ticket_keys({}));
  Handshake first = handshake(proxy, "shop.test");
  HttpClient http(std::move(first.stream));
  ASSERT_EQ(http.get("/").status, 200);  // reads the ticket on the way
  const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session(
      SSL_get1_session(http.stream().ssl()), SSL_SESSION_free);
  for (const RunningEngine* const one : {&proxy, &other}) {
    for (int i = 0; i < kClients; ++i) {
      // OpenSSL forgets a session when a connection of it ends.
      const std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> copy(
          SSL_SESSION_dup(session.get()), SSL_SESSION_free);
      Handshake again = handshake(*one, "shop.test", copy.get());
      ASSERT_EQ(again.error, "");
      EXPECT_EQ(SSL_session_reused(again.stream.ssl()), 1) << i;
    }
  }
}

// The name of the key that a ticket is sealed with is its first 16 bytes (RFC 5077 §4).
std::string sealed_with(SSL_SESSION* session) {
  const unsigned char* ticket = nullptr;
  std::size_t size = 0;
  SSL_SESSION_get0_ticket(session, &ticket, &size);
  return size < 16 ? "" : std::string(reinterpret_cast<const char*>(ticket), 16);
}

struct Visit {
  bool is_resumed;
  HttpClient http;  // OpenSSL forgets a session when a connection of it ends
  std::unique_ptr<SSL_SESSION, void (*)(SSL_SESSION*)> session;
};

// One request on a connection of its own, by somebody who has this of an earlier one.
Visit visit(const RunningEngine& proxy, SSL_SESSION* ticket) {
  const decltype(Visit::session) copy(ticket == nullptr ? nullptr : SSL_SESSION_dup(ticket),
                                      SSL_SESSION_free);
  Handshake client = handshake(proxy, "shop.test", copy.get());
  EXPECT_EQ(client.error, "");
  const bool is_resumed = SSL_session_reused(client.stream.ssl()) == 1;
  HttpClient http(std::move(client.stream));
  EXPECT_EQ(http.get("/").status, 200);  // reads the ticket on the way
  SSL* const ssl = http.stream().ssl();
  return Visit{is_resumed, std::move(http), {SSL_get1_session(ssl), SSL_SESSION_free}};
}

class TicketsOfManyWorkers : public ::testing::Test {
 protected:
  // So many clients that every worker has some: the kernel deals them out by their ports.
  static constexpr int kClients = 80;

  TicketsOfManyWorkers() {
    config_ = shop({backend_.port()});
    add_certificate(config_, "shop.test", issue({"shop.test"}));
  }
  // Comes back when every worker has what it was told before, too.
  void publish() { ASSERT_TRUE(proxy_.publish(config_)); }
  std::string newest_key() { return sealed_with(visit(proxy_, nullptr).session.get()); }

  ScriptedBackend backend_{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  config::ProxyConfig config_;
  fakes::FakeClock clock_;
  RunningEngine proxy_{RunningEngine::quick(), 4, "127.0.0.1:0", false, nullptr, &clock_};
};

TEST_F(TicketsOfManyWorkers, NewKeysReachEveryWorkerAndTheOldOnesStillOpen) {
  const auto use = [&](const std::vector<std::string>& keys) {
    ASSERT_TRUE(proxy_.engine().use_ticket_keys(keys));
    publish();
  };
  const std::string first(80, '1'), second(80, '2'), third(80, '3'), fourth(80, '4');
  use({first, second});
  const Visit before = visit(proxy_, nullptr);
  SSL_SESSION* const ticket = before.session.get();
  ASSERT_EQ(sealed_with(ticket), first.substr(0, 16));
  use({second, third, first});
  for (int i = 0; i < kClients; ++i) {
    const Visit after = visit(proxy_, ticket);
    EXPECT_TRUE(after.is_resumed);
    EXPECT_EQ(sealed_with(after.session.get()), second.substr(0, 16));
  }
  use({third, fourth, second, first});
  for (int i = 0; i < kClients; ++i) EXPECT_TRUE(visit(proxy_, ticket).is_resumed);
  use({fourth, third, second});
  for (int i = 0; i < kClients; ++i) EXPECT_FALSE(visit(proxy_, ticket).is_resumed);
}

TEST_F(TicketsOfManyWorkers, EachHourThereIsANewKeyAtAllOfThemAndThreeOldOnesOpen) {
  publish();
  const Visit before = visit(proxy_, nullptr);
  SSL_SESSION* const ticket = before.session.get();
  std::string newest = sealed_with(ticket);
  for (int hour = 1; hour <= 4; ++hour) {
    const std::string last = newest;
    clock_.advance(std::chrono::hours(1));
    ASSERT_TRUE(eventually([&] { return (newest = newest_key()) != last; })) << hour;
    publish();
    for (int i = 0; i < kClients; ++i) {
      const Visit after = visit(proxy_, ticket);
      EXPECT_EQ(after.is_resumed, hour < 4) << hour;
      EXPECT_EQ(sealed_with(after.session.get()), newest) << hour;
    }
  }
}

TEST_F(TicketsOfManyWorkers, WhoIsGivenNoMoreKeysMakesThemAndThoseThatWereGivenStillOpen) {
  const std::string given(80, 'g');
  ASSERT_TRUE(proxy_.engine().use_ticket_keys({given}));
  publish();
  const Visit before = visit(proxy_, nullptr);
  ASSERT_EQ(sealed_with(before.session.get()), given.substr(0, 16));
  clock_.advance(std::chrono::hours(2));
  ASSERT_TRUE(eventually([&] { return newest_key() != given.substr(0, 16); }));
  publish();
  for (int i = 0; i < kClients; ++i) {
    EXPECT_TRUE(visit(proxy_, before.session.get()).is_resumed);
  }
}

// With a chain that is longer than the socket's buffer.
TEST(TlsHandshake, WhatTheSocketDidNotTakeIsSentWhenItHasRoom) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy;
  config::ProxyConfig config = shop({backend.port()});
  config::Certificate pair = issue({"shop.test"});
  std::string chain = pair.chain_pem.text();
  for (int i = 0; i < 120; ++i) chain += issue({"another.test"}).chain_pem.text();
  pair.chain_pem = chain;
  add_certificate(config, "shop.test", pair);
  ASSERT_TRUE(proxy.publish(config));
  ASSERT_TRUE(give_small_buffers(proxy.https()));
  for (int i = 0; i < 3; ++i) {
    Handshake client = handshake(proxy, "shop.test");
    ASSERT_EQ(client.error, "");
    EXPECT_EQ(HttpClient(std::move(client.stream)).get("/").body, "hello");
  }
}

TEST_F(Tls, AConnectionThatWasMadeForAnotherNameIsNoWayAroundAPolicy) {
  config::ProxyConfig config = config_with("*.shop.test", issue({"*.shop.test"}));
  const auto add_host = [&](const std::string& name, bool is_modern, bool is_old) {
    config::VirtualHost host = *config.hosts.at("shop.test");
    host.tls13_only = is_modern;
    host.takes_old_ciphers = is_old;
    config.hosts[name] = std::make_shared<const config::VirtualHost>(host);
  };
  add_host("modern.shop.test", true, false);
  add_host("plain.shop.test", false, false);
  add_host("old.shop.test", false, true);
  ASSERT_TRUE(proxy.publish(config));
  struct Case {
    const char* name;
    int version_max;
    const char* ciphers;
    const char* host;
    int status;
  };
  const char* const cbc = "ECDHE-ECDSA-AES128-SHA256";
  for (const Case& one : {
           Case{"plain.shop.test", 0, "", "modern.shop.test", 200},
           {"modern.shop.test", 0, "", "old.shop.test", 200},
           {"plain.shop.test", TLS1_2_VERSION, "", "modern.shop.test", 421},
           {"plain.shop.test", TLS1_2_VERSION, "", "old.shop.test", 200},
           {"old.shop.test", TLS1_2_VERSION, cbc, "old.shop.test", 200},
           {"old.shop.test", TLS1_2_VERSION, cbc, "plain.shop.test", 421},
           {"old.shop.test", TLS1_2_VERSION, cbc, "modern.shop.test", 421},
       }) {
    SocketStream stream = SocketStream::connect(proxy.https());
    SocketStream::TlsWishes wishes;
    wishes.server_name = one.name;
    wishes.version_max = one.version_max;
    wishes.ciphers = one.ciphers;
    ASSERT_EQ(stream.start_tls(wishes), "") << one.name;
    EXPECT_EQ(HttpClient(std::move(stream)).get("/", one.host).status, one.status)
        << one.name << " to " << one.host << " " << one.version_max;
  }
}

TEST_F(Tls, ARequestForAHostThatTheCertificateDoesNotCoverIsMisdirected) {
  config::ProxyConfig config = config_with("shop.test", issue({"shop.test", "also.test"}));
  config.hosts["also.test"] = config.hosts["shop.test"];
  config.hosts["other.test"] = config.hosts["shop.test"];
  add_certificate(config, "other.test", issue({"other.test"}));
  ASSERT_TRUE(proxy.publish(config));
  HttpClient http(handshake(proxy, "shop.test").stream);
  EXPECT_EQ(http.get("/", "shop.test").status, 200);
  EXPECT_EQ(http.get("/", "also.test").status, 200);
  EXPECT_EQ(http.get("/", "other.test").status, 421);
  EXPECT_THAT(proxy.access_log(3), HasSubstr("misdirected_request"));
}

TEST_F(Tls, WhoWouldBeShownTheSameCertificateAgainIsNotMisdirected) {
  config::ProxyConfig config = config_with("", issue({"fallback.test"}));
  ASSERT_TRUE(proxy.publish(config));
  HttpClient http(handshake(proxy, "").stream);
  EXPECT_EQ(http.get("/", "shop.test").status, 200);
}

TEST_F(Tls, PlainHttpOnTheTlsPortIsCountedAsSuch) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  auto stream = SocketStream::connect(proxy.https());
  stream.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
  stream.receive_all();
  EXPECT_TRUE(eventually([&] {
    return proxy.metric(
               "gatehouse_proxy_tls_handshake_failures_total{reason=\"plain_http_on_tls_port\"}") ==
           1;
  }));
}

TEST_F(Tls, AnUnknownAlpnProtocolIsRefused) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  auto stream = SocketStream::connect(proxy.https());
  EXPECT_THAT(stream.start_tls({"shop.test", "spdy/9"}), HasSubstr("no application protocol"));
}

TEST_F(Tls, NewKeysNowAndThenAreFineAndAFloodOfThemEndsTheConnection) {
  ASSERT_TRUE(proxy.publish(config_with("shop.test", issue({"shop.test"}))));
  Handshake client = handshake(proxy, "shop.test");
  ASSERT_EQ(client.error, "");
  HttpClient http(std::move(client.stream));
  SSL* const ssl = http.stream().ssl();
  const auto update_key = [&] {
    return SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1;
  };
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(update_key());
    EXPECT_EQ(http.get("/").status, 200);
  }
  for (int i = 0; i < 100 && update_key(); ++i) continue;
  EXPECT_EQ(http.get("/").status, 0);
  EXPECT_TRUE(eventually([&] { return proxy.metric("gatehouse_proxy_connections_open") == 0; }));
}

TEST(TlsTimeout, AHandshakeThatStandsStillIsClosed) {
  session::Options options = RunningEngine::quick();
  options.timeouts.handshake = std::chrono::milliseconds(150);
  RunningEngine proxy(options);
  ASSERT_TRUE(proxy.publish({}));
  auto stream = SocketStream::connect(proxy.https());
  stream.send("\x16\x03\x01");
  EXPECT_TRUE(stream.at_end());
  EXPECT_EQ(proxy.metric("gatehouse_proxy_tls_handshake_failures_total{reason=\"timeout\"}"), 1);
}

// The heart of the product: certificates change while clients come and go, and nobody notices.
TEST(TlsRotation, UnderLoadNoRequestFails) {
  ScriptedBackend backend([](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  });
  RunningEngine proxy(RunningEngine::quick(), 2);
  std::vector<config::Certificate> pairs;
  for (int i = 0; i < 4; ++i) pairs.push_back(issue({"shop.test"}));
  const auto config_with = [&](const config::Certificate& pair) {
    config::ProxyConfig config = shop({backend.port()});
    add_certificate(config, "shop.test", pair);
    return config;
  };
  ASSERT_TRUE(proxy.publish(config_with(pairs[0])));
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  const auto count = [&](bool is_good) { ++(is_good ? good : bad); };
  std::thread keep_alive([&] {
    HttpClient http(handshake(proxy, "shop.test").stream);
    while (!stop) count(http.get("/").status == 200);
  });
  std::thread newcomer([&] {
    while (!stop) {
      Handshake client = handshake(proxy, "shop.test");
      count(client.error.empty() && HttpClient(std::move(client.stream)).get("/").status == 200);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const int before = good;
    const config::Certificate& pair = pairs[static_cast<std::size_t>(i) % pairs.size()];
    ASSERT_TRUE(proxy.publish(config_with(pair)));
    EXPECT_EQ(handshake(proxy, "shop.test").serial, serial_of(pair));
    EXPECT_TRUE(eventually([&] { return good > before + 5; }));
  }
  stop = true;
  keep_alive.join();
  newcomer.join();
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace proxy::support
