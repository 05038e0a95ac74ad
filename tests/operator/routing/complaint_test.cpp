#include "operator/routing/complaint.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace routing {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Complaint a_complaint(ClaimantKind kind, const std::string& namespace_) {
  return {Claimant(kind, {namespace_, "www"}, "uid", {}), Severity::warning, "HostInvalid", "Why."};
}

TEST(Complaints, ThoseInSomeNamespacesAreDroppedWhateverKindTheyAreTo) {
  const Complaint kept = a_complaint("Ingress", "blog");
  Complaints all = {a_complaint("Ingress", "shop"), kept, a_complaint("HTTPRoute", "shop")};
  drop_complaints_in({}, all);
  EXPECT_THAT(all, SizeIs(3));
  drop_complaints_in({"shop", "other"}, all);
  EXPECT_THAT(all, ElementsAre(kept));
}

}  // namespace
}  // namespace routing
