#include "operator/routing/admission.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/routing/equal_share.h"

namespace routing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(EqualShare, WhoWantsLittleGetsItAndTheOthersHaveTheSame) {
  EXPECT_EQ(equal_share({}, 10), std::nullopt);
  EXPECT_EQ(equal_share({4, 6}, 10), std::nullopt);
  EXPECT_EQ(equal_share({4, 7}, 10), 6U);
  EXPECT_EQ(equal_share({100, 1, 100}, 11), 5U);
  EXPECT_EQ(equal_share({100, 100, 100}, 10), 3U) << "one is left over";
  EXPECT_EQ(equal_share({1, 1, 1}, 2), 0U);
}

Load of_hosts(std::uint64_t hosts, std::uint64_t backends = 0) {
  Load load;
  load[Load::hosts] = hosts;
  load[Load::backends] = backends;
  return load;
}

LoadBounds bounds(std::uint64_t namespace_, std::uint64_t all) {
  LoadBounds bounds;
  bounds.namespace_ = of_hosts(namespace_, 1000);
  bounds.all = of_hosts(all, 1000);
  return bounds;
}

ClaimantKey key(const std::string& text, ClaimantKind kind = "Ingress") {
  const std::size_t slash = text.find('/');
  return {kind, {text.substr(0, slash), text.substr(slash + 1)}};
}

Rank rank(int age, const std::string& text, ClaimantKind kind = "Ingress") {
  return {false, Claimant(kind, key(text).key, "", base::WallTime{} + seconds(age))};
}

bool is_in(const Admission& admission, const std::string& text) {
  return !admission.find(key(text));
}

TEST(Admission, WithinANamespaceTheOlderGoFirstAndASmallOneMayPassALargeOne) {
  Admission admission(bounds(10, 100));
  admission.put(rank(1, "a/old"), of_hosts(6));
  admission.put(rank(2, "a/large"), of_hosts(5));
  admission.put(rank(3, "a/small"), of_hosts(4));
  EXPECT_THAT(admission.decide(), ElementsAre(key("a/large")));
  EXPECT_EQ(admission.find(key("a/large")), (NoRoom{NoRoom::Of::namespace_, Load::hosts}));
  EXPECT_TRUE(is_in(admission, "a/old"));
  EXPECT_TRUE(is_in(admission, "a/small"));
  EXPECT_THAT(admission.decide(), IsEmpty()) << "it is told once";

  admission.put(rank(1, "a/old"), of_hosts(1));
  EXPECT_THAT(admission.decide(), ElementsAre(key("a/large")));
  EXPECT_TRUE(is_in(admission, "a/large"));
  admission.put(rank(0, "a/older"), of_hosts(10));
  EXPECT_THAT(admission.decide(),
              UnorderedElementsAre(key("a/old"), key("a/large"), key("a/small")));
  admission.erase(key("a/older"));
  EXPECT_EQ(admission.decide().size(), 3U);
  EXPECT_TRUE(is_in(admission, "a/old"));
}

TEST(Admission, TwoKindsMayHaveOneNameEach) {
  Admission admission(bounds(10, 100));
  admission.put(rank(1, "a/www"), of_hosts(6));
  admission.put(rank(2, "a/www", "HTTPRoute"), of_hosts(5));
  EXPECT_THAT(admission.decide(), ElementsAre(key("a/www", "HTTPRoute")));
  EXPECT_TRUE(is_in(admission, "a/www"));
  admission.erase(key("a/www"));
  EXPECT_THAT(admission.decide(), ElementsAre(key("a/www", "HTTPRoute")));
  EXPECT_EQ(admission.find(key("a/www", "HTTPRoute")), std::nullopt);
}

TEST(Admission, WhatOneNamespaceAsksForIsFeltByNoOther) {
  Admission admission(bounds(10, 100));
  for (int i = 0; i < 50; ++i) admission.put(rank(i, "a/i" + std::to_string(i)), of_hosts(1));
  admission.put(rank(1000, "b/young"), of_hosts(3));
  EXPECT_EQ(admission.decide().size(), 40U);
  EXPECT_TRUE(is_in(admission, "b/young"));
}

TEST(Admission, WhereAllAskForMoreThanThereIsTheSmallHaveTheirs) {
  Admission admission(bounds(10, 20));
  for (const char* const name : {"a", "b", "c"}) {
    for (int i = 0; i < 10; ++i) {
      admission.put(rank(i, std::string(name) + "/i" + std::to_string(i)), of_hosts(1));
    }
  }
  admission.put(rank(1000, "d/young"), of_hosts(2));
  // 18 for three of them.
  EXPECT_EQ(admission.decide().size(), 12U);
  EXPECT_TRUE(is_in(admission, "d/young"));
  EXPECT_TRUE(is_in(admission, "c/i5"));
  EXPECT_EQ(admission.find(key("c/i6")), (NoRoom{NoRoom::Of::all, Load::hosts}));
  admission.erase(key("d/young"));
  for (int i = 0; i < 10; ++i) admission.erase(key("a/i" + std::to_string(i)));
  admission.decide();
  EXPECT_TRUE(is_in(admission, "c/i9"));
}

TEST(Admission, EachKindKeepsWithinItsBoundWhateverTheOthersLeave) {
  LoadBounds two = bounds(10, 12);
  two.namespace_[Load::backends] = 10;
  two.all[Load::backends] = 12;
  Admission admission(two);
  std::mt19937 random(7);
  std::map<ClaimantKey, Load> loads;
  for (int step = 0; step < 3000; ++step) {
    const std::string name =
        std::string(1, "abc"[random() % 3]) + "/i" + std::to_string(random() % 6);
    if (random() % 3 == 0) {
      admission.erase(key(name));
      loads.erase(key(name));
    } else {
      loads[key(name)] = of_hosts(random() % 8, random() % 8);
      admission.put(rank(static_cast<int>(random() % 3), name), loads[key(name)]);
    }
    admission.decide();
    Load held;
    std::map<std::string, Load> by_namespace;
    for (const auto& [claimant, load] : loads) {
      if (admission.find(claimant)) continue;
      held += load;
      by_namespace[claimant.key.namespace_] += load;
    }
    ASSERT_FALSE(held.beyond(two.all)) << step;
    for (const auto& [namespace_, load] : by_namespace) {
      ASSERT_FALSE(load.beyond(two.namespace_)) << step;
    }
  }
}

TEST(Admission, WhatItDecidesDoesNotDependOnHowItCameAbout) {
  std::mt19937 random(11);
  Admission kept(bounds(10, 14));
  std::map<ClaimantKey, std::pair<Rank, Load>> all;
  for (int step = 0; step < 1000; ++step) {
    const std::string name =
        std::string(1, "abc"[random() % 3]) + "/i" + std::to_string(random() % 5);
    if (random() % 4 == 0) {
      all.erase(key(name));
      kept.erase(key(name));
    } else {
      const auto ranked = rank(static_cast<int>(random() % 3), name);
      const Load load = of_hosts(1 + random() % 6);
      all.insert_or_assign(key(name), std::pair(ranked, load));
      kept.put(ranked, load);
    }
    if (random() % 2 == 0) continue;
    kept.decide();
    Admission made(bounds(10, 14));
    for (const auto& [claimant, one] : all) made.put(one.first, one.second);
    made.decide();
    for (const auto& [claimant, one] : all) {
      ASSERT_EQ(kept.find(claimant), made.find(claimant)) << step << " " << claimant.text();
    }
  }
}

}  // namespace
}  // namespace routing
