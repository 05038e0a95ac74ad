#include <map>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "operator/certificate/proxy_probe.h"
#include "tests/fakes/clock.h"

namespace {

using certificate::ProxyAnswers;
using certificate::ProxyEndpoint;
using certificate::ProxyProbe;
using certificate::ready_proxies;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const kube::ObjectKey kService{"gatehouse-system", "gatehouse-proxy"};

kube::Endpoint endpoint(const std::string& address, bool is_ready = true) {
  kube::Endpoint result;
  result.addresses = {address};
  result.ready = is_ready;
  return result;
}

kube::EndpointSlice slice(const std::string& name, std::vector<kube::Endpoint> endpoints,
                          const kube::ObjectKey& service = kService) {
  kube::EndpointSlice result;
  result.metadata.name = name;
  result.metadata.namespace_ = service.namespace_;
  result.metadata.labels["kubernetes.io/service-name"] = service.name;
  result.address_type = "IPv4";
  result.endpoints = std::move(endpoints);
  for (const auto& [port_name, port] : {std::pair("http", 8080), std::pair("https", 8443)}) {
    kube::EndpointPort named;
    named.name = port_name;
    named.port = port;
    result.ports.push_back(named);
  }
  return result;
}

std::vector<std::shared_ptr<const kube::EndpointSlice>> pointers(
    const std::vector<kube::EndpointSlice>& slices) {
  std::vector<std::shared_ptr<const kube::EndpointSlice>> result;
  for (const auto& one : slices) result.push_back(std::make_shared<kube::EndpointSlice>(one));
  return result;
}

TEST(ReadyProxies, AreTheReadyOnesOfTheServiceOnceEach) {
  kube::Endpoint ending = endpoint("10.0.0.4");
  ending.terminating = true;
  const auto found =
      ready_proxies(pointers({slice("a", {endpoint("10.0.0.2"), endpoint("10.0.0.1"),
                                          endpoint("10.0.0.3", false), ending}),
                              slice("b", {endpoint("10.0.0.2")}),
                              slice("c", {endpoint("10.9.9.9")}, {"gatehouse-system", "other"})}),
                    kService);
  EXPECT_THAT(found, ElementsAre(ProxyEndpoint{"10.0.0.1", 8080, 8443},
                                 ProxyEndpoint{"10.0.0.2", 8080, 8443}));
}

TEST(ReadyProxies, APodWithTwoAddressFamiliesCountsOnce) {
  kube::Endpoint four = endpoint("10.0.0.1");
  kube::Endpoint six = endpoint("fd00::1");
  four.target = six.target = kube::Endpoint::target_of("proxy-0");
  EXPECT_EQ(ready_proxies(pointers({slice("a", {four}), slice("b", {six})}), kService).size(), 1u);
}

// Answers by the address that it is to connect to.
class ByAddress final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token) override {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    const auto found = answers.find(request.connect_to);
    if (found == answers.end()) {
      return base::failure(base::ErrorKind::unavailable, "connection refused");
    }
    return found->second;
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    return base::failure(base::ErrorKind::protocol, "not asked for");
  }

  std::map<std::string, base::HttpResponse> answers;
  std::vector<base::HttpRequest> requests;

 private:
  std::mutex mutex_;
};

class Probe : public testing::Test {
 protected:
  Probe() {
    probe_.on_change([this] { ++changes_; });
    slices_.put(slice("a", {endpoint("10.0.0.1"), endpoint("10.0.0.2")}));
  }

  kube::Store<kube::EndpointSlice> slices_;
  ByAddress transport_;
  fakes::FakeClock clock_;
  prometheus::Registry registry_;
  std::map<std::string, std::string> serials_;
  std::string last_name_;
  std::mutex mutex_;
  int changes_ = 0;
  ProxyProbe probe_{
      {kService},
      slices_,
      transport_,
      [this](const std::string& address, std::uint16_t, const std::string& name,
             std::chrono::milliseconds, std::stop_token) -> base::Result<base::CertificateInfo> {
        const std::lock_guard lock(mutex_);
        last_name_ = name;
        if (serials_.count(address) == 0) {
          return base::failure(base::ErrorKind::unavailable, "no handshake");
        }
        base::CertificateInfo leaf;
        leaf.serial = serials_[address];
        return leaf;
      },
      clock_,
      registry_,
      {}};
};

TEST_F(Probe, AProxyThatGaveNoAnswerIsRememberedAndNotAskedByEverybody) {
  transport_.answers["10.0.0.1:8080"] = {200, {}, "token.print"};
  for (int i = 0; i < 10; ++i) {
    const ProxyAnswers answers = probe_.check_challenge("www.shop.example", "token", "token.print");
    EXPECT_EQ(answers.count(), "1/2");
    EXPECT_EQ(answers.silent, 1u);
    EXPECT_TRUE(answers.is_all_heard());
    EXPECT_FALSE(answers.is_most());
    EXPECT_EQ(answers.problems_text(), "10.0.0.2:8080: connection refused");
  }
  EXPECT_EQ(transport_.requests.size(), 11u) << "ten of the one and one of the other";
  clock_.advance(std::chrono::seconds(3));
  transport_.answers["10.0.0.2:8080"] = {200, {}, "token.print"};
  EXPECT_TRUE(probe_.check_challenge("www.shop.example", "token", "token.print").is_all());
}

TEST_F(Probe, AProxyThatCannotBeReachedIsToldOnceAndAgainOnlyWhenItWasReachedInBetween) {
  std::vector<std::string> told;
  probe_.on_unreachable([&](const std::string& problem) { told.push_back(problem); });
  transport_.answers["10.0.0.1:8080"] = {200, {}, "token.print"};
  for (int i = 0; i < 10; ++i) {
    probe_.check_challenge("www.shop.example", "token", "token.print");
    clock_.advance(std::chrono::minutes(2));
  }
  EXPECT_THAT(told, ElementsAre("10.0.0.2:8080: connection refused"));
  transport_.answers["10.0.0.2:8080"] = {200, {}, "token.print"};
  probe_.check_challenge("www.shop.example", "token", "token.print");
  transport_.answers.erase("10.0.0.2:8080");
  probe_.check_challenge("www.shop.example", "token", "token.print");
  EXPECT_EQ(told.size(), 2u);
}

TEST_F(Probe, ARefusalIsAnAnswer) {
  transport_.answers["10.0.0.1:8080"] = {404, {}, ""};
  transport_.answers["10.0.0.2:8080"] = {200, {}, "token.print"};
  const ProxyAnswers answers = probe_.check_challenge("www.shop.example", "token", "token.print");
  EXPECT_EQ(answers.silent, 0u);
  EXPECT_FALSE(answers.is_all_heard());
}

TEST_F(Probe, AChallengeIsAskedOfEachProxyUnderTheHostsName) {
  transport_.answers["10.0.0.1:8080"] = {200, {}, "token.print"};
  transport_.answers["10.0.0.2:8080"] = {200, {}, "token.print"};
  const ProxyAnswers answers = probe_.check_challenge("www.shop.example", "token", "token.print");
  EXPECT_TRUE(answers.is_all());
  EXPECT_EQ(answers.count(), "2/2");
  for (const base::HttpRequest& request : transport_.requests) {
    EXPECT_EQ(request.url, "http://www.shop.example/.well-known/acme-challenge/token");
    EXPECT_EQ(request.timeout, std::chrono::seconds(1));
    // A proxy without the token answers for itself, and asks no Pod of the Ingress.
    EXPECT_EQ(request.method, "OPTIONS");
    EXPECT_EQ(request.headers, (base::HttpHeaders{{"max-forwards", "0"}}));
  }
}

TEST_F(Probe, WhatIsWrongWithAProxyIsNamed) {
  transport_.answers["10.0.0.1:8080"] = {404, {}, ""};
  const ProxyAnswers answers = probe_.check_challenge("www.shop.example", "token", "token.print");
  EXPECT_EQ(answers.count(), "0/2");
  EXPECT_EQ(answers.problems_text(), "10.0.0.1:8080: HTTP 404; 10.0.0.2:8080: connection refused");
}

TEST_F(Probe, AnotherAnswerIsNotTheAnswer) {
  transport_.answers["10.0.0.1:8080"] = {200, {}, "token.print"};
  transport_.answers["10.0.0.2:8080"] = {200, {}, "token.other"};
  EXPECT_FALSE(probe_.check_challenge("www.shop.example", "token", "token.print").is_all());
}

TEST_F(Probe, WithoutReadyProxiesNothingIsAll) {
  slices_.put(slice("a", {endpoint("10.0.0.1", false)}));
  EXPECT_FALSE(probe_.check_challenge("www.shop.example", "token", "token.print").is_all());
  EXPECT_EQ(probe_.proxies(), "");
}

TEST_F(Probe, SerialsAreComparedAndTheOtherOneTold) {
  serials_ = {{"10.0.0.1", "04:ab"}, {"10.0.0.2", "04:ac"}};
  const ProxyAnswers answers = probe_.check_serial("www.shop.example", "04:ab");
  EXPECT_EQ(answers.count(), "1/2");
  EXPECT_THAT(answers.problems, ElementsAre("10.0.0.2:8443: serves serial 04:ac"));
  EXPECT_EQ(last_name_, "www.shop.example");
}

TEST_F(Probe, AnAddressIsNoServerName) {
  probe_.check_serial("192.0.2.7", "04:ab");
  EXPECT_EQ(last_name_, "");
}

TEST_F(Probe, ManyProxiesAreAllAskedAndFewProblemsTold) {
  std::vector<kube::Endpoint> many;
  for (int i = 1; i <= 100; ++i) many.push_back(endpoint("10.0.1." + std::to_string(i)));
  slices_.put(slice("a", many));
  const ProxyAnswers answers = probe_.check_serial("www.shop.example", "04:ab");
  EXPECT_EQ(answers.count(), "0/100");
  EXPECT_EQ(answers.problems.size(), 3u);
}

TEST_F(Probe, OnlyAChangeOfTheReadyProxiesIsAChange) {
  EXPECT_EQ(changes_, 1);
  slices_.put(
      slice("a", {endpoint("10.0.0.2"), endpoint("10.0.0.1"), endpoint("10.0.0.3", false)}));
  EXPECT_EQ(changes_, 1);
  slices_.put(slice("other", {endpoint("10.0.0.3")}, {"shop", "www"}));
  EXPECT_EQ(changes_, 1);
  slices_.erase({"gatehouse-system", "a"});
  EXPECT_EQ(changes_, 2);
}

}  // namespace
