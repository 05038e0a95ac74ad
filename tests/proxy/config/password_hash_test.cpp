#include "proxy/config/password_hash.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::config {
namespace {

const std::string kBcrypt = "c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC";
const std::string kSha256 = "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5";
const std::string kSha512 =
    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
const std::string kApr1 = "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/";

TEST(PasswordHash, IsKnownByItsPrefixAndWhole) {
  const struct {
    std::string hash;
    PasswordScheme scheme;
  } known[] = {
      {"$2y$05$" + kBcrypt, PasswordScheme::bcrypt},
      {"$2a$10$" + kBcrypt, PasswordScheme::bcrypt},
      {"$2b$14$" + kBcrypt, PasswordScheme::bcrypt},
      {kApr1, PasswordScheme::apr1},
      {"{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", PasswordScheme::sha1},
      {"$5$saltstring$" + kSha256, PasswordScheme::sha256_crypt},
      {"$5$$" + kSha256, PasswordScheme::sha256_crypt},
      {"$5$rounds=1000$saltstring$" + kSha256, PasswordScheme::sha256_crypt},
      {"$6$saltstring$" + kSha512, PasswordScheme::sha512_crypt},
      {"$6$rounds=500000$saltstring$" + kSha512, PasswordScheme::sha512_crypt},
  };
  for (const auto& one : known) {
    const PasswordHash read = read_password_hash(one.hash);
    EXPECT_EQ(read.problem, "") << one.hash;
    EXPECT_EQ(read.scheme, one.scheme) << one.hash;
  }
}

TEST(PasswordHash, IsNothingThatIsCutOffOrTooDearOrOfAnotherKind) {
  for (const std::string& hash : std::vector<std::string>{
           std::string(),
           std::string("secret"),
           std::string("{PLAIN}secret"),
           std::string("{SSHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="),
           std::string("rqXexS6ZhobKA"),  // crypt() of old
           "$1$r31.....$HqJZimcKQFAMYayBlzkrA/",
           "$2x$05$" + kBcrypt,
           "$2$05$" + kBcrypt,
           "$2y$5$" + kBcrypt,
           "$2y$03$" + kBcrypt,
           "$2y$15$" + kBcrypt,
           "$2y$31$" + kBcrypt,
           "$2y$+5$" + kBcrypt,
           "$2y$05$" + kBcrypt.substr(1),
           "$2y$05$" + kBcrypt + "x",
           "$2y$05$!" + kBcrypt.substr(1),
           std::string("$2y$05$"),
           std::string("$apr1$$HqJZimcKQFAMYayBlzkrA/"),
           std::string("$apr1$123456789$HqJZimcKQFAMYayBlzkrA/"),
           kApr1.substr(0, kApr1.size() - 1),
           kApr1 + "x",
           std::string("$apr1$r31....."),
           std::string("{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE"),
           std::string("{SHA}"),
           "$5$12345678901234567$" + kSha256,
           "$5$rounds=999$saltstring$" + kSha256,
           "$5$rounds=500001$saltstring$" + kSha256,
           "$5$rounds=4294967296$saltstring$" + kSha256,
           "$5$rounds=$saltstring$" + kSha256,
           std::string("$5$rounds=5000"),
           "$5$salt:string$" + kSha256,
           "$6$saltstring$" + kSha256,
           std::string("$6$"),
           std::string("*"),
           std::string("!"),
       }) {
    EXPECT_NE(read_password_hash(hash).problem, "") << hash;
  }
}

}  // namespace
}  // namespace proxy::config
