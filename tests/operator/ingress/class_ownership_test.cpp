#include "operator/ingress/class_ownership.h"

#include <gtest/gtest.h>

#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::an_ingress;
using Classes = std::vector<std::shared_ptr<const kube::IngressClass>>;

std::shared_ptr<const kube::IngressClass> a_class(const std::string& name,
                                                  const std::string& controller,
                                                  bool is_default = false, int age = 0) {
  kube::IngressClass made;
  made.metadata.name = name;
  made.metadata.creation_timestamp = ingress_test::kNow - std::chrono::seconds(age);
  made.controller = controller;
  if (is_default) {
    made.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
  }
  return std::make_shared<const kube::IngressClass>(made);
}

ClassOwnership with(const Classes& classes) {
  return ClassOwnership(classes, kControllerName, {"edge", "gatehouse"});
}

const auto kOurs = a_class("edge", kControllerName);
const auto kTheirs = a_class("nginx", "k8s.io/ingress-nginx");

TEST(ClassOwnership, TheClassIsOursByItsControllerNotByItsName) {
  const auto ownership = with({kOurs, kTheirs, a_class("gatehouse", "somebody.else/controller")});
  EXPECT_TRUE(ownership.is_ours(an_ingress("a/b").class_name("edge").get()));
  EXPECT_FALSE(ownership.is_ours(an_ingress("a/b").class_name("nginx").get()));
  EXPECT_FALSE(ownership.is_ours(an_ingress("a/b").class_name("gatehouse").get()));
}

TEST(ClassOwnership, AClassOfOurControllerThatAnotherReleaseServesIsNotOurs) {
  const auto ownership = with({kOurs, a_class("internal", kControllerName, true)});
  EXPECT_FALSE(ownership.is_ours(an_ingress("a/b").class_name("internal").get()));
  EXPECT_FALSE(ownership.is_ours(an_ingress("a/b").no_class().get()));
  const auto old = an_ingress("a/b").no_class().annotation(kClassAnnotation, "internal");
  EXPECT_FALSE(ownership.is_ours(old.get()));
}

TEST(ClassOwnership, TheClassThatMakesAnIngressOursIsKnown) {
  const auto ownership = with({a_class("edge", kControllerName, true)});
  EXPECT_EQ(ownership.class_of(an_ingress("a/b").class_name("edge").get()), "edge");
  EXPECT_EQ(ownership.class_of(an_ingress("a/b").no_class().get()), "edge");
  const auto old = an_ingress("a/b").no_class().annotation(kClassAnnotation, "gatehouse");
  EXPECT_EQ(ownership.class_of(old.get()), "gatehouse");
  EXPECT_EQ(ownership.class_of(an_ingress("a/b").class_name("nginx").get()), std::nullopt);
}

TEST(ClassOwnership, AClassThatDoesNotExistYetIsNotOursUntilItDoes) {
  const auto ingress = an_ingress("a/b").class_name("edge");
  EXPECT_FALSE(with({}).is_ours(ingress.get()));
  EXPECT_TRUE(with({kOurs}).is_ours(ingress.get()));
}

TEST(ClassOwnership, TheOldAnnotationStillCounts) {
  const auto ownership = with({kOurs, kTheirs});
  const auto old = [](const char* name) {
    return an_ingress("a/b").no_class().annotation(kClassAnnotation, name).get();
  };
  EXPECT_TRUE(ownership.is_ours(old("edge")));
  EXPECT_TRUE(ownership.is_ours(old("gatehouse")));  // needs no IngressClass
  EXPECT_FALSE(ownership.is_ours(old("nginx")));
  EXPECT_FALSE(ownership.is_ours(old("")));
}

TEST(ClassOwnership, NoClassBelongsToTheDefaultClass) {
  const auto ingress = an_ingress("a/b").no_class();
  EXPECT_FALSE(with({kOurs, kTheirs}).is_ours(ingress.get()));
  EXPECT_TRUE(with({a_class("edge", kControllerName, true), kTheirs}).is_ours(ingress.get()));
  EXPECT_FALSE(
      with({kOurs, a_class("nginx", "k8s.io/ingress-nginx", true)}).is_ours(ingress.get()));
}

TEST(ClassOwnership, OfSeveralDefaultsTheNewestCounts) {
  const auto ingress = an_ingress("a/b").no_class();
  const auto ours = [](int age) { return a_class("edge", kControllerName, true, age); };
  const auto theirs = [](int age) { return a_class("nginx", "k8s.io/ingress-nginx", true, age); };
  EXPECT_TRUE(with({ours(1), theirs(2)}).is_ours(ingress.get()));
  EXPECT_FALSE(with({ours(2), theirs(1)}).is_ours(ingress.get()));
  EXPECT_TRUE(with({theirs(1), ours(1)}).is_ours(ingress.get()));  // then the first by name
}

TEST(ClassOwnership, TheSpecCountsMoreThanTheAnnotation) {
  const auto ownership = with({kOurs, kTheirs});
  const auto ingress = an_ingress("a/b").class_name("edge").annotation(kClassAnnotation, "nginx");
  EXPECT_TRUE(ownership.is_ours(ingress.get()));
  EXPECT_EQ(ownership.claimed_by_other_class(ingress.get()), "nginx");
  const auto other = an_ingress("a/b").class_name("nginx").annotation(kClassAnnotation, "edge");
  EXPECT_FALSE(ownership.is_ours(other.get()));
}

}  // namespace
}  // namespace ingress
