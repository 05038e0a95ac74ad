// Which endpoint a request goes to, given what became of it and of others before. No connections:
// time is the test's, and what the endpoints are like is told.
#include "proxy/upstream/cluster.h"

#include <map>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(1)};

std::shared_ptr<config::Cluster> cluster_of(int endpoints, config::Balancing balancing) {
  auto cluster = std::make_shared<config::Cluster>();
  cluster->balancing = balancing;
  for (int i = 0; i < endpoints; ++i) {
    cluster->endpoints.push_back({"10.0.0.1", static_cast<std::uint16_t>(8000 + i)});
  }
  return cluster;
}

class ClusterTest : public ::testing::Test {
 protected:
  ~ClusterTest() override { cluster_.retire(); }

  void use(int endpoints, config::Balancing balancing = config::Balancing::round_robin) {
    cluster_.update(cluster_of(endpoints, balancing), options_, counters_);
  }
  Cluster::Pick pick() { return cluster_.pick(now_, {tried_, stale_.get(), sticky_, hash_}); }
  std::shared_ptr<Endpoint> next() { return pick().endpoint; }
  // Each of them once, by its number.
  std::vector<std::shared_ptr<Endpoint>> all(std::size_t count) {
    std::map<std::string, std::shared_ptr<Endpoint>> by_name;
    while (by_name.size() < count) {
      auto endpoint = next();
      by_name[endpoint->name()] = std::move(endpoint);
    }
    std::vector<std::shared_ptr<Endpoint>> list;
    for (auto& [name, endpoint] : by_name) list.push_back(std::move(endpoint));
    return list;
  }
  double marked() const { return static_cast<double>(counters_.upstream_endpoints_marked.get()); }

  PoolOptions options_;
  admin::WorkerCounters counters_;
  Cluster cluster_{std::make_shared<config::Cluster>(), 0};
  base::SteadyTime now_ = kStart;
  Cluster::Tried tried_;
  std::shared_ptr<Endpoint> stale_, sticky_;
  std::optional<std::uint64_t> hash_;
};

TEST_F(ClusterTest, AnEndpointThatDoesNotConnectIsPassedOver) {
  for (const auto balancing : {config::Balancing::round_robin, config::Balancing::least_requests}) {
    use(3, balancing);
    const auto endpoints = all(3);
    endpoints[1]->on_connect_failed(now_);
    for (int i = 0; i < 9; ++i) EXPECT_NE(next(), endpoints[1]);
    endpoints[1]->on_connected();
    EXPECT_EQ(all(3), endpoints);
  }
}

TEST_F(ClusterTest, WhereNoneConnectsAllTakeTurnsAsIfAllDid) {
  use(2);
  const auto endpoints = all(2);
  for (const auto& endpoint : endpoints) endpoint->on_connect_failed(now_);
  EXPECT_EQ(all(2), endpoints);
}

TEST_F(ClusterTest, ARetryGoesToAnotherThatIsWellBeforeOneThatIsMarked) {
  use(3);
  const auto endpoints = all(3);
  endpoints[1]->on_connect_failed(now_);
  tried_ = {endpoints[0]};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(), endpoints[2]);
  tried_ = {endpoints[0], endpoints[2]};
  EXPECT_EQ(next(), endpoints[1]);
  tried_ = endpoints;
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ClusterTest, ARetryDoesNotMoveTheTurn) {
  use(2);
  const auto first = next();
  tried_ = {first};
  const auto second = next();
  EXPECT_NE(second, first);
  tried_.clear();
  EXPECT_EQ(next(), second);
}

TEST_F(ClusterTest, AfterADeadPooledConnectionAnotherEndpointIsAsked) {
  use(2);
  const auto endpoints = all(2);
  stale_ = endpoints[0];
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(), endpoints[1]);
}

TEST_F(ClusterTest, AfterADeadPooledConnectionTheSameEndpointIsAskedWhereNoOtherIsWell) {
  use(2);
  const auto endpoints = all(2);
  stale_ = endpoints[0];
  endpoints[1]->on_connect_failed(now_);
  EXPECT_EQ(next(), endpoints[0]);
  tried_ = {endpoints[0]};
  EXPECT_EQ(next(), endpoints[1]);

  tried_.clear();
  use(1);
  stale_ = next();
  EXPECT_EQ(next(), stale_);
}

TEST_F(ClusterTest, AStickyEndpointIsTakenWhileItIsThereAndWellAndWasNotTried) {
  use(3);
  const auto endpoints = all(3);
  sticky_ = endpoints[1];
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next(), endpoints[1]);
  stale_ = endpoints[1];
  EXPECT_EQ(next(), endpoints[1]);
  tried_ = {endpoints[1]};
  for (int i = 0; i < 4; ++i) EXPECT_NE(next(), endpoints[1]);
  tried_.clear();
  stale_.reset();
  endpoints[1]->on_connect_failed(now_);
  for (int i = 0; i < 4; ++i) EXPECT_NE(next(), endpoints[1]);
  endpoints[1]->on_connected();
  EXPECT_EQ(next(), endpoints[1]);
  use(1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next(), endpoints[0]);
}

TEST_F(ClusterTest, WhatIsAskedForChoosesTheEndpointAndAnotherStandsInForIt) {
  use(3);
  hash_ = 1;
  const auto first = next();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next(), first);
  stale_ = first;
  EXPECT_EQ(next(), first);
  tried_ = {first};
  const auto second = next();
  EXPECT_NE(second, first);
  EXPECT_EQ(next(), second);
  tried_.clear();
  stale_.reset();
  first->on_connect_failed(now_);
  EXPECT_EQ(next(), second);
  second->on_connect_failed(now_);
  const auto third = next();
  EXPECT_NE(third, first);
  EXPECT_NE(third, second);
  third->on_connect_failed(now_);
  EXPECT_EQ(next(), first);  // none is well, so they are all alike
  first->on_connected();
  EXPECT_EQ(next(), first);
}

TEST_F(ClusterTest, AProbeIsAskedForOnceThePauseIsOver) {
  use(2);
  const auto endpoints = all(2);
  endpoints[0]->on_connect_failed(now_);
  const auto asks = [&] {
    // In two turns each was looked at.
    const auto first = pick().to_probe;
    const auto second = pick().to_probe;
    return first != nullptr ? first : second;
  };
  EXPECT_EQ(asks(), nullptr);
  now_ += seconds(1);
  EXPECT_EQ(asks(), endpoints[0]);
}

TEST_F(ClusterTest, WhereNoneIsWellTheRequestItselfAsks) {
  use(1);
  const auto endpoint = next();
  endpoint->on_connect_failed(now_);
  now_ += seconds(5);
  const Cluster::Pick picked = pick();
  EXPECT_EQ(picked.endpoint, endpoint);
  EXPECT_EQ(picked.to_probe, nullptr);
}

TEST_F(ClusterTest, AMarkOutlivesAChangeOfTheConfigurationAndNotTheEndpoint) {
  use(2);
  const auto endpoints = all(2);
  endpoints[0]->on_connect_failed(now_);
  use(3);
  for (int i = 0; i < 6; ++i) EXPECT_NE(next(), endpoints[0]);
  EXPECT_EQ(marked(), 1);
  cluster_.update(std::make_shared<config::Cluster>(), options_, counters_);
  EXPECT_EQ(marked(), 0);
}

TEST_F(ClusterTest, MarkedEndpointsAreCountedAndTheCountGoesDown) {
  use(2);
  const auto endpoints = all(2);
  for (int i = 0; i < 3; ++i) endpoints[0]->on_connect_failed(now_ + seconds(10 * i));
  EXPECT_EQ(marked(), 1);
  endpoints[1]->on_connect_failed(now_);
  EXPECT_EQ(marked(), 2);
  endpoints[0]->on_connected();
  EXPECT_EQ(marked(), 1);
  endpoints[0]->on_connected();
  EXPECT_EQ(marked(), 1);
}

TEST_F(ClusterTest, AnEndpointThatLeftIsMarkedByNobody) {
  use(1);
  const auto endpoint = next();
  cluster_.update(std::make_shared<config::Cluster>(), options_, counters_);
  endpoint->on_connect_failed(now_);  // a request that was under way
  EXPECT_EQ(marked(), 0);
}

}  // namespace
}  // namespace proxy::upstream
