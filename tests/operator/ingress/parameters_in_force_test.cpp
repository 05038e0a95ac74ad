#include "operator/ingress/parameters_in_force.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/class_ownership.h"
#include "operator/ingress/overlooked.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using ingress_test::IngressBuilder;
using testing::ElementsAre;
using testing::IsEmpty;

// What "strict" says is known by its field `server`.
class InForce : public testing::Test {
 protected:
  void let_name(const std::string& class_name, const std::string& parameters) {
    kube::IngressClass one;
    one.metadata.name = class_name;
    one.controller = kControllerName;
    one.parameters =
        kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", parameters, ""};
    classes_.put(one);
  }
  void put(api::EdgeParameters::Spec spec) {
    api::EdgeParameters one;
    one.metadata.name = "strict";
    one.spec = std::move(spec);
    parameters_.put(one);
  }
  void say(const std::string& server) { put({.server = server}); }
  void spoil() {
    api::EdgeParameters one;
    one.metadata.name = "strict";
    one.problem = "spec.hsts is no object";
    parameters_.put(one);
  }
  void select(const std::string& label) {
    put({.namespace_selector = api::LabelSelector{.match_labels = {{"edge", label}}}});
  }
  static std::shared_ptr<const kube::Namespace> a_namespace(const std::string& name,
                                                            const std::string& label) {
    kube::Namespace one;
    one.metadata.name = name;
    one.metadata.labels["edge"] = label;
    return std::make_shared<const kube::Namespace>(std::move(one));
  }

  static std::vector<std::string> servers(const ParametersByName& all) {
    std::vector<std::string> found;
    for (const auto& [name, one] : all) found.push_back(name + " " + one->spec.server);
    return found;
  }
  std::vector<std::string> now() const { return servers(in_force_.now()); }
  static std::set<std::string> admitted(const ParametersByName& all) {
    return all.at("strict")->spec.namespaces.value();
  }

  kube::Store<kube::IngressClass> classes_;
  kube::Store<api::EdgeParameters> parameters_;
  kube::Store<kube::Namespace> namespaces_;
  const ParametersInForce in_force_{classes_, parameters_, namespaces_};
};

TEST_F(InForce, WhatCouldBeReadLastHoldsThoughNobodyAskedThen) {
  let_name("gatehouse", "strict");
  say("first");
  say("second");
  spoil();
  EXPECT_THAT(now(), ElementsAre("strict second"));
  parameters_.erase({"", "strict"});
  EXPECT_THAT(now(), ElementsAre("strict second"));
  spoil();
  EXPECT_THAT(now(), ElementsAre("strict second"));
  say("third");
  EXPECT_THAT(now(), ElementsAre("strict third"));
}

TEST_F(InForce, WhatNobodyCouldReadIsNotThere) {
  let_name("gatehouse", "strict");
  spoil();
  EXPECT_THAT(now(), IsEmpty());
  EXPECT_FALSE(in_force_.have_selectors());
}

TEST_F(InForce, WhatNoClassNamesIsForgotten) {
  say("first");
  EXPECT_THAT(now(), IsEmpty());
  let_name("gatehouse", "strict");
  let_name("second", "strict");
  classes_.erase({"", "gatehouse"});
  spoil();
  EXPECT_THAT(now(), ElementsAre("strict first")) << "one class names it still";
  let_name("second", "other");
  let_name("second", "strict");
  EXPECT_THAT(now(), IsEmpty());
}

TEST_F(InForce, ASelectorSelectsOnceNamespacesAreListed) {
  let_name("gatehouse", "strict");
  select("yes");
  EXPECT_TRUE(in_force_.have_selectors());
  EXPECT_THAT(in_force_.now(), IsEmpty()) << "nobody knows whom it means";
  EXPECT_THAT(in_force_.now_for("shop"), IsEmpty());
  EXPECT_THAT(servers(in_force_.as_written()), ElementsAre("strict "));
  namespaces_.replace_all(
      {a_namespace("shop", "yes"), a_namespace("blog", "yes"), a_namespace("evil", "no")});
  EXPECT_THAT(admitted(in_force_.now()), ElementsAre("blog", "shop"));
  EXPECT_THAT(admitted(in_force_.now_for("shop")), ElementsAre("shop"));
  EXPECT_THAT(admitted(in_force_.now_for("evil")), IsEmpty());
  EXPECT_THAT(admitted(in_force_.now_for("unknown")), IsEmpty());
}

TEST_F(InForce, ASelectorThatHoldsOnSelectsByTheLabelsOfToday) {
  let_name("gatehouse", "strict");
  select("yes");
  namespaces_.replace_all({a_namespace("shop", "no")});
  spoil();
  EXPECT_TRUE(in_force_.have_selectors());
  EXPECT_THAT(admitted(in_force_.now()), IsEmpty());
  namespaces_.put(a_namespace("shop", "yes"));
  EXPECT_THAT(admitted(in_force_.now()), ElementsAre("shop"));
}

// As it is not served then, either.
TEST_F(InForce, WhoMayNotHaveTheClassIsToldSoWhileItsParametersAreSpoilt) {
  let_name("gatehouse", "strict");
  const auto why = [this](const std::string& ingress) {
    const IngressBuilder one = an_ingress(ingress).path("a.example", "/", "web", 80);
    const ClassOwnership ownership(classes_.list(), kControllerName, {"gatehouse"},
                                   in_force_.now_for(one.get().metadata.namespace_));
    const auto remark = why_not_admitted(one.get(), ownership);
    return remark ? remark->reason : "";
  };
  put({.namespaces = std::set<std::string>{"shop"}});
  spoil();
  EXPECT_EQ(why("evil/www"), "NamespaceNotAllowed");
  EXPECT_EQ(why("shop/www"), "");
  parameters_.erase({"", "strict"});
  EXPECT_EQ(why("evil/www"), "NamespaceNotAllowed");
  classes_.erase({"", "gatehouse"});
  let_name("gatehouse", "strict");
  EXPECT_EQ(why("evil/www"), "") << "nobody knows whom it may keep out";
}

}  // namespace
}  // namespace ingress
