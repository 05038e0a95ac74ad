#include "proxy/upstream/idle_list.h"

#include <vector>

#include <gtest/gtest.h>

namespace proxy::upstream {
namespace {

struct Item {
  int number = 0;
  IdleLinks<Item> idle_links{};
};

class IdleListTest : public ::testing::Test {
 protected:
  ~IdleListTest() override { take_all(); }

  Item& put(int number) {
    auto item = std::make_unique<Item>();
    item->number = number;
    Item& added = *item;
    list_.put(std::move(item));
    return added;
  }
  std::vector<int> take_all() {
    std::vector<int> numbers;
    while (!list_.empty()) numbers.push_back(list_.take(list_.newest())->number);
    return numbers;
  }

  IdleList<Item> list_;
};

TEST_F(IdleListTest, TheNewestComesFirst) {
  for (int i = 1; i <= 3; ++i) put(i);
  EXPECT_EQ(list_.size(), 3u);
  EXPECT_EQ(take_all(), (std::vector<int>{3, 2, 1}));
}

TEST_F(IdleListTest, AnyCanBeTakenOutAndTheOrderOfTheOthersStays) {
  for (const int gone : {1, 2, 3}) {
    std::vector<Item*> items{nullptr};
    std::vector<int> expected;
    for (int i = 1; i <= 3; ++i) items.push_back(&put(i));
    for (int i = 3; i >= 1; --i) {
      if (i != gone) expected.push_back(i);
    }
    EXPECT_EQ(list_.take(*items[static_cast<std::size_t>(gone)])->number, gone);
    EXPECT_EQ(list_.oldest().number, expected.back());
    EXPECT_EQ(take_all(), expected) << gone;
  }
}

TEST_F(IdleListTest, WhatWasTakenOutCanBePutBack) {
  Item& first = put(1);
  put(2);
  list_.put(list_.take(first));
  EXPECT_EQ(take_all(), (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace proxy::upstream
