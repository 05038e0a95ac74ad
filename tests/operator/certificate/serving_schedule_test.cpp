#include "operator/certificate/serving_schedule.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using certificate::Given;
using certificate::next_serving_step;
using certificate::ProxyAnswers;
using certificate::ServingLooks;
using certificate::ServingStep;
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
  return {serial, "2", answers, serial.empty() ? 0 : 1, next, {}, {}};
}

TEST(ServingSchedule, AsksWhenThereIsAReasonAndOnlyThen) {
  struct Case {
    const char* what;
    ServingLooks looks;
    std::string proxies;
    ServingStep step;
  };
  const auto later = kNow + seconds(1);
  using enum ServingStep;
  const std::vector<Case> cases = {
      {"never looked", {}, "2", ask},
      {"after a restart the sample is waited for", looks("", kNobody, later), "2", keep},
      {"after a restart, its time has come", looks("", kNobody, kNow), "2", ask},
      {"another certificate", looks("01", kAll, later), "2", ask},
      {"served by all", looks("02", kAll, later), "2", say_known},
      {"served by all, and a proxy came", looks("02", kAll, later), "3", say_known},
      {"served by all, and its time has come", looks("02", kAll, kNow), "2", ask},
      {"one is behind", looks("02", kOneBehind, later), "2", say_known},
      {"one is behind, and a proxy came", looks("02", kOneBehind, later), "3", ask},
      {"one cannot be reached, and a proxy came", looks("02", kOneSilent, later), "3", say_known},
      {"nobody was there, and a proxy came", looks("02", kNobody, later), "3", ask},
  };
  for (const Case& one : cases) {
    for (const Given given : {Given::taken_over, Given::unknown}) {
      EXPECT_EQ(next_serving_step(one.looks, {"02", one.proxies, given}, kNow), one.step)
          << one.what;
    }
    EXPECT_EQ(next_serving_step(one.looks, {"02", one.proxies, Given::no}, kNow), say_not_given)
        << one.what;
  }
}

TEST(ServingSchedule, ThatTheLastProxyIsGoneIsSaidAfterTenSeconds) {
  ServingLooks known = looks("02", kAll, kNow + hours(9));
  const certificate::ServingInput nobody{"02", "", Given::taken_over};
  note_waits(known, nobody, kNow);
  EXPECT_EQ(next_serving_step(known, nobody, kNow), ServingStep::keep);
  EXPECT_EQ(end_of_wait(known, kNow), kNow + seconds(10));
  note_waits(known, nobody, kNow + seconds(10));
  EXPECT_EQ(next_serving_step(known, nobody, kNow + seconds(10)), ServingStep::say_no_proxies);
  EXPECT_EQ(end_of_wait(known, kNow + seconds(10)), std::nullopt);
  const certificate::ServingInput back{"02", "1", Given::taken_over};
  note_waits(known, back, kNow + seconds(20));
  EXPECT_EQ(next_serving_step(known, back, kNow + seconds(20)), ServingStep::say_known)
      << "without a handshake";
}

TEST(ServingSchedule, ProxiesThatReportAreAskedWhenTheyLiveByItAndTheOthersAfterTwoSeconds) {
  ServingLooks fresh;
  const certificate::ServingInput behind{"02", "2", Given::on_its_way};
  note_waits(fresh, behind, kNow);
  EXPECT_EQ(next_serving_step(fresh, behind, kNow), ServingStep::keep);
  EXPECT_EQ(end_of_wait(fresh, kNow), kNow + seconds(2));
  EXPECT_EQ(next_serving_step(fresh, behind, kNow + seconds(2)), ServingStep::ask);
}

TEST(ServingSchedule, WhoTheProxiesWereIsKeptOfACertificateThatNotAllOfThemServe) {
  const certificate::ServingInput input{"02", "10.0.0.7/80/443,10.0.0.8/80/443", Given::taken_over};
  ServingLooks looks;
  note_answers(looks, input, kOneBehind, kNow);
  EXPECT_EQ(looks.proxies, input.proxies);
  EXPECT_EQ(looks.looks, 1);
  EXPECT_EQ(looks.next_look, kNow + seconds(1));
  note_answers(looks, input, kAll, kNow);
  EXPECT_EQ(looks.proxies, "");
  EXPECT_EQ(looks.looks, 2);
  EXPECT_EQ(looks.next_look, kNow + hours(12));
  note_answers(looks, {"03", input.proxies, Given::taken_over}, kAll, kNow);
  EXPECT_EQ(looks.serial, "03");
  EXPECT_EQ(looks.looks, 1);
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
