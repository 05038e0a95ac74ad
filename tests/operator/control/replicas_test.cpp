// A proxy between replicas of the operator whose views of the cluster are not equally new.
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "operator/control/history.h"
#include "proxy/control/control_flow.h"

namespace control {
namespace {

using proxy::config::Cluster;
using proxy::config::Endpoint;
using proxy::config::ProxyConfig;
using proxy::control::ControlFlow;

// An endpoint that comes and goes.
std::shared_ptr<const ProxyConfig> with_endpoint(bool is_there) {
  Cluster cluster;
  if (is_there) cluster.endpoints.push_back({"10.0.0.1", 80});
  auto config = std::make_shared<ProxyConfig>();
  config->clusters["ns/a:80"] = std::make_shared<const Cluster>(cluster);
  return config;
}

class Replicas : public testing::Test {
 protected:
  void publish(const std::string& replica, bool is_there) {
    replicas_[replica].publish(with_endpoint(is_there));
  }
  // One poll, answered by this replica. False: the proxy has its doubts.
  bool poll(const std::string& replica) {
    const std::string path = std::get<ControlFlow::Poll>(flow_.next()).path;
    const std::string after = path.substr(path.find("after=") + 6, 64);
    const auto answer = replicas_[replica].answer(after.find('&') == 0 ? "" : after, "");
    const bool is_news = answer != nullptr;
    const auto settled = flow_.on_polled(is_news ? 200 : 304, is_news ? *answer : "",
                                         std::chrono::seconds(1), 1, replica);
    if (std::holds_alternative<ControlFlow::Publish>(flow_.next())) flow_.on_published({}, 1);
    return static_cast<bool>(settled);
  }
  bool has_endpoint() const {
    return !flow_.live()->config->clusters.at("ns/a:80")->endpoints.empty();
  }

  std::map<std::string, History> replicas_;
  ControlFlow flow_;
};

TEST_F(Replicas, OneThatIsAtAnEarlierTurnOfTheSameWayDoesNotRollBack) {
  for (const bool is_there : {true, false, true, false}) {
    publish("newest", is_there);
    ASSERT_TRUE(poll("newest"));
  }
  ASSERT_FALSE(has_endpoint());
  // It knows the way from the live state to the one before, since it has gone it once.
  for (const bool is_there : {true, false, true}) publish("lagging", is_there);
  EXPECT_FALSE(poll("lagging"));
  EXPECT_FALSE(has_endpoint());
  EXPECT_TRUE(poll("newest"));

  publish("lagging", false);  // it has caught up
  EXPECT_TRUE(poll("lagging"));
  EXPECT_FALSE(has_endpoint());
}

TEST_F(Replicas, OneThatIsAtTheSameTurnEarlierDoesNotRollBackEither) {
  for (const bool is_there : {true, false, true, false}) {
    publish("newest", is_there);
    ASSERT_TRUE(poll("newest"));
  }
  for (const bool is_there : {true, false}) publish("lagging", is_there);
  EXPECT_TRUE(poll("lagging"));  // the live state, it says, for a moment
  publish("lagging", true);
  EXPECT_FALSE(poll("lagging"));
  EXPECT_FALSE(has_endpoint());
}

TEST_F(Replicas, AnEndpointThatComesAndGoesIsFollowedAtOnce) {
  for (int i = 0; i < 6; ++i) {
    publish("newest", i % 2 == 0);
    EXPECT_TRUE(poll("newest"));
    EXPECT_EQ(has_endpoint(), i % 2 == 0);
  }
}

}  // namespace
}  // namespace control
