#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/operator/world/world.h"

// The pace is written before an order is sent: an operator that is killed at any moment, again and
// again, an object that is made anew, a spec that does not hold still. What is counted is what it
// costs the CA.
namespace {

using fakes::AcmeServer;
using operator_test::FakeCluster;
using operator_test::World;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

// Two at once, and one each after 1 and 10 minutes; the next would wait 100.
constexpr int kOrdersOfAnHour = 4;
constexpr int kEffectsMax = 15;  // a life that gets so far is done with an order
// By then whoever waits for the pace, a day at most and its spread, has had a turn.
constexpr hours kPaceAtMost{25};

int orders_of(const World& world) {
  return world.ca.count("newOrder");
}

// An operator that lives, and cannot write what the server answered to its order.
FakeCluster::Fault without_recorded_orders() {
  return [](const base::HttpRequest& request) -> std::optional<base::Result<base::HttpResponse>> {
    if (request.body.find("authorizations") == std::string::npos) return std::nullopt;
    return base::failure(base::ErrorKind::unavailable, "the API does not answer");
  };
}

// An hour of lives that end after so many effects on the world, forty seconds each.
void live_for_an_hour(World& world, int effects, const std::function<void()>& between = {}) {
  for (int life = 0; life < 90; ++life) {
    world.kill.effects_left = effects;
    world.run_for(seconds(40));
    world.restart();
    if (between) between();
  }
}

TEST(Brake, AnOperatorThatIsKilledAtTheSameStepForAnHourStaysAtThePace) {
  for (int effects = 1; effects < kEffectsMax; ++effects) {
    SCOPED_TRACE("killed after effect " + std::to_string(effects));
    World world;
    world.apply_issuer();
    world.apply_certificate(World::certificate_json({"www.shop.example"}));
    live_for_an_hour(world, effects);
    EXPECT_LE(orders_of(world), kOrdersOfAnHour);
    EXPECT_TRUE(world.run_until_ready("www", kPaceAtMost)) << world.message(api::kIssuing);
  }
}

// And the Secret is gone after each life, or as it was before the first.
TEST(Brake, ARenewalWhoseOperatorIsKilledAndWhoseSecretIsPutBackStaysAtThePace) {
  for (const bool is_deleted : {false, true}) {
    for (int effects = 1; effects < kEffectsMax; ++effects) {
      SCOPED_TRACE((is_deleted ? "deleted, effect " : "put back, effect ") +
                   std::to_string(effects));
      AcmeServer::Options without_windows;
      without_windows.has_renewal_info = false;
      World world(without_windows);
      world.apply_issuer();
      world.apply_certificate(World::certificate_json({"www.shop.example"}));
      ASSERT_TRUE(world.run_until_ready());
      const nlohmann::json secret = world.secret();
      world.run_for(std::chrono::duration_cast<std::chrono::milliseconds>(
          *world.certificate().status.renewal_time - world.clock.now() - seconds(5)));
      ASSERT_EQ(orders_of(world), 1);
      live_for_an_hour(world, effects, [&] {
        if (is_deleted) {
          world.cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
        } else {
          world.cluster.put(kube::Secret::type(), secret);
        }
      });
      EXPECT_LE(orders_of(world) - 1, kOrdersOfAnHour);
      EXPECT_LE(world.ca.issued().size(), 1u + kOrdersOfAnHour);
      const auto is_renewed = [&] { return world.certificate().status.revision > 1; };
      EXPECT_TRUE(world.run_until(is_renewed, kPaceAtMost)) << world.message(api::kIssuing);
      EXPECT_TRUE(world.run_until_ready("www", kPaceAtMost)) << world.message(api::kIssuing);
    }
  }
}

TEST(Brake, AnOperatorThatIsKilledBehindNewOrderIsToldAsTheCauseAndTheWayOutIsOpen) {
  World world;
  world.apply_issuer();
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  world.cluster.fault =
      [&](const base::HttpRequest& request) -> std::optional<base::Result<base::HttpResponse>> {
    if (request.body.find("authorizations") == std::string::npos) return std::nullopt;
    world.kill.is_dead = true;
    return base::failure(base::ErrorKind::cancelled, "the process is dead");
  };
  for (int life = 0; life < 5; ++life) {
    world.run_for(seconds(2));
    world.restart();
  }
  world.cluster.fault = {};
  world.restart();
  world.run_for(seconds(1));
  EXPECT_EQ(orders_of(world), 2);
  EXPECT_EQ(world.reason(api::kIssuing), "OrderedTooOften");
  EXPECT_THAT(world.message(api::kIssuing),
              HasSubstr("2 orders were begun within a day that led to no certificate"));
  EXPECT_THAT(world.events.reasons(), Contains("Warning OrderedTooOften"));
  EXPECT_TRUE(world.run_until_ready("www", minutes(3)));
  EXPECT_EQ(orders_of(world), 3);
}

// A Certificate that comes, a renewal that is due or asked for: the object tells of the order, and
// whoever saw it at rest knows that nobody else has placed it.
TEST(Brake, WhatTheObjectTellsOfCostsNoWriteBeforeTheOrderAndWhatElseIsWantedDoes) {
  AcmeServer::Options without_windows;
  without_windows.has_renewal_info = false;
  World world(without_windows);
  world.apply_issuer();
  ASSERT_TRUE(world.run_until([&] { return world.issuer().is_ready(); }));
  const auto writes_until = [&](int revision) {
    EXPECT_TRUE(world.run_until([&] { return world.certificate().status.revision == revision; },
                                hours(24 * 61)));
    const auto writes = world.write_texts();
    world.cluster.forget_writes();
    return writes;
  };
  world.cluster.forget_writes();
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_THAT(writes_until(1), SizeIs(4));
  world.run_for(hours(25));
  world.annotate("www", api::kRenewRequestedAnnotation, "now");
  EXPECT_THAT(writes_until(2), SizeIs(4));
  EXPECT_THAT(writes_until(3), SizeIs(4)) << "when it is due";
  world.run_for(hours(25));
  world.cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
  EXPECT_THAT(writes_until(4), SizeIs(5));
}

TEST(Brake, AnOperatorThatFindsARenewalDueHasItInStatusBeforeItOrders) {
  World world;
  world.apply_issuer();
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world.run_until_ready());
  world.kill.is_dead = true;  // down while it is due
  world.run_for(hours(24 * 63));
  world.restart();
  world.cluster.forget_writes();
  ASSERT_TRUE(world.run_until([&] { return world.certificate().status.revision == 2; }));
  EXPECT_THAT(world.write_texts(), SizeIs(5));
  EXPECT_THAT(world.certificate().status.begun_orders, SizeIs(1))
      << "what another one may have placed";
}

// ---- Other Certificates for the same names

TEST(Brake, WhatOtherCertificatesHadForTheSameNamesIsKnownAfterARestart) {
  World world;
  world.apply_issuer();
  for (const char* name : {"one", "two", "three"}) {
    world.apply_certificate(World::certificate_json({"www.shop.example"}, name));
    world.run_for(seconds(5));
    world.restart();
  }
  world.run_for(seconds(5));
  EXPECT_EQ(orders_of(world), 2);
  EXPECT_EQ(world.reason(api::kIssuing, "three"), "IssuedTooOften");
}

TEST(Brake, OrdersThatFailForOneCertificateCountForTheNextAfterARestart) {
  World world;
  world.apply_issuer();
  world.ca.fail_validation("www.shop.example", "connection", "nobody there");
  world.apply_certificate(World::certificate_json({"www.shop.example"}, "one"));
  world.run_for(minutes(15));  // fails at 0, 1 and 11 minutes
  const int before = orders_of(world);
  EXPECT_EQ(before, 3);
  world.restart();
  world.apply_certificate(World::certificate_json({"www.shop.example"}, "two"));
  world.run_for(seconds(5));
  EXPECT_EQ(world.reason(api::kIssuing, "two"), "Failed") << "the minute is over";
  EXPECT_EQ(orders_of(world), before + 1);
  world.restart();
  world.apply_certificate(World::certificate_json({"www.shop.example"}, "three"));
  world.run_for(seconds(5));
  EXPECT_EQ(world.reason(api::kIssuing, "three"), "FailedTooOften");
  EXPECT_EQ(orders_of(world), before + 1);
}

// As an Ingress that is deployed and taken away by a test run.
TEST(Brake, ACertificateThatIsMadeAnewInMidOrderIsPacedLikeOne) {
  World world;
  world.apply_issuer();
  world.data_plane.ready = 0;  // so that no order comes to its end
  for (int i = 0; i < 360; ++i) {
    world.apply_certificate(World::certificate_json({"www.shop.example"}));
    world.run_for(seconds(5));
    world.cluster.remove(api::Certificate::type(), {"shop", "www"});
    world.run_for(seconds(5));
  }
  EXPECT_LE(orders_of(world), kOrdersOfAnHour);
  world.data_plane.ready = 2;
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  EXPECT_TRUE(world.run_until_ready("www", kPaceAtMost)) << world.message(api::kIssuing);
}

TEST(Brake, NamesThatChangeInMidOrderEachFewSecondsCostOrdersAtThePace) {
  World world;
  world.apply_issuer();
  world.data_plane.ready = 0;
  for (int i = 0; i < 360; ++i) {
    world.apply_certificate(
        World::certificate_json({i % 2 == 0 ? "www.shop.example" : "api.shop.example"}));
    world.run_for(seconds(10));
  }
  EXPECT_LE(orders_of(world), kOrdersOfAnHour);
  world.data_plane.ready = 2;
  world.proxies_changed();
  EXPECT_TRUE(world.run_until_ready("www", kPaceAtMost)) << world.message(api::kIssuing);
}

// To another release, and back before its order is in status.
TEST(Brake, ACertificateThatIsGivenAwayAndTakenBackInMidOrderStaysAtThePace) {
  certificate::ReconcilerOptions options;
  options.is_ours = [](const std::string& ingress_class) { return ingress_class.empty(); };
  World world({}, options);
  world.apply_issuer();
  world.cluster.fault = without_recorded_orders();
  nlohmann::json ours = World::certificate_json({"www.shop.example"});
  nlohmann::json theirs = ours;
  theirs["spec"]["ingressClassName"] = "theirs";
  for (int i = 0; i < 90; ++i) {
    world.apply_certificate(ours);
    world.run_for(seconds(20));
    world.apply_certificate(theirs);
    world.run_for(seconds(20));
  }
  EXPECT_GT(orders_of(world), 1);
  EXPECT_LE(orders_of(world), kOrdersOfAnHour);
  world.cluster.fault = {};
  world.apply_certificate(ours);
  EXPECT_TRUE(world.run_until_ready("www", kPaceAtMost)) << world.message(api::kIssuing);
}

// ---- What stands in status

// Beside an order that led to nothing the next operator could not see that there is another.
TEST(Brake, ARenewalThatIsAskedForIsWrittenFirstWhereAnEarlierOrderLedToNothing) {
  AcmeServer::Options without_windows;  // or an order is refused that replaces what another one did
  without_windows.has_renewal_info = false;
  World world(without_windows);
  world.apply_issuer();
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world.run_until_ready());
  world.run_for(hours(25));
  world.data_plane.ready = 0;
  world.annotate("www", api::kRenewRequestedAnnotation, "1");
  world.run_for(seconds(5));
  // Drops the order, and takes the request back.
  world.apply_certificate(World::certificate_json({"api.shop.example"}));
  world.run_for(seconds(5));
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  world.run_for(hours(2));
  const auto before = world.certificate().status.begun_orders;
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE(world.run_until_ready());
  world.cluster.fault = without_recorded_orders();
  const int orders = orders_of(world);
  world.annotate("www", api::kRenewRequestedAnnotation, "2");
  world.run_for(seconds(2));
  EXPECT_EQ(orders_of(world), orders + 1);
  EXPECT_THAT(world.certificate().status.begun_orders, SizeIs(before.size() + 1));
}

// Helm leaves the definitions of an earlier release in place.
TEST(Brake, AClusterWhoseDefinitionIsOlderKeepsNoneOfItAndCertificatesAreIssuedAllTheSame) {
  World world;
  world.cluster.fault =
      [&](const base::HttpRequest& request) -> std::optional<base::Result<base::HttpResponse>> {
    if (request.body.find("begunOrders") == std::string::npos) return std::nullopt;
    nlohmann::json body = nlohmann::json::parse(request.body);
    body["status"].erase("begunOrders");
    base::HttpRequest pruned = request;
    pruned.body = body.dump();
    return world.cluster.send(pruned, {});
  };
  world.apply_issuer();
  world.apply_certificate(World::certificate_json({"www.shop.example"}));
  ASSERT_TRUE(world.run_until_ready());
  world.cluster.remove(kube::Secret::type(), {"shop", "www-tls"});  // so that it is written first
  const auto has = [&](int revision) {
    return [&world, revision] { return world.certificate().status.revision == revision; };
  };
  ASSERT_TRUE(world.run_until(has(2)));
  world.cluster.remove(kube::Secret::type(), {"shop", "www-tls"});
  world.restart();  // and counts one as placed, once
  EXPECT_TRUE(world.run_until(has(3), minutes(30))) << world.message(api::kIssuing);
  EXPECT_THAT(world.certificate().status.begun_orders, testing::IsEmpty());
}

}  // namespace
