// Which endpoint a request goes to, given what became of it and of others before. No connections:
// time is the test's, and what the endpoints are like is told.
#include "proxy/upstream/cluster.h"

#include <algorithm>
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
  Cluster::Pick pick() {
    return cluster_.pick(now_, {tried_, stale_.get(), sticky_, hash_, keeps_limits_});
  }
  void fail(const std::shared_ptr<Endpoint>& endpoint, unsigned times) {
    for (unsigned i = 0; i < times; ++i) cluster_.note_failure(*endpoint, now_);
  }
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
  bool keeps_limits_ = true;
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

TEST_F(ClusterTest, AnEndpointThatFailsManyRequestsInARowIsPassedOverForAWhile) {
  for (const auto balancing : {config::Balancing::round_robin, config::Balancing::least_requests}) {
    use(3, balancing);
    const auto endpoints = all(3);
    fail(endpoints[1], 4);
    EXPECT_EQ(all(3), endpoints);
    cluster_.note_answer(*endpoints[1], 404, now_);
    fail(endpoints[1], 4);
    EXPECT_EQ(all(3), endpoints) << "it has answered in between";
    fail(endpoints[1], 1);
    for (int i = 0; i < 9; ++i) EXPECT_NE(next(), endpoints[1]);
    now_ += seconds(10);
    EXPECT_EQ(all(3), endpoints);
    cluster_.note_answer(*endpoints[1], 200, now_);
    now_ += seconds(600);
  }
  EXPECT_EQ(counters_.upstream_ejections.get(), 2u);
}

TEST_F(ClusterTest, AtMostHalfOfTheEndpointsAreEjected) {
  use(5);
  const auto endpoints = all(5);
  for (const auto& endpoint : endpoints) fail(endpoint, 50);
  EXPECT_EQ(counters_.upstream_ejections.get(), 2u);
  EXPECT_NE(next(), nullptr);
  use(1);
  fail(next(), 50);
  EXPECT_EQ(counters_.upstream_ejections.get(), 2u) << "the only one is never";
}

TEST_F(ClusterTest, OnesThatDoNotConnectAreCountedWithTheEjected) {
  use(4);
  const auto endpoints = all(4);
  endpoints[0]->on_connect_failed(now_);
  endpoints[1]->on_connect_failed(now_);
  fail(endpoints[2], 50);
  EXPECT_FALSE(endpoints[2]->is_ejected(now_));
}

TEST_F(ClusterTest, WhereTheRestIsFullTheEjectedAreAskedBeforeThoseThatDoNotConnect) {
  options_.requests_max = 1;
  use(3);
  const auto endpoints = all(3);
  fail(endpoints[0], 5);
  endpoints[1]->on_connect_failed(now_);
  endpoints[2]->request_begins();
  EXPECT_EQ(next(), endpoints[0]);
  endpoints[2]->request_ends();
}

TEST_F(ClusterTest, WhoComesBackToItsEndpointIsNotMovedForItsFailures) {
  use(3);
  const auto endpoints = all(3);
  fail(endpoints[1], 5);
  sticky_ = endpoints[1];
  EXPECT_EQ(next(), endpoints[1]);
  sticky_.reset();
  for (hash_ = 0; next() != endpoints[1]; ++*hash_) {
    ASSERT_LT(*hash_, 1'000u);
  }
}

TEST_F(ClusterTest, ServerErrorsCountWhereTheyAreToldTo) {
  use(3);
  const auto endpoints = all(3);
  for (int i = 0; i < 9; ++i) cluster_.note_answer(*endpoints[0], 503, now_);
  EXPECT_FALSE(endpoints[0]->is_ejected(now_));
  options_.ejection.counts_server_errors = true;
  for (int i = 0; i < 9; ++i) cluster_.note_answer(*endpoints[0], 503, now_);
  EXPECT_TRUE(endpoints[0]->is_ejected(now_));
}

TEST_F(ClusterTest, AnEndpointGetsNoMoreRequestsAtATimeThanItMay) {
  options_.requests_max = 2;
  use(2);
  std::vector<std::shared_ptr<Endpoint>> under_way;
  for (int i = 0; i < 4; ++i) {
    under_way.push_back(next());
    ASSERT_NE(under_way.back(), nullptr);
    under_way.back()->request_begins();
  }
  for (const auto& endpoint : under_way) EXPECT_EQ(endpoint->requests_active(), 2u);
  EXPECT_EQ(next(), nullptr);
  sticky_ = under_way[0];
  hash_ = 1;
  EXPECT_EQ(next(), nullptr);
  keeps_limits_ = false;
  EXPECT_NE(next(), nullptr) << "questions of guards are no requests";
  keeps_limits_ = true;
  under_way[3]->request_ends();
  EXPECT_EQ(next(), under_way[3]);
  for (int i = 0; i < 3; ++i) under_way[static_cast<std::size_t>(i)]->request_ends();
}

TEST_F(ClusterTest, AnEndpointThatJoinsOthersGetsAShareOfItsTurnsThatGrows) {
  options_.slow_start = seconds(100);
  use(1);
  const auto old = next();
  use(2);
  const auto share = [&] {
    int turns = 0;
    for (int i = 0; i < 200; ++i) turns += next() != old ? 1 : 0;
    return turns;
  };
  EXPECT_NEAR(share(), 18, 3);  // one in ten of its turns
  now_ += seconds(50);
  EXPECT_NEAR(share(), 66, 5);  // every second one
  now_ += seconds(50);
  EXPECT_EQ(share(), 100);
}

TEST_F(ClusterTest, WhatItSaysOfItsEndpointsStandsInPlaceOfWhatTheProxyWasTold) {
  options_.requests_max = 5;
  options_.workers = 2;
  auto cluster = cluster_of(2, config::Balancing::round_robin);
  cluster->endpoint_rules = config::EndpointRules{.requests_max = 2, .eject_after = 1};
  cluster_.update(cluster, options_, counters_);
  const auto endpoints = all(2);
  fail(endpoints[0], 1);
  EXPECT_TRUE(endpoints[0]->is_ejected(now_)) << "after one failure";
  endpoints[1]->request_begins();
  EXPECT_TRUE(endpoints[1]->is_full()) << "two of two workers are one of each";

  use(2);
  EXPECT_EQ(next(), endpoints[1]) << "they stay, and the other one is passed over";
  EXPECT_FALSE(endpoints[1]->is_full());
  fail(endpoints[1], 4);
  EXPECT_FALSE(endpoints[1]->is_ejected(now_));
  endpoints[1]->request_ends();
}

TEST_F(ClusterTest, ItsEndpointsBeginAsSlowlyAsItSays) {
  auto cluster = cluster_of(1, config::Balancing::round_robin);
  cluster->endpoint_rules = config::EndpointRules{.slow_start_seconds = 100};
  cluster_.update(cluster, options_, counters_);
  const auto old = next();
  auto larger = cluster_of(2, config::Balancing::round_robin);
  larger->endpoint_rules = cluster->endpoint_rules;
  cluster_.update(larger, options_, counters_);
  int turns = 0;
  for (int i = 0; i < 200; ++i) turns += next() != old ? 1 : 0;
  EXPECT_NEAR(turns, 18, 3);
}

TEST_F(ClusterTest, EndpointsThatAreThereFirstAreAllOld) {
  options_.slow_start = seconds(100);
  use(3);
  EXPECT_NE(next(), next());
  const auto endpoints = all(3);
  for (const auto& endpoint : endpoints) EXPECT_FALSE(endpoint->is_spared(now_));
}

TEST_F(ClusterTest, OnlyAShareOfWhatIsUnderWayMayBeSentAgain) {
  use(2);
  const auto shared = std::make_shared<Cluster>(std::make_shared<config::Cluster>(), 0);
  shared->update(cluster_of(2, config::Balancing::round_robin), options_, counters_);
  std::vector<Cluster::Retrying> retries;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(shared->may_retry()) << "a few always may";
    retries.emplace_back(shared);
  }
  EXPECT_FALSE(shared->may_retry());
  const auto endpoint = shared->pick(now_, {tried_}).endpoint;
  for (int i = 0; i < 20; ++i) endpoint->request_begins();
  EXPECT_TRUE(shared->may_retry());
  retries.emplace_back(shared);
  EXPECT_FALSE(shared->may_retry());
  retries.pop_back();
  EXPECT_TRUE(shared->may_retry());
  for (int i = 0; i < 20; ++i) endpoint->request_ends();
  retries.clear();
  shared->retire();
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

// ---- Endpoints that are about to end

TEST_F(ClusterTest, OnlyWhoIsBoundToAnEndpointThatLeavesGetsIt) {
  auto before = cluster_of(2, config::Balancing::round_robin);
  before->affinity_key = "key";
  cluster_.update(before, options_, counters_);
  const auto endpoints = all(2);
  const std::string name(cluster_.name_of(*endpoints[1]));
  auto after = std::make_shared<config::Cluster>(*before);
  after->leaving = {after->endpoints[1]};
  after->endpoints.pop_back();
  cluster_.update(after, options_, counters_);
  EXPECT_FALSE(endpoints[1]->is_retired());  // it keeps its connections
  for (int i = 0; i < 5; ++i) EXPECT_EQ(next(), endpoints[0]);
  hash_ = 1;
  for (; *hash_ < 50; ++*hash_) EXPECT_EQ(next(), endpoints[0]);
  hash_.reset();
  EXPECT_EQ(cluster_.find_named(name), endpoints[1]);
  EXPECT_EQ(cluster_.find_place(endpoints[1]->place_number()), endpoints[1]);
  EXPECT_EQ(cluster_.name_of(*endpoints[1]), "");  // nobody is bound to it now
  sticky_ = cluster_.find_named(name);
  EXPECT_EQ(next(), endpoints[1]);
  sticky_.reset();
  // It may come back, as a Pod that is ready again; and it goes.
  cluster_.update(before, options_, counters_);
  EXPECT_EQ(all(2), endpoints);
  cluster_.update(after, options_, counters_);
  auto gone = std::make_shared<config::Cluster>(*after);
  gone->leaving.clear();
  cluster_.update(gone, options_, counters_);
  EXPECT_TRUE(endpoints[1]->is_retired());
  EXPECT_EQ(cluster_.find_named(name), nullptr);
  EXPECT_EQ(cluster_.find_place(endpoints[1]->place_number()), nullptr);
  EXPECT_EQ(next(), endpoints[0]);
}

TEST_F(ClusterTest, WhereAllLeaveThereIsNobodyForWhoIsBoundToNobody) {
  auto config = cluster_of(1, config::Balancing::round_robin);
  std::swap(config->endpoints, config->leaving);
  cluster_.update(config, options_, counters_);
  EXPECT_TRUE(cluster_.is_empty());
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ClusterTest, AnEndpointThatLeavesAndDoesNotConnectIsLeftByItsClients) {
  auto config = cluster_of(2, config::Balancing::round_robin);
  cluster_.update(config, options_, counters_);
  const auto endpoints = all(2);
  auto after = std::make_shared<config::Cluster>(*config);
  after->leaving = {after->endpoints[1]};
  after->endpoints.pop_back();
  cluster_.update(after, options_, counters_);
  sticky_ = endpoints[1];
  endpoints[1]->on_connect_failed(now_);
  EXPECT_EQ(next(), endpoints[0]);
}

// ---- Zones

class ClusterInAZone : public ClusterTest {
 protected:
  // Six endpoints, of which the zone "here" has the second and the fifth.
  void use_zones(config::Balancing balancing = config::Balancing::round_robin) {
    config_ = cluster_of(6, balancing);
    config_->zones = {{"here", {config_->endpoints[1], config_->endpoints[4]}},
                      {"there", {config_->endpoints[0]}}};
    cluster_.update(config_, options_, counters_);
  }
  bool is_here(const std::shared_ptr<Endpoint>& endpoint) const {
    return endpoint->name() == "10.0.0.1:8001" || endpoint->name() == "10.0.0.1:8004";
  }

  std::shared_ptr<config::Cluster> config_;
};

TEST_F(ClusterInAZone, EndpointsOfTheZoneAreAskedAloneWhileOneOfThemIsWell) {
  for (const auto balancing : {config::Balancing::round_robin, config::Balancing::least_requests}) {
    options_.zone = "here";
    use_zones(balancing);
    const auto near = all(2);
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(is_here(next()));
    near[0]->on_connect_failed(now_);
    for (int i = 0; i < 12; ++i) EXPECT_EQ(next(), near[1]);
    near[1]->on_connect_failed(now_);
    for (int i = 0; i < 12; ++i) EXPECT_FALSE(is_here(next()));
    near[0]->on_connected();
    near[1]->on_connected();
    EXPECT_EQ(all(2), near);
  }
}

TEST_F(ClusterInAZone, WhereTheZoneHasNoEntryOrNobodyKnowsItAllAreAsked) {
  for (const char* zone : {"", "elsewhere"}) {
    options_.zone = zone;
    use_zones();
    EXPECT_EQ(all(6).size(), 6u) << zone;
  }
}

TEST_F(ClusterInAZone, ARetryStaysInTheZoneWhileOneIsLeftThere) {
  options_.zone = "here";
  use_zones();
  tried_.push_back(next());
  const auto second = next();
  EXPECT_TRUE(is_here(second));
  EXPECT_NE(second, tried_[0]);
  tried_.push_back(second);
  const auto third = next();
  ASSERT_NE(third, nullptr);
  EXPECT_FALSE(is_here(third));
}

TEST_F(ClusterInAZone, OneThatIsEjectedThereIsPassedOverForThoseOfOtherZones) {
  options_.zone = "here";
  use_zones();
  const auto near = all(2);
  near[0]->eject(now_);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next(), near[1]);
  near[1]->eject(now_);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(is_here(next()));
}

TEST_F(ClusterInAZone, WhatAHashOrACookieChoosesIsForAllZones) {
  options_.zone = "here";
  use_zones();
  bool was_elsewhere = false;
  for (hash_ = 0; *hash_ < 50; ++*hash_) was_elsewhere = was_elsewhere || !is_here(next());
  EXPECT_TRUE(was_elsewhere);
  hash_.reset();
  tried_ = all(2);
  sticky_ = next();  // of another zone
  tried_.clear();
  ASSERT_FALSE(is_here(sticky_));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(next(), sticky_);
}

TEST_F(ClusterInAZone, HintsThatGoSetEndpointsFree) {
  options_.zone = "here";
  use_zones();
  auto without = std::make_shared<config::Cluster>(*config_);
  without->zones.clear();
  cluster_.update(without, options_, counters_);
  EXPECT_EQ(all(6).size(), 6u);
}

// ---- Many endpoints: two of them are looked at for a request

constexpr int kMany = 200;

TEST_F(ClusterTest, OfManyNoneIsPickedThatIsMarkedOrEjected) {
  use(kMany, config::Balancing::least_requests);
  const auto endpoints = all(kMany);
  endpoints[3]->on_connect_failed(now_);
  fail(endpoints[5], 5);
  ASSERT_TRUE(endpoints[5]->is_ejected(now_));
  for (int i = 0; i < 3 * kMany; ++i) {
    const auto picked = next();
    EXPECT_NE(picked, endpoints[3]);
    EXPECT_NE(picked, endpoints[5]);
  }
}

TEST_F(ClusterTest, OfManyAMarkedOneIsAskedWithinARoundWhetherItIsBack) {
  use(kMany, config::Balancing::least_requests);
  const auto marked = next();
  marked->on_connect_failed(now_);
  now_ += seconds(60);
  int probes = 0;
  for (int i = 0; i < kMany; ++i) probes += pick().to_probe == marked ? 1 : 0;
  EXPECT_GT(probes, 0);
}

TEST_F(ClusterTest, OfManyTheStickyOneIsPickedWhateverItHasToDo) {
  use(kMany, config::Balancing::least_requests);
  sticky_ = next();
  for (int i = 0; i < 9; ++i) sticky_->request_begins();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(next(), sticky_);
  for (int i = 0; i < 9; ++i) sticky_->request_ends();
}

TEST_F(ClusterTest, OfManyARetryGetsOneThatWasNotTried) {
  use(kMany, config::Balancing::least_requests);
  for (std::size_t i = 0; i < std::min<std::size_t>(kMany, Cluster::kTriedMax); ++i) {
    tried_.push_back(next());
    ASSERT_NE(tried_.back(), nullptr);
    EXPECT_EQ(std::count(tried_.begin(), tried_.end(), tried_.back()), 1);
  }
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ClusterTest, OneRequestTriesABoundedNumberOfEndpoints) {
  use(static_cast<int>(Cluster::kTriedMax) + 8);
  while (tried_.size() < Cluster::kTriedMax - 1) {
    EXPECT_TRUE(cluster_.has_untried(tried_, nullptr));
    tried_.push_back(next());
  }
  // The last one is asked, and then there is no other, whether it is noted yet or not.
  const auto last = next();
  ASSERT_NE(last, nullptr);
  EXPECT_FALSE(cluster_.has_untried(tried_, last.get()));
  tried_.push_back(last);
  EXPECT_FALSE(cluster_.has_untried(tried_, last.get()));
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ClusterTest, OfManyANewOneHasATenthOfItsTurnsAtFirst) {
  options_.slow_start = seconds(1'000);
  use(kMany, config::Balancing::least_requests);
  use(kMany + 1, config::Balancing::least_requests);
  std::map<std::string, int> turns;
  for (int i = 0; i < 40 * (kMany + 1); ++i) ++turns[next()->name()];
  const int of_the_new_one = turns["10.0.0.1:" + std::to_string(8000 + kMany)];
  EXPECT_GE(of_the_new_one, 1);
  EXPECT_LE(of_the_new_one, 10);
}

}  // namespace
}  // namespace proxy::upstream
