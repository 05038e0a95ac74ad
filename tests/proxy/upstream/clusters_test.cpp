// Which clusters a worker keeps from one table to the next.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "proxy/upstream/cluster.h"

namespace proxy::upstream {
namespace {

class ClustersTest : public ::testing::Test {
 protected:
  static router::ClusterReference at(std::uint32_t place) {
    return {place, std::make_shared<const config::Cluster>()};
  }

  admin::WorkerCounters counters_;
  Clusters clusters_{PoolOptions(), counters_, 0};
};

TEST_F(ClustersTest, AClusterThatStaysCarriesOnWhereverItsPlaceIs) {
  router::ClusterReferences table;
  table.insert_or_assign("a", at(0));
  table.insert_or_assign("b", at(1));
  clusters_.adopt(table);
  const auto a = clusters_.at(0);
  const auto b = clusters_.at(1);
  EXPECT_NE(a, b);
  table.insert_or_assign("a", at(0));  // its configuration is another one
  clusters_.adopt(table);
  EXPECT_EQ(clusters_.at(0), a);
  EXPECT_EQ(clusters_.at(1), b);
  // As in a table that is made of nothing.
  table.insert_or_assign("a", at(1));
  table.insert_or_assign("b", at(2));
  clusters_.adopt(table);
  EXPECT_EQ(clusters_.at(1), a);
  EXPECT_EQ(clusters_.at(2), b);
}

TEST_F(ClustersTest, OneThatNobodyHasAskedForIsWhatTheTableSaysWhenSomebodyDoes) {
  const auto of = [](std::size_t endpoints) {
    auto cluster = std::make_shared<config::Cluster>();
    for (std::size_t i = 0; i < endpoints; ++i) {
      cluster->endpoints.push_back({"10.0.0.1", static_cast<std::uint16_t>(i + 1)});
    }
    return router::ClusterReference{0, cluster};
  };
  router::ClusterReferences table;
  table.insert_or_assign("a", of(1));
  clusters_.adopt(table);
  table.insert_or_assign("a", of(2));
  clusters_.adopt(table);
  EXPECT_FALSE(clusters_.close_an_idle_connection());
  const auto asked_for = clusters_.at(0);
  EXPECT_EQ(asked_for->config().endpoints.size(), 2U);
  EXPECT_FALSE(asked_for->is_empty());
  table.insert_or_assign("a", of(0));
  clusters_.adopt(table);
  EXPECT_EQ(clusters_.at(0), asked_for);
  EXPECT_TRUE(asked_for->is_empty());
  // It leaves without having been asked for again, and so does one that never was.
  table.insert_or_assign("b", router::ClusterReference{1, of(1).cluster});
  clusters_.adopt(table);
  clusters_.adopt({});
}

TEST_F(ClustersTest, WhoComesToThePlaceOfOneThatLeftIsAnother) {
  router::ClusterReferences table;
  table.insert_or_assign("z", at(0));
  clusters_.adopt(table);
  const auto left = clusters_.at(0);
  table.erase("z");
  table.insert_or_assign("a", at(0));
  clusters_.adopt(table);
  EXPECT_NE(clusters_.at(0), nullptr);
  EXPECT_NE(clusters_.at(0), left);
  clusters_.adopt({});
  EXPECT_FALSE(clusters_.close_an_idle_connection());
}

}  // namespace
}  // namespace proxy::upstream
