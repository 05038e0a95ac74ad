// What a backend may say in TLS beside data, both sides in memory: OpenSSL's server, and no socket.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/key.h"
#include "base/openssl.h"
#include "proxy/tls/client_connection.h"

namespace proxy::tls {
namespace {

class BackendMessages : public ::testing::Test {
 protected:
  void shake_hands(int version) {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions options;
    options.names.dns_names = {"backend.test"};
    const base::X509Ptr leaf =
        base::parse_first_certificate(base::make_self_signed(key, options).value()).value();
    const std::string key_pem = key.to_pem();
    const base::BioPtr text(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
    const base::EvpPkeyPtr server_key(
        PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(server_context_.get(), leaf.get());
    SSL_CTX_use_PrivateKey(server_context_.get(), server_key.get());
    SSL_CTX_set_max_proto_version(server_context_.get(), version);
    server_.reset(SSL_new(server_context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(server_.get(), in_, out_);
    SSL_set_accept_state(server_.get());
    backend_ = std::make_unique<ClientConnection>(context_, session_);
    while (!(backend_->is_established() && SSL_is_init_finished(server_.get()) == 1)) {
      backend_->output().clear();
      ASSERT_NE(take_step(), ClientConnection::Handshake::failed);
      BIO_write(in_, backend_->output().data(), static_cast<int>(backend_->output().size()));
      backend_->output().clear();
      SSL_do_handshake(server_.get());
      unread_ += take_sent();
    }
    EXPECT_EQ(read(), "");
  }

  std::string take_sent() {
    std::string sent = base::read_memory_bio(out_);
    (void)BIO_reset(out_);
    return sent;
  }
  ClientConnection::Handshake take_step() {
    std::string_view left = unread_;
    const auto made = backend_->step(left);
    unread_ = std::string(left);
    return made;
  }
  std::string read() {
    std::string text(64u << 10, '\0');
    std::size_t records = 1'000;
    std::string_view left = unread_;
    text.resize(backend_->read(left, text.data(), text.size(), records));
    unread_ = std::string(left);
    return text;
  }
  void say(const std::string& text) {
    ASSERT_EQ(SSL_write(server_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  // What becomes of so many of them at once.
  void expect_flood_ends(const std::function<int(SSL*)>& message) {
    for (int i = 0; i < 1'000; ++i) {
      if (message(server_.get()) != 1) break;
      SSL_do_handshake(server_.get());
    }
    const std::string flood = take_sent();
    EXPECT_GT(flood.size(), 10'000u);
    unread_ += flood;
    EXPECT_EQ(read(), "");
    EXPECT_EQ(backend_->state(), ClientConnection::State::failed);
    EXPECT_EQ(backend_->failure_reason(), "too_many_control_messages");
    // It was not answered to its end: an endpoint that does not read would have it all kept.
    EXPECT_LT(backend_->output().size(), 4u << 10);
  }

  const std::shared_ptr<const config::BackendTls> settings_ =
      std::make_shared<config::BackendTls>();
  ClientContext context_{settings_, false};
  SessionSlot session_;
  base::SslCtxPtr server_context_{SSL_CTX_new(TLS_server_method())};
  base::SslPtr server_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
  std::unique_ptr<ClientConnection> backend_;
  std::string unread_;  // that it was sent
};

int ask_for_new_keys(SSL* server) {
  return SSL_key_update(server, SSL_KEY_UPDATE_REQUESTED);
}

TEST_F(BackendMessages, AFloodOfNewKeysEndsTheConnection) {
  shake_hands(TLS1_3_VERSION);
  expect_flood_ends(ask_for_new_keys);
}

TEST_F(BackendMessages, AFloodOfTicketsEndsTheConnection) {
  shake_hands(TLS1_3_VERSION);
  expect_flood_ends([](SSL* server) { return SSL_new_session_ticket(server); });
}

TEST_F(BackendMessages, AFloodOfWishesToNegotiateAnewEndsTheConnection) {
  shake_hands(TLS1_2_VERSION);
  expect_flood_ends([](SSL* server) { return SSL_renegotiate(server); });
}

TEST_F(BackendMessages, NewKeysAndTicketsNowAndThenAreFine) {
  shake_hands(TLS1_3_VERSION);
  const std::string data(16'000, 'd');
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(ask_for_new_keys(server_.get()), 1);
    for (int k = 0; k < 5; ++k) say(data);
    ASSERT_EQ(SSL_new_session_ticket(server_.get()), 1);
    for (int k = 0; k < 5; ++k) say(data);
    unread_ += take_sent();
    std::size_t got = 0;
    while (!unread_.empty() || backend_->has_rest()) got += read().size();
    EXPECT_EQ(got, 10 * data.size());
    ASSERT_EQ(backend_->state(), ClientConnection::State::open) << i;
    EXPECT_NE(backend_->output(), "");  // new keys of its own
    backend_->output().clear();
  }
}

}  // namespace
}  // namespace proxy::tls
