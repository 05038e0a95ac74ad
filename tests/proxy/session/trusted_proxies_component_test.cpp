// Who the client is, behind proxies that are trusted and others that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

session::Options trusting(const std::vector<std::string>& networks) {
  session::Options options = RunningEngine::quick();
  options.trusted_proxies = client::TrustedNetworks::parse(networks).value();
  return options;
}

ScriptedBackend::Script answers() {
  return [](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  };
}

constexpr std::string_view kPassedOn =
    "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n"
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www.shop.test\r\nX-Real-IP: 6.6.6.6\r\n"
    "Forwarded: for=6.6.6.6\r\nX-Forwarded-Prefix: /shop\r\n\r\n";

TEST(TrustedProxies, ABalancerThatIsTrustedSaysWhoItsClientIs) {
  ScriptedBackend backend(answers());
  RunningEngine proxy(trusting({"127.0.0.0/8"}));
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto balancer = HttpClient::connect(proxy.http());
  balancer.send(kPassedOn);
  ASSERT_EQ(balancer.read_answer().status, 200);
  const SeenRequest seen = backend.last();
  EXPECT_EQ(seen.field("X-Forwarded-For"), "203.0.113.9, 127.0.0.1");
  EXPECT_EQ(seen.field("X-Real-IP"), "203.0.113.9");
  EXPECT_EQ(seen.field("X-Forwarded-Proto"), "https");
  EXPECT_EQ(seen.field("X-Forwarded-Host"), "www.shop.test");
  EXPECT_EQ(seen.field("X-Forwarded-Port"), "443");
  EXPECT_EQ(seen.field("X-Forwarded-Prefix"), "/shop");
  EXPECT_EQ(seen.field("Forwarded"), "for=203.0.113.9;proto=https;host=\"www.shop.test\"");
  EXPECT_EQ(seen.field("Host"), "shop.test");
  EXPECT_THAT(proxy.access_log(), HasSubstr("\"client\":\"203.0.113.9\""));
}

TEST(TrustedProxies, EachRequestOfAConnectionHasAClientOfItsOwn) {
  ScriptedBackend backend(answers());
  RunningEngine proxy(trusting({"127.0.0.0/8"}));
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto balancer = HttpClient::connect(proxy.http());
  for (const std::string ip : {"203.0.113.9", "2001:db8::7", ""}) {
    const std::string field = ip.empty() ? "" : "X-Forwarded-For: " + ip + "\r\n";
    balancer.send("GET / HTTP/1.1\r\nHost: shop.test\r\n" + field + "\r\n");
    ASSERT_EQ(balancer.read_answer().status, 200);
    EXPECT_EQ(backend.last().field("X-Real-IP"), ip.empty() ? "127.0.0.1" : ip);
    EXPECT_EQ(backend.last().field("X-Forwarded-Proto"), "http");
    EXPECT_EQ(backend.last().field("X-Forwarded-Port"), std::to_string(proxy.http()));
    EXPECT_EQ(backend.last().field("Forwarded"), "");
  }
}

TEST(TrustedProxies, WhatAnybodyElseSaysOfItselfIsDropped) {
  ScriptedBackend backend(answers());
  for (const std::vector<std::string>& networks :
       {std::vector<std::string>{}, std::vector<std::string>{"10.0.0.0/8", "127.0.0.2/32"}}) {
    RunningEngine proxy(trusting(networks));
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto client = HttpClient::connect(proxy.http());
    client.send(kPassedOn);
    ASSERT_EQ(client.read_answer().status, 200);
    const SeenRequest seen = backend.last();
    EXPECT_EQ(seen.field("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(seen.field("X-Real-IP"), "127.0.0.1");
    EXPECT_EQ(seen.field("X-Forwarded-Proto"), "http");
    EXPECT_EQ(seen.field("X-Forwarded-Host"), "shop.test");
    EXPECT_EQ(seen.field("X-Forwarded-Prefix"), "");
    EXPECT_EQ(seen.field("Forwarded"), "");
    EXPECT_THAT(proxy.access_log(), HasSubstr("\"client\":\"127.0.0.1\""));
  }
}

constexpr std::string_view kAttested =
    "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Original-URL: /admin\r\nX-Rewrite-URL: /admin\r\n"
    "X-Accel-Mapping: /=/\r\nX-Sendfile-Type: X-Accel-Redirect\r\nSsl-Client-Verify: SUCCESS\r\n"
    "X-Auth-Request-User: ann\r\nX-Forwarded-User: ann\r\nCF-Connecting-IP: 203.0.113.9\r\n\r\n";

TEST(TrustedProxies, WhoIsTrustedWithAddressesIsNotTrustedWithUsersCertificatesAndPaths) {
  ScriptedBackend backend(answers());
  RunningEngine proxy(trusting({"127.0.0.0/8"}));
  ASSERT_TRUE(proxy.publish(shop({backend.port()})));
  auto balancer = HttpClient::connect(proxy.http());
  balancer.send(kAttested);
  ASSERT_EQ(balancer.read_answer().status, 200);
  const SeenRequest seen = backend.last();
  for (const char* name : {"X-Original-URL", "X-Rewrite-URL", "X-Accel-Mapping", "X-Sendfile-Type",
                           "Ssl-Client-Verify", "X-Auth-Request-User", "X-Forwarded-User"}) {
    EXPECT_EQ(seen.field(name), "") << name;
  }
  EXPECT_EQ(seen.field("CF-Connecting-IP"), "203.0.113.9");
}

TEST(TrustedProxies, FieldsThatAreNamedPassFromATrustedBalancerAndFromNobodyElse) {
  ScriptedBackend backend(answers());
  for (const auto& [networks, user] : {std::pair(std::vector<std::string>{"127.0.0.0/8"}, "ann"),
                                       std::pair(std::vector<std::string>{"10.0.0.0/8"}, "")}) {
    session::Options options = trusting(networks);
    options.trusted_fields = client::TrustedFields::parse({"x-auth-request-user"}).value();
    RunningEngine proxy(options);
    ASSERT_TRUE(proxy.publish(shop({backend.port()})));
    auto balancer = HttpClient::connect(proxy.http());
    balancer.send(kAttested);
    ASSERT_EQ(balancer.read_answer().status, 200);
    EXPECT_EQ(backend.last().field("X-Auth-Request-User"), user);
    EXPECT_EQ(backend.last().field("X-Forwarded-User"), "");
    EXPECT_EQ(backend.last().field("X-Original-URL"), "");
  }
}

config::ProxyConfig trusting(config::ProxyConfig config, std::string_view network) {
  config::Arrivals arrivals;
  arrivals.trusted_proxies = {config::Network::parse(network).value()};
  config.arrivals[""] = std::make_shared<const config::Arrivals>(arrivals);
  return config;
}

TEST(TrustedProxies, AConfigurationTurnsTrustOnAndOffForConnectionsThatComeAfterwards) {
  ScriptedBackend backend(answers());
  RunningEngine proxy(RunningEngine::quick());
  const config::ProxyConfig silent = shop({backend.port()});
  const auto told_by = [&](HttpClient& peer) {
    peer.send(kPassedOn);
    EXPECT_EQ(peer.read_answer().status, 200);
    return backend.last().field("X-Real-IP");
  };
  ASSERT_TRUE(proxy.publish(silent));
  auto first = HttpClient::connect(proxy.http());
  EXPECT_EQ(told_by(first), "127.0.0.1");

  ASSERT_TRUE(proxy.publish(trusting(silent, "127.0.0.0/8")));
  auto second = HttpClient::connect(proxy.http());
  EXPECT_EQ(told_by(second), "203.0.113.9");
  EXPECT_EQ(told_by(first), "127.0.0.1") << "it came before";

  ASSERT_TRUE(proxy.publish(silent));
  auto third = HttpClient::connect(proxy.http());
  EXPECT_EQ(told_by(third), "127.0.0.1");
  EXPECT_EQ(told_by(second), "203.0.113.9") << "it came before";

  ASSERT_TRUE(proxy.publish(trusting(silent, "10.0.0.0/8")));
  auto fourth = HttpClient::connect(proxy.http());
  EXPECT_EQ(told_by(fourth), "127.0.0.1");
}

TEST(TrustedProxies, ThoseOfTheFlagAndThoseOfTheConfigurationAddUp) {
  ScriptedBackend backend(answers());
  RunningEngine proxy(trusting({"127.0.0.0/8"}));
  const auto told = [&] {
    auto peer = HttpClient::connect(proxy.http());
    peer.send(
        "GET / HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 203.0.113.9, 10.1.2.3\r\n\r\n");
    EXPECT_EQ(peer.read_answer().status, 200);
    return backend.last().field("X-Real-IP");
  };
  const config::ProxyConfig silent = shop({backend.port()});
  ASSERT_TRUE(proxy.publish(silent));
  EXPECT_EQ(told(), "10.1.2.3");
  ASSERT_TRUE(proxy.publish(trusting(silent, "10.0.0.0/8")));
  EXPECT_EQ(told(), "203.0.113.9");
  ASSERT_TRUE(proxy.publish(silent));
  EXPECT_EQ(told(), "10.1.2.3");
}

// They were named for the balancers of the flag, which check users.
TEST(TrustedProxies, FieldsThatAreNamedDoNotPassFromWhomTheConfigurationAloneTrusts) {
  ScriptedBackend backend(answers());
  for (const auto& [networks, user] : {std::pair(std::vector<std::string>{"10.0.0.0/8"}, ""),
                                       std::pair(std::vector<std::string>{"127.0.0.1"}, "ann")}) {
    session::Options options = trusting(networks);
    options.trusted_fields = client::TrustedFields::parse({"X-Auth-Request-User"}).value();
    RunningEngine proxy(options);
    ASSERT_TRUE(proxy.publish(trusting(shop({backend.port()}), "127.0.0.0/8")));
    auto balancer = HttpClient::connect(proxy.http());
    balancer.send(kAttested);
    ASSERT_EQ(balancer.read_answer().status, 200);
    EXPECT_EQ(backend.last().field("X-Auth-Request-User"), user);
    EXPECT_EQ(backend.last().field("CF-Connecting-IP"), "203.0.113.9");
  }
}

TEST(TrustedProxies, HttpsAtATrustedBalancerEndsTheRedirectToHttps) {
  ScriptedBackend backend(answers());
  auto config = shop({backend.port()});
  auto host = *config.hosts.at("shop.test");
  host.https_redirect = true;
  config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
  const auto status = [&](const std::vector<std::string>& networks, const std::string& field) {
    RunningEngine proxy(trusting(networks));
    EXPECT_TRUE(proxy.publish(config));
    auto client = HttpClient::connect(proxy.http());
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n" + field + "\r\n\r\n");
    return client.read_answer().status;
  };
  EXPECT_EQ(status({"127.0.0.1"}, "X-Forwarded-Proto: https"), 200);
  EXPECT_EQ(status({"127.0.0.1"}, "Forwarded: for=203.0.113.9;proto=https"), 200);
  EXPECT_EQ(status({"127.0.0.1"}, "X-Forwarded-Proto: http"), 308);
  EXPECT_EQ(status({"127.0.0.1"}, "X-Forwarded-For: 203.0.113.9"), 308);
  EXPECT_EQ(status({"10.0.0.0/8"}, "X-Forwarded-Proto: https"), 308);
  EXPECT_EQ(status({}, "X-Forwarded-Proto: https"), 308);
}

}  // namespace
}  // namespace proxy::support
