#include "base/shared_table.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace base {
namespace {

using Model = std::map<std::string, int>;

// Stays where it was made.
struct Value {
  explicit Value(int given) : number(given) {}
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;
  int number;
};

// Hashes that agree in all but some of their bits, at either end.
template <int shift, std::uint64_t differing>
struct Poor {
  std::size_t operator()(std::string_view text) const {
    return (std::hash<std::string_view>{}(text)&differing) << shift;
  }
};

std::string a_key(std::mt19937& random) {
  return "shop-" + std::to_string(random() % 300) + ".example";
}

template <class Table>
void expect_same(const Table& table, const Model& model) {
  ASSERT_EQ(table.size(), model.size());
  ASSERT_EQ(table.empty(), model.empty());
  for (int i = 0; i < 300; ++i) {
    const std::string key = "shop-" + std::to_string(i) + ".example";
    const auto wanted = model.find(key);
    const Value* const found = table.find(key);
    ASSERT_EQ(found != nullptr, wanted != model.end()) << key;
    if (found == nullptr) continue;
    ASSERT_EQ(found->number, wanted->second) << key;
  }
}

template <class Hash>
void drive(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::pair<SharedTable<Value, Hash>, Model>> states(1);
  for (int step = 0; step < 3000; ++step) {
    auto& [table, model] = states.back();
    const std::string key = a_key(random);
    if (random() % 3 == 0) {
      table.erase(key);
      model.erase(key);
    } else {
      const int value = static_cast<int>(random() % 1000);
      table.set(key, value);
      model.insert_or_assign(key, value);
    }
    ASSERT_EQ(table.contains(key), model.count(key) == 1);
    if (random() % 200 == 0) {
      auto copy = states.back();
      states.push_back(std::move(copy));
    }
    // States go in any order, and what the others have of them stays.
    if (random() % 400 == 0 && states.size() > 1) states.erase(states.begin());
  }
  for (const auto& [table, model] : states) expect_same(table, model);
}

class SharedTableHistories : public testing::TestWithParam<unsigned> {};

TEST_P(SharedTableHistories, SayWhatAStdMapSaysAndLeaveCopiesAlone) {
  drive<std::hash<std::string_view>>(GetParam());
}

TEST_P(SharedTableHistories, DoSoWhereHashesAreEqualOrNearlySo) {
  drive<Poor<0, 3>>(GetParam());
  drive<Poor<59, 31>>(GetParam());
  drive<Poor<0, 0>>(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Seeds, SharedTableHistories, testing::Range(1u, 5u));

TEST(SharedTable, WhatDidNotChangeKeepsItsAddressInEveryCopy) {
  SharedTable<Value> table;
  for (int i = 0; i < 1000; ++i) table.set(std::to_string(i), i);
  SharedTable<Value> copy = table;
  copy.set("7", 70);
  copy.erase("8");
  EXPECT_EQ(table.find("7")->number, 7);
  EXPECT_EQ(copy.find("7")->number, 70);
  EXPECT_EQ(copy.find("8"), nullptr);
  EXPECT_EQ(table.find("8")->number, 8);
  for (int i = 9; i < 1000; ++i) {
    ASSERT_EQ(table.find(std::to_string(i)), copy.find(std::to_string(i)));
  }
  const Value* const kept = table.find("9");
  table = {};
  EXPECT_EQ(copy.find("9"), kept);
  EXPECT_EQ(kept->number, 9);
}

// Counts those that are alive.
struct Counted {
  explicit Counted(int& count) : alive(count) { ++alive; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive; }
  int& alive;
};

TEST(SharedTable, LetsGoOfAnEntryWithTheLastTableThatHasIt) {
  int alive = 0;
  {
    SharedTable<Counted> table;
    for (int i = 0; i < 100; ++i) table.set(std::to_string(i), alive);
    EXPECT_EQ(alive, 100);
    SharedTable<Counted> copy = table;
    table.erase("1");
    copy.set("2", alive);
    EXPECT_EQ(alive, 101);
    copy = {};
    EXPECT_EQ(alive, 99);
    table.erase("1");
    EXPECT_EQ(table.size(), 99U);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace base
