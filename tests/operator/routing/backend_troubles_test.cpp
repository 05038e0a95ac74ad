#include "operator/routing/backend_troubles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Claimant kShop("HTTPRoute", {"shop", "www"}, "a-uid", {});

ResolvedBackend resolved(const std::string& reason, const std::string& trouble,
                         bool is_pending = false) {
  return {proxy::config::FixedAnswer{503, "service_not_found"}, reason, trouble, is_pending};
}

TEST(BackendTroubles, OneBackendsTroubleIsOneComplaintHoweverManyPlacesLeadThere) {
  BackendTroubles troubles;
  const auto gone = resolved("ServiceNotFound", "Service shop/web does not exist");
  troubles.add(kShop, gone, false, "/a");
  troubles.add(kShop, gone, false, "/b");
  troubles.add(kShop, resolved("", ""), false, "/fine");
  Complaints complaints;
  troubles.report(complaints);
  EXPECT_THAT(complaints,
              ElementsAre(Complaint{kShop, Severity::warning, "ServiceNotFound",
                                    "Requests for /a, /b are answered with 503: Service shop/web "
                                    "does not exist."}));
}

TEST(BackendTroubles, WhatResolvesByItselfIsPendingAndPagesAreSaid) {
  BackendTroubles troubles;
  troubles.add(kShop, resolved("ExternalNameUnresolved", "it is being asked for", true), true, "/");
  Complaints complaints;
  troubles.report(complaints);
  EXPECT_THAT(complaints,
              ElementsAre(Complaint{kShop, Severity::pending, "ExternalNameUnresolved",
                                    "Requests for / are answered by the default-backend: it is "
                                    "being asked for."}));
}

TEST(BackendTroubles, WhereNothingIsWrongNothingIsSaid) {
  Complaints complaints;
  BackendTroubles().report(complaints);
  EXPECT_THAT(complaints, IsEmpty());
}

}  // namespace
}  // namespace routing
