// Endpoints that speak TLS.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/openssl.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"
#include "tests/support/test_authority.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;

base::SslCtxPtr server(const config::Certificate& own, const std::string& client_authority = "") {
  base::SslCtxPtr context = tls_server(own);
  constexpr unsigned char kContext[] = "test";
  SSL_CTX_set_session_id_context(context.get(), kContext, sizeof kContext);
  if (!client_authority.empty()) {
    const base::X509Ptr authority = base::parse_first_certificate(client_authority).value();
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

config::Cluster over_tls(config::BackendTls tls = {}) {
  config::Cluster cluster;
  cluster.tls = std::move(tls);
  return cluster;
}

bool says_hello(SocketStream& stream, const SeenRequest& request) {
  return stream.send(ScriptedBackend::ok("hello " + request.body));
}

const char* name_of(SocketStream& stream) {
  const char* const name = SSL_get_servername(stream.ssl(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "none" : name;
}

class BackendTls : public ::testing::Test {
 protected:
  int status() { return HttpClient::connect(proxy_.http()).get("/").status; }

  const config::Certificate own_ = issue({"backend.test"});
  RunningEngine proxy_;
};

TEST_F(BackendTls, AnswersAndOneConnectionCarriesManyRequests) {
  const ScriptedBackend backend(says_hello, "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  auto client = HttpClient::connect(proxy_.http());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").body, "hello ");
  EXPECT_EQ(backend.connections(), 1);
}

TEST_F(BackendTls, BodiesOfAnySizePassBothWays) {
  const std::string large(3u << 20, 'x');
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest& request) {
        return stream.send(ScriptedBackend::ok(request.body));
      },
      "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  auto client = HttpClient::connect(proxy_.http());
  client.send("POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: " +
              std::to_string(large.size()) + "\r\n\r\n" + large);
  EXPECT_EQ(client.read_answer().body, large);
}

TEST_F(BackendTls, TheEndpointSeesANameOnlyWhereOneIsToBeSent) {
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest&) {
        return stream.send(ScriptedBackend::ok(name_of(stream)));
      },
      "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").body, "none");
  // Under other settings nothing of the connection is used again.
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls({.server_name = "backend.test"}))));
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").body, "backend.test");
  EXPECT_EQ(backend.connections(), 2);
}

TEST_F(BackendTls, TheNextConnectionResumesTheSession) {
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest&) {
        stream.send(ScriptedBackend::ok(SSL_session_reused(stream.ssl()) == 1 ? "resumed" : "full",
                                        "Connection: close\r\n"));
        stream.say_goodbye();
        return false;
      },
      "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").body, "full");
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").body, "resumed");
}

// RFC 8446 §6.1. Some endpoints complain of every connection that ends without a word.
TEST_F(BackendTls, AConnectionThatIsLetGoEndsWithAGoodbye) {
  std::atomic<bool> was_polite{false};
  const ScriptedBackend backend(
      [&](SocketStream& stream, const SeenRequest&) {
        stream.send(ScriptedBackend::ok("hello", "Connection: close\r\n"));
        EXPECT_EQ(stream.receive(), "");
        was_polite = (SSL_get_shutdown(stream.ssl()) & SSL_RECEIVED_SHUTDOWN) != 0;
        return false;
      },
      "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  EXPECT_EQ(status(), 200);
  EXPECT_TRUE(eventually([&] { return was_polite.load(); }));
}

TEST_F(BackendTls, ACertificateIsVerifiedByAuthorityAndName) {
  const ScriptedBackend backend(says_hello, "127.0.0.1", server(own_));
  const auto trusting = [&](const std::string& authority, const std::string& name) {
    return shop({backend.port()}, over_tls({.trusted_pem = authority, .verified_name = name}));
  };
  ASSERT_TRUE(proxy_.publish(trusting(own_.chain_pem.text(), "backend.test")));
  EXPECT_EQ(status(), 200);
  ASSERT_TRUE(proxy_.publish(trusting(own_.chain_pem.text(), "other.test")));
  EXPECT_EQ(status(), 502);
  ASSERT_TRUE(proxy_.publish(trusting(issue({"backend.test"}).chain_pem.text(), "backend.test")));
  EXPECT_EQ(status(), 502);
  EXPECT_THAT(proxy_.access_log(3), HasSubstr("upstream_certificate_not_trusted"));
  EXPECT_EQ(backend.requests(), 1);
}

TEST_F(BackendTls, AChainHasNoMoreAuthoritiesBetweenThanItMay) {
  const ::support::TestAuthority root("root"), below("below", root), deep("deep", below);
  const ::support::Issued two_between = deep.issue("backend.test");
  base::SslCtxPtr context = server({two_between.chain_pem, two_between.key_pem});
  const base::BioPtr text(BIO_new_mem_buf(two_between.chain_pem.data(),
                                          static_cast<int>(two_between.chain_pem.size())));
  const base::X509Ptr leaf(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  while (X509* const next = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context.get(), next);
  }
  ERR_clear_error();  // there is no more of it
  const ScriptedBackend backend(says_hello, "127.0.0.1", std::move(context));
  const auto status_at = [&](std::uint64_t depth) {
    const config::BackendTls tls{
        .trusted_pem = root.pem(), .verified_name = "backend.test", .verify_depth = depth};
    EXPECT_TRUE(proxy_.publish(shop({backend.port()}, over_tls(tls))));
    return status();
  };
  EXPECT_EQ(status_at(3), 200);
  EXPECT_EQ(status_at(2), 200);
  EXPECT_EQ(status_at(1), 502);
  EXPECT_EQ(status_at(0), 502);
  EXPECT_THAT(proxy_.access_log(4), HasSubstr("upstream_certificate_not_trusted"));
}

TEST_F(BackendTls, SettingsThatCannotBeUsedSendNothing) {
  const ScriptedBackend backend(says_hello, "127.0.0.1", server(own_));
  const config::BackendTls unusable[] = {
      {.trusted_pem = "no certificate", .verified_name = "backend.test"},
      {.trusted_pem = own_.chain_pem.text()},  // for any name
      {.chain_pem = own_.chain_pem.text()},    // without its key
  };
  for (const config::BackendTls& tls : unusable) {
    ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls(tls))));
    EXPECT_EQ(status(), 502);
  }
  EXPECT_THAT(proxy_.access_log(3), HasSubstr("upstream_tls_settings"));
  EXPECT_EQ(backend.requests(), 0);
}

TEST_F(BackendTls, TheProxyShowsItsCertificateToAnEndpointThatAsks) {
  const config::Certificate edge = issue({"edge.test"});
  const ScriptedBackend backend(says_hello, "127.0.0.1", server(own_, edge.chain_pem.text()));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls({.chain_pem = edge.chain_pem.text(),
                                                              .key_pem = edge.key_pem.text()}))));
  EXPECT_EQ(status(), 200);
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  EXPECT_EQ(status(), 502);
}

// A certificate for so many names takes several reads.
TEST_F(BackendTls, ALongHandshakeIsTakenATurnAtATime) {
  std::vector<std::string> names;
  const std::string label(50, 'n');
  for (int i = 0; i < 1'000; ++i) names.push_back(label + std::to_string(i) + ".backend.test");
  base::SslCtxPtr context = server(issue(names));
  SSL_CTX_set_num_tickets(context.get(), 0);  // no session to resume, which would need none of it
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  const ScriptedBackend backend(
      [](SocketStream& stream, const SeenRequest&) {
        stream.send(ScriptedBackend::ok("hello", "Connection: close\r\n"));
        return false;
      },
      "127.0.0.1", std::move(context));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  // How much of it is there at a time is up to the kernel.
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(status(), 200);
    return proxy_.metric("gatehouse_proxy_turns_spent_total") > 0;
  }));
}

TEST_F(BackendTls, AnEndpointThatSpeaksPlainHttpIsNoneInTls) {
  const ScriptedBackend backend(says_hello);
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  // What it gets is no request, and it may wait for the rest of one.
  config::Cluster impatient = over_tls();
  impatient.connect_timeout = std::chrono::milliseconds(100);
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, impatient)));
  EXPECT_EQ(status(), 502);
  EXPECT_THAT(proxy_.access_log(), HasSubstr("upstream_tls_handshake"));
  EXPECT_EQ(proxy_.metric("gatehouse_proxy_upstream_connections_open"), 0);
}

// RFC 9112 §9.8: anybody on the way can send a FIN.
TEST_F(BackendTls, ABodyThatEndsWithItsConnectionIsWholeOnlyAfterAGoodbye) {
  const auto answer = [](bool with_goodbye) {
    return [with_goodbye](SocketStream& stream, const SeenRequest&) {
      stream.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it");
      if (with_goodbye) stream.say_goodbye();
      return false;
    };
  };
  const ScriptedBackend polite(answer(true), "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({polite.port()}, over_tls())));
  EXPECT_EQ(HttpClient::connect(proxy_.http()).get("/").body, "all of it");
  const ScriptedBackend rude(answer(false), "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({rude.port()}, over_tls())));
  HttpClient::connect(proxy_.http()).get("/");
  EXPECT_THAT(proxy_.access_log(2), HasSubstr("truncated_response"));
}

TEST_F(BackendTls, AConnectionThatTheEndpointEndedIsNotUsedAgain) {
  ScriptedBackend backend(says_hello, "127.0.0.1", server(own_));
  ASSERT_TRUE(proxy_.publish(shop({backend.port()}, over_tls())));
  EXPECT_EQ(status(), 200);
  backend.close_idle();
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(backend.connections(), 2);
}

}  // namespace
}  // namespace proxy::support
