#include "proxy/upstream/endpoint_health.h"

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};

TEST(EndpointHealth, AnEndpointIsWellUntilAConnectFails) {
  EndpointHealth health;
  EXPECT_FALSE(health.is_marked());
  EXPECT_FALSE(health.wants_probe(kStart));
  health.on_connect_failed(kStart);
  EXPECT_TRUE(health.is_marked());
}

TEST(EndpointHealth, OneThatIsMarkedWantsItsFirstProbeAfterASecond) {
  EndpointHealth health;
  health.on_connect_failed(kStart);
  EXPECT_FALSE(health.wants_probe(kStart + milliseconds(999)));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(1)));
}

TEST(EndpointHealth, ThereIsOneProbeAtATime) {
  EndpointHealth health;
  health.on_connect_failed(kStart);
  health.on_probe_begins();
  EXPECT_FALSE(health.wants_probe(kStart + seconds(60)));
  health.on_probe_failed(kStart + seconds(60));
  EXPECT_FALSE(health.wants_probe(kStart + seconds(61)));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(62)));
}

TEST(EndpointHealth, PausesDoubleFromOneSecondToThirty) {
  EndpointHealth health;
  base::SteadyTime now = kStart;
  health.on_connect_failed(now);
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_FALSE(health.wants_probe(now + seconds(pause) - milliseconds(1))) << pause;
    now += seconds(pause);
    EXPECT_TRUE(health.wants_probe(now)) << pause;
    health.on_probe_begins();
    health.on_probe_failed(now);
  }
}

TEST(EndpointHealth, RequestsThatFailTogetherCountOnce) {
  EndpointHealth health;
  for (int i = 0; i < 50; ++i) health.on_connect_failed(kStart + milliseconds(i));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(1)));
  // Of one that began before the mark, and fails while the probe asks already.
  health.on_probe_begins();
  health.on_connect_failed(kStart + seconds(2));
  health.on_probe_failed(kStart + seconds(2));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(4)));
}

TEST(EndpointHealth, ARequestThatFailsAfterThePauseCountsAsAProbeDoes) {
  EndpointHealth health;
  health.on_connect_failed(kStart);
  health.on_connect_failed(kStart + seconds(5));
  EXPECT_FALSE(health.wants_probe(kStart + seconds(6)));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(7)));
}

TEST(EndpointHealth, OneThatConnectsIsForgotten) {
  EndpointHealth health;
  health.on_connect_failed(kStart);
  health.on_connect_failed(kStart + seconds(5));
  health.on_connected();
  EXPECT_FALSE(health.is_marked());
  health.on_connect_failed(kStart + seconds(9));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(10)));  // the first pause again
}

TEST(EndpointHealth, AProbeThatCouldNotBeMadeSaysNothing) {
  EndpointHealth health;
  health.on_connect_failed(kStart);
  health.on_probe_begins();
  health.on_probe_dropped(kStart + seconds(1));
  EXPECT_TRUE(health.is_marked());
  EXPECT_FALSE(health.wants_probe(kStart + seconds(1)));
  EXPECT_TRUE(health.wants_probe(kStart + seconds(2)));
}

}  // namespace
}  // namespace proxy::upstream
