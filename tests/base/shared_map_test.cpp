#include "base/shared_map.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace base {
namespace {

using Map = SharedMap<int, true>;
using Model = std::map<std::string, int>;

std::string digest_of_entry(const std::string& key, int value) {
  return sha256(std::to_string(key.size()) + ":" + key + std::to_string(value));
}

std::string digest_of(const Map& map) {
  return Map::bytes_of(map.digest(digest_of_entry));
}

Map map_of(const Model& model) {
  Map map;
  for (const auto& [key, value] : model) map.insert_or_assign(key, value);
  return map;
}

// Keys that are prefixes of each other, that differ early and late, in one bit and in all.
std::string a_key(std::mt19937& random) {
  static const std::vector<std::string> kParts = {
      "", "a", "b", "\x7f", "\x80", "\xff", std::string(1, '\0'), "shop.example", "*."};
  std::string key;
  for (auto parts = random() % 4; parts > 0; --parts) key += kParts[random() % kParts.size()];
  return key;
}

template <class M>
void expect_same(const M& map, const Model& model) {
  ASSERT_EQ(map.size(), model.size());
  ASSERT_EQ(map.empty(), model.empty());
  ASSERT_TRUE(std::equal(map.begin(), map.end(), model.begin(), model.end()));
}

template <class M>
void live_as_a_std_map_does(unsigned seed) {
  std::mt19937 random(seed);
  M map;
  Model model;
  std::vector<std::pair<M, Model>> copies;
  for (int step = 0; step < 2000; ++step) {
    const std::string key = a_key(random);
    const int value = static_cast<int>(random() % 3);
    switch (random() % 5) {
      case 0:
        ASSERT_EQ(map.erase(key), model.erase(key));
        break;
      case 1:
        map.insert_or_assign(key, value);
        model.insert_or_assign(key, value);
        break;
      case 2:
        ASSERT_EQ(map.try_emplace(key, value).second, model.try_emplace(key, value).second);
        break;
      case 3: {
        M other;
        other.insert_or_assign(key, value);
        if (random() % 2 == 0) {
          ASSERT_EQ(map.share(other.begin()), model.try_emplace(key, value).second);
        } else {
          map.share_or_assign(other.begin());
          model.insert_or_assign(key, value);
        }
        break;
      }
      default:
        map[key] = value;
        model[key] = value;
    }
    ASSERT_EQ(map.contains(key), model.count(key) == 1);
    const auto found = map.find(key);
    ASSERT_EQ(found == map.end(), model.count(key) == 0);
    if (found != map.end()) {
      ASSERT_EQ(found->second, model.at(key));
    }
    if (random() % 100 == 0) copies.emplace_back(map, model);
    if (random() % 500 == 0) map.clear(), model.clear();
    if (step % 50 == 0) expect_same(map, model);
  }
  for (const auto& [copy, as_it_was] : copies) expect_same(copy, as_it_was);
}

class SharedMapHistories : public testing::TestWithParam<unsigned> {};

TEST_P(SharedMapHistories, SayWhatAStdMapSaysAndLeaveCopiesAlone) {
  live_as_a_std_map_does<Map>(GetParam());
  live_as_a_std_map_does<SharedMap<int>>(GetParam());
}

TEST_P(SharedMapHistories, TellTheDifferenceOfAnyTwoStates) {
  std::mt19937 random(GetParam());
  std::vector<Map> maps(1);
  for (int step = 0; step < 200; ++step) {
    Map map = maps[random() % maps.size()];
    for (auto changes = random() % 5; changes > 0; --changes) {
      const std::string key = a_key(random);
      if (random() % 3 == 0) {
        map.erase(key);
      } else {
        map.insert_or_assign(key, static_cast<int>(random() % 3));
      }
    }
    const Map& other = maps[random() % maps.size()];
    Model from(other.begin(), other.end());
    const Model to(map.begin(), map.end());
    Map::visit_differences(other, map, [&](const std::string& key, const int* was, const int* is) {
      ASSERT_EQ(was != nullptr, from.count(key) == 1);
      if (was != nullptr) {
        ASSERT_EQ(*was, from.at(key));
      }
      ASSERT_TRUE(was == nullptr || is == nullptr || *was != *is);
      ASSERT_TRUE(was != nullptr || is != nullptr);
      from.erase(key);
      if (is != nullptr) from.emplace(key, *is);
    });
    ASSERT_EQ(from, to);
    ASSERT_EQ(other == map, Model(other.begin(), other.end()) == to);
    maps.push_back(std::move(map));
  }
}

TEST_P(SharedMapHistories, HaveTheDigestOfWhatTheyEndIn) {
  std::mt19937 random(GetParam());
  Map map;
  std::map<std::string, Model> by_digest;
  for (int step = 0; step < 300; ++step) {
    const std::string key = a_key(random);
    if (random() % 3 == 0) {
      map.erase(key);
    } else {
      map.insert_or_assign(key, static_cast<int>(random() % 3));
    }
    if (random() % 2 == 0) continue;  // some states are never asked for theirs
    const Model model(map.begin(), map.end());
    const std::string digest = digest_of(map);
    ASSERT_EQ(digest, digest_of(map_of(model)));
    const auto known = by_digest.try_emplace(digest, model).first;
    ASSERT_EQ(known->second, model);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SharedMapHistories, testing::Range(1u, 9u));

TEST(SharedMap, HoldsAnEntryOnceThatIsSharedOrMerged) {
  const auto place_of = [](const Map& map, const char* key) { return &map.find(key)->second; };
  const Map part = map_of({{"b", 2}});
  Map whole = map_of({{"a", 1}, {"c", 3}});
  EXPECT_TRUE(whole.share(part.find("b")));
  EXPECT_FALSE(whole.share(part.find("b")));
  EXPECT_EQ(place_of(whole, "b"), place_of(part, "b"));
  Map merged = map_of({{"a", 1}});
  merged.merge(part);
  EXPECT_EQ(place_of(merged, "b"), place_of(part, "b"));
  whole.insert_or_assign("b", 7);
  EXPECT_EQ(part.at("b"), 2);
  whole.share_or_assign(part.find("b"));
  EXPECT_EQ(place_of(whole, "b"), place_of(part, "b"));
  EXPECT_EQ(digest_of(whole), digest_of(map_of({{"a", 1}, {"b", 2}, {"c", 3}})));
}

TEST(SharedMap, GivesAnAbsentKeyAnEmptyValueAsAStdMapDoes) {
  Map map;
  EXPECT_EQ(static_cast<const int&>(map["a"]), 0);
  EXPECT_EQ(map.size(), 1U);
  map["b"] = map["a"];
  EXPECT_EQ(map.at("b"), 0);
  EXPECT_THROW((void)map.at("c"), std::out_of_range);
}

TEST(SharedMap, IsEmptyWhenWhatItHadHasMovedAndCanBeFilledAgain) {
  Map map = map_of({{"a", 1}, {"b", 2}});
  const Map moved = std::move(map);
  expect_same(moved, {{"a", 1}, {"b", 2}});
  expect_same(map, {});
  map["c"] = 3;
  expect_same(map, {{"c", 3}});
}

TEST(SharedMap, MergesWhatIsNotThere) {
  Map map = map_of({{"a", 1}, {"b", 2}});
  map.merge(map_of({{"b", 3}, {"c", 4}}));
  expect_same(map, {{"a", 1}, {"b", 2}, {"c", 4}});
  Map empty;
  empty.merge(map);
  EXPECT_EQ(empty, map);
}

TEST(SharedMap, LivesWithKeysThatMakeItAsDeepAsItCanBe) {
  Map map;
  std::string key;
  for (int bytes = 0; bytes < 1000; ++bytes) map.insert_or_assign(key += '\xff', bytes);
  const Map before = map;
  for (int bytes = 500; bytes < 1000; ++bytes) map.erase(std::string(bytes, '\xff'));
  EXPECT_EQ(map.size(), 500U);
  EXPECT_EQ(before.size(), 1000U);
  EXPECT_NE(digest_of(map), digest_of(before));
}

// What a change of one entry costs, in a map of so many.
struct Cost {
  std::size_t hashed = 0;     // entries
  std::size_t looked_at = 0;  // nodes, to find the difference
  std::size_t visited = 0;    // entries, likewise
};

Cost cost_of_one_change(std::size_t entries) {
  Map map;
  for (std::size_t i = 0; i < entries; ++i) {
    map.insert_or_assign("shop-" + std::to_string(i) + ".example", 0);
  }
  Cost cost;
  const auto of_entry = [&](const std::string& key, int value) {
    ++cost.hashed;
    return digest_of_entry(key, value);
  };
  (void)map.digest(of_entry);
  const Map before = map;
  cost = {};
  map.insert_or_assign("shop-" + std::to_string(entries / 2) + ".example", 1);
  (void)map.digest(of_entry);
  cost.looked_at = Map::visit_differences(
      before, map, [&](const std::string&, const int*, const int*) { ++cost.visited; });
  return cost;
}

TEST(SharedMap, AChangeHashesAndVisitsOneEntryHoweverManyThereAre) {
  for (const std::size_t entries : {100, 1'000, 10'000, 100'000}) {
    const Cost cost = cost_of_one_change(entries);
    EXPECT_EQ(cost.hashed, 1U) << entries;
    EXPECT_EQ(cost.visited, 1U) << entries;
    // The way to it: digits share bits, so it is a little longer than the logarithm.
    EXPECT_LE(static_cast<double>(cost.looked_at), 2 * std::log2(entries) + 2) << entries;
  }
}

}  // namespace
}  // namespace base
