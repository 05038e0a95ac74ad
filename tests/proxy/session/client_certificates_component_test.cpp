// Certificates asked of clients, seen by them and by the endpoint behind.
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http2_client.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/support/test_authority.h"

namespace proxy::support {
namespace {

using config::ClientProof;
using ::support::Issued;
using ::support::TestAuthority;
using ::testing::HasSubstr;
using ::testing::Not;

class ClientCertificates : public ::testing::TestWithParam<int> {
 protected:
  // shop.test asks below /admin, a.w.test and b.w.test everywhere, open.test and others nowhere;
  // all have the same certificate.
  config::ProxyConfig serving(const config::ClientCertificates& asked) {
    config::ProxyConfig config = shop({backend_.port()});
    config::Guards guards;
    guards.client_certificates = asked;
    config.guards["g"] = std::make_shared<const config::Guards>(guards);
    const config::VirtualHost open = *config.hosts.at("shop.test");
    config::VirtualHost all = open;
    all.routes.at(0).policies.change().guards = "g";
    config::VirtualHost part = open;
    config::Route admin = all.routes.at(0);
    admin.path = "/admin";
    part.routes.push_back(admin);
    config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(part);
    config.hosts["*.w.test"] = std::make_shared<const config::VirtualHost>(all);
    config.hosts["open.test"] = std::make_shared<const config::VirtualHost>(open);
    for (const char* name : {"shop.test", "*.w.test", "open.test", ""}) {
      add_certificate(config, name, own_);
    }
    return config;
  }
  config::ClientCertificates asked(ClientProof proof = ClientProof::required) const {
    return {.trusted_pem = root_.pem(), .proof = proof};
  }

  SocketStream::TlsWishes wishes(const std::string& name, const Issued* shown) const {
    SocketStream::TlsWishes made;
    made.server_name = name;
    made.version_max = GetParam();
    if (shown != nullptr) {
      made.chain_pem = shown->chain_pem;
      made.key_pem = shown->key_pem;
    }
    return made;
  }
  HttpClient connect(const std::string& name, const Issued* shown) {
    SocketStream stream = SocketStream::connect(proxy_.https());
    EXPECT_EQ(stream.start_tls(wishes(name, shown)), "");
    return HttpClient(std::move(stream));
  }
  HttpAnswer get(const std::string& name, const Issued* shown, const std::string& path = "/",
                 const std::string& host = "") {
    return connect(name, shown).get(path, host.empty() ? name : host);
  }

  const TestAuthority root_{"root"}, below_{"below", root_}, other_{"other"};
  const Issued good_ = root_.issue("ann"), far_ = below_.issue("ann"), bad_ = other_.issue("ann");
  const config::Certificate own_ = issue({"shop.test", "*.w.test", "open.test"});
  ScriptedBackend backend_{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  RunningEngine proxy_;
};

INSTANTIATE_TEST_SUITE_P(Versions, ClientCertificates,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(ClientCertificates, OpenWhatTheyAreAskedForAndNothingElseNeedsThem) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  EXPECT_EQ(get("shop.test", &good_, "/admin").body, "hello");
  EXPECT_EQ(get("shop.test", &far_, "/admin").body, "hello");
  EXPECT_EQ(get("shop.test", nullptr, "/").body, "hello");
  EXPECT_EQ(get("shop.test", &bad_, "/").body, "hello");
  EXPECT_EQ(get("open.test", nullptr, "/").body, "hello");
  EXPECT_EQ(get("a.w.test", &good_, "/").body, "hello");
  const int forwarded = backend_.requests();
  for (const char* path : {"/admin", "/admin/x", "//admin", "/%61dmin", "/x/..%2fadmin"}) {
    const HttpAnswer none = get("shop.test", nullptr, path);
    EXPECT_EQ(none.status, 400) << path;
    EXPECT_EQ(get("shop.test", &bad_, path).status, 400) << path;
  }
  EXPECT_THAT(get("shop.test", nullptr, "/admin").body,
              HasSubstr("No required SSL certificate was sent"));
  EXPECT_EQ(get("shop.test", nullptr, "/admin").field("connection"), "close");
  EXPECT_THAT(get("shop.test", &bad_, "/admin").body, HasSubstr("The SSL certificate error"));
  EXPECT_EQ(get("a.w.test", nullptr, "/").status, 400);
  EXPECT_EQ(backend_.requests(), forwarded);
}

TEST_P(ClientCertificates, OverPlainHttpNothingIsForwarded) {
  ASSERT_TRUE(proxy_.publish(serving(asked(ClientProof::optional))));
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/admin").status, 403);
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/", "a.w.test").status, 403);
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").status, 200);
}

TEST_P(ClientCertificates, OpenTheHostOfTheHandshakeAlone) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  const struct {
    const char* name;
    const char* host;
    int status;
  } rows[] = {
      {"a.w.test", "a.w.test", 200},   {"a.w.test", "A.W.Test:443", 200},
      {"a.w.test", "a.w.test.", 200},  {"a.w.test", "b.w.test", 421},
      {"open.test", "a.w.test", 421},  {"", "a.w.test", 421},
      {"other.test", "a.w.test", 421}, {"shop.test", "a.w.test", 421},
      {"a.w.test", "open.test", 200},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(get(row.name, &good_, "/", row.host).status, row.status)
        << row.name << " " << row.host;
    EXPECT_NE(get(row.name, nullptr, "/", row.host).status == 200,
              std::string(row.host).find("w.test") != std::string::npos ||
                  std::string(row.host).find("W.T") != std::string::npos)
        << row.name << " " << row.host;
  }
}

TEST_P(ClientCertificates, ACatchAllHostIsAskedForByWhoNamesNone) {
  config::ProxyConfig config = serving(asked());
  config.hosts[""] = config.hosts.at("*.w.test");
  ASSERT_TRUE(proxy_.publish(config));
  EXPECT_EQ(get("", &good_, "/", "127.0.0.1").status, 200);
  EXPECT_EQ(get("", nullptr, "/", "127.0.0.1").status, 400);
  EXPECT_EQ(get("any.test", &good_, "/", "any.test").status, 200);
  EXPECT_EQ(get("any.test", &good_, "/", "many.test").status, 421);
  EXPECT_EQ(get("", &good_, "/", "a.w.test").status, 421);
  EXPECT_EQ(get("open.test", &good_, "/", "127.0.0.1").status, 421);
}

TEST_P(ClientCertificates, OverHttp2AStreamForAnotherHostIsMisdirected) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  SocketStream stream = SocketStream::connect(proxy_.https());
  SocketStream::TlsWishes with_h2 = wishes("a.w.test", &good_);
  with_h2.alpn = "h2";
  ASSERT_EQ(stream.start_tls(with_h2), "");
  Http2Client client(std::move(stream));
  EXPECT_EQ(client.wait(client.get("/", "a.w.test")).status, 200);
  EXPECT_EQ(client.wait(client.get("/", "b.w.test")).status, 421);
  EXPECT_EQ(client.wait(client.get("/admin", "shop.test")).status, 421);
  EXPECT_EQ(client.wait(client.get("/", "open.test")).status, 200);
  EXPECT_EQ(client.wait(client.get("/x", "a.w.test")).status, 200);
}

TEST_P(ClientCertificates, OverHttp2TheConnectionEndsOnWhichTheHostsOwnWasNotShown) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  SocketStream stream = SocketStream::connect(proxy_.https());
  SocketStream::TlsWishes without = wishes("a.w.test", nullptr);
  without.alpn = "h2";
  ASSERT_EQ(stream.start_tls(without), "");
  Http2Client client(std::move(stream));
  EXPECT_EQ(client.wait(client.get("/", "a.w.test")).status, 400);
  client.read_until([] { return false; });
  EXPECT_TRUE(client.got_goaway());
  EXPECT_TRUE(client.is_over());
}

TEST_P(ClientCertificates, NoSessionIsResumedWhereTheyAreAskedFor) {
  config::ProxyConfig open = serving(asked());
  open.hosts["*.w.test"] = open.hosts.at("open.test");
  ASSERT_TRUE(proxy_.publish(open));
  HttpClient before = connect("a.w.test", nullptr);
  EXPECT_EQ(before.get("/", "a.w.test").status, 200);
  const base::OpensslPtr<SSL_SESSION, SSL_SESSION_free> ticket(
      SSL_get1_session(before.stream().ssl()));
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  SocketStream stream = SocketStream::connect(proxy_.https());
  SocketStream::TlsWishes resuming = wishes("a.w.test", nullptr);
  resuming.resume = ticket.get();
  ASSERT_EQ(stream.start_tls(resuming), "");
  EXPECT_EQ(SSL_session_reused(stream.ssl()), 0);
  EXPECT_EQ(HttpClient(std::move(stream)).get("/", "a.w.test").status, 400);
  // Who was there before anybody asked is sent away to be asked.
  EXPECT_EQ(before.get("/", "a.w.test").status, 421);

  HttpClient shown = connect("a.w.test", &good_);
  EXPECT_EQ(shown.get("/", "a.w.test").status, 200);
  const base::OpensslPtr<SSL_SESSION, SSL_SESSION_free> other(
      SSL_get1_session(shown.stream().ssl()));
  SocketStream again = SocketStream::connect(proxy_.https());
  resuming.resume = other.get();
  ASSERT_EQ(again.start_tls(resuming), "");
  EXPECT_EQ(SSL_session_reused(again.ssl()), 0);
  EXPECT_EQ(HttpClient(std::move(again)).get("/", "a.w.test").status, 400);
}

TEST_P(ClientCertificates, OtherAuthoritiesCountAtOnceOnConnectionsThatAreThere) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  HttpClient client = connect("a.w.test", &good_);
  EXPECT_EQ(client.get("/", "a.w.test").status, 200);
  auto changed = asked();
  changed.revoked_pem = root_.revoke({good_});
  ASSERT_TRUE(proxy_.publish(serving(changed)));
  EXPECT_EQ(client.get("/", "a.w.test").status, 400);
  EXPECT_EQ(get("a.w.test", &good_).status, 400);
  changed.trusted_pem = other_.pem();
  changed.revoked_pem.clear();
  ASSERT_TRUE(proxy_.publish(serving(changed)));
  EXPECT_EQ(get("a.w.test", &good_).status, 400);
  EXPECT_EQ(get("a.w.test", &bad_).status, 200);
}

TEST_P(ClientCertificates, RoutesOfOneHostAskByAuthoritiesOfTheirOwn) {
  config::ProxyConfig config = serving(asked());
  config::Guards guards;
  guards.client_certificates = asked();
  guards.client_certificates->trusted_pem = other_.pem();
  config.guards["h"] = std::make_shared<const config::Guards>(guards);
  config::VirtualHost host = *config.hosts.at("shop.test");
  config::Route other = host.routes.at(0);
  other.path = "/other";
  other.policies.change().guards = "h";
  host.routes.push_back(other);
  config.hosts["shop.test"] = std::make_shared<const config::VirtualHost>(host);
  ASSERT_TRUE(proxy_.publish(config));
  HttpClient client = connect("shop.test", &bad_);
  EXPECT_EQ(client.get("/other").status, 200);
  EXPECT_EQ(client.get("/admin").status, 400);
  EXPECT_EQ(get("shop.test", &good_, "/other").status, 400);
  EXPECT_EQ(get("shop.test", &good_, "/admin").status, 200);
}

TEST_P(ClientCertificates, TheEndpointIsToldByUsAlone) {
  auto passing = asked(ClientProof::optional);
  passing.passes_certificate = true;
  ASSERT_TRUE(proxy_.publish(serving(passing)));
  const auto ask = [&](const Issued* shown, const std::string& path) {
    HttpClient client = connect("shop.test", shown);
    client.send("GET " + path +
                " HTTP/1.1\r\nHost: shop.test\r\nssl-client-verify: SUCCESS\r\n"
                "SSL_Client_Subject_DN: CN=root\r\nssl-client-cert: forged\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 200);
    return backend_.last();
  };
  const SeenRequest told = ask(&good_, "/admin");
  EXPECT_EQ(told.field("ssl-client-verify"), "SUCCESS");
  EXPECT_EQ(told.field("ssl-client-subject-dn"), "CN=ann");
  EXPECT_EQ(told.field("ssl-client-issuer-dn"), "CN=root");
  EXPECT_THAT(told.field("ssl-client-cert"), HasSubstr("-----BEGIN%20CERTIFICATE-----%0AMII"));
  EXPECT_THAT(told.head, Not(HasSubstr("forged")));
  const SeenRequest none = ask(nullptr, "/admin");
  EXPECT_EQ(none.field("ssl-client-verify"), "NONE");
  EXPECT_THAT(none.head, Not(HasSubstr("CN=")));
  EXPECT_THAT(none.head, Not(HasSubstr("forged")));
  const SeenRequest open = ask(&good_, "/");
  EXPECT_THAT(open.head, Not(HasSubstr("client-")));
  EXPECT_THAT(open.head, Not(HasSubstr("Client_")));
}

TEST_P(ClientCertificates, ClientsAreToldOfAuthoritiesAsLongAsTheseAreFew) {
  const auto told_of = [&] {
    HttpClient client = connect("a.w.test", &good_);
    EXPECT_EQ(client.get("/", "a.w.test").status, 200);
    return sk_X509_NAME_num(SSL_get0_peer_CA_list(client.stream().ssl()));
  };
  auto two = asked();
  two.trusted_pem += other_.pem();
  ASSERT_TRUE(proxy_.publish(serving(two)));
  EXPECT_EQ(told_of(), 2);
  auto many = asked();
  for (int i = 0; i < 150; ++i) {
    many.trusted_pem += TestAuthority(std::string(60, 'n') + std::to_string(i)).pem();
  }
  ASSERT_TRUE(proxy_.publish(serving(many)));
  EXPECT_LE(told_of(), 0);
}

TEST_P(ClientCertificates, WhatCostsTooMuchEndsTheHandshake) {
  ASSERT_TRUE(proxy_.publish(serving(asked())));
  Issued large = good_;
  for (int i = 0; i < 20; ++i) large.chain_pem += root_.pem();
  SocketStream stream = SocketStream::connect(proxy_.https());
  const std::string error = stream.start_tls(wishes("a.w.test", &large));
  // In TLS 1.3 the client is done before the server has looked.
  EXPECT_TRUE(!error.empty() || HttpClient(std::move(stream)).get("/", "a.w.test").status == 0);
  EXPECT_TRUE(eventually([&] {
    return proxy_.metric(
               "gatehouse_proxy_tls_handshake_failures_total{reason=\"client_certificate_too_"
               "much\"}") == 1;
  }));
}

TEST_P(ClientCertificates, ThePageForWhoMayNotPass) {
  auto with_page = asked();
  with_page.error_page = config::Redirection{302, "https://help.test/?for=$request_uri"};
  ASSERT_TRUE(proxy_.publish(serving(with_page)));
  EXPECT_EQ(get("a.w.test", nullptr, "/x").status, 302);
  EXPECT_EQ(get("a.w.test", &bad_, "/x").field("location"), "https://help.test/?for=/x");
  with_page.error_page = config::Redirection{302, "/help"};
  ASSERT_TRUE(proxy_.publish(serving(with_page)));
  EXPECT_EQ(get("a.w.test", nullptr, "/x").field("location"), "/help");
  EXPECT_EQ(get("a.w.test", nullptr, "/help").status, 400);
}

}  // namespace
}  // namespace proxy::support
