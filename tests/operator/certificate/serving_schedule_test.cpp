#include "operator/certificate/serving_schedule.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using certificate::is_look_due;
using certificate::ProxyAnswers;
using certificate::ServingLooks;
using certificate::until_next_look;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const base::SteadyTime kNow{hours(100)};

const ProxyAnswers kAll{2, 2, 0, {}};
const ProxyAnswers kOneBehind{2, 1, 0, {"10.0.0.7:443: serves another"}};
const ProxyAnswers kOneSilent{2, 1, 1, {"10.0.0.8:443: no answer in 1 s"}};
const ProxyAnswers kNobody{};

ServingLooks looks(const std::string& serial, const ProxyAnswers& answers,
                   std::optional<base::SteadyTime> next) {
  return {serial, "2", answers, serial.empty() ? 0 : 1, next};
}

TEST(ServingSchedule, AsksWhenThereIsAReasonAndOnlyThen) {
  struct Case {
    const char* what;
    ServingLooks looks;
    std::string proxies;
    bool is_due;
  };
  const auto later = kNow + seconds(1);
  const std::vector<Case> cases = {
      {"never looked", {}, "2", true},
      {"after a restart the sample is waited for", looks("", kNobody, later), "2", false},
      {"after a restart, its time has come", looks("", kNobody, kNow), "2", true},
      {"another certificate", looks("01", kAll, later), "2", true},
      {"served by all", looks("02", kAll, later), "2", false},
      {"served by all, and a proxy came", looks("02", kAll, later), "3", false},
      {"served by all, and its time has come", looks("02", kAll, kNow), "2", true},
      {"one is behind", looks("02", kOneBehind, later), "2", false},
      {"one is behind, and a proxy came", looks("02", kOneBehind, later), "3", true},
      {"one cannot be reached, and a proxy came", looks("02", kOneSilent, later), "3", false},
      {"nobody was there, and a proxy came", looks("02", kNobody, later), "3", true},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(is_look_due(one.looks, "02", one.proxies, kNow), one.is_due) << one.what;
  }
}

TEST(ServingSchedule, WhatIsServedIsSampledAndTheRestIsLookedAtEverMoreSlowly) {
  struct Case {
    ProxyAnswers answers;
    int looks;
    milliseconds delay;
  };
  const std::vector<Case> cases = {
      {kAll, 1, hours(12)},         {kOneSilent, 9, hours(12)},     {kOneBehind, 1, seconds(1)},
      {kOneBehind, 2, seconds(2)},  {kOneBehind, 5, seconds(16)},   {kOneBehind, 9, seconds(256)},
      {kOneBehind, 10, minutes(5)}, {kOneBehind, 1000, minutes(5)}, {kNobody, 1, seconds(1)},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(until_next_look(one.answers, one.looks), one.delay)
        << one.answers.count() << ", look " << one.looks;
  }
}

TEST(ServingSchedule, SamplesAreSpreadAfterARestart) {
  EXPECT_EQ(certificate::until_first_sample(0), milliseconds(0));
  EXPECT_EQ(certificate::until_first_sample(0.5), hours(6));
}

}  // namespace
