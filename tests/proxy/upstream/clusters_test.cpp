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
