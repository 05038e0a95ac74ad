// Certificates that are not this operator's to issue: for hosts of another namespace, or of another
// class's release.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/operator/world/world.h"

namespace operator_test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

class Owners : public testing::Test {
 protected:
  Owners() {
    certificate::ReconcilerOptions options;
    options.hold_back = [this](const api::Certificate&) {
      using HeldBack = certificate::ReconcilerOptions::HeldBack;
      return why_.empty() ? std::nullopt : std::optional(HeldBack{"HostNotOwned", why_});
    };
    options.is_ours = [](const std::string& name) { return name.empty() || name == "gatehouse"; };
    world_ = std::make_unique<World>(fakes::AcmeServer::Options{}, options);
    world_->apply_issuer();
  }
  void ask(const std::string& ingress_class = "") {
    auto object = World::certificate_json({"www.shop.example"});
    if (!ingress_class.empty()) object["spec"]["ingressClassName"] = ingress_class;
    world_->apply_certificate(std::move(object));
  }

  std::string why_;
  std::unique_ptr<World> world_;
};

TEST_F(Owners, ACertificateForAForeignHostIsHeldBackAndSaysWhyUntilTheHostHasAnotherOwner) {
  why_ = "the host www.shop.example belongs to namespace a; remedy: leave it out";
  ask();
  world_->run_for(hours(1));
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  EXPECT_EQ(world_->reason(api::kIssuing), "HostNotOwned");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("remedy: leave it out"));
  EXPECT_FALSE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  why_.clear();
  world_->owners_changed();
  EXPECT_TRUE(world_->run_until_ready());
}

TEST_F(Owners, ACertificateThatIsThereStaysReadyWhenItsHostIsAnothersAndIsNotRenewed) {
  ask();
  ASSERT_TRUE(world_->run_until_ready());
  why_ = "another namespace owns it";
  world_->owners_changed();
  world_->run_for(seconds(60));
  EXPECT_TRUE(kube::is_true(world_->certificate().status.conditions, api::kReady));
  world_->annotate("www", api::kRenewRequestedAnnotation, "now");
  world_->run_for(seconds(60));
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
  EXPECT_EQ(world_->reason(api::kIssuing), "HostNotOwned");
}

TEST_F(Owners, AnOrderUnderWayStopsWhenItsHostIsAnothers) {
  world_->data_plane.deaf = world_->data_plane.ready;
  ask();
  ASSERT_TRUE(world_->run_until([&] { return world_->ca.count("newOrder") == 1; }));
  why_ = "another namespace owns it";
  world_->owners_changed();
  world_->data_plane.deaf = 0;
  world_->run_for(hours(1));
  EXPECT_EQ(world_->ca.count("finalize"), 0);
  EXPECT_EQ(world_->reason(api::kIssuing), "HostNotOwned");
}

TEST_F(Owners, WhatIsOfAnotherClassIsNeitherIssuedNorWritten) {
  ask("internal");
  world_->run_for(hours(1));
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  EXPECT_TRUE(world_->certificate().status.conditions.empty());
}

TEST_F(Owners, AnIssuerOfAnotherClassIsNotUsedAndTheCertificateSaysSo) {
  auto issuer = world_->issuer_json();
  issuer["spec"]["ingressClassName"] = "internal";
  world_->apply_issuer(issuer);
  ask();
  world_->run_for(seconds(60));
  EXPECT_EQ(world_->ca.count("newOrder"), 0);
  EXPECT_EQ(world_->reason(api::kIssuing), "IssuerOfAnotherClass");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("IngressClass internal"));
}

TEST_F(Owners, WhatIsOfOurClassIsIssued) {
  ask("gatehouse");
  EXPECT_TRUE(world_->run_until_ready());
}

}  // namespace
}  // namespace operator_test
