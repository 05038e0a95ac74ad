#include "operator/routing/claimant_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ClaimantKey kIngress{"Ingress", {"shop", "www"}};
const ClaimantKey kRoute{"HTTPRoute", {"shop", "www"}};

const Uses kMany{.services = {{"shop", "web"}, {"shop", "api"}},
                 .tls_secrets = {{"shop", "tls"}},
                 .auth_secrets = {{"shop", "users"}},
                 .field_maps = {{"shop", "fields"}},
                 .outside = {"auth.example"},
                 .uid = "uid-1"};

TEST(ClaimantUses, WhoUsesSomethingIsFoundByItWhateverItsKindUntilItIsErased) {
  ClaimantUses uses;
  uses.put(kIngress, kMany);
  uses.put(kRoute, {.services = {{"shop", "web"}},
                    .tls_secrets = {{"shop", "tls"}},
                    .outside = {"auth.example"}});
  EXPECT_THAT(uses.of_service({"shop", "web"}), ElementsAre(kRoute, kIngress));
  EXPECT_THAT(uses.of_service({"shop", "api"}), ElementsAre(kIngress));
  EXPECT_THAT(uses.of_service({"blog", "web"}), IsEmpty());
  EXPECT_THAT(uses.of_tls_secret({"shop", "tls"}), ElementsAre(kRoute, kIngress));
  EXPECT_THAT(uses.of_tls_secret({"blog", "tls"}), IsEmpty());
  EXPECT_THAT(uses.of_auth_secret({"shop", "users"}), ElementsAre(kIngress));
  EXPECT_THAT(uses.of_auth_secret({"blog", "users"}), IsEmpty());
  EXPECT_THAT(uses.of_field_map({"shop", "fields"}), ElementsAre(kIngress));
  EXPECT_THAT(uses.of_outside("auth.example"), ElementsAre(kRoute, kIngress));
  EXPECT_THAT(uses.with_uid("uid-1"), ElementsAre(kIngress));
  EXPECT_THAT(uses.with_uid(""), IsEmpty());
  uses.erase(kIngress, kMany);
  EXPECT_THAT(uses.of_service({"shop", "web"}), ElementsAre(kRoute));
  EXPECT_THAT(uses.of_tls_secret({"shop", "tls"}), ElementsAre(kRoute));
  EXPECT_THAT(uses.of_service({"shop", "api"}), IsEmpty());
  EXPECT_THAT(uses.of_auth_secret({"shop", "users"}), IsEmpty());
  EXPECT_THAT(uses.of_field_map({"shop", "fields"}), IsEmpty());
  EXPECT_THAT(uses.of_outside("auth.example"), ElementsAre(kRoute));
  EXPECT_THAT(uses.with_uid("uid-1"), IsEmpty());
}

TEST(ClaimantUses, WhatIsUsedHasChangedWhenTheFirstComesOrTheLastGoes) {
  ClaimantUses uses;
  uses.put(kIngress, kMany);
  auto changed = uses.take_changed();
  EXPECT_TRUE(changed.auth_secrets);
  EXPECT_TRUE(changed.field_maps);
  EXPECT_THAT(uses.auth_secrets(), ElementsAre(kube::ObjectKey{"shop", "users"}));
  EXPECT_THAT(uses.field_maps(), ElementsAre(kube::ObjectKey{"shop", "fields"}));
  uses.put(kRoute, kMany);
  uses.erase(kIngress, kMany);
  changed = uses.take_changed();
  EXPECT_FALSE(changed.auth_secrets);
  EXPECT_FALSE(changed.field_maps);
  uses.erase(kRoute, kMany);
  uses.put(kRoute, {.field_maps = {{"shop", "fields"}}});
  changed = uses.take_changed();
  EXPECT_TRUE(changed.auth_secrets);
  EXPECT_FALSE(changed.field_maps) << "it has come back";
  EXPECT_THAT(uses.auth_secrets(), IsEmpty());
}

}  // namespace
}  // namespace routing
