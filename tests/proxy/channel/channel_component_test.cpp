// A channel over a pair of sockets, in each of its forms, against OpenSSL at the other end. Nothing
// waits: what one end has sent the other has.
#include <array>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/socket.h>

#include "base/key.h"
#include "base/openssl.h"
#include "proxy/channel/channel.h"
#include "proxy/net/fd.h"
#include "proxy/net/socket.h"
#include "proxy/tls/certificate_table.h"
#include "proxy/tls/client_connection.h"
#include "proxy/tls/server_connection.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/ticket_keys.h"

namespace proxy::channel {
namespace {

using Kind = net::IoResult::Kind;
using Handshake = tls::Connection::Handshake;

// Who is at the other end of the pair.
class Peer {
 public:
  explicit Peer(net::Fd fd) : fd_(std::move(fd)) {}

  void speak_tls(SSL_CTX* context, bool accepts) {
    ssl_.reset(SSL_new(context));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    if (accepts) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
      SSL_set_tlsext_host_name(ssl_.get(), "a.test");
    }
  }
  // As far as what has come leads; `early`: what is said in the same breath as the last of it.
  void shake_hands(std::string_view early = {}) {
    take_in();
    if (SSL_do_handshake(ssl_.get()) == 1 && !early.empty()) encrypt(early);
    send(take_made());
  }

  void say(std::string_view text) { send(on_the_wire(text)); }
  // What say() would send.
  std::string on_the_wire(std::string_view text) {
    if (ssl_ == nullptr) return std::string(text);
    encrypt(text);
    return take_made();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const net::IoResult sent = net::send(fd_.get(), bytes);
      ASSERT_EQ(sent.kind, Kind::done);
      bytes.remove_prefix(sent.bytes);
    }
  }
  // "No more from me", in TLS and to the socket.
  void say_goodbye() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
    if (ssl_ != nullptr) send(take_made());
    end();
  }
  void end() { net::shut_down_sending(fd_.get()); }
  void close() { fd_.reset(); }

  // All that is there, in the clear.
  std::string hear() {
    std::string heard = take_in();
    if (ssl_ == nullptr) return heard;
    heard.clear();
    std::array<char, 16384> part{};
    int got = 0;
    while ((got = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()))) > 0) {
      heard.append(part.data(), static_cast<std::size_t>(got));
    }
    send(take_made());  // what it says of itself: a ticket
    return heard;
  }
  // And as it came, without a look at it.
  std::string take_in() {
    std::string came;
    std::array<char, 16384> part{};
    for (;;) {
      const net::IoResult got = net::receive(fd_.get(), part.data(), part.size());
      if (got.kind == Kind::closed) saw_end_ = true;
      if (got.kind != Kind::done) break;
      came.append(part.data(), got.bytes);
    }
    const auto size = static_cast<int>(came.size());
    if (ssl_ != nullptr && size > 0) BIO_write(in_, came.data(), size);
    return came;
  }
  bool saw_end() const { return saw_end_; }
  // Of TLS; plain ones have no other than the socket's.
  bool heard_goodbye() const {
    return ssl_ == nullptr ? saw_end_ : (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }

 private:
  void encrypt(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string take_made() {
    std::string made = base::read_memory_bio(out_);
    (void)BIO_reset(out_);
    return made;
  }

  net::Fd fd_;
  base::SslPtr ssl_;
  BIO* in_ = nullptr;  // of ssl_
  BIO* out_ = nullptr;
  bool saw_end_ = false;
};

struct Pair {
  net::Fd ours, theirs;
};

Pair connected_pair() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {net::Fd(ends[0]), net::Fd(ends[1])};
}

// What is on the wire.
struct Form {
  std::string name;
  enum class Side { plain, server, client } side = Side::plain;
  int version = 0;           // of TLS
  bool own_records = false;  // tls::ServerPolicy's
  friend void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"Plain", Form::Side::plain, 0},
      {"ServerTls12", Form::Side::server, TLS1_2_VERSION},
      {"ServerTls13", Form::Side::server, TLS1_3_VERSION},
      {"ServerTls13OwnRecords", Form::Side::server, TLS1_3_VERSION, true},
      {"ClientTls12", Form::Side::client, TLS1_2_VERSION},
      {"ClientTls13", Form::Side::client, TLS1_3_VERSION},
  };
  return all;
}

class Channels : public ::testing::TestWithParam<Form> {
 protected:
  static constexpr std::size_t kRoom = 128u << 10;

  bool is_tls() const { return GetParam().side != Form::Side::plain; }

  void SetUp() override {
    if (GetParam().side == Form::Side::server) begin_as_server();
    if (GetParam().side == Form::Side::client) begin_as_client();
    if (is_tls()) shake_hands();
  }

  struct Issued {
    std::string chain_pem, key_pem;
  };
  static Issued issue() {
    const auto key = base::PrivateKey::generate({}).value();
    base::SelfSignedOptions options;
    options.names.dns_names = {"a.test"};
    return {base::make_self_signed(key, options).value(), key.to_pem()};
  }
  void begin_as_client() {
    const Issued issued = issue();
    const base::X509Ptr leaf = base::parse_first_certificate(issued.chain_pem).value();
    const base::BioPtr text(
        BIO_new_mem_buf(issued.key_pem.data(), static_cast<int>(issued.key_pem.size())));
    const base::EvpPkeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
    context_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context_.get(), leaf.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
    SSL_CTX_set_max_proto_version(context_.get(), GetParam().version);
    peer_.speak_tls(context_.get(), true);
    channel_.start_tls(std::make_unique<tls::ClientConnection>(client_, session_), held_,
                       held_.endpoint_input);
    EXPECT_EQ(channel_.step({}), Handshake::needs_more);  // its first word
  }
  void begin_as_server() {
    const Issued issued = issue();
    config_.certificates["a"] = std::make_shared<config::Certificate>(
        config::Certificate{issued.chain_pem, issued.key_pem});
    config_.sni["a.test"] = "a";
    server_ = tls::ServerContext::create({.own_records = GetParam().own_records}).value();
    server_->set_ticket_keys(tls::TicketKeys::generate().value());
    server_->set_certificates(std::make_shared<const tls::CertificateTable>(config_));
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context_.get(), GetParam().version);
    peer_.speak_tls(context_.get(), false);
    channel_.start_tls(std::make_unique<tls::ServerConnection>(*server_), held_,
                       held_.client_input);
  }

  void shake_hands() {
    ASSERT_EQ(take_steps(), Handshake::done);
    peer_.hear();  // the last of it, and a ticket
    // Those of the peer, if it is one to give any.
    tell_readable();
    EXPECT_EQ(read(), Kind::would_block);
  }
  // `early`: what the peer says in the same breath as the last of the handshake.
  Handshake take_steps(std::string_view early = {}) {
    Handshake made = Handshake::needs_more;
    for (int turn = 0; turn < 10 && made == Handshake::needs_more; ++turn) {
      peer_.shake_hands(early);
      made = take_step();
    }
    return made;
  }
  Handshake take_step() {
    const net::IoResult got = channel_.receive(cipher_.data(), cipher_.size());
    return channel_.step({cipher_.data(), got.kind == Kind::done ? got.bytes : 0});
  }

  // epoll, of whose events the channel is to be told.
  void tell_readable(bool closing = false) {
    channel_.note({.readable = true, .closing = closing});
  }
  Kind read(std::size_t size = kRoom, std::size_t cipher_bytes = 64u << 10) {
    text_.resize(size);
    net::TurnBudget budget;
    const net::IoResult got =
        channel_.read(text_.data(), size, budget, std::span<char>(cipher_).first(cipher_bytes));
    text_.resize(got.kind == Kind::done ? got.bytes : 0);
    return got.kind;
  }
  void expect_nothing_held() const {
    EXPECT_EQ(held_.client_input.get(), 0u);
    EXPECT_EQ(held_.endpoint_input.get(), 0u);
    EXPECT_EQ(held_.client_output.get(), 0u);
    EXPECT_EQ(held_.pipes.get(), 0u);
  }

  // More than the socket has room for.
  std::string write_bulk() {
    std::string all;
    for (int i = 0; channel_.unsent() == 0; ++i) {
      const std::string part(50'000, static_cast<char>('a' + i % 26));
      EXPECT_TRUE(channel_.write(part));
      all += part;
    }
    return all;
  }
  // What the peer hears when it takes all that there is.
  std::string drain() {
    std::string heard;
    while (channel_.unsent() > 0) {
      const std::string part = peer_.hear();
      if (part.empty() && !is_tls()) break;
      heard += part;
      EXPECT_TRUE(channel_.flush());
    }
    return heard + peer_.hear();
  }

  admin::HeldMemory held_;
  config::ProxyConfig config_;
  std::unique_ptr<tls::ServerContext> server_;
  tls::ClientContext client_{std::make_shared<config::BackendTls>()};
  tls::SessionSlot session_;
  base::SslCtxPtr context_;  // the peer's
  Pair pair_ = connected_pair();
  Peer peer_{std::move(pair_.theirs)};
  Channel channel_{std::move(pair_.ours), held_, held_.client_output};
  std::vector<char> cipher_ = std::vector<char>(64u << 10);
  std::string text_;  // that was read
};

INSTANTIATE_TEST_SUITE_P(Forms, Channels, ::testing::ValuesIn(forms()),
                         [](const auto& form) { return form.param.name; });

TEST_P(Channels, OfALargeWriteLittleMemoryStays) {
  EXPECT_TRUE(channel_.write(std::string(8u << 20, 'x')));
  EXPECT_GT(channel_.unsent(), 1u << 20);
  EXPECT_TRUE(server_ == nullptr || server_->output().capacity() < (1u << 20));
}

TEST_P(Channels, BytesPassBothWays) {
  EXPECT_EQ(channel_.is_plain(), !is_tls());
  EXPECT_TRUE(channel_.write("to you"));
  EXPECT_EQ(peer_.hear(), "to you");
  peer_.say("to me");
  EXPECT_FALSE(channel_.is_readable()) << "nobody said so";
  tell_readable();
  EXPECT_TRUE(channel_.is_readable());
  EXPECT_EQ(read(), Kind::done);
  EXPECT_EQ(text_, "to me");
  EXPECT_FALSE(channel_.is_readable());
  EXPECT_EQ(read(), Kind::would_block);
  expect_nothing_held();
}

TEST_P(Channels, WhatTheSocketHasNoRoomForWaitsInOrder) {
  const std::string all = write_bulk() + "and more";
  EXPECT_TRUE(channel_.write("and more"));
  EXPECT_GT(channel_.unsent(), 0u);
  EXPECT_EQ(held_.client_output.get(), channel_.unsent());
  EXPECT_EQ(drain(), all);
  EXPECT_EQ(channel_.unsent(), 0u);
  EXPECT_GE(channel_.written(), all.size());
  EXPECT_FALSE(channel_.is_broken());
  expect_nothing_held();
}

TEST_P(Channels, AGoodbyeComesBehindWhatIsUnsent) {
  const std::string all = write_bulk();
  channel_.finish();
  EXPECT_FALSE(peer_.saw_end());
  EXPECT_EQ(drain(), all);
  EXPECT_TRUE(peer_.heard_goodbye());
  EXPECT_TRUE(peer_.saw_end());
  expect_nothing_held();
}

TEST_P(Channels, AGoodbyeComesAtOnceWhereNothingIsUnsentAndThePeerMayGoOn) {
  EXPECT_TRUE(channel_.write("last"));
  channel_.finish();
  EXPECT_EQ(peer_.hear(), "last");
  EXPECT_TRUE(peer_.heard_goodbye());
  EXPECT_TRUE(peer_.saw_end());
  peer_.say("mine");
  tell_readable();
  EXPECT_EQ(read(), Kind::done);
  EXPECT_EQ(text_, "mine");
}

TEST_P(Channels, ACloseNotifyEndsNothingButTheWordsOfTls) {
  channel_.write_close_notify();
  EXPECT_EQ(peer_.hear(), "");
  EXPECT_EQ(peer_.heard_goodbye(), is_tls());
  EXPECT_FALSE(peer_.saw_end());
}

TEST_P(Channels, TheEndOfThePeerIsToldOnceBehindWhatItSaid) {
  peer_.say("last");
  peer_.say_goodbye();
  tell_readable(true);
  EXPECT_EQ(read(), Kind::done);
  EXPECT_EQ(text_, "last");
  EXPECT_TRUE(channel_.is_readable()) << "no event will say so again";
  EXPECT_EQ(read(), Kind::closed);
  EXPECT_FALSE(channel_.is_readable());
  EXPECT_TRUE(channel_.write("you may hear this"));
  EXPECT_EQ(peer_.hear(), "you may hear this");
  if (is_tls()) {
    EXPECT_EQ(channel_.tls()->state(), tls::Connection::State::closed_by_peer);
  }
}

TEST_P(Channels, AnEndWithoutAGoodbyeIsNoneOfTls) {
  const std::string whole = peer_.on_the_wire(std::string(1'000, 'x'));
  peer_.send(std::string_view(whole).substr(0, 500));
  peer_.end();
  tell_readable(true);
  Kind kind = read();
  EXPECT_EQ(kind, is_tls() ? Kind::would_block : Kind::done);
  EXPECT_TRUE(channel_.is_readable());
  kind = read();
  EXPECT_EQ(kind, Kind::closed);
  if (is_tls()) {
    EXPECT_EQ(channel_.tls()->state(), tls::Connection::State::open);
  }
  expect_nothing_held();
}

TEST_P(Channels, WhoSendsToNobodyIsBroken) {
  peer_.close();
  EXPECT_FALSE(channel_.write("hello"));
  EXPECT_TRUE(channel_.is_broken());
}

TEST_P(Channels, WhoHasDroppedTlsHoldsNothingOfIt) {
  channel_.close();
  channel_.drop_tls();
  EXPECT_EQ(channel_.tls(), nullptr);
  EXPECT_EQ(held_.tls.get(), 0u);
}

TEST_P(Channels, WhatIsUnsentIsDroppedWithTheSocket) {
  write_bulk();
  channel_.close();
  EXPECT_EQ(channel_.unsent(), 0u);
  EXPECT_LT(channel_.fd(), 0);
  peer_.hear();
  EXPECT_TRUE(peer_.saw_end());
  EXPECT_FALSE(is_tls() && peer_.heard_goodbye());
  expect_nothing_held();
}

TEST_P(Channels, ARoomThatIsSmallerThanARecordTakesItInParts) {
  peer_.say(std::string(10'000, 'x'));
  tell_readable();
  EXPECT_EQ(read(4'000), Kind::done);
  EXPECT_EQ(text_.size(), 4'000u);
  EXPECT_TRUE(channel_.is_readable());
  EXPECT_EQ(read(4'000), Kind::done);
  EXPECT_EQ(text_.size(), 4'000u);
  EXPECT_TRUE(channel_.is_readable());
  EXPECT_EQ(read(4'000), Kind::done);
  EXPECT_EQ(text_.size(), 2'000u);
  EXPECT_FALSE(channel_.is_readable());
  expect_nothing_held();
}

TEST_P(Channels, AReadTakesNoMoreFromTheSocketThanItMay) {
  constexpr std::size_t kMost = 1'000;
  peer_.say(std::string(5'000, 'x'));
  tell_readable();
  std::size_t got = 0;
  int reads = 0;
  while (channel_.is_readable()) {
    ASSERT_LT(++reads, 20);
    if (read(is_tls() ? kRoom : kMost, kMost) == Kind::done) got += text_.size();
  }
  EXPECT_EQ(got, 5'000u);
  EXPECT_GE(reads, 5);
}

class ChannelsOfTls : public Channels {};

INSTANTIATE_TEST_SUITE_P(Forms, ChannelsOfTls,
                         ::testing::ValuesIn(forms().begin() + 1, forms().end()),
                         [](const auto& form) { return form.param.name; });

TEST_P(ChannelsOfTls, AReadDealsWithNoMoreRecordsThanATurnHasTimeFor) {
  constexpr std::size_t kOfATurn =
      net::TurnBudget::units_per_step(net::TurnBudget::Unit::tls_record);
  std::string records;
  for (std::size_t i = 0; i < 2 * kOfATurn + 10; ++i) records += peer_.on_the_wire("x");
  peer_.send(records);
  tell_readable();
  for (const std::size_t expected : {kOfATurn, kOfATurn, std::size_t{10}}) {
    EXPECT_TRUE(channel_.is_readable());
    EXPECT_EQ(read(), Kind::done);
    EXPECT_EQ(text_.size(), expected);
    EXPECT_EQ(held_.client_input.get() + held_.endpoint_input.get() > 0, expected == kOfATurn);
  }
  EXPECT_FALSE(channel_.is_readable());
  expect_nothing_held();
}

TEST_P(ChannelsOfTls, NonsenseBreaksTls) {
  peer_.send("this is no record of TLS at all");
  tell_readable();
  EXPECT_EQ(read(), Kind::failed);
  EXPECT_EQ(channel_.tls()->failure_reason(), "protocol_error");
  EXPECT_FALSE(channel_.write("hello"));
  EXPECT_TRUE(channel_.is_broken());
  expect_nothing_held();
}

// What an endpoint said before its TLS broke may be all of its answer; a client that broke off
// waits for none.
TEST_P(ChannelsOfTls, WhatCameBeforeNonsenseIsHandedOnByTheRoleOfAClientAlone) {
  peer_.send(peer_.on_the_wire("answer") + "this is no record of TLS at all");
  tell_readable();
  if (GetParam().side == Form::Side::client) {
    EXPECT_EQ(read(), Kind::done);
    EXPECT_EQ(text_, "answer");
    EXPECT_TRUE(channel_.is_readable());
  }
  EXPECT_EQ(read(), Kind::failed);
  EXPECT_FALSE(channel_.is_readable());
  expect_nothing_held();
}

TEST_P(Channels, TheAccountSaysWhatTlsHolds) {
  EXPECT_EQ(held_.tls.get(), is_tls() ? channel_.tls()->bytes() : 0u);
}

// In TLS 1.2 nobody says anything before the server's last word.
class ServersOfTls13 : public Channels {
 protected:
  void SetUp() override { begin_as_server(); }
};

INSTANTIATE_TEST_SUITE_P(Forms, ServersOfTls13, ::testing::Values(forms()[2], forms()[3]),
                         [](const auto& form) { return form.param.name; });

TEST_P(ServersOfTls13, ATicketWaitsForTheResponseToWhatCameWithTheHandshakesEnd) {
  ASSERT_EQ(take_steps("early"), Handshake::done);
  EXPECT_TRUE(channel_.is_readable()) << "it came already";
  EXPECT_GT(held_.client_input.get(), 0u);
  EXPECT_EQ(peer_.take_in(), "") << "a write of its own";
  EXPECT_EQ(read(), Kind::done);
  EXPECT_EQ(text_, "early");
  EXPECT_TRUE(channel_.write("response"));
  EXPECT_EQ(peer_.hear(), "response");
  expect_nothing_held();
}

TEST_P(ServersOfTls13, ATicketGoesAtOnceWhereNothingCame) {
  ASSERT_EQ(take_steps(), Handshake::done);
  EXPECT_NE(peer_.take_in(), "");
}

}  // namespace
}  // namespace proxy::channel
