#include "operator/ingress/remarks.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "operator/ingress/class_ownership.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;

// A release for the class "gatehouse", which names the parameters "strict".
class WhatIsSaid : public testing::Test {
 protected:
  WhatIsSaid() {
    list_class_of(kControllerName);
    services_.replace_all({});
  }
  void list_class_of(const std::string& controller) {
    kube::IngressClass one;
    one.metadata.name = "gatehouse";
    one.controller = controller;
    one.parameters = kube::IngressClassParameters{"gatehouse.dev", "EdgeParameters", "strict", ""};
    classes_.replace_all({std::make_shared<const kube::IngressClass>(std::move(one))});
  }
  void list_parameters(api::EdgeParameters::Spec spec) {
    api::EdgeParameters one;
    one.metadata.name = "strict";
    one.spec = std::move(spec);
    parameters_.replace_all({std::make_shared<const api::EdgeParameters>(std::move(one))});
  }
  // Of an Ingress without an address, which is told once all is known. Empty: nothing.
  std::string said_of(const std::string& ingress) const {
    const auto one = an_ingress(ingress).path("a.example", "/", "web", 80).get();
    const auto remark = remarks_.on(one);
    return remark ? remark->reason : "";
  }

  kube::Store<kube::IngressClass> classes_;
  kube::Store<kube::Service> services_;
  kube::Store<api::EdgeParameters> parameters_;
  kube::Store<kube::Namespace> namespaces_;
  const ParametersInForce in_force_{classes_, parameters_, namespaces_};
  const Remarks remarks_{
      {classes_, services_, in_force_},
      {.class_names = {"gatehouse"}, .classes_elsewhere = [] { return std::set<std::string>(); }}};
};

TEST_F(WhatIsSaid, NothingBeforeTheParametersOfItsClassAreListed) {
  namespaces_.replace_all({});
  EXPECT_EQ(said_of("shop/www"), "");
  EXPECT_EQ(said_of("evil/www"), "") << "nobody knows whom they keep out";
  list_parameters({.namespaces = std::set<std::string>{"shop"}});
  EXPECT_EQ(said_of("shop/www"), "AddressPending");
  EXPECT_EQ(said_of("evil/www"), "NamespaceNotAllowed");
}

TEST_F(WhatIsSaid, NothingBeforeTheNamespacesAreListedThatParametersSelect) {
  list_parameters({.namespace_selector = api::LabelSelector{.match_labels = {{"edge", "yes"}}}});
  EXPECT_EQ(said_of("evil/www"), "");
  namespaces_.replace_all({});
  EXPECT_EQ(said_of("evil/www"), "NamespaceNotAllowed");
}

TEST_F(WhatIsSaid, ParametersOfOthersAreNotWaitedFor) {
  list_class_of("k8s.io/ingress-nginx");
  namespaces_.replace_all({});
  EXPECT_FALSE(in_force_.are_awaited(kControllerName, {"gatehouse"}));
  EXPECT_EQ(said_of("shop/www"), "") << "it is nginx's";
  list_class_of(kControllerName);
  EXPECT_TRUE(in_force_.are_awaited(kControllerName, {"gatehouse"}));
  EXPECT_FALSE(in_force_.are_awaited(kControllerName, {"other"}));
}

}  // namespace
}  // namespace ingress
