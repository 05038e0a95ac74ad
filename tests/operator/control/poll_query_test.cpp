#include "operator/control/poll_query.h"

#include <gtest/gtest.h>

namespace control {
namespace {

const std::string kRevision(64, 'a');

TEST(PollQuery, ReadsWhatTheProxySays) {
  const auto poll = read_poll_query(
      {{"after", kRevision}, {"wait", "45s"}, {"rejected", kRevision}, {"reason", "no\nline"}});
  ASSERT_TRUE(poll);
  EXPECT_EQ(poll->after, kRevision);
  EXPECT_EQ(poll->rejected, kRevision);
  EXPECT_EQ(poll->reason, "no?line");
  EXPECT_EQ(poll->wait, std::chrono::seconds(45));
}

TEST(PollQuery, ANameIsPrintableAndNoLongerThanAPods) {
  EXPECT_EQ(read_poll_query({{"proxy", "edge-7"}})->proxy, "edge-7");
  EXPECT_EQ(read_poll_query({{"proxy", "edge\n7"}})->proxy, "edge?7");
  EXPECT_EQ(read_poll_query({{"proxy", std::string(1000, 'x')}})->proxy.size(), 253u);
  EXPECT_EQ(read_poll_query({})->proxy, "");
}

TEST(PollQuery, ANewcomerHasNoRevision) {
  const auto poll = read_poll_query({{"after", ""}});
  ASSERT_TRUE(poll);
  EXPECT_EQ(poll->after, "");
  EXPECT_EQ(poll->wait, std::chrono::seconds(0));
}

TEST(PollQuery, NobodyWaitsLongerThanTheLimit) {
  EXPECT_EQ(read_poll_query({{"wait", "24h"}})->wait, kWaitMax);
}

TEST(PollQuery, RefusesWhatIsNoRevisionOrDuration) {
  EXPECT_FALSE(read_poll_query({{"after", "1"}}));
  EXPECT_FALSE(read_poll_query({{"after", std::string(64, 'A')}}));
  EXPECT_FALSE(read_poll_query({{"rejected", "../x"}}));
  EXPECT_FALSE(read_poll_query({{"wait", "soon"}}));
  EXPECT_FALSE(read_poll_query({{"wait", "-1s"}}));
}

TEST(PollQuery, AReasonIsCutToALengthThatALogCanTake) {
  EXPECT_EQ(read_poll_query({{"reason", std::string(100'000, 'x')}})->reason.size(), 1024u);
}

}  // namespace
}  // namespace control
