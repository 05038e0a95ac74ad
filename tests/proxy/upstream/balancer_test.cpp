#include "proxy/upstream/balancer.h"

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

}  // namespace
}  // namespace proxy::upstream
