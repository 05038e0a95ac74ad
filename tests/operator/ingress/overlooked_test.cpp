#include "operator/ingress/overlooked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/class_ownership.h"
#include "operator/ingress/overlooked_reporter.h"
#include "tests/fakes/clock.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using ingress_test::key_of;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const ServedClasses kServed{{"gatehouse"}, {"other-release"}};

ClusterView::Objects<kube::IngressClass> classes(const std::vector<std::string>& others,
                                                 bool with_default = false) {
  ingress_test::ViewBuilder builder;  // has ours
  for (const std::string& name : others) builder.ingress_class(name, "other/controller");
  if (with_default) builder.ingress_class("standard", "other/controller", true);
  return builder.view.classes;
}

TEST(Overlooked, AClassThatDoesNotExistIsNamedWithThoseThatDo) {
  const auto remark = why_unclaimed(an_ingress("shop/www").class_name("ngnix").get(),
                                    classes({"nginx", "alb"}), kServed);
  ASSERT_TRUE(remark);
  EXPECT_TRUE(remark->is_warning);
  EXPECT_TRUE(remark->is_nobodys);
  EXPECT_EQ(remark->reason, "IngressClassNotFound");
  EXPECT_THAT(remark->message, AllOf(HasSubstr("\"ngnix\", which does not exist"),
                                     HasSubstr("exist: gatehouse (Gatehouse), alb, nginx.")));
}

TEST(Overlooked, WithoutAClassAndWithoutADefaultItIsTold) {
  const auto remark =
      why_unclaimed(an_ingress("shop/www").no_class().get(), classes({"nginx"}), kServed);
  ASSERT_TRUE(remark);
  EXPECT_EQ(remark->reason, "IngressClassMissing");
  EXPECT_THAT(remark->message,
              AllOf(HasSubstr("gatehouse (Gatehouse), nginx"), HasSubstr("is-default-class")));
  const auto none = why_unclaimed(an_ingress("shop/www").no_class().get(), {}, kServed);
  EXPECT_THAT(none->message, HasSubstr("There is no IngressClass in this cluster at all"));
}

TEST(Overlooked, OfWhatAnotherControllerMayHaveNothingIsSaid) {
  const auto all = classes({"nginx"}, true);
  EXPECT_FALSE(why_unclaimed(an_ingress("shop/www").class_name("nginx").get(), all, kServed));
  EXPECT_FALSE(why_unclaimed(an_ingress("shop/www").no_class().get(), all, kServed))
      << "the default is another's";
  IngressBuilder old = an_ingress("shop/www").no_class().annotation(kClassAnnotation, "traefik");
  EXPECT_FALSE(why_unclaimed(old.get(), classes({}), kServed)) << "needs no IngressClass";
  kube::Ingress taken = an_ingress("shop/www").class_name("kong").get();
  taken.load_balancer = {{"192.0.2.1", ""}};
  EXPECT_FALSE(why_unclaimed(taken, all, kServed)) << "somebody serves it";
}

TEST(Overlooked, AClassOfOursThatNoReleaseServesIsToldAtItsIngresses) {
  const auto with = [](const std::string& name, const char* controller, bool is_default = false) {
    auto one = std::make_shared<kube::IngressClass>();
    one->metadata.name = name;
    one->controller = controller;
    if (is_default) {
      one->metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
    }
    return ClusterView::Objects<kube::IngressClass>{one};
  };
  const kube::Ingress lost = an_ingress("shop/www").class_name("lost").get();
  const auto remark = why_unclaimed(lost, with("lost", kControllerName), kServed);
  ASSERT_TRUE(remark);
  EXPECT_EQ(remark->reason, "IngressClassNotServed");
  EXPECT_TRUE(remark->is_warning);
  EXPECT_TRUE(remark->is_nobodys) << "one of several releases says it";
  EXPECT_THAT(remark->message, HasSubstr("no release of Gatehouse serves it"));
  EXPECT_FALSE(why_unclaimed(lost, with("lost", "k8s.io/ingress-nginx"), kServed));
  const kube::Ingress others = an_ingress("shop/www").class_name("other-release").get();
  EXPECT_FALSE(why_unclaimed(others, with("other-release", kControllerName), kServed));
  const kube::Ingress silent = an_ingress("shop/www").no_class().get();
  EXPECT_TRUE(why_unclaimed(silent, with("lost", kControllerName, true), kServed));
  EXPECT_FALSE(why_unclaimed(silent, with("nginx", "k8s.io/ingress-nginx", true), kServed));
  const kube::Ingress old =
      an_ingress("shop/www").no_class().annotation(kClassAnnotation, "lost").get();
  EXPECT_TRUE(why_unclaimed(old, with("lost", kControllerName), kServed));
}

TEST(Overlooked, ManyClassesAreCountedAndNotListed) {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("class-" + std::to_string(i));
  const auto remark =
      why_unclaimed(an_ingress("shop/www").class_name("x").get(), classes(many), kServed);
  EXPECT_THAT(remark->message, HasSubstr("and 996 more"));
  EXPECT_LT(remark->message.size(), 600u);
}

TEST(Overlooked, AnIngressWithoutAddressSaysWhatItWaitsFor) {
  const kube::Ingress ingress = an_ingress("shop/www").get();
  const kube::ObjectKey name = key_of("edge/proxy");
  auto service = std::make_shared<kube::Service>(ingress_test::a_service("edge/proxy", 80));
  const auto why = [&](const AddressSource& source) {
    const auto remark = why_no_address(ingress, source);
    return remark ? remark->message : "";
  };
  EXPECT_THAT(why({name, nullptr, false}), HasSubstr("Service edge/proxy of the proxies does not"));
  EXPECT_THAT(why({{}, nullptr, false}), HasSubstr("told of none"));
  EXPECT_EQ(why({{}, nullptr, true}), "");
  service->type_name = "LoadBalancer";
  EXPECT_THAT(why({name, service, false}), HasSubstr("nothing has given it an address yet"));
  service->load_balancer = {{"192.0.2.1", ""}};
  EXPECT_EQ(why({name, service, false}), "");
  service->load_balancer.clear();
  service->type_name = "NodePort";
  EXPECT_THAT(why({name, service, false}),
              AllOf(HasSubstr("is of type NodePort"), HasSubstr("operator.publishAddresses")));
  EXPECT_FALSE(why_no_address(ingress, {name, service, false})->is_warning);
}

// ---- Who says it, and when

class Events final : public kube::EventSink {
 public:
  void record(kube::Occurrence occurrence) override { said.push_back(std::move(occurrence)); }
  bool offer(kube::Occurrence occurrence) override {
    if (has_room) record(std::move(occurrence));
    return has_room;
  }
  bool has_room = true;
  std::vector<kube::Occurrence> said;
};

class Reporting : public testing::Test {
 protected:
  void put(const kube::Ingress& ingress) { ingresses_.put(ingress); }

  // When it wants to come again; nothing: at a change.
  std::optional<milliseconds> look(const std::string& key) {
    const auto outcome = reporter_.reconcile(key_of(key));
    EXPECT_TRUE(outcome);
    return outcome->requeue_after;
  }

  fakes::FakeClock clock_;
  kube::Store<kube::Ingress> ingresses_;
  Events events_;
  ClusterView::Objects<kube::IngressClass> classes_ = classes({"nginx"});
  bool is_ours_to_say_ = true;
  OverlookedReporter reporter_{
      ingresses_,
      {[this](const kube::Ingress& ingress) { return why_unclaimed(ingress, classes_, kServed); },
       [this](const Remark&) { return is_ours_to_say_; }},
      events_,
      clock_};
};

TEST_F(Reporting, ItIsSaidOnceAndAfterHalfAMinute) {
  put(an_ingress("shop/www").class_name("ngnix").get());
  EXPECT_EQ(look("shop/www"), seconds(30));
  EXPECT_THAT(events_.said, IsEmpty());
  clock_.advance(seconds(30));
  EXPECT_EQ(look("shop/www"), std::nullopt);
  ASSERT_THAT(events_.said, SizeIs(1));
  EXPECT_EQ(events_.said[0].type, kube::EventType::warning);
  EXPECT_EQ(events_.said[0].regarding.name, "www");
  classes_ = classes({"nginx", "another"});
  clock_.advance(std::chrono::hours(3));
  EXPECT_EQ(look("shop/www"), std::nullopt);
  EXPECT_THAT(events_.said, SizeIs(1)) << "the same thing in other words is no news";
  put(an_ingress("shop/www").class_name("nigx").get());
  EXPECT_EQ(look("shop/www"), seconds(30)) << "another name is";
}

TEST_F(Reporting, AClassThatComesInTimeIsNoNewsAndNothingIsRemembered) {
  put(an_ingress("shop/www").class_name("late").get());
  look("shop/www");
  EXPECT_EQ(reporter_.size(), 1u);
  classes_ = classes({"late"});
  clock_.advance(seconds(30));
  EXPECT_EQ(look("shop/www"), std::nullopt);
  EXPECT_THAT(events_.said, IsEmpty());
  EXPECT_EQ(reporter_.size(), 0u);
}

TEST_F(Reporting, OfTwoReleasesTheOtherOneSaysIt) {
  is_ours_to_say_ = false;
  put(an_ingress("shop/www").class_name("ngnix").get());
  look("shop/www");
  clock_.advance(seconds(30));
  EXPECT_EQ(look("shop/www"), std::chrono::minutes(1));
  EXPECT_THAT(events_.said, IsEmpty());
  is_ours_to_say_ = true;  // the other one has gone
  look("shop/www");
  EXPECT_THAT(events_.said, SizeIs(1));
}

TEST_F(Reporting, WhereThereIsNoRoomItIsSaidLater) {
  put(an_ingress("shop/www").class_name("ngnix").get());
  look("shop/www");
  clock_.advance(seconds(30));
  events_.has_room = false;
  EXPECT_EQ(look("shop/www"), seconds(1));
  events_.has_room = true;
  EXPECT_EQ(look("shop/www"), std::nullopt);
  EXPECT_THAT(events_.said, SizeIs(1));
}

TEST_F(Reporting, AFloodInOneNamespaceHasAPaceAndDelaysNobodyElse) {
  constexpr int kFlood = 10'000;
  for (int i = 0; i < kFlood; ++i) {
    const std::string key = "flood/i" + std::to_string(i);
    put(an_ingress(key).class_name("none").get());
    look(key);
  }
  put(an_ingress("shop/www").class_name("ngnix").get());
  look("shop/www");
  clock_.advance(seconds(30));
  for (int i = 0; i < kFlood; ++i) {
    const auto again = look("flood/i" + std::to_string(i));
    // Who has no turn within the hour comes again when it has passed, and none in a circle.
    EXPECT_GE(again.value_or(NamespacePace::kOneEach), NamespacePace::kOneEach);
  }
  EXPECT_THAT(events_.said, SizeIs(NamespacePace::kBurst));
  look("shop/www");
  EXPECT_THAT(events_.said, SizeIs(NamespacePace::kBurst + 1));
  EXPECT_EQ(events_.said.back().regarding.namespace_, "shop");
}

TEST(NamespacePace, AFewComeAtOnceAndThenOneEachSoOften) {
  NamespacePace pace;
  const base::SteadyTime now{std::chrono::hours(1)};
  for (int i = 0; i < NamespacePace::kBurst; ++i) EXPECT_EQ(pace.take_turn("n", now), now);
  EXPECT_EQ(pace.take_turn("n", now), now + NamespacePace::kOneEach);
  EXPECT_EQ(pace.take_turn("n", now), now + 2 * NamespacePace::kOneEach);
  EXPECT_EQ(pace.take_turn("other", now), now);
}

TEST(NamespacePace, WhatLiesInThePastIsForgotten) {
  NamespacePace pace;
  base::SteadyTime now{std::chrono::hours(1)};
  for (int i = 0; i < 10'000; ++i) {
    pace.take_turn("n" + std::to_string(i), now);
    now += NamespacePace::kOneEach;
  }
  EXPECT_LT(pace.size(), 200u);
}

}  // namespace
}  // namespace ingress
