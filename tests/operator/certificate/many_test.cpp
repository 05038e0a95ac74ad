#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "operator/certificate/status_report.h"
#include "tests/operator/world/world.h"

// Many Certificates of one issuer: in which order, and how many at a time.
namespace {

using operator_test::World;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kMany = 40;
constexpr int kAtOnce = 6;

class Many : public testing::Test {
 protected:
  void start(certificate::ReconcilerOptions options = {},
             fakes::AcmeServer::Options acme_options = {}) {
    world_ = std::make_unique<World>(std::move(acme_options), std::move(options));
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
  }

  static std::string name(int i) { return (i < 10 ? "c0" : "c") + std::to_string(i); }

  void want_many() {
    for (int i = 0; i < kMany; ++i) {
      const std::string host = name(i) + ".shop.example";
      world_->cluster.put(api::Certificate::type(), World::certificate_json({host}, name(i)));
    }
  }

  std::size_t under_way() const {
    std::size_t count = 0;
    world_->cluster.each(api::Certificate::type(), [&](const nlohmann::json& object) {
      const auto certificate = api::Certificate::from_json(object);
      if (certificate && certificate::has_order_under_way(certificate->status)) ++count;
    });
    return count;
  }

  std::unique_ptr<World> world_;
};

TEST_F(Many, OfManyAtOnceSoManyOrdersAreUnderWayAndTheOthersSayWhatTheyWaitFor) {
  certificate::ReconcilerOptions options;
  options.orders_of_an_issuer = {kAtOnce, 2 * kAtOnce};
  fakes::AcmeServer::Options slow;
  slow.polls_until_done = 6;
  start(options, slow);
  want_many();
  std::size_t most = 0;
  std::size_t issued_at_last_order = 0;
  int orders = 0;
  std::string told;
  const bool are_done = world_->run_until(
      [&] {
        most = std::max(most, under_way());
        if (world_->ca.count("newOrder") > orders) {
          orders = world_->ca.count("newOrder");
          issued_at_last_order = world_->ca.issued().size();
        }
        if (told.empty()) told = world_->message(api::kIssuing, name(kMany - 1));
        return world_->ca.issued().size() == static_cast<std::size_t>(kMany);
      },
      minutes(10));
  EXPECT_TRUE(are_done);
  EXPECT_LE(most, std::size_t{kAtOnce});
  EXPECT_GE(issued_at_last_order, kMany - kAtOnce) << "the last was begun when the first were done";
  EXPECT_EQ(told, "waiting for ClusterIssuer ca: orders that were begun before are finished first");
  EXPECT_EQ(orders, kMany);
}

TEST_F(Many, OrdersThatStandStillHoldUpTheOthersForHalfAMinute) {
  certificate::ReconcilerOptions options;
  options.orders_of_an_issuer = {kAtOnce, kMany};
  start(options);
  // The server never comes to an end with the first ones.
  world_->ca.rewrite(
      "order",
      [](nlohmann::json& order) {
        const std::string host = order["identifiers"][0]["value"];
        if (host < name(kAtOnce)) order["status"] = "processing";
      },
      100'000);
  want_many();
  world_->run_for(seconds(25));
  EXPECT_THAT(world_->ca.issued().size(), testing::Le(kAtOnce));
  world_->run_for(minutes(2));
  EXPECT_THAT(world_->ca.issued().size(), testing::Ge(kMany - kAtOnce));
}

TEST_F(Many, AllAreIssuedAlsoWhenTheOperatorIsRestartedInBetween) {
  certificate::ReconcilerOptions options;
  options.orders_of_an_issuer = {kAtOnce, 2 * kAtOnce};
  start(options);
  want_many();
  for (int i = 0; i < 10; ++i) {
    world_->run_for(std::chrono::milliseconds(200));
    world_->restart();
  }
  EXPECT_TRUE(world_->run_until(
      [&] { return world_->ca.issued().size() == static_cast<std::size_t>(kMany); }, minutes(10)));
  world_->run_for(minutes(1));
  EXPECT_EQ(world_->ca.count("newOrder"), kMany);
  EXPECT_THAT(world_->ca.violations(), IsEmpty());
}

TEST_F(Many, AHostOfAnotherNamespaceIsNotOrderedForUntilItIsFree) {
  bool is_taken = true;
  certificate::ReconcilerOptions options;
  using HeldBack = certificate::ReconcilerOptions::HeldBack;
  options.hold_back = [&](const api::Certificate& certificate) -> std::optional<HeldBack> {
    EXPECT_EQ(certificate.metadata.namespace_, "shop");
    if (!is_taken) return std::nullopt;
    return HeldBack{"HostNotOwned", "host www.shop.example belongs to namespace bank"};
  };
  start(options);
  world_->apply_certificate(World::certificate_json({"www.shop.example"}));
  world_->run_for(minutes(10));
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  EXPECT_EQ(world_->reason(api::kReady), "HostNotOwned");
  EXPECT_THAT(world_->message(api::kReady),
              HasSubstr("host www.shop.example belongs to namespace bank"));
  is_taken = false;
  world_->owners_changed();
  EXPECT_TRUE(world_->run_until_ready());
}

}  // namespace
