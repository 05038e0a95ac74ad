// Whose ticket opens what: the server's side in memory against OpenSSL's client, without a socket.
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/key.h"
#include "base/openssl.h"
#include "proxy/http/host_name.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"
#include "tests/proxy/support/memory_handshake.h"

namespace proxy::tls {
namespace {

using config::Certificate;
using SessionPtr = base::OpensslPtr<SSL_SESSION, SSL_SESSION_free>;

std::shared_ptr<const Certificate> issue(const std::vector<std::string>& names,
                                         const base::PrivateKey& key) {
  base::SelfSignedOptions options;
  options.names.dns_names = names;
  return std::make_shared<Certificate>(
      Certificate{base::make_self_signed(key, options).value(), key.to_pem()});
}

std::shared_ptr<const Certificate> issue(const std::vector<std::string>& names) {
  return issue(names, base::PrivateKey::generate({}).value());
}

struct Outcome {
  std::string failure;  // of the server; empty: the handshake is done
  bool resumed = false;
  std::string name;   // that the server knows the client by
  SessionPtr ticket;  // what the client can come back with
};

struct Kind {
  int version;
  bool own_records;  // ServerPolicy's
  const char* name;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class SessionTickets : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    config.certificates = {
        {"a", issue({"a.test"})}, {"b", issue({"b.test"})}, {"wild", issue({"*.w.test"})}};
    config.sni = {{"a.test", "a"}, {"b.test", "b"}, {"*.w.test", "wild"}};
    server->set_ticket_keys(keys);
    serve();
  }

  void serve() { server->set_certificates(std::make_shared<const CertificateTable>(config)); }

  void rotate_keys() {
    keys = keys->rotated().value();
    server->set_ticket_keys(keys);
  }

  // One handshake of this version, and the first bytes after it, in which a ticket may be.
  Outcome handshake(const std::string& name, SSL_SESSION* ticket = nullptr) {
    base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context.get(), GetParam().version);
    base::SslPtr client(SSL_new(context.get()));
    if (!name.empty()) SSL_set_tlsext_host_name(client.get(), name.c_str());
    if (ticket != nullptr) SSL_set_session(client.get(), ticket);

    ServerConnection connection(*server);
    Outcome outcome;
    outcome.failure = support::shake_hands(*server, connection, client.get());
    if (!outcome.failure.empty()) return outcome;
    outcome.resumed = connection.was_resumed();
    outcome.name = connection.server_name();
    outcome.ticket.reset(SSL_get1_session(client.get()));
    SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN);  // or OpenSSL takes it for a bad session
    return outcome;
  }

  // "resumed", "full" or the server's reason to refuse: what this ticket gets for this name.
  std::string with(const Outcome& first, const std::string& name) {
    // A copy: TLS 1.3 forbids to use a ticket twice, and OpenSSL marks what failed.
    const SessionPtr copy(SSL_SESSION_dup(first.ticket.get()));
    const Outcome second = handshake(name, copy.get());
    if (!second.failure.empty()) return second.failure;
    EXPECT_EQ(second.name, http::HostName::of_server_name(name).view());
    return second.resumed ? "resumed" : "full";
  }

  config::ProxyConfig config;
  std::shared_ptr<const TicketKeys> keys = TicketKeys::generate().value();
  std::unique_ptr<ServerContext> server =
      ServerContext::create({.own_records = GetParam().own_records}).value();
};

INSTANTIATE_TEST_SUITE_P(Versions, SessionTickets,
                         ::testing::Values(Kind{TLS1_2_VERSION, false, "Tls12"},
                                           Kind{TLS1_3_VERSION, false, "Tls13"},
                                           Kind{TLS1_3_VERSION, true, "Tls13OwnRecords"}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(SessionTickets, ResumeWithoutTheCertificateBeingReadAgain) {
  const auto table = std::make_shared<const CertificateTable>(config, nullptr, 1);
  server->set_certificates(table);
  const Outcome first = handshake("a.test");
  const auto other = (*table->find("b.test"))->parsed();  // in its place
  EXPECT_EQ(with(first, "a.test"), "resumed");
  EXPECT_EQ((*table->find("b.test"))->parsed(), other);
}

TEST_P(SessionTickets, OpenForTheNameTheyWereGivenFor) {
  const Outcome first = handshake("a.test");
  ASSERT_EQ(first.failure, "");
  EXPECT_FALSE(first.resumed);
  EXPECT_EQ(with(first, "a.test"), "resumed");
  EXPECT_EQ(with(first, "A.Test"), "resumed");
}

TEST_P(SessionTickets, OfOneHostDoNotOpenAnother) {
  const Outcome first = handshake("a.test");
  EXPECT_EQ(with(first, "b.test"), "full");
  EXPECT_EQ(with(first, "unknown.test"), "unrecognized_name");
  EXPECT_EQ(with(first, ""), "unrecognized_name");
}

TEST_P(SessionTickets, DoNotOpenAnotherNameOfTheSameCertificate) {
  const Outcome first = handshake("x.w.test");
  EXPECT_EQ(with(first, "x.w.test"), "resumed");
  EXPECT_EQ(with(first, "y.w.test"), "full");
}

TEST_P(SessionTickets, OfTheDefaultCertificateAreGoodForTheNameThatGotIt) {
  config.certificates["default"] = issue({"default.test"});
  config.sni[""] = "default";
  serve();
  const Outcome nameless = handshake("");
  EXPECT_EQ(with(nameless, ""), "resumed");
  EXPECT_EQ(with(nameless, "any.test"), "full");
  EXPECT_EQ(with(nameless, "a.test"), "full");
  EXPECT_EQ(with(handshake("any.test"), "any.test"), "resumed");
}

TEST_P(SessionTickets, EndWithTheCertificateTheyWereGivenUnder) {
  const Outcome first = handshake("a.test");
  config.certificates["a"] = issue({"a.test"});
  serve();
  EXPECT_EQ(with(first, "a.test"), "full");
  EXPECT_EQ(with(handshake("a.test"), "a.test"), "resumed");
}

TEST_P(SessionTickets, EndWithARenewalAlsoWhenTheKeyStays) {
  const auto key = base::PrivateKey::generate({}).value();
  config.certificates["a"] = issue({"a.test"}, key);
  serve();
  const Outcome first = handshake("a.test");
  config.certificates["a"] = issue({"a.test"}, key);
  serve();
  EXPECT_EQ(with(first, "a.test"), "full");
}

TEST_P(SessionTickets, OfANameThatLostItsCertificateOpenNothing) {
  const Outcome first = handshake("a.test");
  config.sni.erase("a.test");
  serve();
  EXPECT_EQ(with(first, "a.test"), "unrecognized_name");
}

TEST_P(SessionTickets, StayGoodWhenOtherCertificatesChange) {
  const Outcome first = handshake("a.test");
  config.certificates["b"] = issue({"b.test"});
  serve();
  EXPECT_EQ(with(first, "a.test"), "resumed");
}

TEST_P(SessionTickets, AreOpenedForThreeRotationsOfTheKeysAndNoLonger) {
  const Outcome first = handshake("a.test");
  for (int i = 0; i < 3; ++i) {
    rotate_keys();
    EXPECT_EQ(with(first, "a.test"), "resumed");
  }
  rotate_keys();
  EXPECT_EQ(with(first, "a.test"), "full");
}

TEST_P(SessionTickets, OfOneReplicaOpenOnAnotherThatWasGivenTheSameKeys) {
  const std::string bytes(TicketKeys::kKeyBytes, 'k');
  server->set_ticket_keys(TicketKeys::from_bytes({bytes}).value());
  const Outcome first = handshake("a.test");
  server = ServerContext::create({}).value();
  server->set_ticket_keys(TicketKeys::from_bytes({bytes}).value());
  serve();
  EXPECT_EQ(with(first, "a.test"), "resumed");
  EXPECT_EQ(with(first, "b.test"), "full");
}

// What no client of OpenSSL sends: a ClientHello whose server_name is not of RFC 6066's form.
TEST(ServerName, ThatIsMalformedEndsTheHandshake) {
  const auto with_extension = [](const std::string& content) {
    const auto number = [](std::size_t n) {
      return std::string{static_cast<char>(n >> 8), static_cast<char>(n & 255)};
    };
    const std::string extension = std::string("\0\0", 2) + number(content.size()) + content;
    std::string hello = "\x03\x03" + std::string(32, 'r') + std::string(1, '\0') +
                        std::string("\0\2\xc0\x2b", 4) + std::string("\1\0", 2) +
                        number(extension.size()) + extension;
    hello = std::string("\1\0", 2) + number(hello.size()) + hello;
    return "\x16\x03\x01" + number(hello.size()) + hello;
  };
  const auto server = ServerContext::create({}).value();
  config::ProxyConfig config;
  config.certificates["a"] = issue({"a.test"});
  config.sni = {{"a.test", "a"}, {"", "a"}};
  server->set_certificates(std::make_shared<const CertificateTable>(config));
  const auto reason = [&](const std::string& content) {
    ServerConnection connection(*server);
    const std::string bytes = with_extension(content);
    std::string_view left = bytes;
    connection.step(left);
    return std::string(connection.failure_reason());
  };
  using namespace std::string_literals;
  EXPECT_EQ(reason("\0\x09\0\0\6a.test"s), "nothing_in_common");  // well-formed: the cipher is next
  for (const std::string& content :
       {""s, "\0"s, "\0\0"s, "\0\x0a\0\0\6a.test"s, "\0\x09\1\0\6a.test"s, "\0\x09\0\0\7a.test"s,
        "\0\x09\0\0\5a.test"s, "\0\x09\0\0\6a\0test"s}) {
    EXPECT_EQ(reason(content), "protocol_error") << testing::PrintToString(content);
  }
}

}  // namespace
}  // namespace proxy::tls
