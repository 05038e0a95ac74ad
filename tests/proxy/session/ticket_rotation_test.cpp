#include "proxy/session/ticket_rotation.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{hours(100)};

TEST(TicketRotation, IsDueOnceAnHour) {
  TicketRotation rotation(kStart);
  int count = 0;
  for (minutes at(0); at < hours(24); at += minutes(1)) count += rotation.is_due(kStart + at);
  EXPECT_EQ(count, 23);
}

TEST(TicketRotation, IsNotDueBeforeAnHourHasPassed) {
  TicketRotation rotation(kStart);
  EXPECT_FALSE(rotation.is_due(kStart));
  EXPECT_FALSE(rotation.is_due(kStart + hours(1) - seconds(1)));
  EXPECT_TRUE(rotation.is_due(kStart + hours(1)));
  EXPECT_FALSE(rotation.is_due(kStart + hours(1)));
}

TEST(TicketRotation, WhoIsGivenKeysMakesNone) {
  TicketRotation rotation(kStart);
  for (minutes at(0); at < hours(24); at += minutes(1)) {
    if (at % hours(1) == minutes(30)) rotation.note_given(kStart + at);
    EXPECT_FALSE(rotation.is_due(kStart + at)) << at.count();
  }
}

TEST(TicketRotation, WhoWasGivenNoneForTwoHoursMakesThemAgain) {
  TicketRotation rotation(kStart);
  rotation.note_given(kStart + minutes(30));
  EXPECT_FALSE(rotation.is_due(kStart + hours(1)));
  EXPECT_FALSE(rotation.is_due(kStart + hours(2)));
  EXPECT_TRUE(rotation.is_due(kStart + hours(3)));
  EXPECT_TRUE(rotation.is_due(kStart + hours(4)));
  rotation.note_given(kStart + hours(4));
  EXPECT_FALSE(rotation.is_due(kStart + hours(5)));
  EXPECT_TRUE(rotation.is_due(kStart + hours(6)));
}

}  // namespace
}  // namespace proxy::session
