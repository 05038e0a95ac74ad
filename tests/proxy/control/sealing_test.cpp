#include "proxy/control/sealing.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::control {
namespace {

using ::testing::HasSubstr;

const std::string kSecret(32, 's');
constexpr base::WallTime kNow{std::chrono::hours(500'000)};

TEST(Sealing, WhatWasSealedIsReadWithItsSecretAndItsTime) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, 'x')}) {
    const std::string sealed = seal(text, kSecret, kNow);
    EXPECT_EQ(sealed.size(), text.size() + kSealBytes);
    const auto unsealed = unseal(sealed, kSecret);
    ASSERT_TRUE(unsealed) << unsealed.error().message;
    EXPECT_EQ(unsealed->text, text);
    EXPECT_EQ(unsealed->sealed_at, kNow);
  }
}

TEST(Sealing, NothingOfTheTextCanBeSeenAndNoTwoAreAlike) {
  const std::string text = "-----BEGIN PRIVATE KEY-----";
  const std::string sealed = seal(text, kSecret, kNow);
  EXPECT_EQ(sealed.find("PRIVATE"), std::string::npos);
  const std::string again = seal(text, kSecret, kNow);
  EXPECT_NE(sealed.substr(20), again.substr(20));
}

TEST(Sealing, AnotherSecretReadsNothing) {
  const auto unsealed = unseal(seal("text", kSecret, kNow), std::string(32, 't'));
  ASSERT_FALSE(unsealed);
  EXPECT_EQ(unsealed.error().message, "it was sealed with another key, or has been changed since");
}

TEST(Sealing, WhateverByteIsChangedNothingIsRead) {
  const std::string sealed = seal("some text", kSecret, kNow);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(unseal(changed, kSecret)) << i;
  }
}

TEST(Sealing, WhereverItIsCutOffOrGoesOnNothingIsRead) {
  const std::string sealed = seal("some text", kSecret, kNow);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(unseal(sealed.substr(0, size), kSecret)) << size;
  }
  EXPECT_FALSE(unseal(sealed + "x", kSecret));
}

TEST(Sealing, AnotherVersionIsNamed) {
  std::string sealed = seal("some text", kSecret, kNow);
  sealed[11] = 2;
  const auto unsealed = unseal(sealed, kSecret);
  ASSERT_FALSE(unsealed);
  EXPECT_THAT(unsealed.error().message, HasSubstr("version 2"));
  const auto other = unseal("{\"clusters\": {}}", kSecret);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message, "it is no snapshot");
}

}  // namespace
}  // namespace proxy::control
