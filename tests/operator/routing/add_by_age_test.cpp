#include "operator/routing/add_by_age.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/resources/service.h"

namespace routing {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;

struct Asking {
  Rank rank;
  std::string host;
  std::uint64_t size = 1;
};

// Forwards a host of each of its claimants to a Service, and writes down what became of whom.
class Forwarding final : public IntentSource {
 public:
  Forwarding(std::vector<Asking> asking, std::vector<std::string>& story)
      : asking_(std::move(asking)), story_(story) {}

  void add_to(std::vector<ReadClaimant>& claimants) {
    for (std::size_t place = 0; place < asking_.size(); ++place) {
      Load load;
      load[Load::hosts] = asking_[place].size;
      claimants.push_back({asking_[place].rank, load, this, place});
    }
  }
  void add_to(std::vector<HostClaims>& claims) const {
    for (const Asking& one : asking_) claims.push_back({one.rank.claimant, {one.host}});
  }

  void add(std::size_t place) override {
    const Asking& asking = asking_.at(place);
    story_.push_back("add " + asking.rank.claimant.text());
    Intent intent{.rank = asking.rank};
    PathIntent path{.text = "/"};
    path.plain = PlainPath{proxy::config::PathMatch::prefix, "/"};
    path.backend.service = {.name = "web", .port_number = 80};
    intent.hosts.push_back({.host = asking.host, .paths = {path}});
    compiler->add(intent);
  }
  Absent leave_out(std::size_t place, const NoRoom& why) override {
    const Asking& asking = asking_.at(place);
    const bool is_large = why.of == NoRoom::Of::claimant;
    story_.push_back("leave out " + asking.rank.claimant.text() + (is_large ? ", too large" : ""));
    return {.hosts = {asking.host}, .guards = true};
  }

  IntentCompiler* compiler = nullptr;

 private:
  std::vector<Asking> asking_;
  std::vector<std::string>& story_;
};

Rank rank(ClaimantKind kind, const std::string& name, int age) {
  return {false,
          Claimant(kind, {"shop", name}, "uid-of-" + name, base::WallTime{seconds(1000 - age)})};
}

// "shop/web", without an endpoint.
Resources with_a_service() {
  kube::Service service;
  service.metadata.namespace_ = "shop";
  service.metadata.name = "web";
  service.ports.emplace_back().port = 80;
  Resources resources{};
  resources.services.push_back(std::make_shared<const kube::Service>(std::move(service)));
  return resources;
}

class AddByAge : public testing::Test {
 protected:
  // In no order.
  void add(const std::optional<WithoutRoom>& decided) {
    LoadBounds bounds;
    bounds.claimant[Load::hosts] = 2;
    bounds.namespace_[Load::hosts] = 3;
    Forwarding ingresses({{rank("Ingress", "young", 1), "a.example"},
                          {rank("Ingress", "old", 4), "a.example"},
                          {rank("Ingress", "large", 5), "b.example", 3}},
                         story_);
    Forwarding routes({{rank("HTTPRoute", "middle", 3), "c.example"},
                       {rank("HTTPRoute", "late", 2), "d.example"}},
                      story_);
    std::vector<HostClaims> claims;
    std::vector<ReadClaimant> claimants;
    for (Forwarding* const source : {&ingresses, &routes}) {
      source->add_to(claims);
      source->add_to(claimants);
    }
    const Resources resources = with_a_service();
    BackendResolver backends(resources);
    IntentCompiler compiler(resources, backends, claims, false);
    ingresses.compiler = routes.compiler = &compiler;
    room_ = add_by_age(std::move(claimants), bounds, decided, compiler);
    compiled_ = compiler.finish();
  }

  std::vector<std::string> story_;
  Room room_;
  CompiledIntents compiled_;
};

TEST_F(AddByAge, TheOldestGoesFirstWhoeverHasReadItAndTheLastFindsNoRoom) {
  add(std::nullopt);
  EXPECT_THAT(story_, ElementsAre("leave out Ingress shop/large, too large", "add Ingress shop/old",
                                  "add HTTPRoute shop/middle", "add HTTPRoute shop/late",
                                  "leave out Ingress shop/young"));
  EXPECT_EQ(room_.loads.size(), 4U);
  EXPECT_EQ(compiled_.config.hosts.size(), 3U);
}

TEST_F(AddByAge, WhoIsDecidedToHaveNoRoomIsLeftOutAndNobodyElse) {
  add(WithoutRoom{{{"HTTPRoute", {"shop", "middle"}}, {NoRoom::Of::all, Load::hosts}}});
  EXPECT_THAT(story_, ElementsAre("leave out Ingress shop/large, too large", "add Ingress shop/old",
                                  "leave out HTTPRoute shop/middle", "add HTTPRoute shop/late",
                                  "add Ingress shop/young"));
}

TEST_F(AddByAge, WhatWasToBeGuardedByWhoHasNoRoomIsClosed) {
  add(std::nullopt);
  EXPECT_THAT(compiled_.complaints, Contains(Field(&Complaint::reason, "HostClosed")));
  const auto& action = compiled_.config.hosts.at("a.example")->routes.at(0).action;
  EXPECT_TRUE(std::holds_alternative<proxy::config::FixedAnswer>(action));
}

}  // namespace
}  // namespace routing
