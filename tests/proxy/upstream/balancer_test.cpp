#include "proxy/upstream/balancer.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

using config::Balancing;
using Turn = Balancer::Turn;

std::vector<std::size_t> picks(Balancer& balancer, Balancing balancing,
                               const std::vector<std::uint32_t>& loads, int count) {
  std::vector<std::size_t> picked;
  for (int i = 0; i < count; ++i) {
    picked.push_back(*balancer.pick(balancing, Turn::moves, loads.size(),
                                    [&](std::size_t e) { return loads[e]; }));
  }
  return picked;
}

TEST(Balancer, RoundRobinTakesEachInTurnWhateverItsLoad) {
  Balancer balancer(0);
  EXPECT_EQ(picks(balancer, Balancing::round_robin, {9, 0, 5}, 6),
            (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Balancer, WorkersBeginAtDifferentEndpoints) {
  Balancer balancer(2);
  EXPECT_EQ(picks(balancer, Balancing::round_robin, {0, 0, 0}, 3),
            (std::vector<std::size_t>{2, 0, 1}));
}

TEST(Balancer, LeastRequestsTakesTheLeastLoadedAndTakesTurnsAmongEquals) {
  Balancer balancer(0);
  EXPECT_EQ(picks(balancer, Balancing::least_requests, {3, 1, 2}, 2),
            (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(picks(balancer, Balancing::least_requests, {1, 1, 4, 1}, 4),
            (std::vector<std::size_t>{3, 0, 1, 3}));
}

TEST(Balancer, AnExcludedEndpointIsNeverPicked) {
  Balancer balancer(0);
  for (const Balancing balancing : {Balancing::round_robin, Balancing::least_requests}) {
    EXPECT_EQ(picks(balancer, balancing, {Balancer::kExcluded, 7, Balancer::kExcluded}, 2),
              (std::vector<std::size_t>{1, 1}));
    EXPECT_FALSE(
        balancer.pick(balancing, Turn::moves, 2, [](std::size_t) { return Balancer::kExcluded; }));
    EXPECT_FALSE(balancer.pick(balancing, Turn::moves, 0, [](std::size_t) { return 0u; }));
  }
}

TEST(Balancer, APickThatIsNoTurnLeavesTheTurnWhereItWas) {
  for (const Balancing balancing : {Balancing::round_robin, Balancing::least_requests}) {
    Balancer balancer(0);
    const auto idle = [](std::size_t) { return 0u; };
    const auto without_first = [](std::size_t e) { return e == 0 ? Balancer::kExcluded : 0u; };
    EXPECT_EQ(balancer.pick(balancing, Turn::moves, 2, idle), 0u);
    EXPECT_EQ(balancer.pick(balancing, Turn::stays, 2, without_first), 1u);
    EXPECT_EQ(balancer.pick(balancing, Turn::moves, 2, idle), 1u);
  }
}

TEST(Balancer, AShrunkenClusterIsNoTrouble) {
  Balancer balancer(0);
  picks(balancer, Balancing::round_robin, {0, 0, 0, 0}, 4);
  EXPECT_EQ(picks(balancer, Balancing::round_robin, {0}, 2), (std::vector<std::size_t>{0, 0}));
}

// ---- Least requests of many: of the next in turn and one that is drawn

constexpr std::size_t kMany = 1'000;

TEST(BalancerOfMany, AsksForTwoLoadsHoweverManyThereAre) {
  for (const std::size_t count : {Balancer::kComparedMax + 1, kMany, std::size_t{100'000}}) {
    Balancer balancer(3);
    std::size_t asked = 0;
    constexpr int kPicks = 1'000;
    for (int i = 0; i < kPicks; ++i) {
      balancer.pick(Balancing::least_requests, Turn::moves, count, [&](std::size_t) {
        ++asked;
        return 0u;
      });
    }
    EXPECT_LE(asked, 2u * kPicks) << count;
  }
}

TEST(BalancerOfMany, FewAreAllCompared) {
  std::vector<std::uint32_t> loads(Balancer::kComparedMax, 5);
  loads[11] = 4;
  Balancer balancer(0);
  EXPECT_EQ(picks(balancer, Balancing::least_requests, loads, 3),
            (std::vector<std::size_t>{11, 11, 11}));
}

TEST(BalancerOfMany, EqualsHaveTheirTurns) {
  Balancer balancer(7);
  const auto picked =
      picks(balancer, Balancing::least_requests, std::vector<std::uint32_t>(kMany, 2), 2 * kMany);
  for (std::size_t i = 0; i < picked.size(); ++i) EXPECT_EQ(picked[i], (7 + i) % kMany);
}

TEST(BalancerOfMany, TheLessLoadedOfTheTwoIsTaken) {
  Balancer balancer(0);
  std::vector<std::uint32_t> asked;
  for (int i = 0; i < 1'000; ++i) {
    asked.clear();
    const auto load = [](std::size_t e) { return static_cast<std::uint32_t>(e * 7919 % 101); };
    const auto picked =
        balancer.pick(Balancing::least_requests, Turn::moves, kMany, [&](std::size_t e) {
          asked.push_back(load(e));
          return asked.back();
        });
    ASSERT_TRUE(picked);
    EXPECT_EQ(load(*picked), *std::min_element(asked.begin(), asked.end()));
  }
}

TEST(BalancerOfMany, RequestsThatStaySpreadEvenly) {
  Balancer balancer(0);
  std::vector<std::uint32_t> loads(kMany, 0);
  // Every third has much to do already.
  for (std::size_t i = 0; i < kMany; i += 3) loads[i] = 10;
  const std::size_t before = std::accumulate(loads.begin(), loads.end(), std::size_t{0});
  while (std::accumulate(loads.begin(), loads.end(), std::size_t{0}) < before + 10 * kMany) {
    ++loads[*balancer.pick(Balancing::least_requests, Turn::moves, kMany,
                           [&](std::size_t e) { return loads[e]; })];
  }
  // 13.3 each would be even.
  EXPECT_LE(*std::max_element(loads.begin(), loads.end()), 17u);
  EXPECT_GE(*std::min_element(loads.begin(), loads.end()), 9u);
}

TEST(BalancerOfMany, AnExcludedOneIsNeverPickedAndTheOnlyOneLeftAlways) {
  for (const std::size_t left : {std::size_t{0}, std::size_t{500}, kMany - 1}) {
    Balancer balancer(left);
    const auto load_of = [&](std::size_t e) { return e == left ? 9u : Balancer::kExcluded; };
    for (int i = 0; i < 50; ++i) {
      EXPECT_EQ(balancer.pick(Balancing::least_requests, Turn::moves, kMany, load_of), left);
    }
  }
  Balancer balancer(0);
  EXPECT_FALSE(balancer.pick(Balancing::least_requests, Turn::moves, kMany,
                             [](std::size_t) { return Balancer::kExcluded; }));
}

// Being asked may be what counts, as an endpoint's turns while it is new.
TEST(BalancerOfMany, AsksEachOnceAtMost) {
  for (const std::size_t excluded_to : {std::size_t{0}, kMany / 2, kMany - 1, kMany}) {
    Balancer balancer(5);
    for (int i = 0; i < 200; ++i) {
      std::set<std::size_t> asked;
      balancer.pick(Balancing::least_requests, Turn::moves, kMany, [&](std::size_t e) {
        EXPECT_TRUE(asked.insert(e).second) << e;
        return e < excluded_to ? Balancer::kExcluded : 0u;
      });
    }
  }
}

TEST(BalancerOfMany, EachIsLookedAtOnceARound) {
  Balancer balancer(0);
  std::set<std::size_t> asked;
  for (std::size_t i = 0; i < kMany; ++i) {
    balancer.pick(Balancing::least_requests, Turn::moves, kMany, [&](std::size_t e) {
      asked.insert(e);
      return 1u;
    });
  }
  EXPECT_EQ(asked.size(), kMany);
}

TEST(BalancerOfMany, ARetryIsNoTurn) {
  Balancer balancer(0);
  const auto idle = [](std::size_t) { return 0u; };
  EXPECT_EQ(balancer.pick(Balancing::least_requests, Turn::moves, kMany, idle), 0u);
  EXPECT_EQ(balancer.pick(Balancing::least_requests, Turn::stays, kMany, idle), 1u);
  EXPECT_EQ(balancer.pick(Balancing::least_requests, Turn::moves, kMany, idle), 1u);
}

}  // namespace
}  // namespace proxy::upstream
