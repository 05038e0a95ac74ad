#include "proxy/tls/ticket_keys.h"

#include <gtest/gtest.h>

namespace proxy::tls {
namespace {

TEST(TicketKeys, ARotationSealsWithANewKeyAndStillOpensTheOldOnes) {
  const auto first = TicketKeys::generate().value();
  const auto second = first->rotated().value();
  const TicketKey old = first->newest();
  EXPECT_NE(second->newest().name, old.name);
  EXPECT_NE(second->newest().encryption, old.encryption);
  const TicketKey* found = second->find(old.name);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->encryption, old.encryption);
  EXPECT_FALSE(second->is_newest(*found));
}

TEST(TicketKeys, AKeyIsForgottenAfterItsGenerations) {
  auto keys = TicketKeys::generate().value();
  const TicketKey oldest = keys->newest();
  for (std::size_t i = 1; i < TicketKeys::kGenerations; ++i) keys = keys->rotated().value();
  EXPECT_NE(keys->find(oldest.name), nullptr);
  keys = keys->rotated().value();
  EXPECT_EQ(keys->find(oldest.name), nullptr);
  EXPECT_EQ(keys->size(), TicketKeys::kGenerations);
}

std::string key_bytes(char name, char rest) {
  return std::string(16, name) + std::string(32, rest) +
         std::string(32, static_cast<char>(rest + 1));
}

TEST(TicketKeys, SharedOnesAreReadFromBytesTheNewestFirst) {
  const auto keys = TicketKeys::from_bytes({key_bytes('b', 'B'), key_bytes('a', 'A')}).value();
  ASSERT_EQ(keys->size(), 2u);
  const TicketKey& newest = keys->newest();
  EXPECT_EQ(newest.name.front(), 'b');
  EXPECT_EQ(newest.name.back(), 'b');
  EXPECT_EQ(newest.encryption.front(), 'B');
  EXPECT_EQ(newest.encryption.back(), 'B');
  EXPECT_EQ(newest.mac.front(), 'C');
  EXPECT_EQ(newest.mac.back(), 'C');
  std::array<unsigned char, 16> old_name;
  old_name.fill('a');
  ASSERT_NE(keys->find(old_name), nullptr);
  EXPECT_FALSE(keys->is_newest(*keys->find(old_name)));
}

TEST(TicketKeys, BytesThatMakeNoKeysAreRefusedWithoutRepeatingThem) {
  const auto message = [](const std::vector<std::string>& keys) {
    const auto read = TicketKeys::from_bytes(keys);
    return read ? std::string("taken") : read.error().message;
  };
  EXPECT_EQ(message({}), "there is no session ticket key");
  EXPECT_EQ(message({key_bytes('a', 'A') + "x"}),
            "session ticket key 1 has 81 bytes instead of 80");
  EXPECT_EQ(message({key_bytes('a', 'A'), "short"}),
            "session ticket key 2 has 5 bytes instead of 80");
  EXPECT_EQ(message({key_bytes('a', 'A'), key_bytes('a', 'B')}),
            "session ticket key 2 has the name of one before it");
}

TEST(TicketKeys, AnUnknownNameOpensNothing) {
  const auto keys = TicketKeys::generate().value();
  EXPECT_EQ(keys->find(TicketKey{}.name), nullptr);
}

}  // namespace
}  // namespace proxy::tls
