#include "operator/program/options.h"

#include <vector>

#include <gtest/gtest.h>

namespace program {
namespace {

TEST(ListenAddress, IsAnAddressAndAPort) {
  EXPECT_EQ(*read_listen_address("10.0.0.1:443"), (ListenAddress{"10.0.0.1", 443}));
  EXPECT_EQ(*read_listen_address(":9443"), (ListenAddress{"::", 9443}));
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
  EXPECT_EQ(options->control, (ListenAddress{"::", 9443}));
  EXPECT_EQ(options->metrics.port, 9402);
  EXPECT_EQ(options->health.port, 8081);
  EXPECT_EQ(options->ingress_classes, std::vector<std::string>{"gatehouse"});
  EXPECT_TRUE(options->classless_objects);
  EXPECT_FALSE(options->shared_hosts);
  EXPECT_TRUE(options->leader_elect);
  EXPECT_FALSE(options->default_issuer);
  EXPECT_TRUE(options->request_buffering);  // as ingress-nginx does
}

TEST(Options, LeaderElectionCanBeTurnedOff) {
  const char* argv[] = {
      "gatehouse-operator",  "--control-tls-cert-file", "c", "--control-tls-key-file", "k",
      "--leader-elect=false"};
  const auto read = read_options(6, argv);
  ASSERT_TRUE(std::holds_alternative<Options>(read));
  EXPECT_FALSE(std::get<Options>(read).leader_elect);
}

std::variant<Options, int> read(std::vector<const char*> flags) {
  flags.insert(flags.begin(), "gatehouse-operator");
  return read_options(static_cast<int>(flags.size()), flags.data());
}

TEST(Options, TheControlCertificateIsOfTwoFilesOrOfOurOwnMaking) {
  const auto own = read({"--control-tls-secret", "gatehouse-system/gatehouse-control-tls",
                         "--control-ca-config-map", "gatehouse-system/gatehouse-control-ca",
                         "--control-dns-name", "edge.example", "--control-dns-name", "b"});
  ASSERT_TRUE(std::holds_alternative<Options>(own));
  const Options& options = std::get<Options>(own);
  EXPECT_EQ(options.control_tls_secret,
            (kube::ObjectKey{"gatehouse-system", "gatehouse-control-tls"}));
  EXPECT_EQ(options.control_ca_config_map,
            (kube::ObjectKey{"gatehouse-system", "gatehouse-control-ca"}));
  EXPECT_EQ(options.control_dns_names, (std::vector<std::string>{"edge.example", "b"}));

  const std::vector<const char*> mistakes[] = {
      {},
      {"--control-tls-cert-file", "c"},
      {"--control-tls-secret", "a/b"},
      {"--control-ca-config-map", "a/b"},
      {"--control-tls-secret", "a/b", "--control-ca-config-map", "ca"},
      {"--control-tls-secret", "a/b", "--control-ca-config-map", "a/c", "--control-tls-key-file",
       "k"},
      {"--control-tls-cert-file", "c", "--control-tls-key-file", "k", "--control-dns-name", "b"},
      {"--control-tls-secret", "a/b", "--control-ca-config-map", "a/c", "--control-dns-name",
       "Not_a.name"},
      {"--control-tls-secret", "a/b", "--control-ca-config-map", "a/c", "--control-dns-name",
       "a..b"},
      {"--control-tls-secret", "a/b", "--control-ca-config-map", "a/c", "--control-dns-name", "-a"},
  };
  for (const auto& flags : mistakes) {
    const auto refused = read(flags);
    ASSERT_TRUE(std::holds_alternative<int>(refused)) << testing::PrintToString(flags);
    EXPECT_EQ(std::get<int>(refused), 2);
  }
}

TEST(Options, ClassesAndNamespacesMayBeSeveral) {
  const auto several =
      read({"--control-tls-cert-file", "c", "--control-tls-key-file", "k", "--ingress-class=a",
            "--ingress-class=b", "--watch-namespaces=shop,blog", "--shared-hosts"});
  ASSERT_TRUE(std::holds_alternative<Options>(several));
  const auto& options = std::get<Options>(several);
  EXPECT_EQ(options.ingress_classes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.watch_namespaces, (std::vector<std::string>{"shop", "blog"}));
  EXPECT_TRUE(options.shared_hosts);
  for (const char* wrong : {"--ingress-class=A_", "--watch-namespaces=shop,*"}) {
    EXPECT_TRUE(std::holds_alternative<int>(
        read({"--control-tls-cert-file", "c", "--control-tls-key-file", "k", wrong})))
        << wrong;
  }
}

}  // namespace
}  // namespace program
