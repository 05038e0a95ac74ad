#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/x509.h"
#include "tests/operator/world/world.h"

// The operator is killed after each single effect that it has on the world, and another takes over:
// it must end in one certificate and a matching pair, whatever the moment. When a case fails, the
// trace says after which effect.
namespace {

using fakes::AcmeServer;
using operator_test::World;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int kEffectsMax = 200;

void expect_good_end(World& world, std::size_t issued) {
  EXPECT_THAT(world.ca.issued(), SizeIs(issued));
  const base::Status pair =
      base::check_key_pair(world.secret_value("tls.crt"), world.secret_value("tls.key"));
  EXPECT_TRUE(pair) << pair.error().message;
  EXPECT_EQ(world.secret_value("next-tls.key"), "");
  EXPECT_THAT(world.ca.violations(), IsEmpty());
  EXPECT_EQ(world.certificate().status.serial_number,
            base::read_chain(world.secret_value("tls.crt"))->front().serial);
}

// Runs the story once for each effect of it, dying there; returns how many there were.
int kill_at_each_effect(const AcmeServer::Options& options, std::size_t issued,
                        const std::function<bool(World&)>& story) {
  for (int at = 1; at < kEffectsMax; ++at) {
    SCOPED_TRACE("killed after effect " + std::to_string(at));
    World world(options);
    world.kill.effects_left = at;
    bool is_done = story(world);
    if (!world.kill.is_dead) {
      EXPECT_TRUE(is_done);
      return at;
    }
    world.restart();
    is_done = story(world);
    EXPECT_TRUE(is_done) << world.message(api::kIssuing);
    expect_good_end(world, issued);
    if (testing::Test::HasFailure()) return at;
  }
  ADD_FAILURE() << "the story has no end";
  return kEffectsMax;
}

bool issue_first(World& world) {
  if (world.certificate().metadata.name.empty()) {
    world.apply_issuer();
    world.apply_certificate(World::certificate_json({"www.shop.example", "api.shop.example"}));
  }
  return world.run_until(
      [&] {
        return world.kill.is_dead ||
               (world.certificate().status.revision == 1 && !world.certificate().status.order);
      },
      minutes(5));
}

TEST(KilledAnywhere, AFirstIssuanceEndsInOneCertificate) {
  const int effects = kill_at_each_effect({}, 1, issue_first);
  EXPECT_GT(effects, 15);
}

TEST(KilledAnywhere, AFirstIssuanceWithASlowServerEndsInOneCertificate) {
  AcmeServer::Options slow;
  slow.polls_until_done = 3;
  kill_at_each_effect(slow, 1, issue_first);
}

TEST(KilledAnywhere, ARenewalEndsInOneMoreCertificateAndTheOldPairServesUntilThen) {
  for (int at = 1; at < kEffectsMax; ++at) {
    SCOPED_TRACE("killed after effect " + std::to_string(at));
    World world;
    ASSERT_TRUE(issue_first(world));
    world.kill.effects_left = at;
    world.annotate("www", api::kRenewRequestedAnnotation, "now");
    const auto is_renewed = [&] {
      EXPECT_TRUE(
          base::check_key_pair(world.secret_value("tls.crt"), world.secret_value("tls.key")))
          << "a pair that does not match was there to be served";
      return world.certificate().status.revision == 2;
    };
    ASSERT_TRUE(world.run_until([&] { return world.kill.is_dead || is_renewed(); }, minutes(5)));
    if (!world.kill.is_dead) return;
    world.restart();
    ASSERT_TRUE(world.run_until(is_renewed, minutes(5))) << world.message(api::kIssuing);
    expect_good_end(world, 2);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
