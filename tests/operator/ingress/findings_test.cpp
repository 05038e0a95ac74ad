#include "operator/ingress/findings.h"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "operator/ingress/owned_ingresses.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

Findings with_a_summary_of(const kube::Ingress& ingress) {
  std::vector<Summary> summaries(1);
  summaries.front().ingress = std::make_shared<const kube::Ingress>(ingress);
  Findings findings;
  add(std::move(summaries), findings);
  return findings;
}

TEST(Findings, WhatCameOfAnIngressIsFoundByWhoItIsAmongClaimants) {
  const kube::Ingress ingress = ingress_test::an_ingress("shop/www").get();
  const Findings findings = with_a_summary_of(ingress);
  const Summary* const found = summary_of(claimant_key_of(ingress), findings);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->ingress->metadata.key(), ingress.metadata.key());
  EXPECT_EQ(summary_of({kIngressKind, {"shop", "other"}}, findings), nullptr);
}

TEST(Findings, AClaimantOfAnotherKindIsNotTakenForTheIngressOfItsName) {
  const Findings findings = with_a_summary_of(ingress_test::an_ingress("shop/www").get());
  EXPECT_EQ(summary_of({"HTTPRoute", {"shop", "www"}}, findings), nullptr);
}

}  // namespace
}  // namespace ingress
