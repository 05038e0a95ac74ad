// What a read makes of records, on both sides in memory: OpenSSL's client, and no socket.
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/err.h>

#include "base/key.h"
#include "base/openssl.h"
#include "proxy/tls/parsed_certificate.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"

namespace proxy::tls {
namespace {

struct Kind {
  int version;
  bool own;  // ServerPolicy::own_records
  const char* name;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class Records : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    for (const char* name : {"a.test", "b.test"}) {
      const auto key = base::PrivateKey::generate({}).value();
      base::SelfSignedOptions options;
      options.names.dns_names = {name};
      config_.certificates[name] = std::make_shared<config::Certificate>(
          config::Certificate{base::make_self_signed(key, options).value(), key.to_pem()});
      config_.sni[name] = name;
    }
    table_ = std::make_shared<const CertificateTable>(config_, nullptr, 1);
    server_->set_certificates(table_);
    server_->set_ticket_keys(TicketKeys::generate().value());
    SSL_CTX_set_max_proto_version(context_.get(), GetParam().version);
    connect();
  }

  bool is_tls13() const { return GetParam().version == TLS1_3_VERSION; }
  bool are_own() const { return is_tls13() && GetParam().own; }

  // A handshake by what the context says.
  void connect() {
    client_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(client_.get(), in_, out_);
    SSL_set_connect_state(client_.get());
    SSL_set_tlsext_host_name(client_.get(), "a.test");
    if (session_ != nullptr) SSL_set_session(client_.get(), session_.get());
    connection_ = std::make_unique<ServerConnection>(*server_);
    shake_hands();
  }
  void shake_hands() {
    auto step = ServerConnection::Handshake::needs_more;
    while (step == ServerConnection::Handshake::needs_more) {
      SSL_do_handshake(client_.get());
      const std::string sent = take_sent();
      ASSERT_NE(sent, "");
      std::string_view left = sent;
      server_->output().clear();
      step = connection_->step(left);
      deliver();
    }
    ASSERT_EQ(step, ServerConnection::Handshake::done);
  }

  // What the server has said.
  void deliver() {
    std::string& output = server_->output();
    if (!output.empty()) BIO_write(in_, output.data(), static_cast<int>(output.size()));
    output.clear();
  }
  // What the client has said, as the server reads it.
  std::string read() {
    const std::string ciphertext = take_sent();
    std::string_view left = ciphertext;
    std::string text(64u << 10, '\0');
    std::string all;
    for (;;) {
      std::size_t records = 100;
      const std::size_t count = connection_->read(left, text.data(), text.size(), records);
      all.append(text, 0, count);
      if (count == 0) return all;
    }
  }
  std::string read_by_client() {
    std::string all;
    std::string text(64u << 10, '\0');
    for (;;) {
      const int count = SSL_read(client_.get(), text.data(), static_cast<int>(text.size()));
      if (count <= 0) return all;
      all.append(text, 0, static_cast<std::size_t>(count));
    }
  }
  void send_by_client(const std::string& text) {
    EXPECT_EQ(SSL_write(client_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }

  // What another client says first.
  std::string client_hello() {
    const base::SslPtr other(SSL_new(context_.get()));
    BIO* const out = BIO_new(BIO_s_mem());
    SSL_set_bio(other.get(), BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(other.get());
    SSL_set_tlsext_host_name(other.get(), "a.test");
    SSL_do_handshake(other.get());
    return base::read_memory_bio(out);
  }
  std::string take_sent() {
    std::string sent = base::read_memory_bio(out_);
    (void)BIO_reset(out_);
    return sent;
  }
  // Each character of the text in a record of its own.
  std::string in_records(std::string_view text) {
    for (const char c : text) EXPECT_EQ(SSL_write(client_.get(), &c, 1), 1);
    return take_sent();
  }

  config::ProxyConfig config_;
  std::shared_ptr<const CertificateTable> table_;
  std::unique_ptr<ServerContext> server_ =
      ServerContext::create({.own_records = GetParam().own}).value();
  base::SslCtxPtr context_{SSL_CTX_new(TLS_client_method())};
  base::OpensslPtr<SSL_SESSION, SSL_SESSION_free> session_;  // to be resumed
  base::SslPtr client_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  std::unique_ptr<ServerConnection> connection_;
};

TEST_P(Records, AReadTakesNoMoreOfThemThanItIsToldToAndTheNextGoesOnThere) {
  const std::string ciphertext = in_records("abcdefghij");
  std::string_view left = ciphertext;
  std::string text(64, '\0');
  std::size_t records = 4;
  EXPECT_EQ(connection_->read(left, text.data(), text.size(), records), 4u);
  EXPECT_EQ(records, 4u);
  EXPECT_EQ(text.substr(0, 4), "abcd");
  EXPECT_EQ(left.size(), ciphertext.size() / 10 * 6);
  // The rest may have been moved meanwhile.
  const std::string moved(left);
  left = moved;
  records = 100;
  EXPECT_EQ(connection_->read(left, text.data(), text.size(), records), 6u);
  EXPECT_EQ(records, 6u);
  EXPECT_EQ(text.substr(0, 6), "efghij");
  EXPECT_TRUE(left.empty());
}

TEST_P(Records, APartOfOneIsNoneYet) {
  const std::string ciphertext = in_records("a");
  std::string_view left = std::string_view(ciphertext).substr(0, 10);
  std::string text(64, '\0');
  std::size_t records = 100;
  EXPECT_EQ(connection_->read(left, text.data(), text.size(), records), 0u);
  EXPECT_EQ(records, 0u);
  left = std::string_view(ciphertext).substr(10);
  records = 100;
  EXPECT_EQ(connection_->read(left, text.data(), text.size(), records), 1u);
  EXPECT_EQ(records, 1u);
}

// ---- Between the server and a client of OpenSSL, whoever makes the server's records

TEST_P(Records, DataPassesBothWaysWithEachCipher) {
  for (const char* suite :
       {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}) {
    SSL_CTX_set_ciphersuites(context_.get(), suite);
    connect();
    EXPECT_EQ(connection_->version(), is_tls13() ? "TLSv1.3" : "TLSv1.2");
    for (const std::size_t size : {1u, 100u, 16384u, 16385u, 100'000u}) {
      const std::string text(size, 'x');
      send_by_client(text);
      EXPECT_EQ(read(), text);
      EXPECT_TRUE(connection_->write(text));
      deliver();
      EXPECT_EQ(read_by_client(), text);
    }
    EXPECT_EQ(connection_->state(), ServerConnection::State::open);
  }
}

TEST_P(Records, DataPassesAfterEachKindOfHandshake) {
  const auto passes = [&] {
    send_by_client("question");
    EXPECT_EQ(read(), "question");
    EXPECT_TRUE(connection_->write("answer"));
    deliver();
    EXPECT_EQ(read_by_client(), "answer");
    EXPECT_EQ(connection_->bytes() < ServerConnection::kBytes, are_own());
  };
  passes();
  session_.reset(SSL_get1_session(client_.get()));
  SSL_set_shutdown(client_.get(), SSL_SENT_SHUTDOWN);  // or OpenSSL takes it for a bad session
  connect();
  EXPECT_TRUE(connection_->was_resumed());
  passes();
  session_.reset();
  server_->set_ticket_keys(nullptr);  // no ticket goes out
  connect();
  EXPECT_FALSE(connection_->was_resumed());
  passes();
  // A second ClientHello: the first has no key of a group that the server has (RFC 8446 §4.1.4).
  SSL_CTX_set1_groups_list(context_.get(), "P-521:X25519:P-256");
  connect();
  passes();
}

TEST_P(Records, HandshakesOfOthersComeBetweenThoseOfOne) {
  // One is in the middle of its handshake.
  const base::SslPtr other(SSL_new(context_.get()));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(other.get(), in, out);
  SSL_set_connect_state(other.get());
  SSL_set_tlsext_host_name(other.get(), "a.test");
  ServerConnection halfway(*server_);
  const auto take_step = [&] {
    SSL_do_handshake(other.get());
    const std::string sent = base::read_memory_bio(out);
    (void)BIO_reset(out);
    std::string_view left = sent;
    server_->output().clear();
    const auto made = halfway.step(left);
    BIO_write(in, server_->output().data(), static_cast<int>(server_->output().size()));
    return made;
  };
  ASSERT_EQ(take_step(), ServerConnection::Handshake::needs_more);
  connect();
  ASSERT_EQ(take_step(), ServerConnection::Handshake::done);
  EXPECT_EQ(halfway.bytes() < ServerConnection::kBytes, are_own());
  EXPECT_EQ(connection_->bytes() < ServerConnection::kBytes, are_own());
  // Each has its own secrets.
  EXPECT_EQ(SSL_write(other.get(), "other", 5), 5);
  const std::string sent = base::read_memory_bio(out);
  std::string_view left = sent;
  std::string text(100, '\0');
  std::size_t records = 10;
  EXPECT_EQ(halfway.read(left, text.data(), text.size(), records), 5u);
  send_by_client("one");
  EXPECT_EQ(read(), "one");
}

TEST_P(Records, TheClientMayChangeKeysAndAskForOthers) {
  if (!is_tls13()) return;
  for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(SSL_key_update(client_.get(), kind), 1);
      send_by_client("question");
      EXPECT_EQ(read(), "question");
      EXPECT_TRUE(connection_->write("answer"));
      deliver();
      EXPECT_EQ(read_by_client(), "answer");
    }
  }
}

TEST_P(Records, KeyUpdatesWithoutEndEndTheConnection) {
  if (!is_tls13()) return;
  for (int i = 0; i < 40; ++i) {
    SSL_key_update(client_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(client_.get());
  }
  EXPECT_EQ(read(), "");
  EXPECT_EQ(connection_->state(), ServerConnection::State::failed);
  EXPECT_EQ(connection_->failure_reason(), "too_many_control_messages");
}

TEST_P(Records, EachSideMaySayThatNoMoreComesAndListen) {
  connection_->write_close_notify();
  deliver();
  EXPECT_EQ(read_by_client(), "");
  EXPECT_EQ(SSL_get_shutdown(client_.get()), SSL_RECEIVED_SHUTDOWN);
  if (is_tls13()) {
    send_by_client("still");
    EXPECT_EQ(read(), "still");
  }
  EXPECT_EQ(connection_->state(), ServerConnection::State::open);
  SSL_shutdown(client_.get());
  EXPECT_EQ(read(), "");
  EXPECT_EQ(connection_->state(), ServerConnection::State::closed_by_peer);
}

TEST_P(Records, TheClientIsAnsweredAfterItsLastWord) {
  send_by_client("question");
  SSL_shutdown(client_.get());
  EXPECT_EQ(read(), "question");
  EXPECT_EQ(connection_->state(), ServerConnection::State::closed_by_peer);
  EXPECT_TRUE(connection_->write("answer"));
  deliver();
  EXPECT_EQ(read_by_client(), "answer");
}

TEST_P(Records, AClientThatAsksForSmallRecordsGetsThem) {
  SSL_CTX_set_tlsext_max_fragment_length(context_.get(), TLSEXT_max_fragment_length_512);
  connect();
  server_->output().clear();
  const std::string text(2000, 'x');
  EXPECT_TRUE(connection_->write(text));
  EXPECT_GE(server_->output().size(), text.size() + 4 * 22);
  deliver();
  EXPECT_EQ(read_by_client(), text);
  send_by_client(text);
  EXPECT_EQ(read(), text);
}

TEST_P(Records, WhatWasChangedOnTheWayEndsTheConnectionAndIsSaid) {
  std::string ciphertext = in_records("a");
  ciphertext.back() = static_cast<char>(ciphertext.back() ^ 1);
  std::string_view left = ciphertext;
  char byte = 0;
  std::size_t records = 1;
  server_->output().clear();
  EXPECT_EQ(connection_->read(left, &byte, 1, records), 0u);
  EXPECT_EQ(connection_->state(), ServerConnection::State::failed);
  EXPECT_EQ(connection_->failure_reason(), "protocol_error");
  EXPECT_FALSE(connection_->write("x"));
  deliver();
  SSL_read(client_.get(), &byte, 1);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), 1020);  // alert bad_record_mac
  ERR_clear_error();
}

TEST_P(Records, WhatTheServerKnowsOfTheClientStays) {
  EXPECT_EQ(connection_->server_name(), "a.test");
  EXPECT_FALSE(connection_->negotiated_http2());
  EXPECT_FALSE(connection_->was_resumed());
  EXPECT_EQ(connection_->met_policy(),
            is_tls13() ? config::TlsPolicy::modern : config::TlsPolicy::intermediate);
  const unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context_.get(), kHttp2, sizeof kHttp2);
  connect();
  EXPECT_TRUE(connection_->negotiated_http2());
}

void note_end(void* /*owner*/, void* count, CRYPTO_EX_DATA* /*data*/, int /*index*/,
              long /*number*/, void* /*argument*/) {
  if (count != nullptr) ++*static_cast<int*>(count);
}

TEST_P(Records, AnOpenConnectionHoldsNothingOfTheCertificateThatItHasShown) {
  static const int kIndex = X509_get_ex_new_index(0, nullptr, nullptr, nullptr, note_end);
  int ends = 0;
  X509_set_ex_data((*table_->find("a.test"))->parsed()->leaf.get(), kIndex, &ends);
  EXPECT_EQ(ends, 0);
  (*table_->find("b.test"))->parsed();  // in its place
  EXPECT_EQ(ends, 1);
  const std::string ciphertext = in_records("a");
  std::string_view left = ciphertext;
  char byte = 0;
  std::size_t records = 1;
  EXPECT_EQ(connection_->read(left, &byte, 1, records), 1u);
  EXPECT_TRUE(connection_->write("b"));
}

// Sanitizers have an allocator of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

std::size_t allocated() {
  return ::mallinfo2().uordblks;
}

// The account of memory goes by an estimate; another OpenSSL may make it wrong.
TEST_P(Records, AConnectionTakesAboutAsMuchAsTheAccountSays) {
  constexpr std::size_t kConnections = 32;
  std::vector<std::unique_ptr<ServerConnection>> in_handshake;
  const std::string hello = client_hello();
  std::size_t before = allocated();
  for (std::size_t i = 0; i < kConnections; ++i) {
    in_handshake.push_back(std::make_unique<ServerConnection>(*server_));
    std::string_view left = hello;
    server_->output().clear();
    ASSERT_EQ(in_handshake.back()->step(left), ServerConnection::Handshake::needs_more);
  }
  const std::size_t each = (allocated() - before) / kConnections;
  EXPECT_GT(each, ServerConnection::kBytesInHandshake / 2);
  EXPECT_LT(each, ServerConnection::kBytesInHandshake * 2);
  before = allocated();
  const std::size_t said = connection_->bytes();
  EXPECT_EQ(said < 1000, are_own());
  EXPECT_EQ(said == ServerConnection::kBytes, !are_own());
  connection_.reset();
  const std::size_t established = before - allocated();
  // Small pieces that were given back are still the thread's, by what the allocator says.
  if (!are_own()) {
    EXPECT_GT(established, said / 2);
  }
  EXPECT_LT(established, said * 2);
}

#endif

INSTANTIATE_TEST_SUITE_P(Versions, Records,
                         ::testing::Values(Kind{TLS1_2_VERSION, false, "Tls12"},
                                           Kind{TLS1_3_VERSION, false, "Tls13"},
                                           Kind{TLS1_2_VERSION, true, "Tls12BesideOwn"},
                                           Kind{TLS1_3_VERSION, true, "Tls13Own"}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace proxy::tls
