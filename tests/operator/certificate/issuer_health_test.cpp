#include "operator/certificate/issuer_health.h"

#include <gtest/gtest.h>

#include "tests/fakes/clock.h"

// When a server that gave no answer is known to be well again.
namespace {

using certificate::IssuerHealth;
using issuer::IssuerKey;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const IssuerKey kIssuer{true, {"", "ca"}};

TEST(IssuerHealth, OnlyWhatFailedBeforeTheSignNeedNotWait) {
  fakes::FakeClock clock;
  IssuerHealth health(clock);
  const base::WallTime failed = clock.now();
  health.note_unwell(kIssuer);
  EXPECT_FALSE(health.is_well_since(kIssuer, failed));
  clock.advance(minutes(1));
  health.note_issued(kIssuer);
  EXPECT_TRUE(health.is_well_since(kIssuer, failed));
  EXPECT_FALSE(health.is_well_since(kIssuer, clock.now()));
  EXPECT_FALSE(health.is_well_since({true, {"", "other"}}, failed));
}

TEST(IssuerHealth, ASignOfAClockThatWasAheadIsNone) {
  fakes::FakeClock clock;
  IssuerHealth health(clock);
  clock.set_wall(clock.now() + hours(2));
  health.note_well(kIssuer);
  clock.set_wall(clock.now() - hours(2));
  EXPECT_FALSE(health.is_well_since(kIssuer, clock.now() - minutes(1)));
  clock.advance(seconds(10));
  health.note_well(kIssuer);
  EXPECT_TRUE(health.is_well_since(kIssuer, clock.now() - minutes(1)));
}

// It does not answer one of them, whatever it does for the others.
TEST(IssuerHealth, AServerThatIsWellWithEachCertificateOfOthersIsBelievedAtAPace) {
  fakes::FakeClock clock;
  IssuerHealth health(clock);
  int woken = 0;
  health.on_well([&](const IssuerKey&) { ++woken; });
  for (int i = 0; i < 3600; ++i) {
    health.note_unwell(kIssuer);
    health.note_issued(kIssuer);
    clock.advance(seconds(1));
  }
  EXPECT_EQ(woken, 8) << "three, and one each ten minutes";
  clock.advance(hours(1));
  for (int i = 0; i < 3; ++i) {
    health.note_unwell(kIssuer);
    health.note_issued(kIssuer);
  }
  EXPECT_EQ(woken, 11);
}

}  // namespace
