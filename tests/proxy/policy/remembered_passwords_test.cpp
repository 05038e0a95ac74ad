#include "proxy/policy/remembered_passwords.h"

#include <gtest/gtest.h>

namespace proxy::policy {
namespace {

using std::chrono::seconds;

constexpr base::SteadyTime kNow{std::chrono::hours(1)};

TEST(RememberedPasswords, AreTheirUsersWithThisHashAndNobodyElses) {
  RememberedPasswords passwords;
  const auto digest = passwords.digest_of("hash", {"ann", "secret"});
  passwords.remember(digest, kNow);
  EXPECT_TRUE(passwords.has(passwords.digest_of("hash", {"ann", "secret"}), kNow));
  for (const auto& other :
       {passwords.digest_of("hash", {"ann", "secrets"}),
        passwords.digest_of("hash", {"bob", "secret"}),
        passwords.digest_of("hash2", {"ann", "secret"}),
        passwords.digest_of("has", {"hann", "secret"}),
        passwords.digest_of("hash", {"anns", "ecret"}), passwords.digest_of("", {"", ""})}) {
    EXPECT_FALSE(passwords.has(other, kNow));
  }
}

TEST(RememberedPasswords, AreForgottenAfterAMinuteHoweverOftenTheyAreUsed) {
  RememberedPasswords passwords;
  const auto digest = passwords.digest_of("hash", {"ann", "secret"});
  passwords.remember(digest, kNow);
  passwords.remember(digest, kNow + seconds(59));
  EXPECT_TRUE(passwords.has(digest, kNow + seconds(59)));
  EXPECT_FALSE(passwords.has(digest, kNow + seconds(60)));
  passwords.remember(digest, kNow + seconds(70));
  EXPECT_TRUE(passwords.has(digest, kNow + seconds(129)));
  EXPECT_EQ(passwords.size(), 1u);
}

TEST(RememberedPasswords, AreSoManyAndTheOldestMakeRoom) {
  RememberedPasswords passwords;
  const auto digest_of = [&](std::size_t i) {
    return passwords.digest_of("hash", {"ann", std::to_string(i)});
  };
  const std::size_t count = RememberedPasswords::kEntriesMax + 3;
  for (std::size_t i = 0; i < count; ++i) passwords.remember(digest_of(i), kNow);
  EXPECT_EQ(passwords.size(), RememberedPasswords::kEntriesMax);
  EXPECT_FALSE(passwords.has(digest_of(2), kNow));
  EXPECT_TRUE(passwords.has(digest_of(3), kNow));
  EXPECT_TRUE(passwords.has(digest_of(count - 1), kNow));
}

TEST(RememberedPasswords, OfAnotherProcessHaveAnotherKey) {
  EXPECT_NE(RememberedPasswords().digest_of("hash", {"ann", "secret"}),
            RememberedPasswords().digest_of("hash", {"ann", "secret"}));
}

}  // namespace
}  // namespace proxy::policy
