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

TEST(TicketKeys, AnUnknownNameOpensNothing) {
  const auto keys = TicketKeys::generate().value();
  EXPECT_EQ(keys->find(TicketKey{}.name), nullptr);
}

}  // namespace
}  // namespace proxy::tls
