#include "proxy/config/valid_config.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/config/wire.h"
#include "tests/proxy/config/random_change.h"
#include "tests/proxy/config/random_config.h"

// validate() of the whole is the specification of what is checked by changes.
namespace proxy::config {
namespace {

class ValidConfigHistories : public testing::TestWithParam<unsigned> {};

TEST_P(ValidConfigHistories, SayAfterEachChangeWhatValidationOfEverythingSays) {
  std::mt19937 random(GetParam());
  RandomConfig states(GetParam());
  ValidConfig valid;
  int breaches = 0;
  for (int step = 0; step < 1000; ++step) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " + std::to_string(step));
    const ProxyConfig next = random() % 8 == 0
                                 ? states.next()
                                 : changed_at_random(valid.config(), states.next(), random);
    const auto whole = validate(next);
    auto by_change = valid.changed_to(next);
    ASSERT_EQ(by_change.has_value(), whole.has_value())
        << (whole ? by_change.error().message : whole.error().message);
    if (by_change) {
      valid = std::move(*by_change);
      ASSERT_EQ(revision_of(valid.config()), revision_of(next));
    } else {
      ++breaches;
      ASSERT_NE(by_change.error().message, "");
    }
  }
  EXPECT_GT(breaches, 10);
  EXPECT_LT(breaches, 990);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ValidConfigHistories, testing::Range(1u, 9u));

std::shared_ptr<const VirtualHost> a_host_of(const std::string& cluster) {
  VirtualHost host;
  host.routes = {{PathMatch::prefix, "/", Forward{cluster}, {}}};
  return std::make_shared<const VirtualHost>(std::move(host));
}

TEST(ValidConfig, NamesWhoRefersToWhatIsGone) {
  ProxyConfig config;
  config.clusters["ns/a:80"] = std::make_shared<const Cluster>();
  config.hosts["a.example"] = a_host_of("ns/a:80");
  config.hosts["b.example"] = a_host_of("ns/a:80");
  const ValidConfig valid = ValidConfig().changed_to(config).value();
  config.hosts.erase("a.example");
  config.clusters.erase("ns/a:80");
  const auto refused = valid.changed_to(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "hosts[b.example].routes[0].cluster: there is no cluster \"ns/a:80\"");
  config.hosts.erase("b.example");
  EXPECT_TRUE(valid.changed_to(config));
}

}  // namespace
}  // namespace proxy::config
