#include "proxy/policy/password.h"

#include <string>

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

// The words of Apache's documentation and of the description of SHA-crypt, and some of openssl
// passwd and Python's crypt.
const struct {
  const char* password;
  const char* hash;
} kVectors[] = {
    {"myPassword", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"},
    {"myPassword", "{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE="},
    {"myPassword", "$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"},
    {"Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"},
    {"Hello world!",
     "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
     "O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35"
     "inz1"},
    {"a", "$apr1$Zq8/xY.w$wvBsFfoxh9G/T.kfBHOdk/"},
    {"a",
     "$6$saltSALT$oYuhvd7TR8vJ59dJuOZaYPQnwK8xLI6T.8ZHArT2.KDEyyKv1TG9p0ir/"
     "9gL6zT410vBHE02qLeQMxNNawhE20"},
    {"sixteen-letters.", "$apr1$Zq8/xY.w$Hw8AvlwWJPSgYzIgFxSFA1"},
    {"sixteen-letters.",
     "$6$saltSALT$2VLr7hDtFIkp8SqM5tsKMC4rtIjGtoJiaOds68700.CXqiFHrNCMiL0vEYOD1MDVwEvcD8DrrcFbRv."
     "6QJNKg0"},
    {"longer than sixteen letters", "$apr1$Zq8/xY.w$mGaUb3cuf1ucXhuvcbTjh0"},
    {"longer than sixteen letters",
     "$6$saltSALT$RXU42K.dCtpQ7PREIGv/"
     "L16tz.mqRdy1aKlZJcXEoQ8XLj1naaaas2Kd5zpVCerTupnezWPyghpl3l0EdXH/q/"},
    {"grüße:with:colons", "$apr1$Zq8/xY.w$4cMBgP3FH0Mm5pTvyRGin0"},
    {"grüße:with:colons",
     "$6$saltSALT$aKtVv2K/0WeUrGUwbGWGQA9mVBv460f/6JpWoc/Z2TijoOYoCNPu2zg5/"
     "n.NKtdSAa2NeAAQMSz85o54eSIF70"},
    {"grüße", "$5$abc$5JI.fuAjUM/1VM9oPLQuPFbv6pNq8T7P0x4mlweWOpD"},
    {"U*U*U*U*", "$2a$04$abcdefghijklmnopqrstuudBYNJEBvC10idL3LIvyzUGdaxqz0jJW"},
    {"U*U*U*U*", "$2b$04$abcdefghijklmnopqrstuudBYNJEBvC10idL3LIvyzUGdaxqz0jJW"},
    {"U*U*U*U*", "$2y$04$abcdefghijklmnopqrstuudBYNJEBvC10idL3LIvyzUGdaxqz0jJW"},
    {"", "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"},
    {"rounds", "$5$rounds=1200$pepper$0qST512vXGmj1H10k4dNAWCdZ5dwfT8EAYCssq0F/Q5"},
};

TEST(PasswordHasher, TakesWhatOthersHaveHashed) {
  PasswordHasher hasher;
  for (const auto& one : kVectors) {
    EXPECT_TRUE(hasher.matches(one.password, one.hash)) << one.hash;
  }
}

TEST(PasswordHasher, TakesNothingElse) {
  PasswordHasher hasher;
  for (const auto& one : kVectors) {
    const std::string right = one.password;
    for (const std::string& wrong :
         {std::string(), right.substr(right.empty() ? 0 : 1), right + "x",
          right + std::string(1, '\0'), std::string(1, '\0') + right, std::string(600, 'a')}) {
      if (wrong == right) continue;
      EXPECT_FALSE(hasher.matches(wrong, one.hash)) << one.hash << " " << wrong;
    }
  }
}

TEST(PasswordHasher, WhatIsNoHashFitsNoPassword) {
  PasswordHasher hasher;
  for (const char* const hash :
       {"", "*", "*0", "*1", "secret", "{PLAIN}secret", "$2y$05$", "$6$"}) {
    for (const char* const password : {"", "secret", "*", "*0", hash}) {
      EXPECT_FALSE(hasher.matches(password, hash)) << hash;
    }
  }
}

}  // namespace
}  // namespace proxy::policy
