// What becomes of records after the handshake: RFC 8446 §4.6.3, §5 and §6, rule by rule. The client
// is these keys and no library, so it says what none would.
#include "proxy/tls/record_layer.h"

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "tests/proxy/support/rfc8448.h"

namespace proxy::tls {
namespace {

using Use = RecordKeys::Use;
using namespace std::string_literals;

constexpr std::size_t kOverhead = RecordCiphers::kOverhead;
const std::string kAskedKeyUpdate("\x18\0\0\1\1", 5);
const std::string kKeyUpdate("\x18\0\0\1\0", 5);

// Records one after another: they are made in this order, which `+` would not say.
std::string joined(std::initializer_list<std::string> records) {
  std::string all;
  for (const std::string& one : records) all += one;
  return all;
}

TEST(RecordLayer, OpensAndSealsTheRecordsOfTheTrace) {
  const auto ciphers = RecordCiphers::make();
  ASSERT_NE(ciphers, nullptr);
  RecordLayer layer(*ciphers, {.client_secret = rfc8448::secret(rfc8448::kClientSecret),
                               .server_secret = rfc8448::secret(rfc8448::kServerSecret),
                               .records_sent = rfc8448::kTickets});
  std::string output;
  std::string text(128, '\0');
  std::string ciphertext =
      rfc8448::bytes(rfc8448::kClientData) + rfc8448::bytes(rfc8448::kClientAlert);
  std::string_view left = ciphertext;
  std::size_t records = 100;
  ASSERT_EQ(layer.read(left, text.data(), text.size(), records, output), 50u);
  EXPECT_EQ(text.substr(0, 50), rfc8448::data());
  EXPECT_EQ(records, 2u);
  EXPECT_TRUE(left.empty());
  EXPECT_TRUE(layer.is_closed_by_peer());
  EXPECT_EQ(output, "");
  ASSERT_TRUE(layer.write(rfc8448::data(), output));
  EXPECT_EQ(output, rfc8448::bytes(rfc8448::kServerData));
  output.clear();
  layer.write_close_notify(output);
  EXPECT_EQ(output, rfc8448::bytes(rfc8448::kServerAlert));
  EXPECT_EQ(layer.failure_reason(), "");
}

// A client of one layer.
class Client {
 public:
  Client(RecordCiphers& ciphers, CipherSuite suite)
      : ciphers_(ciphers), sends_(suite, Use::seals), receives_(suite, Use::opens) {
    own_secret_.bytes.fill(1);
    server_secret_.bytes.fill(2);
    EXPECT_TRUE(ciphers_.expansion().derive_keys(own_secret_, sends_));
    EXPECT_TRUE(ciphers_.expansion().derive_keys(server_secret_, receives_));
  }
  ~Client() {
    ciphers_.forget(sends_);
    ciphers_.forget(receives_);
  }
  RecordLayer::Start start() const {
    return {.suite = sends_.suite, .client_secret = own_secret_, .server_secret = server_secret_};
  }

  std::string record(ContentType type, std::string_view content) {
    std::string made(content.size() + kOverhead, '\0');
    EXPECT_TRUE(ciphers_.seal(sends_, type, content, made.data()));
    return made;
  }
  std::string data(std::string_view content) {
    return record(ContentType::application_data, content);
  }
  std::string handshake(std::string_view content) {
    return record(ContentType::handshake, content);
  }
  std::string alert(char level, char description) {
    const char both[] = {level, description};
    return record(ContentType::alert, {both, 2});
  }
  // The inner plaintext as it is: content, type and padding.
  std::string inner(std::string_view all) {
    return record(static_cast<ContentType>(all.back()), all.substr(0, all.size() - 1));
  }
  // KeyUpdate, and the keys that follow.
  std::string key_update(std::string_view message) {
    std::string made = handshake(message);
    advance(own_secret_, sends_);
    return made;
  }
  void advance_received() { advance(server_secret_, receives_); }

  struct Received {
    ContentType type{};
    std::string content;
  };
  // The first record of it, and what follows stays.
  std::optional<Received> receive(std::string& bytes) {
    if (bytes.size() < kOverhead) return std::nullopt;
    const std::size_t size =
        5 + (static_cast<unsigned char>(bytes[3]) << 8 | static_cast<unsigned char>(bytes[4]));
    if (bytes.size() < size) return std::nullopt;
    std::string inner(size - 5 - 16, '\0');
    if (!ciphers_.open(receives_, std::string_view(bytes).substr(0, size), inner.data())) {
      return std::nullopt;
    }
    bytes.erase(0, size);
    const auto type = static_cast<ContentType>(inner.back());
    inner.pop_back();
    return Received{type, inner};
  }

  RecordKeys& sends() { return sends_; }

 private:
  void advance(TrafficSecret& secret, RecordKeys& keys) {
    ciphers_.forget(keys);
    EXPECT_TRUE(ciphers_.expansion().advance(keys.suite, secret));
    EXPECT_TRUE(ciphers_.expansion().derive_keys(secret, keys));
  }

  RecordCiphers& ciphers_;
  TrafficSecret own_secret_, server_secret_;
  RecordKeys sends_, receives_;
};

class RecordLayerOf : public ::testing::TestWithParam<CipherSuite> {
 protected:
  void begin(RecordLayer::Start start) { layer_ = std::make_unique<RecordLayer>(*ciphers_, start); }

  // What there is to read in it all, a turn's worth at a time.
  std::string read(std::string_view ciphertext, std::size_t room = 64u << 10,
                   std::size_t records_max = 1000) {
    std::string all, out(room, '\0');
    for (;;) {
      const std::size_t before = ciphertext.size();
      const bool had_rest = layer_->has_rest();
      records_ = records_max;
      const std::size_t count = layer_->read(ciphertext, out.data(), out.size(), records_, output_);
      all.append(out, 0, count);
      const bool goes_on = !ciphertext.empty() || layer_->has_rest();
      if (!goes_on || (count == 0 && ciphertext.size() == before && !had_rest)) break;
    }
    return all;
  }
  // The alert that is the answer to it, and the last that is said; "" for none.
  std::string refused(std::string_view ciphertext) {
    EXPECT_EQ(read(ciphertext), "");
    const auto said = client_.receive(output_);
    EXPECT_EQ(output_, "");
    EXPECT_EQ(layer_->failure_reason(), "protocol_error");
    EXPECT_FALSE(layer_->write("x", output_));
    layer_->write_close_notify(output_);
    EXPECT_EQ(output_, "");
    if (!said || said->type != ContentType::alert || said->content.size() != 2) return "";
    EXPECT_EQ(said->content[0], 2);
    return name_of(said->content[1]);
  }
  static std::string name_of(char alert) {
    switch (alert) {
      case 10:
        return "unexpected_message";
      case 20:
        return "bad_record_mac";
      case 22:
        return "record_overflow";
      case 47:
        return "illegal_parameter";
      case 50:
        return "decode_error";
      default:
        return std::to_string(alert);
    }
  }
  std::string received() {
    std::string all;
    while (const auto one = client_.receive(output_)) {
      EXPECT_EQ(one->type, ContentType::application_data);
      all += one->content;
    }
    EXPECT_EQ(output_, "");
    return all;
  }

  std::unique_ptr<RecordCiphers> ciphers_ = RecordCiphers::make();
  Client client_{*ciphers_, GetParam()};
  std::unique_ptr<RecordLayer> layer_ = std::make_unique<RecordLayer>(*ciphers_, client_.start());
  std::string output_;
  std::size_t records_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Suites, RecordLayerOf,
                         ::testing::Values(CipherSuite::aes_128_gcm_sha256,
                                           CipherSuite::aes_256_gcm_sha384,
                                           CipherSuite::chacha20_poly1305_sha256),
                         [](const auto& suite) {
                           return suite.param == CipherSuite::aes_128_gcm_sha256   ? "Aes128"
                                  : suite.param == CipherSuite::aes_256_gcm_sha384 ? "Aes256"
                                                                                   : "ChaCha20";
                         });

// ---- Data

TEST_P(RecordLayerOf, DataComesThroughWhereverItIsCut) {
  const std::string large(RecordLayer::kContentBytesMax, 'l');
  std::string ciphertext;
  for (const std::string& one : {"a"s, "bc"s, large, "d"s}) ciphertext += client_.data(one);
  for (const std::size_t step : {std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{6},
                                 std::size_t{1000}, ciphertext.size()}) {
    begin(client_.start());
    std::string all;
    for (std::size_t at = 0; at < ciphertext.size(); at += step) {
      all += read(std::string_view(ciphertext).substr(at, step));
    }
    EXPECT_EQ(all, "abc" + large + "d") << step;
    EXPECT_FALSE(layer_->has_rest());
    EXPECT_LT(layer_->bytes(), 600u);
  }
}

TEST_P(RecordLayerOf, DataComesThroughInWhateverRoomThereIs) {
  const std::string large(RecordLayer::kContentBytesMax, 'l');
  std::string ciphertext;
  for (const std::string& one : {large, "b"s, ""s, large, "c"s}) ciphertext += client_.data(one);
  for (const std::size_t room : {1, 16, 17, 16384, 16385, 20000, 40000}) {
    for (const std::size_t step : {std::size_t{999}, ciphertext.size()}) {
      begin(client_.start());
      std::string all;
      for (std::size_t at = 0; at < ciphertext.size(); at += step) {
        all += read(std::string_view(ciphertext).substr(at, step), room);
      }
      EXPECT_EQ(all, large + "b" + large + "c") << room;
      EXPECT_FALSE(layer_->has_rest());
    }
  }
}

TEST_P(RecordLayerOf, AReadTakesNoMoreOfThemThanItIsToldTo) {
  std::string ciphertext;
  for (const char c : "abcdefgh"s) ciphertext += client_.data({&c, 1});
  std::string_view left = ciphertext;
  std::string out(100, '\0');
  records_ = 3;
  EXPECT_EQ(layer_->read(left, out.data(), out.size(), records_, output_), 3u);
  EXPECT_EQ(records_, 3u);
  EXPECT_EQ(left.size(), 5 * (1 + kOverhead));
}

TEST_P(RecordLayerOf, WhatIsWrittenGoesInRecordsAsLargeAsTheyMayBe) {
  const std::string large(2 * RecordLayer::kContentBytesMax + 1, 'w');
  output_ = "before";
  ASSERT_TRUE(layer_->write(large, output_));
  ASSERT_EQ(output_.substr(0, 6), "before");
  output_.erase(0, 6);
  EXPECT_EQ(output_.size(), large.size() + 3 * kOverhead);
  EXPECT_EQ(received(), large);
  ASSERT_TRUE(layer_->write("", output_));
  EXPECT_EQ(output_, "");
}

TEST_P(RecordLayerOf, AClientMayHaveAskedForSmallOnes) {
  RecordLayer::Start start = client_.start();
  start.content_bytes_max = 512;
  begin(start);
  const std::string large(1025, 'w');
  ASSERT_TRUE(layer_->write(large, output_));
  EXPECT_EQ(output_.size(), large.size() + 3 * kOverhead);
  EXPECT_EQ(received(), large);
  EXPECT_EQ(read(client_.data(std::string(512, 'r'))), std::string(512, 'r'));
  EXPECT_EQ(refused(client_.data(std::string(513, 'r'))), "record_overflow");
}

TEST_P(RecordLayerOf, PaddingIsNoData) {
  std::string ciphertext = client_.inner("a\x17"s + std::string(300, '\0'));
  ciphertext += client_.inner("\0\0\x17\0"s);  // zeros before the type are data
  ciphertext += client_.inner("\x17\0"s);
  ciphertext += client_.inner("b\x17"s + std::string(RecordLayer::kContentBytesMax - 1, '\0'));
  EXPECT_EQ(read(ciphertext), "a\0\0b"s);
}

TEST_P(RecordLayerOf, SomeEmptyRecordsAreTakenAndManyInARowAreNot) {
  for (int round = 0; round < 3; ++round) {
    std::string ciphertext;
    for (int i = 0; i < 32; ++i) ciphertext += client_.data("");
    EXPECT_EQ(read(ciphertext + client_.data("a")), "a");
  }
  std::string ciphertext;
  for (int i = 0; i < 33; ++i) ciphertext += client_.data("");
  EXPECT_EQ(refused(ciphertext), "unexpected_message");
}

TEST_P(RecordLayerOf, ManyConnectionsShareFewCiphers) {
  const auto few = RecordCiphers::make(3);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<RecordLayer>> layers;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<Client>(*ciphers_, GetParam()));
    layers.push_back(std::make_unique<RecordLayer>(*few, clients.back()->start()));
  }
  for (int round = 0; round < 3; ++round) {
    if (round == 2) layers[1].reset();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (layers[i] == nullptr) continue;
      const std::string text(20 + i, 'a');
      const std::string ciphertext = clients[i]->data(text);
      std::string_view left = ciphertext;
      std::string out(200, '\0'), output;
      std::size_t records = 10;
      EXPECT_EQ(layers[i]->read(left, out.data(), out.size(), records, output), text.size());
      EXPECT_TRUE(layers[i]->write(text, output));
      const auto got = clients[i]->receive(output);
      ASSERT_TRUE(got);
      EXPECT_EQ(got->content, text);
    }
  }
}

// ---- What is no record

TEST_P(RecordLayerOf, WhatWasChangedOnTheWayIsABadRecord) {
  for (const std::size_t at : {std::size_t{1}, std::size_t{5}, std::size_t{6}, std::size_t{25}}) {
    begin(client_.start());
    Client client(*ciphers_, GetParam());
    std::string record = client.data("text");
    record[at] = static_cast<char>(record[at] ^ 1);
    std::string out(100, '\0');
    std::string_view left = record;
    std::size_t records = 10;
    EXPECT_EQ(layer_->read(left, out.data(), out.size(), records, output_), 0u);
    const auto said = client.receive(output_);
    ASSERT_TRUE(said);
    EXPECT_EQ(said->content, "\x02\x14"s);
    EXPECT_EQ(layer_->failure_reason(), "protocol_error");
    // And it is the last that is looked at.
    const std::string next = client.data("more");
    left = next;
    records = 10;
    EXPECT_EQ(layer_->read(left, out.data(), out.size(), records, output_), 0u);
  }
}

TEST_P(RecordLayerOf, ARecordThatComesTwiceOrIsLeftOutIsABadOne) {
  const std::string once = client_.data("a");
  EXPECT_EQ(read(once), "a");
  EXPECT_EQ(refused(once), "bad_record_mac");
  begin(client_.start());
  Client client(*ciphers_, GetParam());
  client.data("left out");
  read(client.data("b"));
  EXPECT_EQ(layer_->failure_reason(), "protocol_error");
}

TEST_P(RecordLayerOf, AHeaderIsJudgedBeforeTheRestHasCome) {
  struct Case {
    std::string header;
    const char* alert;
  };
  for (const Case& one : {
           Case{"\x14\3\3\0\1\1"s, "unexpected_message"},  // change_cipher_spec
           Case{"\x15\3\3\0\2\1\0"s, "unexpected_message"},
           Case{"\x16\3\3\0\5"s, "unexpected_message"},
           Case{"\0\3\3\0\x20"s, "unexpected_message"},
           Case{"\x18\3\3\0\x20"s, "unexpected_message"},
           Case{"GET / HTTP/1.1"s, "unexpected_message"},
           Case{"\x17\3\3\0\0"s, "bad_record_mac"},
           Case{"\x17\3\3\0\x0f"s, "bad_record_mac"},
           Case{"\x17\3\3\x40\x12"s, "record_overflow"},  // 2^14 + 1 + 16, and one more
           Case{"\x17\3\3\x41\x01"s, "record_overflow"},
           Case{"\x17\3\3\xff\xff"s, "record_overflow"},
       }) {
    for (const bool in_parts : {false, true}) {
      Client client(*ciphers_, GetParam());
      begin(client.start());
      output_.clear();
      if (in_parts) read(one.header.substr(0, 3));
      read(std::string_view(one.header).substr(in_parts ? 3 : 0));
      const auto said = client.receive(output_);
      ASSERT_TRUE(said) << testing::PrintToString(one.header);
      EXPECT_EQ(name_of(said->content[1]), one.alert) << testing::PrintToString(one.header);
    }
  }
}

// RFC 8446 §5.2: it says nothing, whatever it says; but it is protected with the rest.
TEST_P(RecordLayerOf, TheVersionOfARecordIsAnyThatWasSealed) {
  const EVP_CIPHER* const cipher = GetParam() == CipherSuite::aes_128_gcm_sha256 ? EVP_aes_128_gcm()
                                   : GetParam() == CipherSuite::aes_256_gcm_sha384
                                       ? EVP_aes_256_gcm()
                                       : EVP_chacha20_poly1305();
  const auto seal = [&](std::string_view inner) {
    std::string record = "\x17\3\1\0"s + static_cast<char>(inner.size() + 16);
    EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
    const RecordKeys::Nonce nonce = client_.sends().nonce();
    ++client_.sends().sequence;
    std::string sealed(inner.size() + 16, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(sealed.data());
    int written = 0;
    EVP_EncryptInit_ex(context, cipher, nullptr, client_.sends().key.data(), nonce.data());
    EVP_EncryptUpdate(context, nullptr, &written,
                      reinterpret_cast<const unsigned char*>(record.data()), 5);
    if (!inner.empty()) {
      EVP_EncryptUpdate(context, to, &written, reinterpret_cast<const unsigned char*>(inner.data()),
                        static_cast<int>(inner.size()));
    }
    EVP_EncryptFinal_ex(context, to + inner.size(), &written);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, to + inner.size());
    EVP_CIPHER_CTX_free(context);
    return record + sealed;
  };
  EXPECT_EQ(read(seal("text\x17")), "text");
  EXPECT_EQ(refused(seal("")), "unexpected_message");  // no type at all
}

TEST_P(RecordLayerOf, WhatIsInARecordMustBeOfATypeThatMayBeThere) {
  struct Case {
    std::string inner;
    const char* alert;
  };
  for (const Case& one : {
           Case{"\0"s, "unexpected_message"},  // nothing but padding
           Case{std::string(RecordLayer::kContentBytesMax, '\0'), "unexpected_message"},
           Case{"\1\x14"s, "unexpected_message"},  // change_cipher_spec
           Case{"\1\x18"s, "unexpected_message"},  // heartbeat
           Case{"x\x01"s, "unexpected_message"},
           Case{"\x16"s, "unexpected_message"},                    // an empty handshake message
           Case{"\x15"s, "unexpected_message"},                    // an empty alert
           Case{"\x16\0\0"s, "unexpected_message"},                // the same, padded
           Case{"\1\x15"s, "decode_error"},                        // half of an alert
           Case{"\1\0\1\0\x15"s, "decode_error"},                  // two of them
           Case{"\1\0\0\0\x16"s, "unexpected_message"},            // ClientHello: renegotiation
           Case{"\2\0\0\0\x16"s, "unexpected_message"},            // ServerHello
           Case{"\4\0\0\0\x16"s, "unexpected_message"},            // NewSessionTicket
           Case{"\5\0\0\0\x16"s, "unexpected_message"},            // EndOfEarlyData
           Case{"\x0b\0\0\4\0\0\0\0\x16"s, "unexpected_message"},  // Certificate
           Case{"\x14\0\0\x20\x16"s, "unexpected_message"},        // Finished
           Case{"\xfe\0\0\0\x16"s, "unexpected_message"},          // message_hash
           Case{"\x18\0\0\0\x16"s, "decode_error"},                // KeyUpdate of no bytes
           Case{"\x18\0\0\2\0\0\x16"s, "decode_error"},
           Case{"\x18\1\0\1\0\x16"s, "decode_error"},
           Case{"\x18\0\0\1\2\x16"s, "illegal_parameter"},
           Case{"\x18\0\0\1\xff\x16"s, "illegal_parameter"},
           Case{"\x18\0\0\1\0\x18\0\0\1\0\x16"s, "unexpected_message"},  // two in one record
           Case{"\x18\0\0\1\0\x18\x16"s, "unexpected_message"},
       }) {
    Client client(*ciphers_, GetParam());
    begin(client.start());
    output_.clear();
    read(client.inner(one.inner));
    const auto said = client.receive(output_);
    ASSERT_TRUE(said) << testing::PrintToString(one.inner);
    EXPECT_EQ(said->type, ContentType::alert);
    EXPECT_EQ(name_of(said->content[1]), one.alert) << testing::PrintToString(one.inner);
    EXPECT_EQ(output_, "");
    EXPECT_EQ(layer_->failure_reason(), "protocol_error");
  }
}

// ---- KeyUpdate

TEST_P(RecordLayerOf, AKeyUpdateChangesTheKeysOfItsSenderAlone) {
  std::string ciphertext = joined({client_.data("a"), client_.key_update(kKeyUpdate)});
  ciphertext += joined({client_.data("b"), client_.key_update(kKeyUpdate), client_.data("c")});
  EXPECT_EQ(read(ciphertext), "abc");
  EXPECT_EQ(output_, "");
  ASSERT_TRUE(layer_->write("answer", output_));
  EXPECT_EQ(received(), "answer");
}

TEST_P(RecordLayerOf, AKeyUpdateThatAsksForOneIsAnsweredBeforeAnythingElse) {
  EXPECT_EQ(read(joined({client_.key_update(kAskedKeyUpdate), client_.data("a")})), "a");
  ASSERT_TRUE(layer_->write("answer", output_));
  const auto said = client_.receive(output_);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->type, ContentType::handshake);
  EXPECT_EQ(said->content, kKeyUpdate);
  client_.advance_received();
  EXPECT_EQ(received(), "answer");
}

TEST_P(RecordLayerOf, AKeyUpdateMayComeInAsManyRecordsAsItHasBytes) {
  std::string ciphertext;
  for (std::size_t i = 0; i + 1 < kKeyUpdate.size(); ++i) {
    ciphertext += client_.handshake(kKeyUpdate.substr(i, 1));
  }
  ciphertext += client_.key_update(kKeyUpdate.substr(4));
  EXPECT_EQ(read(ciphertext + client_.data("a")), "a");
}

TEST_P(RecordLayerOf, NothingComesBetweenThePartsOfAMessage) {
  EXPECT_EQ(refused(joined({client_.handshake(kKeyUpdate.substr(0, 2)), client_.data("a")})),
            "unexpected_message");
}

TEST_P(RecordLayerOf, NotEvenAnAlertComesBetweenThePartsOfAMessage) {
  EXPECT_EQ(refused(joined({client_.handshake(kKeyUpdate.substr(0, 2)), client_.alert(1, 0)})),
            "unexpected_message");
}

TEST_P(RecordLayerOf, AfterAKeyUpdateTheKeysOfBeforeAreWorthNothing) {
  read(client_.handshake(kKeyUpdate));
  EXPECT_EQ(refused(client_.data("a")), "bad_record_mac");
}

TEST_P(RecordLayerOf, KeyUpdatesWithoutEndAreTooMuch) {
  std::string ciphertext;
  for (int i = 0; i < 33; ++i) ciphertext += client_.key_update(kKeyUpdate);
  EXPECT_EQ(read(ciphertext), "");
  EXPECT_EQ(layer_->failure_reason(), "too_many_control_messages");
  EXPECT_EQ(output_, "");
}

TEST_P(RecordLayerOf, AnswersToKeyUpdatesCountAsTheyDo) {
  std::string ciphertext;
  for (int i = 0; i < 17; ++i) ciphertext += client_.key_update(kAskedKeyUpdate);
  read(ciphertext);
  EXPECT_EQ(layer_->failure_reason(), "too_many_control_messages");
}

TEST_P(RecordLayerOf, WhoSendsMuchMayChangeKeysOften) {
  for (int i = 0; i < 100; ++i) {
    const std::string large(RecordLayer::kContentBytesMax, 'l');
    EXPECT_EQ(read(joined({client_.data(large), client_.key_update(kKeyUpdate)})), large);
  }
  EXPECT_EQ(layer_->failure_reason(), "");
}

TEST_P(RecordLayerOf, KeysAreChangedBeforeTheyHaveProtectedTooMuch) {
  RecordLayer::Start start = client_.start();
  start.records_per_key = 3;
  begin(start);
  std::string all;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(layer_->write("d", output_));
  int updates = 0;
  while (const auto one = client_.receive(output_)) {
    if (one->type == ContentType::handshake) {
      EXPECT_EQ(one->content, kKeyUpdate);
      client_.advance_received();
      ++updates;
    } else {
      all += one->content;
    }
  }
  EXPECT_EQ(output_, "");
  EXPECT_EQ(all, "dddddddddd");
  EXPECT_EQ(updates, 3);
}

TEST_P(RecordLayerOf, RecordsThatWereSentBeforeAreCounted) {
  RecordLayer::Start start = client_.start();
  start.records_sent = 1;
  begin(start);
  ASSERT_TRUE(layer_->write("second", output_));
  std::string second = std::exchange(output_, {});
  EXPECT_FALSE(client_.receive(second));
  begin(client_.start());
}

// RFC 8446 §5.3: it must not wrap.
TEST_P(RecordLayerOf, NoNumberOfARecordComesAgain) {
  std::string out(1 + kOverhead, '\0');
  for (const Use use : {Use::seals, Use::opens}) {
    RecordKeys keys(GetParam(), use);
    keys.sequence = ~std::uint64_t{0};
    EXPECT_FALSE(use == Use::seals
                     ? ciphers_->seal(keys, ContentType::application_data, "a", out.data())
                     : ciphers_->open(keys, client_.data("a"), out.data()));
  }
}

// ---- Alerts

TEST_P(RecordLayerOf, CloseNotifyEndsReadingAndNotWriting) {
  EXPECT_EQ(read(joined({client_.data("a"), client_.alert(1, 0), client_.data("ignored")})), "a");
  EXPECT_TRUE(layer_->is_closed_by_peer());
  EXPECT_EQ(layer_->failure_reason(), "");
  ASSERT_TRUE(layer_->write("answer", output_));
  EXPECT_EQ(received(), "answer");
}

TEST_P(RecordLayerOf, CloseNotifyOfOursEndsWritingAndNotReading) {
  layer_->write_close_notify(output_);
  layer_->write_close_notify(output_);
  const auto said = client_.receive(output_);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->content, "\1\0"s);
  EXPECT_EQ(output_, "");
  EXPECT_FALSE(layer_->write("a", output_));
  EXPECT_EQ(
      read(joined({client_.data("b"), client_.key_update(kAskedKeyUpdate), client_.data("c")})),
      "bc");
  EXPECT_EQ(output_, "");
  read("\x14\3\3\0\1\1"s);
  EXPECT_EQ(output_, "");
  EXPECT_EQ(layer_->failure_reason(), "protocol_error");
}

TEST_P(RecordLayerOf, AFatalAlertEndsItWithoutAnAnswer) {
  for (const char level : {'\1', '\2'}) {
    for (const char description : {'\x0a', '\x14', '\x28', '\x50', '\x7f'}) {
      Client client(*ciphers_, GetParam());
      begin(client.start());
      read(client.alert(level, description));
      EXPECT_EQ(layer_->failure_reason(), "protocol_error");
      EXPECT_FALSE(layer_->is_closed_by_peer());
      EXPECT_EQ(output_, "");
    }
  }
}

TEST_P(RecordLayerOf, UserCanceledIsFollowedByTheEnd) {
  EXPECT_EQ(read(joined({client_.alert(1, 90), client_.data("a"), client_.alert(1, 0)})), "a");
  EXPECT_TRUE(layer_->is_closed_by_peer());
  begin(client_.start());
}

TEST_P(RecordLayerOf, UserCanceledWithoutEndIsTooMuch) {
  std::string ciphertext;
  for (int i = 0; i < 33; ++i) ciphertext += client_.alert(1, 90);
  read(ciphertext);
  EXPECT_EQ(layer_->failure_reason(), "too_many_control_messages");
}

// ---- Memory

TEST_P(RecordLayerOf, HoldsNoMoreThanARecord) {
  const std::string large = client_.data(std::string(RecordLayer::kContentBytesMax, 'l'));
  read(std::string_view(large).substr(0, 100));
  EXPECT_LT(layer_->bytes(), 1000u);
  read(std::string_view(large).substr(100, large.size() - 101));
  EXPECT_LT(layer_->bytes(), 3 * large.size());
  EXPECT_EQ(read(std::string_view(large).substr(large.size() - 1)).size(),
            RecordLayer::kContentBytesMax);
  EXPECT_LT(layer_->bytes(), 600u);
}

}  // namespace
}  // namespace proxy::tls
