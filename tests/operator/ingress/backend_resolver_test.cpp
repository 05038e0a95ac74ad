#include "operator/routing/backend_resolver.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/ingress/backends.h"
#include "proxy/config/broken_backend.h"
#include "proxy/config/limits.h"
#include "tests/operator/ingress/cluster_builder.h"

namespace ingress {
namespace {

using ingress_test::a_service;
using ingress_test::a_slice;
using ingress_test::ViewBuilder;
using proxy::config::Endpoint;
using proxy::config::FixedAnswer;
using proxy::config::Forward;
using routing::BackendResolver;
using routing::endpoints_of;
using routing::FieldMap;
using routing::read_field_map;
using routing::ResolvedBackend;
using routing::ResolvedName;
using routing::ServiceBackend;
using routing::ServiceEndpoints;
using routing::TlsSecret;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ServiceEndpoints found(const kube::Service& service,
                       const std::vector<kube::EndpointSlice>& slices) {
  std::vector<const kube::EndpointSlice*> pointers;
  for (const auto& slice : slices) pointers.push_back(&slice);
  return endpoints_of(service, service.ports.front(), pointers);
}
std::vector<Endpoint> endpoints(const kube::Service& service,
                                const std::vector<kube::EndpointSlice>& slices) {
  return found(service, slices).endpoints;
}

kube::Endpoint an_endpoint(const std::string& address, std::optional<bool> ready,
                           std::optional<bool> serving, std::optional<bool> terminating) {
  kube::Endpoint endpoint;
  endpoint.addresses.push_back(address);
  endpoint.ready = ready;
  endpoint.serving = serving;
  endpoint.terminating = terminating;
  return endpoint;
}

TEST(EndpointsOf, ThePodPortIsFoundByTheServicePortsNameNotItsNumber) {
  auto slice = a_slice("shop/web", "metrics", 80, {"10.0.0.1"});
  kube::EndpointPort http;
  http.name = "http";
  http.port = 8080;
  slice.ports.push_back(http);
  EXPECT_THAT(endpoints(a_service("shop/web", 80, "http"), {slice}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}));
}

TEST(EndpointsOf, OneServicePortMayLeadToDifferentPodPortsInDifferentSlices) {
  EXPECT_THAT(endpoints(a_service("shop/web", 80, "http"),
                        {a_slice("shop/web", "http", 8080, {"10.0.0.1"}),
                         a_slice("shop/web", "http", 9090, {"10.0.0.2"})}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}, Endpoint{"10.0.0.2", 9090}));
}

TEST(EndpointsOf, AnUnnamedPortIsFoundUnderTheEmptyName) {
  EXPECT_THAT(
      endpoints(a_service("shop/web", 80, ""), {a_slice("shop/web", "", 3000, {"10.0.0.1"})}),
      ElementsAre(Endpoint{"10.0.0.1", 3000}));
}

TEST(EndpointsOf, AbsentConditionsMeanReady) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints = {an_endpoint("10.0.0.1", {}, {}, {}), an_endpoint("10.0.0.2", true, {}, {}),
                     an_endpoint("10.0.0.3", false, {}, {})};
  EXPECT_THAT(endpoints(a_service("shop/web", 80), {slice}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}, Endpoint{"10.0.0.2", 8080}));
}

TEST(EndpointsOf, TerminatingOnesServeOnlyWhenNoneIsReady) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  const auto draining = an_endpoint("10.0.0.9", false, true, true);
  const auto gone = an_endpoint("10.0.0.8", false, false, true);
  const auto starting = an_endpoint("10.0.0.7", false, true, false);
  slice.endpoints = {draining, gone, starting};
  EXPECT_THAT(endpoints(a_service("shop/web", 80), {slice}),
              ElementsAre(Endpoint{"10.0.0.9", 8080}));
  slice.endpoints.push_back(an_endpoint("10.0.0.1", true, true, false));
  EXPECT_THAT(endpoints(a_service("shop/web", 80), {slice}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}));
}

TEST(EndpointsOf, ThoseThatServeWhileTheyTerminateAreToldBesideReadyOnes) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints = {an_endpoint("10.0.0.9", false, true, true),
                     an_endpoint("10.0.0.8", false, false, true),  // serves no more
                     an_endpoint("10.0.0.7", false, true, false),  // does not end
                     an_endpoint("10.0.0.6", false, {}, true),     // serves if it is ready
                     an_endpoint("10.0.0.1", true, true, false)};
  const ServiceEndpoints both = found(a_service("shop/web", 80), {slice});
  EXPECT_THAT(both.endpoints, ElementsAre(Endpoint{"10.0.0.1", 8080}));
  EXPECT_THAT(both.leaving, ElementsAre(Endpoint{"10.0.0.9", 8080}));
  // Where they are all that there is, they are the endpoints.
  slice.endpoints.pop_back();
  const ServiceEndpoints alone = found(a_service("shop/web", 80), {slice});
  EXPECT_THAT(alone.endpoints, ElementsAre(Endpoint{"10.0.0.9", 8080}));
  EXPECT_THAT(alone.leaving, IsEmpty());
}

TEST(EndpointsOf, APodThatIsReadyInOneSliceDoesNotLeave) {
  auto old = a_slice("shop/web", "http", 8080, {});
  old.endpoints = {an_endpoint("10.0.0.1", false, true, true)};
  const ServiceEndpoints both =
      found(a_service("shop/web", 80), {old, a_slice("shop/web", "http", 8080, {"10.0.0.1"})});
  EXPECT_THAT(both.endpoints, ElementsAre(Endpoint{"10.0.0.1", 8080}));
  EXPECT_THAT(both.leaving, IsEmpty());
}

kube::Endpoint hinted(const std::string& address, std::vector<std::string> zones) {
  kube::Endpoint endpoint = an_endpoint(address, true, true, false);
  endpoint.hint_zones = std::move(zones);
  return endpoint;
}

// As topologyModeFromHints() of kube-proxy.
TEST(EndpointsOf, HintsCountWhereEachReadyEndpointHasOne) {
  using proxy::config::ZoneEndpoints;
  const Endpoint a{"10.0.0.1", 8080}, b{"10.0.0.2", 8080}, c{"10.0.0.3", 8080};
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints = {hinted("10.0.0.2", {"b"}), hinted("10.0.0.1", {"a", "b"}),
                     hinted("10.0.0.3", {"a"}), an_endpoint("10.0.0.4", false, false, false),
                     an_endpoint("10.0.0.5", false, true, true)};
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones,
              ElementsAre(ZoneEndpoints{"a", {a, c}}, ZoneEndpoints{"b", {a, b}}));
  slice.endpoints.push_back(hinted("10.0.0.6", {}));
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones, IsEmpty());
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).endpoints, testing::SizeIs(4));
}

TEST(EndpointsOf, HintsOfWhatOnlyTerminatesCountForNothing) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints = {an_endpoint("10.0.0.5", false, true, true)};
  slice.endpoints[0].hint_zones = {"a"};
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones, IsEmpty());
}

TEST(EndpointsOf, HintsForMoreZonesThanAConfigurationMayHaveCountForNothing) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  for (std::size_t i = 0; i < proxy::config::kZonesMax; ++i) {
    slice.endpoints.push_back(hinted("10.0.1." + std::to_string(i), {"z" + std::to_string(i)}));
  }
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones,
              testing::SizeIs(proxy::config::kZonesMax));
  slice.endpoints.push_back(hinted("10.0.2.1", {"one more"}));
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones, IsEmpty());
}

proxy::config::Size size_at_most(const kube::EndpointSlice& slice) {
  ViewBuilder made;
  made.service_object(a_service("shop/web", 80)).slice(slice);
  return BackendResolver(made.view).size_at_most({"shop", "web"});
}

TEST(SizeAtMost, HasTheHintsHoweverManyZonesOthersName) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  for (std::size_t i = 0; i < 100; ++i) {
    slice.endpoints.push_back(hinted("10.0.1." + std::to_string(i), {"a", "b"}));
  }
  const auto few = size_at_most(slice);
  EXPECT_GE(few.values, 3 * 100u);
  // They are not ready, so that the zones above are the cluster's all the same.
  for (std::size_t i = 0; i <= proxy::config::kZonesMax; ++i) {
    slice.endpoints.push_back(an_endpoint("10.0.2.1", false, false, false));
    slice.endpoints.back().hint_zones = {"z" + std::to_string(i)};
  }
  EXPECT_THAT(found(a_service("shop/web", 80), {slice}).zones, testing::SizeIs(2));
  const auto many = size_at_most(slice);
  EXPECT_GT(many.values, few.values);
  EXPECT_GT(many.bytes, few.bytes);
}

TEST(SizeAtMost, HasThoseThatLeaveBesideAsManyAsAClusterMayHave) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints.assign(proxy::config::kEndpointsMax, an_endpoint("10.0.0.1", true, true, false));
  const auto ready = size_at_most(slice);
  slice.endpoints.insert(slice.endpoints.end(), proxy::config::kEndpointsMax,
                         an_endpoint("10.0.0.2", false, true, true));
  const auto both = size_at_most(slice);
  EXPECT_GE(both.values, 2 * proxy::config::kEndpointsMax);
  EXPECT_GT(both.bytes, ready.bytes);
  slice.endpoints.push_back(an_endpoint("10.0.0.3", true, true, false));
  EXPECT_EQ(size_at_most(slice).values, both.values);
}

TEST(EndpointsOf, AServiceThatPublishesNotReadyAddressesGetsThemAll) {
  auto slice = a_slice("shop/web", "http", 8080, {});
  slice.endpoints = {an_endpoint("10.0.0.2", false, false, {}),
                     an_endpoint("10.0.0.1", {}, {}, {})};
  auto service = a_service("shop/web", 80);
  service.publish_not_ready_addresses = true;
  EXPECT_THAT(endpoints(service, {slice}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}, Endpoint{"10.0.0.2", 8080}));
}

TEST(EndpointsOf, AreSortedAndUniqueAcrossSlices) {
  EXPECT_THAT(endpoints(a_service("shop/web", 80),
                        {a_slice("shop/web", "http", 8080, {"10.0.0.2", "10.0.0.1"}),
                         a_slice("shop/web", "http", 8080, {"10.0.0.1"})}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}, Endpoint{"10.0.0.2", 8080}));
}

TEST(EndpointsOf, ADualStackServiceIsReachedThroughOneFamily) {
  const std::vector<kube::EndpointSlice> both = {
      a_slice("shop/web", "http", 8080, {"10.0.0.1"}),
      a_slice("shop/web", "http", 8080, {"fd00::1"}, "IPv6")};
  auto service = a_service("shop/web", 80);
  EXPECT_THAT(endpoints(service, both), ElementsAre(Endpoint{"10.0.0.1", 8080}));
  service.cluster_ip = "fd00:10::1";
  EXPECT_THAT(endpoints(service, both), ElementsAre(Endpoint{"fd00::1", 8080}));
  EXPECT_THAT(endpoints(service, {both[0]}), ElementsAre(Endpoint{"10.0.0.1", 8080}));
}

TEST(EndpointsOf, NamesInAddressesAreNotEndpoints) {
  EXPECT_THAT(endpoints(a_service("shop/web", 80),
                        {a_slice("shop/web", "http", 8080, {"db.example"}, "FQDN")}),
              IsEmpty());
}

TEST(EndpointsOf, APortThatIsEveryPortIsTheServicesTarget) {
  auto slice = a_slice("shop/web", "http", 0, {"10.0.0.1"});
  EXPECT_THAT(endpoints(a_service("shop/web", 80), {slice}),
              ElementsAre(Endpoint{"10.0.0.1", 8080}));
}

ServiceBackend to(const std::string& service, int port, const std::string& name = "") {
  return {service, name, port};
}

TEST(BackendResolver, AServiceIsLookedForInTheIngresssNamespaceOnly) {
  ViewBuilder cluster;
  cluster.service("other/web", 80, {"10.0.0.1"});
  BackendResolver resolver(cluster.view);
  const auto resolved = resolver.resolve("shop", to("web", 80), {});
  EXPECT_EQ(resolved.reason, "ServiceNotFound");
  EXPECT_EQ(std::get<FixedAnswer>(resolved.action), (FixedAnswer{503, "service_not_found"}));
}

TEST(BackendResolver, WhatItAnswersForABackendGuardsNothing) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  cluster.view.services.push_back([] {
    auto service = a_service("shop/outside", 80);
    service.type_name = "ExternalName";
    return std::make_shared<const kube::Service>(service);
  }());
  BackendResolver resolver(cluster.view);
  const auto of_service = [](const char* name, int port) {
    kube::IngressBackend backend;
    backend.service = kube::IngressServiceBackend{name, "", port};
    return backend;
  };
  kube::IngressBackend resource;
  resource.resource.emplace();
  for (const kube::IngressBackend& backend :
       {of_service("gone", 80), of_service("web", 81), of_service("outside", 80), resource,
        kube::IngressBackend{}}) {
    const auto action = resolve(resolver, "shop", backend, {}).action;
    ASSERT_TRUE(std::holds_alternative<FixedAnswer>(action));
    const std::string& reason = std::get<FixedAnswer>(action).reason;
    EXPECT_TRUE(proxy::config::is_of_a_broken_backend(reason)) << reason;
  }
}

TEST(BackendResolver, APortIsFoundByNumberOrByName) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  BackendResolver resolver(cluster.view);
  EXPECT_EQ(std::get<Forward>(resolver.resolve("shop", to("web", 80), {}).action).cluster,
            "shop/web:80");
  EXPECT_EQ(std::get<Forward>(resolver.resolve("shop", to("web", 0, "http"), {}).action).cluster,
            "shop/web:80");
  const auto missing = resolver.resolve("shop", to("web", 0, "grpc"), {});
  EXPECT_EQ(missing.reason, "PortNotFound");
  EXPECT_THAT(missing.trouble, HasSubstr("named \"grpc\""));
  EXPECT_THAT(missing.trouble, HasSubstr("80 (http)"));
  // The Pod port is no Service port.
  EXPECT_EQ(resolver.resolve("shop", to("web", 8080), {}).reason, "PortNotFound");
}

TEST(BackendResolver, AUdpPortIsNoBackend) {
  auto service = a_service("shop/dns", 53, "dns");
  service.ports[0].protocol = "UDP";
  ViewBuilder cluster;
  cluster.service_object(service);
  EXPECT_EQ(BackendResolver(cluster.view).resolve("shop", to("dns", 53), {}).reason,
            "PortNotFound");
}

TEST(BackendResolver, WithoutEndpointsTheClusterIsEmptyAndThatIsSaid) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {});
  BackendResolver resolver(cluster.view);
  const auto resolved = resolver.resolve("shop", to("web", 80), {});
  EXPECT_EQ(resolved.reason, "NoReadyEndpoints");
  EXPECT_TRUE(std::holds_alternative<Forward>(resolved.action));
  EXPECT_THAT(resolver.take_clusters().at("shop/web:80")->endpoints, IsEmpty());
}

// A Service that stands for api.example.org, and what DNS says of that.
ViewBuilder outside(const std::optional<ResolvedName>& said,
                    std::vector<kube::ServicePort> ports = {},
                    const std::string& name = "API.example.org.") {
  auto service = a_service("shop/web", 80);
  service.type_name = "ExternalName";
  service.external_name = name;
  service.ports = std::move(ports);
  ViewBuilder cluster;
  cluster.service_object(service);
  if (said) {
    cluster.view.external_names["api.example.org"] = std::make_shared<const ResolvedName>(*said);
  }
  return cluster;
}

TEST(BackendResolver, AnExternalNameLeadsToWhereDnsSaysAtTheBackendsPort) {
  const ViewBuilder cluster = outside(ResolvedName{{"192.0.2.1", "192.0.2.10"}, ""});
  BackendResolver resolver(cluster.view);
  const auto resolved = resolver.resolve("shop", to("web", 8443), {});
  EXPECT_EQ(resolved.reason, "");
  EXPECT_EQ(std::get<Forward>(resolved.action).cluster, "shop/web:8443");
  EXPECT_THAT(resolver.take_clusters().at("shop/web:8443")->endpoints,
              ElementsAre(Endpoint{"192.0.2.1", 8443}, Endpoint{"192.0.2.10", 8443}));
}

TEST(BackendResolver, AListedPortOfAnExternalNameMayHaveAnotherNumberThere) {
  kube::ServicePort port;
  port.name = "api";
  port.port = 80;
  port.target_port = "8080";
  const ViewBuilder cluster = outside(ResolvedName{{"192.0.2.1"}, ""}, {port});
  ServiceBackend named = to("web", 0);
  named.port_name = "api";
  for (const ServiceBackend& backend : {to("web", 80), named}) {
    BackendResolver resolver(cluster.view);
    const auto resolved = resolver.resolve("shop", backend, {});
    const auto& id = std::get<Forward>(resolved.action).cluster;
    EXPECT_THAT(resolver.take_clusters().at(id)->endpoints,
                ElementsAre(Endpoint{"192.0.2.1", 8080}));
  }
  named.port_name = "other";
  EXPECT_EQ(BackendResolver(cluster.view).resolve("shop", named, {}).reason, "PortNotFound");
}

TEST(BackendResolver, InTlsAnExternalNameIsAskedForByIt) {
  const ViewBuilder cluster = outside(ResolvedName{{"192.0.2.1"}, ""});
  BackendResolver resolver(cluster.view);
  const auto resolved = resolver.resolve("shop", to("web", 443), {}, {.tls = true});
  const auto made = resolver.take_clusters().at(std::get<Forward>(resolved.action).cluster);
  ASSERT_TRUE(made->tls);
  EXPECT_EQ(made->tls->server_name, "api.example.org");
}

TEST(BackendResolver, AnExternalNameThatLeadsNowhereSaysWhy) {
  const auto resolved_with = [](const std::optional<ResolvedName>& said) {
    return BackendResolver(outside(said).view).resolve("shop", to("web", 80), {});
  };
  const auto refused = resolved_with(ResolvedName{{}, "it leads to 127.0.0.1"});
  EXPECT_EQ(refused.reason, "ExternalNameUnresolved");
  EXPECT_THAT(refused.trouble, HasSubstr("api.example.org"));
  EXPECT_THAT(refused.trouble, HasSubstr("127.0.0.1"));
  EXPECT_FALSE(refused.is_pending);
  const auto unasked = resolved_with(std::nullopt);
  EXPECT_EQ(unasked.reason, "ExternalNameUnresolved");
  EXPECT_TRUE(unasked.is_pending);
  const ViewBuilder nameless = outside(std::nullopt, {}, "no name");
  EXPECT_EQ(BackendResolver(nameless.view).resolve("shop", to("web", 80), {}).reason,
            "ExternalNameInvalid");
}

TEST(BackendResolver, OneIngresssTimeoutsAreNotAnothers) {
  ViewBuilder cluster;
  cluster.service("shop/web", 80, {"10.0.0.1"});
  BackendResolver resolver(cluster.view);
  routing::Timeouts patient;
  patient.read = std::chrono::hours(1);
  const auto usual = std::get<Forward>(resolver.resolve("shop", to("web", 80), {}).action);
  const auto slow = std::get<Forward>(resolver.resolve("shop", to("web", 80), patient).action);
  EXPECT_NE(usual.cluster, slow.cluster);
  const auto clusters = resolver.take_clusters();
  EXPECT_EQ(clusters.at(usual.cluster)->read_timeout, std::chrono::seconds(60));
  EXPECT_EQ(clusters.at(slow.cluster)->read_timeout, std::chrono::hours(1));
}

// ---- TLS to backends

ServiceBackend web(int port) {
  return {"web", "", port};
}

class BackendTls : public ::testing::Test {
 protected:
  BackendTls() {
    auto service = a_service("shop/web", 443, "https");
    service.ports.front().app_protocol = "https";
    builder_.service("shop/plain", 80, {"10.0.0.9"}).service_object(service);
    builder_.slice(a_slice("shop/web", "https", 8443, {"10.0.0.1"}));
  }
  ResolvedBackend resolve(const routing::BackendProtocol& protocol) {
    BackendResolver resolver(builder_.view);
    ResolvedBackend resolved = resolver.resolve("shop", web(443), {}, protocol);
    clusters_ = resolver.take_clusters();
    return resolved;
  }
  const proxy::config::Cluster& cluster_of(const ResolvedBackend& resolved) const {
    return *clusters_.at(std::get<Forward>(resolved.action).cluster);
  }
  void secret(const std::string& authorities, const std::string& chain = "") {
    auto made = std::make_shared<TlsSecret>();
    made->state = chain.empty() ? TlsSecret::State::empty : TlsSecret::State::usable;
    if (!chain.empty()) {
      made->material = std::make_shared<proxy::config::Certificate>(
          proxy::config::Certificate{chain, "the key"});
    }
    made->authorities_pem = authorities;
    builder_.view.secrets[{"shop", "trust"}] = made;
  }

  ViewBuilder builder_;
  proxy::config::ProxyConfig::Section<proxy::config::Cluster> clusters_;
};

TEST_F(BackendTls, IsWhatThePortsAppProtocolSaysUnlessTheAnnotationDoes) {
  EXPECT_EQ(cluster_of(resolve({})).tls, proxy::config::BackendTls{});
  EXPECT_EQ(cluster_of(resolve({.tls = false})).tls, std::nullopt);
  builder_.view.services.clear();
  builder_.service_object(a_service("shop/web", 443, "https"));
  EXPECT_EQ(cluster_of(resolve({})).tls, std::nullopt);
  EXPECT_EQ(cluster_of(resolve({.tls = true})).tls, proxy::config::BackendTls{});
}

TEST_F(BackendTls, Http2IsWhatTheAnnotationSaysElseThePortsAppProtocol) {
  const ResolvedBackend grpcs = resolve({.tls = true, .http2 = true});
  EXPECT_TRUE(cluster_of(grpcs).speaks_http2);
  EXPECT_EQ(cluster_of(grpcs).tls, proxy::config::BackendTls{});
  const ResolvedBackend grpc = resolve({.tls = false, .http2 = true});
  EXPECT_TRUE(cluster_of(grpc).speaks_http2);
  EXPECT_EQ(cluster_of(grpc).tls, std::nullopt);
  const ResolvedBackend https = resolve({.tls = true});
  EXPECT_FALSE(cluster_of(https).speaks_http2);
  // Two Ingresses that ask for one Service differently are not in each other's way.
  const auto id = [](const ResolvedBackend& one) { return std::get<Forward>(one.action).cluster; };
  EXPECT_EQ((std::set<std::string>{id(grpcs), id(grpc), id(https)}).size(), 3U);
  for (const char* said : {"kubernetes.io/h2c", "grpc"}) {
    builder_.view.services.clear();
    auto service = a_service("shop/web", 443, "https");
    service.ports.front().app_protocol = said;
    builder_.service_object(service);
    EXPECT_TRUE(cluster_of(resolve({})).speaks_http2) << said;
    EXPECT_EQ(cluster_of(resolve({})).tls, std::nullopt);
    EXPECT_FALSE(cluster_of(resolve({.tls = false})).speaks_http2);
  }
}

TEST_F(BackendTls, TheCertificateIsForTheServiceWhereNoNameIsWritten) {
  secret("authorities", "chain");
  const routing::BackendProtocol by_service{.secret = "trust", .verify = true, .sends_name = true};
  EXPECT_EQ(cluster_of(resolve(by_service)).tls,
            (proxy::config::BackendTls{"web.shop.svc", "authorities", "web.shop.svc", 1, "chain",
                                       "the key"}));
  routing::BackendProtocol by_name = by_service;
  by_name.name = "backend.internal";
  EXPECT_EQ(cluster_of(resolve(by_name)).tls->verified_name, "backend.internal");
  EXPECT_NE(std::get<Forward>(resolve(by_service).action).cluster,
            std::get<Forward>(resolve(by_name).action).cluster);
}

TEST_F(BackendTls, WithoutVerifyTheSecretIsOnlyShown) {
  secret("authorities", "chain");
  const auto tls = cluster_of(resolve({.secret = "shop/trust"})).tls;
  EXPECT_EQ(tls->chain_pem, "chain");
  EXPECT_EQ(tls->trusted_pem, "");
}

TEST_F(BackendTls, ASecretThatCannotGuardClosesTheBackend) {
  const auto is_closed = [&](const routing::BackendProtocol& protocol) {
    const ResolvedBackend resolved = resolve(protocol);
    return std::holds_alternative<FixedAnswer>(resolved.action) ? resolved.reason : "";
  };
  EXPECT_EQ(is_closed({.secret = "trust"}), "BackendSecretUnusable");  // there is none
  secret("");
  EXPECT_EQ(is_closed({.secret = "trust", .verify = true}), "BackendSecretUnusable");
  secret("authorities");
  EXPECT_EQ(is_closed({.secret = "trust", .verify = true}), "");
  EXPECT_EQ(is_closed({.secret = "bank/trust"}), "BackendSecretUnusable");
  EXPECT_EQ(is_closed({.tls = false, .secret = "trust"}), "BackendProtocolMismatch");
  builder_.broken_secret("shop/trust", "tls.key does not belong to tls.crt");
  EXPECT_EQ(is_closed({.secret = "trust"}), "BackendSecretUnusable");
}

TEST_F(BackendTls, AuthoritiesOfAConfigMapStandInPlaceOfThoseOfASecret) {
  secret("authorities", "chain");
  const auto map = [&](const FieldMap& read) {
    builder_.view.field_maps[{"shop", "map"}] = std::make_shared<const FieldMap>(read);
  };
  const routing::BackendProtocol both{.secret = "trust", .config_map = "map", .verify = true};
  const auto trouble = [&](const routing::BackendProtocol& protocol) {
    const ResolvedBackend resolved = resolve(protocol);
    return std::holds_alternative<FixedAnswer>(resolved.action) ? resolved.trouble : "";
  };
  EXPECT_THAT(trouble(both), HasSubstr("ConfigMap shop/map of proxy-ssl-configmap does not exist"));
  map({.is_unread = true});
  EXPECT_THAT(trouble(both), HasSubstr("has not been read yet"));
  map(read_field_map({}));
  EXPECT_THAT(trouble(both), HasSubstr("has no certificates in ca.crt"));
  map({.authorities_pem = std::string("others")});
  const auto tls = cluster_of(resolve(both)).tls;
  EXPECT_EQ(tls->trusted_pem, "others");
  EXPECT_EQ(tls->chain_pem, "chain");
  EXPECT_EQ(tls->verified_name, "web.shop.svc");
  EXPECT_THAT(trouble({.config_map = "bank/map", .verify = true}),
              HasSubstr("of another namespace"));
  EXPECT_FALSE(cluster_of(resolve(both)).tls13_only);
  EXPECT_TRUE(cluster_of(resolve({.tls = true, .tls13_only = true})).tls13_only);
}

}  // namespace
}  // namespace ingress
