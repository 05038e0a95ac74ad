#include "operator/routing/claimant.h"

#include <chrono>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using std::chrono::seconds;

constexpr base::WallTime kMade{seconds(1'700'000'000)};

TEST(Claimant, IsWhatItWasMadeOf) {
  const Claimant one("Ingress", {"shop", "www"}, "a-uid", kMade);
  EXPECT_EQ(one.kind(), "Ingress");
  EXPECT_EQ(one.key(), (kube::ObjectKey{"shop", "www"}));
  EXPECT_EQ(one.namespace_(), "shop");
  EXPECT_EQ(one.uid(), "a-uid");
  EXPECT_EQ(one.created(), kMade);
  EXPECT_EQ(one.kind_and_key(), (ClaimantKey{"Ingress", {"shop", "www"}}));
  EXPECT_EQ(one.text(), "Ingress shop/www");
}

TEST(Claimant, IsAnotherOneWhereAnythingDiffers) {
  const Claimant one("Ingress", {"shop", "www"}, "a-uid", kMade);
  const Claimant copy = one;
  EXPECT_EQ(copy, one);
  EXPECT_EQ(Claimant("Ingress", {"shop", "www"}, "a-uid", kMade), one) << "made by itself";
  EXPECT_NE(Claimant("HTTPRoute", {"shop", "www"}, "a-uid", kMade), one);
  EXPECT_NE(Claimant("Ingress", {"shop", "api"}, "a-uid", kMade), one);
  EXPECT_NE(Claimant("Ingress", {"shop", "www"}, "another", kMade), one);
  EXPECT_NE(Claimant("Ingress", {"shop", "www"}, "a-uid", kMade + seconds(1)), one);
}

TEST(ClaimantKey, IsOfAKindByItsNameWhereverThatIsWritten) {
  static constexpr char kWritten[] = "Ingress";
  const ClaimantKey one{"Ingress", {"shop", "www"}};
  EXPECT_EQ((ClaimantKey{kWritten, {"shop", "www"}}), one);
  EXPECT_NE((ClaimantKey{"HTTPRoute", {"shop", "www"}}), one);
  EXPECT_LT((ClaimantKey{"HTTPRoute", {"shop", "www"}}), one);
  EXPECT_LT((ClaimantKey{kWritten, {"shop", "api"}}), one);
}

TEST(Claimant, StandsInTheOrderOfKindsAndKeysWhateverItsAge) {
  const std::set<Claimant> all = {
      Claimant("Ingress", {"shop", "b"}, "1", kMade),
      Claimant("Ingress", {"shop", "a"}, "2", kMade + seconds(1)),
      Claimant("Ingress", {"bank", "z"}, "3", kMade + seconds(2)),
      Claimant("HTTPRoute", {"shop", "z"}, "4", kMade + seconds(3)),
  };
  std::string order;
  for (const Claimant& one : all) order += one.text() + " ";
  EXPECT_EQ(order, "HTTPRoute shop/z Ingress bank/z Ingress shop/a Ingress shop/b ");
}

}  // namespace
}  // namespace routing
