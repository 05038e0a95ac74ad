#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/operator/one_issuance.h"

// The main job against each version of Pebble, with nonces that are refused now and then, and with
// authorizations that are fresh or reused; and the budget of writes and Events in each case.
namespace {

using integration::AtTheServer;
using integration::has_condition;
using integration::ingress_yaml;
using integration::Pebble;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;
using testing::Le;
using testing::SizeIs;

struct Case {
  const char* name;
  bool is_newer;
  int reuse_percent;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

class AcmeVersions : public integration::OneIssuance, public testing::WithParamInterface<Case> {};

TEST_P(AcmeVersions, IssuesAndRenewsWithinTheBudgetOfWrites) {
  Pebble::Options options;
  if (GetParam().is_newer) {
    const auto program = Pebble::newer_program();
    if (!program) GTEST_SKIP() << "no newer Pebble: set GATEHOUSE_PEBBLE_NEW";
    options.program = *program;
  }
  options.bad_nonce_percent = 30;
  options.reuse_percent = GetParam().reuse_percent;
  cluster_.start_operator();
  cluster_.start_proxies(1);
  cluster_.start_pebble(options);
  cluster_.prepare_issuer();

  const AtTheServer before = at_the_server();
  cluster_.api().forget_writes();
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  expect_one_issuance("www", "www.example.test", before, 1);
  if (HasFatalFailure()) return;
  ASSERT_TRUE(wait_until(seconds(30), [&] { return cluster_.events("default").size() >= 2; }));
  EXPECT_THAT(cluster_.object_writes(), SizeIs(Le(6u)));
  EXPECT_THAT(cluster_.events("default"), SizeIs(Le(3u)));

  cluster_.api().forget_writes();
  const std::string serial = certificate("www")["status"]["serialNumber"];
  const auto asked = cluster_.api().request(
      "PATCH",
      "/apis/gatehouse.dev/v1alpha1/namespaces/default/certificates/www-tls?fieldManager=test",
      R"({"metadata": {"annotations": {"gatehouse.dev/renew-requested": "now"}}})",
      "application/merge-patch+json");
  ASSERT_TRUE(asked) << asked.error().message;
  ASSERT_TRUE(wait_until(seconds(30),
                         [&] {
                           const json now = certificate("www");
                           return now["status"].value("revision", 0) == 2 &&
                                  has_condition(now, "Serving");
                         }))
      << certificate("www").dump(1) << cluster_.logs();
  EXPECT_NE(certificate("www")["status"]["serialNumber"], serial);
  EXPECT_THAT(cluster_.object_writes(), SizeIs(Le(4u)));
  EXPECT_EQ(at_the_server().certificates - before.certificates, 2);
  EXPECT_EQ(at_the_server().orders - before.orders, 2);
}

INSTANTIATE_TEST_SUITE_P(Pebble, AcmeVersions,
                         testing::Values(Case{"DebianFresh", false, 0},
                                         Case{"DebianReused", false, 100},
                                         Case{"NewerFresh", true, 0},
                                         Case{"NewerReused", true, 100}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
