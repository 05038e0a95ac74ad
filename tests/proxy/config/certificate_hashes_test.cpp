#include "proxy/config/certificate_hashes.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "proxy/config/wire.h"

namespace proxy::config {
namespace {

std::shared_ptr<const Certificate> one(const std::string& chain) {
  return std::make_shared<const Certificate>(Certificate{chain, "key"});
}

TEST(CertificateHash, IsThatOfTheCertificateInLessRoom) {
  const auto certificate = one("a");
  const CertificateHash hash = CertificateHash::once_of(certificate);
  EXPECT_EQ(hash.text(), certificate_hash(*certificate));
  EXPECT_EQ(hash_once(certificate), hash.text());
  EXPECT_EQ(CertificateHash::of(*certificate), hash);
  EXPECT_EQ(CertificateHash::of(*one("a")), hash);
  EXPECT_FALSE(CertificateHash::of(*one("b")) == hash);
  EXPECT_LE(sizeof hash, 32U);
}

TEST(CertificateHash, IsReadFromItsTextAndFromNoOther) {
  const std::string text = CertificateHash::of(*one("a")).text();
  const auto read = CertificateHash::read(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text(), text);
  std::string upper = text;
  for (char& c : upper) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  for (const std::string& other :
       {std::string(), text.substr(1), text + "0", "g" + text.substr(1), std::string(64, ' ')}) {
    EXPECT_FALSE(CertificateHash::read(other)) << other;
  }
  if (upper != text) {
    EXPECT_FALSE(CertificateHash::read(upper));
  }
}

TEST(CertificateIndex, FindsWhatIsThereByItsTextWhileAnIdHasIt) {
  using Section = ProxyConfig::Section<Certificate>;
  CertificateIndex index;
  Section first;
  first["a"] = one("x");
  first["b"] = one("x");
  index.follow(Section(), first);
  const std::string hash = certificate_hash(*one("x"));
  ASSERT_NE(index.find(hash), nullptr);
  EXPECT_EQ(*index.find(hash), *one("x"));
  EXPECT_EQ(index.find("no hash"), nullptr);
  Section second = first;
  second.erase("a");
  index.follow(first, second);
  EXPECT_NE(index.find(hash), nullptr);
  index.follow(second, Section());
  EXPECT_EQ(index.find(hash), nullptr);
}

}  // namespace
}  // namespace proxy::config
