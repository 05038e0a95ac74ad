#include "proxy/session/body_pace.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

constexpr std::chrono::milliseconds kPeriod{2'000};

TEST(BodyPace, APeriodNeedsSoMuchHoweverItCame) {
  BodyPace pace;
  pace.begin_period();
  EXPECT_FALSE(pace.was_enough(kPeriod));
  for (int i = 0; i < 999; ++i) pace.note(1);
  EXPECT_FALSE(pace.was_enough(kPeriod));
  pace.note(1);
  EXPECT_TRUE(pace.was_enough(kPeriod));
}

TEST(BodyPace, WhatCameBeforeAPeriodIsNotOfIt) {
  BodyPace pace;
  pace.note(1'000'000);
  pace.begin_period();
  EXPECT_FALSE(pace.was_enough(kPeriod));
}

}  // namespace
}  // namespace proxy::session
