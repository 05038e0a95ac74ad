#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/operator/world/world.h"

// An ACME server is named by whoever may make an Issuer: what it says is a stranger's input.
namespace {

using nlohmann::json;
using operator_test::World;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class HostileServer : public testing::Test {
 protected:
  void SetUp() override {
    world_ = std::make_unique<World>();
    world_->apply_issuer();
    ASSERT_TRUE(world_->run_until([&] { return world_->issuer().is_ready(); }));
  }

  void ask() {
    world_->apply_certificate(World::certificate_json({"b.shop.example", "c.shop.example"}));
  }

  // Whatever status says at any moment is answered by the proxies.
  void expect_nothing_published_for(const std::string& host) {
    for (int i = 0; i < 50; ++i) {
      world_->run_for(std::chrono::milliseconds(100));
      const auto order = world_->certificate().status.order;
      if (!order) continue;
      for (const auto& authorization : order->authorizations) {
        EXPECT_NE(authorization.identifier, host);
      }
    }
  }

  std::unique_ptr<World> world_;
};

TEST_F(HostileServer, GetsNoAnswerPublishedForAHostOfSomebodyElse) {
  world_->ca.rewrite("authorization", [](json& authorization) {
    authorization["identifier"]["value"] = "victim.example";
  });
  ask();
  expect_nothing_published_for("victim.example");
  EXPECT_EQ(world_->certificate().status.last_failure_class, "protocol");
  EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("victim.example"));
  EXPECT_EQ(world_->ca.count("challenge"), 0);
}

TEST_F(HostileServer, GetsNoAnswerPublishedForAHostThatItNamesLater) {
  world_->data_plane.deaf = 2;
  ask();
  world_->run_for(seconds(1));
  world_->restart();  // the authorizations are read again
  world_->ca.rewrite(
      "authorization",
      [](json& authorization) { authorization["identifier"]["value"] = "victim.example"; }, 2);
  expect_nothing_published_for("victim.example");
  EXPECT_EQ(world_->ca.count("challenge"), 0);
}

TEST_F(HostileServer, CannotChangeTheNamesOfAnOrderThatWasPlaced) {
  world_->ca.rewrite("order", [](json& order) {
    order["identifiers"] = {{{"type", "dns"}, {"value", "victim.example"}}};
  });
  ask();
  expect_nothing_published_for("victim.example");
  EXPECT_TRUE(world_->run_until_ready());
  EXPECT_EQ(world_->ca.count("newOrder"), 1);
}

TEST_F(HostileServer, IsNotFollowedToAnotherOrigin) {
  for (const char* endpoint : {"newOrder", "authorization"}) {
    SCOPED_TRACE(endpoint);
    SetUp();
    world_->ca.rewrite(endpoint, [](json& answer) {
      const std::string away = "https://inner.test/x";
      if (answer.contains("authorizations")) answer["authorizations"][0] = away;
      if (!answer.contains("challenges")) return;
      for (json& challenge : answer["challenges"]) challenge["url"] = away;
    });
    ask();
    world_->run_for(seconds(10));
    EXPECT_THAT(world_->message(api::kIssuing), HasSubstr("https://inner.test:443"));
    EXPECT_THAT(world_->ca.violations(), IsEmpty()) << "nothing was sent there";
  }
}

TEST_F(HostileServer, IsNotFollowedToAnotherOriginByItsDirectory) {
  world_ = std::make_unique<World>();
  world_->ca.rewrite("directory", [](json& directory) {
    directory["newNonce"] = "https://169.254.169.254/latest/meta-data";
  });
  world_->apply_issuer();
  world_->run_for(seconds(1));
  const auto issuer = world_->issuer();
  const kube::Condition* ready = kube::find_condition(issuer.conditions, "Ready");
  ASSERT_TRUE(ready);
  EXPECT_THAT(ready->message, AllOf(HasSubstr("https://169.254.169.254:443"),
                                    HasSubstr("not the origin of its directory")));
  EXPECT_THAT(world_->ca.violations(), IsEmpty());
}

TEST_F(HostileServer, HasNoWordsInStatusUnlessItSpeaksAcme) {
  struct Case {
    int status;
    const char* content_type;
  };
  for (const Case& one :
       {Case{403, "text/plain"}, Case{200, "application/json"}, Case{500, "application/json"},
        Case{403, "application/problem+json"}, Case{200, "text/html"}}) {
    SCOPED_TRACE(one.content_type);
    world_ = std::make_unique<World>();
    world_->ca.answer_with("directory", [one](base::HttpResponse) {
      return base::HttpResponse{one.status,
                                {{"content-type", one.content_type}},
                                R"({"detail": "hunter2", "type": "hunter2", "newNonce": "hunter2",
                                    "title": "hunter2"})"};
    });
    world_->apply_issuer();
    world_->run_for(seconds(1));
    const std::string all = world_->cluster.get(api::Issuer::type(true), {"", "ca"}).dump();
    EXPECT_THAT(all, HasSubstr("DirectoryNotRead"));
    EXPECT_THAT(all, Not(HasSubstr("hunter2")));
    for (const auto& event : world_->events.events) {
      EXPECT_THAT(event.note, Not(HasSubstr("hunter2")));
    }
  }
}

}  // namespace
