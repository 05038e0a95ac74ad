#include "base/cipher_list.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(CipherList, IsWhatOpensslFindsCiphersFor) {
  for (const char* list : {"DEFAULT", "HIGH:!MD5", "ECDHE-RSA-AES128-GCM-SHA256",
                           "ECDHE-ECDSA-AES256-GCM-SHA384,ECDHE-RSA-AES256-GCM-SHA384"}) {
    EXPECT_TRUE(is_cipher_list(list)) << list;
  }
  for (const char* list : {"", "NONSENSE", "TLS_AES_128_GCM_SHA256", "HIGH:!ALL", "HIGH\n"}) {
    EXPECT_FALSE(is_cipher_list(list)) << list;
  }
}

TEST(CipherList, HasNoneThatHidesNothingOrByWhichNobodyIsKnown) {
  for (const char* list : {"eNULL", "aNULL", "NULL-SHA256", "ADH-AES128-SHA256"}) {
    EXPECT_FALSE(is_cipher_list(list)) << list;
  }
  EXPECT_EQ(safe_cipher_list("ALL"), "ALL:!aNULL:!eNULL");
}

TEST(CipherList, SetsNothingBesideCiphers) {
  EXPECT_FALSE(is_cipher_list("DEFAULT@SECLEVEL=0"));
  EXPECT_FALSE(is_cipher_list("DEFAULT:@SECLEVEL=0"));
}

}  // namespace
}  // namespace base
