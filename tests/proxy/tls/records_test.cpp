// What a read makes of records, on both sides in memory: OpenSSL's client, and no socket.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "base/key.h"
#include "base/openssl.h"
#include "proxy/tls/parsed_certificate.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"

namespace proxy::tls {
namespace {

class Records : public ::testing::TestWithParam<int> {
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
    SSL_CTX_set_max_proto_version(context_.get(), GetParam());
    client_.reset(SSL_new(context_.get()));
    BIO* const in = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(client_.get(), in, out_);
    SSL_set_connect_state(client_.get());
    SSL_set_tlsext_host_name(client_.get(), "a.test");
    connection_ = std::make_unique<ServerConnection>(*server_);
    auto step = ServerConnection::Handshake::needs_more;
    while (step == ServerConnection::Handshake::needs_more) {
      SSL_do_handshake(client_.get());
      const std::string sent = take_sent();
      ASSERT_NE(sent, "");
      std::string_view left = sent;
      server_->output().clear();
      step = connection_->step(left);
      BIO_write(in, server_->output().data(), static_cast<int>(server_->output().size()));
    }
    ASSERT_EQ(step, ServerConnection::Handshake::done);
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
  std::unique_ptr<ServerContext> server_ = ServerContext::create({}).value();
  base::SslCtxPtr context_{SSL_CTX_new(TLS_client_method())};
  base::SslPtr client_;
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
  connection_.reset();
  const std::size_t established = before - allocated();
  EXPECT_GT(established, ServerConnection::kBytes / 2);
  EXPECT_LT(established, ServerConnection::kBytes * 2);
}

#endif

INSTANTIATE_TEST_SUITE_P(Versions, Records, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace proxy::tls
