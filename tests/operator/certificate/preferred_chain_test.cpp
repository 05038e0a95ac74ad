#include "operator/certificate/preferred_chain.h"

#include <gtest/gtest.h>

#include "base/key.h"

namespace {

std::string self_signed(const std::string& common_name) {
  const auto key = base::PrivateKey::generate({}).value();
  base::SelfSignedOptions options;
  options.names.common_name = common_name;
  return base::make_self_signed(key, options).value();
}

TEST(PreferredChain, IsKnownByTheIssuerOfItsLastCertificate) {
  const std::string chain = self_signed("Leaf") + self_signed("Root X1");
  EXPECT_TRUE(certificate::ends_at(chain, "Root X1"));
  EXPECT_FALSE(certificate::ends_at(chain, "Leaf"));
}

TEST(PreferredChain, APartOfTheNameIsNotTheName) {
  const std::string chain = self_signed("Root X1");
  EXPECT_FALSE(certificate::ends_at(chain, "Root X"));
  EXPECT_FALSE(certificate::ends_at(chain, "X1"));
}

TEST(PreferredChain, WhatIsNoChainEndsNowhere) {
  EXPECT_FALSE(certificate::ends_at("garbage", "Root X1"));
}

}  // namespace
