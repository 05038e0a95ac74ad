// A table that is made of the one before it says what one says that is made of nothing, and the one
// before it goes on saying what it said.
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/config/valid_config.h"
#include "proxy/router/route_table.h"
#include "tests/proxy/config/random_change.h"
#include "tests/proxy/config/random_config.h"

namespace proxy::router {
namespace {

using config::ProxyConfig;

std::string id_of(const RouteTable& table, std::uint32_t place) {
  for (const auto& [id, reference] : table.clusters()) {
    if (reference.place == place) return id;
  }
  return "none";
}

std::string text_of(const RouteTable& table, const Decision& decision) {
  std::string text = std::to_string(static_cast<int>(decision.kind)) + " " +
                     std::to_string(decision.status) + " " + std::string(decision.reason);
  if (decision.challenge != nullptr) text += " " + *decision.challenge;
  if (decision.target == nullptr) return text;
  const Target& target = *decision.target;
  text += " " + id_of(table, target.cluster) + " " + target.policies->guards +
          (target.guards != nullptr ? "+" : "-") + " " + target.policies->shape +
          (target.shape != nullptr ? "+" : "-");
  if (target.rest().split != nullptr) text += " or " + id_of(table, target.rest().split->cluster());
  if (target.guards != nullptr) {
    // What they say of somebody, so that those of another table with this id are told from these.
    policy::OpenQuestion question;
    std::string storage;
    for (const char* address : {"10.0.0.1", "192.0.2.7", "2001:db8::1", "203.0.113.9"}) {
      text += std::to_string(static_cast<int>(
          target.guards->check({.address = address, .is_preflight = true}, question, storage)
              .status));
    }
  }
  return text;
}

// What a table says of many requests.
std::string says(const RouteTable& table) {
  std::string all;
  std::string storage;
  for (const char* host : {"shop.example", "b.example", "x.shop.example", "127.0.0.1", "other"}) {
    for (const char* path : {"/", "/a", "/a/b", "/b/c/d", "/caf%C3%A9", "/x", "/a%2Fb",
                             "/.well-known/acme-challenge/tok_1"}) {
      for (const bool secure : {false, true}) {
        all += text_of(table, decide(table, {host, path, secure}, storage)) + "\n";
      }
    }
  }
  return all;
}

void expect_places_of_their_own(const RouteTable& table, const ProxyConfig& config) {
  std::set<std::uint32_t> places;
  for (const auto& [id, reference] : table.clusters()) {
    EXPECT_EQ(reference.cluster, config.clusters.at(id));
    EXPECT_TRUE(places.insert(reference.place).second) << id;
    EXPECT_LT(reference.place, 8U);  // those that are free are taken first
  }
  EXPECT_EQ(places.size(), config.clusters.size());
}

class RouteTableHistories : public testing::TestWithParam<unsigned> {};

TEST_P(RouteTableHistories, SayWhatTablesMadeOfNothingSay) {
  std::mt19937 random(GetParam());
  config::RandomConfig states(GetParam());
  ProxyConfig config;
  auto table = std::make_unique<const RouteTable>(config);
  std::vector<std::pair<std::unique_ptr<const RouteTable>, std::string>> others;
  for (int step = 0; step < 150; ++step) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " + std::to_string(step));
    const ProxyConfig next = random() % 8 == 0
                                 ? states.next()
                                 : config::changed_at_random(config, states.next(), random);
    if (!config::validate(next)) continue;
    auto made = std::make_unique<const RouteTable>(next, table.get());
    const std::string said = says(*made);
    ASSERT_EQ(said, says(RouteTable(next)));
    ASSERT_EQ(made->host_count(), RouteTable(next).host_count());
    expect_places_of_their_own(*made, next);
    others.emplace_back(std::exchange(table, std::move(made)), "");
    others.back().second = says(*others.back().first);
    if (others.size() > 3) others.erase(others.begin() + static_cast<int>(random() % 4));
    for (const auto& [other, as_it_said] : others) ASSERT_EQ(says(*other), as_it_said);
    config = next;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RouteTableHistories, testing::Range(1u, 7u));

ProxyConfig shops(int count) {
  ProxyConfig config;
  for (int i = 0; i < count; ++i) {
    const std::string id = "shops/s" + std::to_string(i) + ":80";
    config::VirtualHost host;
    host.routes = {{config::PathMatch::prefix, "/", config::Forward{id}, {}}};
    config.clusters[id] = std::make_shared<const config::Cluster>();
    config.hosts["s" + std::to_string(i) + ".example"] =
        std::make_shared<const config::VirtualHost>(std::move(host));
  }
  return config;
}

TEST(RouteTable, SharesTheHostsThatAChangeDoesNotConcern) {
  ProxyConfig config = shops(1000);
  const auto before = std::make_unique<const RouteTable>(config);
  config::VirtualHost host = *config.hosts.at("s7.example");
  host.https_redirect = true;
  config.hosts["s7.example"] = std::make_shared<const config::VirtualHost>(host);
  config.clusters.erase("shops/s8:80");
  config.hosts.erase("s8.example");
  const RouteTable after(config, before.get());
  EXPECT_NE(after.find_host("s7.example"), before->find_host("s7.example"));
  EXPECT_EQ(after.find_host("s8.example"), nullptr);
  for (int i = 9; i < 1000; ++i) {
    const std::string name = "s" + std::to_string(i) + ".example";
    ASSERT_EQ(after.find_host(name), before->find_host(name));
  }
}

}  // namespace
}  // namespace proxy::router
