#include "operator/program/options.h"

#include <gtest/gtest.h>

namespace program {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(*read_listen_address("10.0.0.1:443"), (ListenAddress{"10.0.0.1", 443}));
  EXPECT_EQ(*read_listen_address(":9443"), (ListenAddress{"0.0.0.0", 9443}));
  EXPECT_EQ(*read_listen_address("[::1]:0"), (ListenAddress{"::1", 0}));
  for (const char* text : {"", "443", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:65536",
                           "localhost:80", "::1:80", "[x]:1", "10.0.0.1:-1"}) {
    EXPECT_FALSE(read_listen_address(text)) << text;
  }
}

TEST(ObjectName, IsANamespaceAndAName) {
  EXPECT_EQ(*read_object_name("a/b"), (kube::ObjectKey{"a", "b"}));
  for (const char* text : {"", "a", "/b", "a/", "a/b/c"}) {
    EXPECT_FALSE(read_object_name(text)) << text;
  }
}

TEST(Options, HaveTheDefaultsOfTheProduct) {
  const char* argv[] = {"gatehouse-operator", "--control-tls-cert-file", "c",
                        "--control-tls-key-file", "k"};
  const auto read = read_options(5, argv);
  const auto* options = std::get_if<Options>(&read);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->control, (ListenAddress{"0.0.0.0", 9443}));
  EXPECT_EQ(options->metrics.port, 9402);
  EXPECT_EQ(options->health.port, 8081);
  EXPECT_EQ(options->ingress_class, "gatehouse");
  EXPECT_TRUE(options->leader_elect);
  EXPECT_FALSE(options->default_issuer);
}

TEST(Options, LeaderElectionCanBeTurnedOff) {
  const char* argv[] = {
      "gatehouse-operator",  "--control-tls-cert-file", "c", "--control-tls-key-file", "k",
      "--leader-elect=false"};
  const auto read = read_options(6, argv);
  ASSERT_TRUE(std::holds_alternative<Options>(read));
  EXPECT_FALSE(std::get<Options>(read).leader_elect);
}

}  // namespace
}  // namespace program
