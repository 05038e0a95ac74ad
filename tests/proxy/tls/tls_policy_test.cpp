// What a host's policy lets in: the server's side in memory against OpenSSL's client.
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "base/key.h"
#include "base/openssl.h"
#include "base/tls_certificate_rules.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"
#include "tests/proxy/support/memory_handshake.h"

namespace proxy::tls {
namespace {

using config::TlsPolicy;
using SessionPtr = base::OpensslPtr<SSL_SESSION, SSL_SESSION_free>;

constexpr const char* kAead = "ECDHE-ECDSA-AES128-GCM-SHA256";
constexpr const char* kCbc = "ECDHE-ECDSA-AES128-SHA256";

struct Wishes {
  std::string name;
  int version_max = TLS1_3_VERSION;
  std::string ciphers = kAead;
  std::string groups{};
  SSL_SESSION* ticket = nullptr;
};

struct Outcome {
  std::string failure{};  // of the server; empty: the handshake is done
  bool resumed = false;
  bool http2 = false;
  TlsPolicy met{};
  SessionPtr ticket{};
};

class TlsPolicies : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions options;
    options.names.dns_names = {"*.test"};
    config_.certificates["any"] = std::make_shared<const config::Certificate>(
        config::Certificate{base::make_self_signed(key, options).value(), key.to_pem()});
    config_.sni = {{"*.test", "any"}};
    server_->set_ticket_keys(TicketKeys::generate().value());
    say("modern.test", TlsPolicy::modern);
    say("plain.test", TlsPolicy::intermediate);
    say("old.test", TlsPolicy::old);
  }

  void say(const std::string& name, TlsPolicy policy) {
    config::VirtualHost host;
    host.tls13_only = policy == TlsPolicy::modern;
    host.takes_old_ciphers = policy == TlsPolicy::old;
    config_.hosts[name] = std::make_shared<const config::VirtualHost>(host);
    server_->set_certificates(std::make_shared<const CertificateTable>(config_));
  }

  Outcome handshake(const Wishes& wishes) {
    base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), wishes.version_max);
    EXPECT_EQ(SSL_CTX_set_cipher_list(context.get(), wishes.ciphers.c_str()), 1);
    if (!wishes.groups.empty()) SSL_CTX_set1_groups_list(context.get(), wishes.groups.c_str());
    base::SslPtr client(SSL_new(context.get()));
    constexpr std::string_view kProtocols = "\x02h2\x08http/1.1";
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(kProtocols.data()),
                        static_cast<unsigned>(kProtocols.size()));
    SSL_set_tlsext_host_name(client.get(), wishes.name.c_str());
    if (wishes.ticket != nullptr) SSL_set_session(client.get(), wishes.ticket);

    ServerConnection connection(*server_);
    Outcome outcome;
    outcome.failure = support::shake_hands(*server_, connection, client.get());
    if (!outcome.failure.empty()) return outcome;
    outcome.resumed = connection.was_resumed();
    outcome.http2 = connection.negotiated_http2();
    outcome.met = connection.met_policy();
    outcome.ticket.reset(SSL_get1_session(client.get()));
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN);  // or OpenSSL takes it for a bad session
    return outcome;
  }

  config::ProxyConfig config_;
  std::unique_ptr<ServerContext> server_ = ServerContext::create({}).value();
};

TEST_F(TlsPolicies, AModernHostSpeaksTls13AndNothingBelow) {
  EXPECT_EQ(handshake({"modern.test"}).failure, "");
  EXPECT_EQ(handshake({"modern.test", TLS1_2_VERSION}).failure, "unsupported_version");
}

TEST_F(TlsPolicies, AnotherHostSpeaksTls12WithCiphersThatAreAuthenticatedAlone) {
  for (const char* name : {"plain.test", "unknown.test"}) {
    EXPECT_EQ(handshake({name, TLS1_2_VERSION}).failure, "") << name;
    EXPECT_EQ(handshake({name, TLS1_2_VERSION, kCbc}).failure, "nothing_in_common") << name;
  }
}

TEST_F(TlsPolicies, AHostForOldClientsTakesThemAndGivesOthersWhatIsBest) {
  const Outcome old = handshake({"old.test", TLS1_2_VERSION, kCbc});
  EXPECT_EQ(old.failure, "");
  EXPECT_EQ(old.met, TlsPolicy::old);
  EXPECT_FALSE(old.http2) << "RFC 9113 §9.2.2";
  const Outcome both = handshake({"old.test", TLS1_2_VERSION, std::string(kCbc) + ":" + kAead});
  EXPECT_EQ(both.met, TlsPolicy::intermediate);
  EXPECT_TRUE(both.http2);
  EXPECT_EQ(handshake({"old.test"}).met, TlsPolicy::modern);
  EXPECT_NE(handshake({"old.test", TLS1_1_VERSION, "DEFAULT"}).failure, "") << "RFC 8996";
}

TEST_F(TlsPolicies, ATicketThatWasGivenUnderAnotherPolicyOpensNothing) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const TlsPolicy before : {TlsPolicy::old, TlsPolicy::intermediate, TlsPolicy::modern}) {
      for (const TlsPolicy after : {TlsPolicy::old, TlsPolicy::intermediate, TlsPolicy::modern}) {
        say("a.test", before);
        const Outcome first = handshake({"a.test", version});
        if (before == TlsPolicy::modern && version == TLS1_2_VERSION) {
          EXPECT_NE(first.failure, "");
          continue;
        }
        ASSERT_EQ(first.failure, "");
        say("a.test", after);
        const Outcome second = handshake({"a.test", version, kAead, "", first.ticket.get()});
        EXPECT_EQ(second.resumed, before == after)
            << version << " " << config::name_of(before) << " " << config::name_of(after);
        const bool is_kept_out = after == TlsPolicy::modern && version == TLS1_2_VERSION;
        EXPECT_EQ(second.failure.empty(), !is_kept_out);
      }
    }
  }
}

TEST_F(TlsPolicies, TheHybridGroupIsSpokenWhereTheLibraryHasIt) {
  EXPECT_EQ(handshake({"modern.test", TLS1_3_VERSION, kAead, "X25519"}).failure, "");
  base::SslCtxPtr probe(SSL_CTX_new(TLS_client_method()));
  const bool is_there = SSL_CTX_set1_groups_list(probe.get(), "X25519MLKEM768") == 1;
  ERR_clear_error();
  if (!is_there) GTEST_SKIP() << "this OpenSSL has none";
  EXPECT_EQ(handshake({"modern.test", TLS1_3_VERSION, kAead, "X25519MLKEM768"}).failure, "");
}

}  // namespace
}  // namespace proxy::tls
