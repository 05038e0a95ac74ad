#include "proxy/session/tunnel_time.h"

#include <gtest/gtest.h>

namespace proxy::session {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

milliseconds idle(milliseconds all, milliseconds read, milliseconds send = seconds(60)) {
  Timeouts timeouts;
  timeouts.tunnel_idle = all;
  config::Cluster cluster;
  cluster.read_timeout = read;
  cluster.send_timeout = send;
  return tunnel_idle(timeouts, cluster);
}

TEST(TunnelIdle, IsThatOfAllUnlessTheRouteHasItsEndpointWaitForLonger) {
  EXPECT_EQ(idle(hours(1), seconds(60)), hours(1));
  EXPECT_EQ(idle(hours(1), hours(24)), hours(24));
  EXPECT_EQ(idle(hours(1), seconds(60), hours(24)), hours(24));
  EXPECT_EQ(idle(hours(1), seconds(300)), hours(1));
  EXPECT_EQ(idle(hours(1), seconds(5), seconds(5)), hours(1));
  // A proxy that is told to end them soon does, but for those that somebody has asked to be kept.
  EXPECT_EQ(idle(seconds(10), seconds(60)), seconds(10));
  EXPECT_EQ(idle(seconds(10), seconds(300)), seconds(300));
}

}  // namespace
}  // namespace proxy::session
