#include "proxy/tls/client_hello.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/openssl.h"

namespace proxy::tls {
namespace {

using Outcome = ClientHelloReader::Outcome;
using namespace std::string_literals;

std::string number(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i > 0; --i) text += static_cast<char>(value >> (8 * (i - 1)) & 0xff);
  return text;
}

std::string vector_of(std::size_t length_bytes, const std::string& content) {
  return number(content.size(), length_bytes) + content;
}

std::string extension(std::size_t type, const std::string& content) {
  return number(type, 2) + vector_of(2, content);
}

std::string name_entry(const std::string& name, char type = 0) {
  return std::string(1, type) + vector_of(2, name);
}

std::string server_name(const std::string& name) {
  return extension(0, vector_of(2, name_entry(name)));
}

const std::string kGrease = extension(0x1a1a, "") + extension(0xfafa, "\0"s);

std::string message_with(const std::string& extensions) {
  const std::string hello =
      "\x03\x03"s + std::string(32, 'r') + vector_of(1, std::string(32, 's')) +
      vector_of(2, "\x3a\x3a\x13\x01\x13\x02"s) + vector_of(1, "\0"s) + vector_of(2, extensions);
  return "\x01"s + vector_of(3, hello);
}

std::string record(const std::string& content) {
  return "\x16\x03\x01"s + vector_of(2, content);
}

std::string in_records_of(std::size_t size, const std::string& message) {
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += size) {
    records += record(message.substr(at, size));
  }
  return records;
}

Outcome judge(const std::string& bytes) {
  ClientHelloReader reader;
  return reader.read(bytes);
}

TEST(ClientHello, AtEverySplitItIsTheSameHello) {
  const std::string whole = record(message_with(kGrease + server_name("shop.test")));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    ClientHelloReader reader;
    ASSERT_EQ(reader.read(whole.substr(0, cut)), Outcome::needs_more) << cut;
    ASSERT_EQ(reader.read(whole), Outcome::complete) << cut;
  }
  EXPECT_EQ(server_name_of(whole), "shop.test");
}

TEST(ClientHello, ItMayComeInRecordsOfAnySize) {
  const std::string message = message_with(server_name("shop.test") + kGrease);
  for (std::size_t size = 1; size <= message.size(); ++size) {
    const std::string records = in_records_of(size, message);
    ASSERT_EQ(judge(records), Outcome::complete) << size;
    ASSERT_EQ(server_name_of(records), "shop.test") << size;
    ASSERT_EQ(judge(records.substr(0, records.size() - 1)), Outcome::needs_more) << size;
  }
}

TEST(ClientHello, AByteAtATimeInRecordsOfAByteIsTheSameHello) {
  const std::string records = in_records_of(1, message_with(server_name("shop.test")));
  ClientHelloReader reader;
  for (std::size_t size = 1; size < records.size(); ++size) {
    ASSERT_EQ(reader.read(std::string_view(records).substr(0, size)), Outcome::needs_more) << size;
  }
  EXPECT_EQ(reader.read(records), Outcome::complete);
}

TEST(ClientHello, WhatFollowsItIsNotLookedAt) {
  const std::string whole = record(message_with(server_name("shop.test")));
  EXPECT_EQ(judge(whole + "\x17\x03\x03\x00\x00 anything"s), Outcome::complete);
  EXPECT_EQ(server_name_of(whole + "anything"), "shop.test");
}

TEST(ClientHello, APaddingAsLongAsAnExtensionMayBeFitsInTwoRecords) {
  const std::string message =
      message_with(extension(21, std::string(16'384, '\0')) + server_name("shop.test"));
  const std::string records = in_records_of(1u << 14, message);
  EXPECT_EQ(judge(records), Outcome::complete);
  EXPECT_EQ(server_name_of(records), "shop.test");
}

TEST(ClientHello, OneThatIsLongerThanAnybodysIsNotWaitedFor) {
  const std::string message = message_with(extension(21, std::string(60'000, '\0')));
  const std::string records = in_records_of(1u << 14, message);
  // Its length says so, in the first record.
  EXPECT_EQ(judge(records.substr(0, 5 + (1u << 14))), Outcome::other);
  // In records of a byte each, their headers count, too.
  const std::string wide = in_records_of(1, message_with(extension(21, std::string(8'000, '\0'))));
  ASSERT_GT(wide.size(), ClientHelloReader::kBytesMax);
  EXPECT_EQ(judge(wide), Outcome::other);
}

TEST(ClientHello, WhatIsNoneIsToldAsSoonAsItShows) {
  const std::vector<std::string> others = {
      "GET / HTTP/1.1\r\n",
      "\x80\x2e\x01\x03\x01"s,                  // SSL 2.0
      "\x15"s,                                  // an alert
      "\x17\x03\x03"s,                          // data
      "\x16\x02"s,                              // no version of TLS
      "\x16\x03\x01\x00\x00"s,                  // nothing in it
      "\x16\x03\x01\x40\x01"s,                  // more than a record may have
      "\x16\x03\x01\x00\x04\x02"s,              // a ServerHello
      "\x16\x03\x01\x00\x04\x01\x01\x00\x00"s,  // of 64 KiB
  };
  for (const std::string& bytes : others) {
    EXPECT_EQ(judge(bytes), Outcome::other) << testing::PrintToString(bytes);
  }
  EXPECT_EQ(judge(""), Outcome::needs_more);
  // A message that ends and goes on with something else in its next record.
  EXPECT_EQ(judge(record(message_with(kGrease).substr(0, 20)) + "\x17\x03\x01"s), Outcome::other);
}

struct Named {
  const char* what;
  std::string extensions;
  std::string name;
};

TEST(ClientHello, TheNameIsOneHostsOrNone) {
  const std::vector<Named> table = {
      {"as it was sent", server_name("Shop.TEST"), "Shop.TEST"},
      {"with a trailing dot", server_name("shop.test."), "shop.test."},
      {"between others", kGrease + server_name("shop.test") + extension(0xfe0d, "ech"),
       "shop.test"},
      {"an underscore", server_name("my_shop.test"), "my_shop.test"},
      {"the longest", server_name(std::string(255, 'a')), std::string(255, 'a')},
      {"too long", server_name(std::string(256, 'a')), ""},
      {"none at all", "", ""},
      {"no extension of that kind", kGrease, ""},
      {"empty", server_name(""), ""},
      {"an IPv6 address", server_name("2001:db8::1"), ""},
      {"a port", server_name("shop.test:443"), ""},
      {"a byte that ends texts", server_name("shop.test\0.evil.test"s), ""},
      {"a space", server_name("shop.test "), ""},
      {"UTF-8", server_name("caf\xc3\xa9.test"), ""},
      {"of another type", extension(0, vector_of(2, name_entry("shop.test", 1))), ""},
      {"two names", extension(0, vector_of(2, name_entry("shop.test") + name_entry("b.test"))), ""},
      {"two extensions", server_name("shop.test") + server_name("b.test"), ""},
      {"the same twice", server_name("shop.test") + server_name("shop.test"), ""},
      {"more behind the list", extension(0, vector_of(2, name_entry("shop.test")) + "x"), ""},
      {"a list without an entry", extension(0, vector_of(2, "")), ""},
      {"nothing in it", extension(0, ""), ""},
      {"a list longer than the extension", extension(0, number(99, 2) + name_entry("shop.test")),
       ""},
      {"a name longer than its list", extension(0, vector_of(2, "\0\0\x20shop"s)), ""},
      {"an extension longer than all", server_name("shop.test") + number(5, 2) + number(99, 2), ""},
      {"half an extension at the end", server_name("shop.test") + "\0"s, ""},
  };
  for (const Named& entry : table) {
    const std::string whole = record(message_with(entry.extensions));
    EXPECT_EQ(judge(whole), Outcome::complete) << entry.what;
    EXPECT_EQ(server_name_of(whole), entry.name) << entry.what;
  }
}

TEST(ClientHello, OneThatEndsBeforeItsPartsDoNamesNobody) {
  const std::string message = message_with(server_name("shop.test"));
  for (std::size_t size = 0; size + 4 < message.size(); ++size) {
    const std::string cut = "\x01"s + vector_of(3, message.substr(4, size));
    const std::string whole = record(cut);
    ASSERT_EQ(judge(whole), Outcome::complete) << size;
    ASSERT_EQ(server_name_of(whole), "") << size;
  }
}

TEST(ClientHello, ThoseOfOpenSslAreRead) {
  const base::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  const base::SslPtr ssl(SSL_new(context.get()));
  SSL_set_tlsext_host_name(ssl.get(), "shop.test");
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());
  std::string bytes(BIO_ctrl_pending(out), '\0');
  BIO_read(out, bytes.data(), static_cast<int>(bytes.size()));
  EXPECT_EQ(judge(bytes), Outcome::complete);
  EXPECT_EQ(server_name_of(bytes), "shop.test");
}

}  // namespace
}  // namespace proxy::tls
