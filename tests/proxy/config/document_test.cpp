#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/pem.h"
#include "proxy/config/wire.h"
#include "tests/support/temporary_directory.h"

namespace proxy::config {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Everything that the language has, once.
ProxyConfig complete_config() {
  ProxyConfig config;
  Cluster cluster;
  cluster.endpoints = {{"10.0.0.1", 8080}, {"2001:db8::1", 80}};
  cluster.balancing = Balancing::least_requests;
  cluster.connect_timeout = std::chrono::milliseconds(1500);
  cluster.read_timeout = std::chrono::minutes(2);
  cluster.affinity_key = "uid";
  cluster.leaving = {{"10.0.0.9", 8080}};
  cluster.client_stay_seconds = 10'800;
  cluster.endpoint_rules = EndpointRules{100, 50, 3, 30};
  cluster.zones = {{"eu-west-1a", {{"10.0.0.1", 8080}}}, {"eu-west-1b", {{"2001:db8::1", 80}}}};
  config.clusters["shop/web:http"] = std::make_shared<const Cluster>(cluster);
  config.clusters["shop/empty:80"] = std::make_shared<const Cluster>();

  VirtualHost host;
  host.routes.push_back({PathMatch::prefix, "/", Forward{"shop/web:http"}, Policies{1048576}});
  host.routes.push_back({PathMatch::exact, "/gone", FixedAnswer{503, "service_not_found"}, {}});
  host.default_route = DefaultRoute{Forward{"shop/empty:80"}, Policies{.body_bytes_max = 65536}};
  host.https_redirect = true;
  config.hosts["shop.example"] = std::make_shared<const VirtualHost>(host);
  VirtualHost any;
  any.default_route = DefaultRoute{FixedAnswer{404, "no_backend"}};
  config.hosts[""] = std::make_shared<const VirtualHost>(any);
  config.hosts["*.shop.example"] = std::make_shared<const VirtualHost>(VirtualHost());

  config.certificates["shop/tls"] = std::make_shared<const Certificate>(
      Certificate{"-----BEGIN CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n"});
  config.sni = {{"shop.example", "shop/tls"}, {"", "shop/tls"}};
  config.challenges["token-1"] = std::make_shared<const ChallengeAnswer>(
      ChallengeAnswer{"shop.example", "token-1.thumbprint"});
  return config;
}

void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = std::string(GATEHOUSE_GOLDEN_DIR) + "/" + name;
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << actual;
  EXPECT_EQ(actual, read_file(path)) << "run again with UPDATE_GOLDEN=1 if this is meant";
}

// The language that two programs of different versions speak: a difference here is a decision.
TEST(ConfigDocument, IsWrittenAsTheGoldenFileSays) {
  expect_golden("proxy_config.json", config_to_json(complete_config()));
  expect_golden("proxy_config_full_delta.json",
                delta_to_json(full_state(complete_config())) + "\n");
}

TEST(ConfigDocument, ComesBackAsItWas) {
  const ProxyConfig config = complete_config();
  const auto read = config_from_json(config_to_json(config), "/");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(revision_of(*read), revision_of(config));
}

TEST(ConfigDocument, SortsEndpointsForPeople) {
  const auto config = config_from_json(
      R"({"clusters": {"a": {"endpoints": ["10.0.0.2:80", "10.0.0.1:80", "10.0.0.2:80"]}}})", "/");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->clusters.at("a")->endpoints,
            (std::vector<Endpoint>{{"10.0.0.1", 80}, {"10.0.0.2", 80}}));
}

TEST(ConfigDocument, SortsThoseThatLeaveAndThoseOfZonesForPeople) {
  const auto config = config_from_json(
      R"({"clusters": {"a": {"endpoints": ["10.0.0.1:80"], "leaving": ["10.0.0.9:80", "10.0.0.8:80"],
          "zones": [{"zone": "z", "endpoints": ["10.0.0.2:80", "10.0.0.1:80", "10.0.0.2:80"]}]}}})",
      "/");
  ASSERT_TRUE(config) << config.error().message;
  const Cluster& cluster = *config->clusters.at("a");
  EXPECT_EQ(cluster.leaving, (std::vector<Endpoint>{{"10.0.0.8", 80}, {"10.0.0.9", 80}}));
  EXPECT_EQ(cluster.zones.at(0).endpoints,
            (std::vector<Endpoint>{{"10.0.0.1", 80}, {"10.0.0.2", 80}}));
}

TEST(ConfigDocument, SortsThoseWhoAreTrustedForPeople) {
  const auto config = config_from_json(
      R"({"arrivals": {"": {"trustedProxies": ["192.0.2.0/24", "10.1.0.0/8", "10.0.0.0/8"]}}})",
      "");
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<Network> sorted{*Network::parse("10.0.0.0/8"), *Network::parse("192.0.2.0/24")};
  EXPECT_EQ(config->arrivals.at("")->trusted_proxies, sorted);
  const auto again = config_from_json(config_to_json(*config), "");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->arrivals.at("")->trusted_proxies, sorted);
}

TEST(ConfigDocument, TheCompactFormSaysTheSame) {
  for (const ProxyConfig& config : {complete_config(), ProxyConfig()}) {
    const std::string text = config_to_compact_json(config);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const auto read = config_from_json(text, "/");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(revision_of(*read), revision_of(config));
  }
}

TEST(ConfigDocument, ReadsCertificateFilesBesideIt) {
  const ::support::TemporaryDirectory directory;
  directory.write("tls.crt", "CHAIN");
  directory.write("tls.key", "KEY");
  const auto config =
      config_from_json(R"({"certificates": {"a": {"chainFile": "tls.crt", "keyFile": "tls.key"}}})",
                       directory.path());
  const auto missing =
      config_from_json(R"({"certificates": {"a": {"chainFile": "tls.crt", "keyFile": "no.key"}}})",
                       directory.path());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config->certificates.at("a"), (Certificate{"CHAIN", "KEY"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "certificates[a].keyFile: cannot read " +
                                         directory.path("no.key") + ": No such file or directory");
}

TEST(ConfigDocument, WhatIsReadIsHeldInLittleRoom) {
  const std::string leaf = base::write_pem({"CERTIFICATE", std::string(400, 'l')});
  ProxyConfig config = complete_config();
  VirtualHost other;
  other.routes.push_back({PathMatch::prefix, "/a", Forward{"shop/web:http"}, Policies{1048576}});
  config.hosts["other.example"] = std::make_shared<const VirtualHost>(other);
  config.certificates["shop/tls"] =
      std::make_shared<const Certificate>(Certificate{leaf, "-----BEGIN PRIVATE KEY-----\n"});
  const auto read = config_from_json(config_to_json(config), "/");
  ASSERT_TRUE(read) << read.error().message;
  const auto policies_of = [&](const char* host) {
    return &*read->hosts.at(host)->routes.at(0).policies;
  };
  EXPECT_EQ(policies_of("shop.example"), policies_of("other.example"));
  EXPECT_EQ(policies_of("shop.example")->body_bytes_max, 1048576u);
  const base::PemText& chain = read->certificates.at("shop/tls")->chain_pem;
  EXPECT_EQ(chain.held_text(), nullptr);
  EXPECT_EQ(chain, leaf);
}

TEST(ConfigDocument, WhatIsNotJsonIsNamedByItsPlaceForItMayHoldAKey) {
  const auto read = config_from_json(
      "{\"certificates\": {\"a\": {\"key\": \"-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n\"}}}", "/");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "the document: is not JSON from byte 60 on");
}

TEST(ConfigDocument, SaysWhereItIsWrong) {
  const std::string cluster = R"("clusters": {"c": {"endpoints": []}})";
  const auto host = [&](const std::string& route) {
    return "{" + cluster + R"(, "hosts": {"h.example": {"routes": [)" + route + "]}}}";
  };
  struct {
    std::string json, message;
  } cases[] = {
      {R"([])", "the document: must be an object"},
      {R"({"host": {}})", "[host]: is not a known field"},
      {R"({"clusters": {"c": {}}})", "clusters[c].endpoints: is missing"},
      {R"({"clusters": {"c": {"endpoints": ["web:80"]}}})",
       "clusters[c].endpoints[0]: must be an IPv4 or IPv6 address"},
      {R"({"clusters": {"c": {"endpoints": ["10.0.0.1"]}}})",
       "clusters[c].endpoints[0]: must be ADDRESS:PORT"},
      {R"({"clusters": {"c": {"endpoints": ["10.0.0.1:0"]}}})",
       "clusters[c].endpoints[0]: must have a port from 1 to 65535"},
      {R"({"clusters": {"c": {"endpoints": ["10.0.0.1:65536"]}}})",
       "clusters[c].endpoints[0]: must end in a port number"},
      {R"({"clusters": {"c": {"endpoints": ["::1:80"]}}})",
       "clusters[c].endpoints[0]: must have its IPv6 address in brackets"},
      {R"({"clusters": {"c": {"endpoints": [], "readTimeout": "soon"}}})",
       "clusters[c].readTimeout: must be a duration like \"60s\""},
      {R"({"clusters": {"c": {"endpoints": [], "readTimeout": "0s"}}})",
       "clusters[c].readTimeout: must be more than 0 and at most 24h"},
      {R"({"clusters": {"c": {"endpoints": [], "balancing": "random"}}})",
       "clusters[c].balancing: must be \"roundRobin\" or \"leastRequests\""},
      {R"({"clusters": {"": {"endpoints": []}}})", "clusters[]: must not be empty"},
      {R"({"arrivals": {"http": {}}})", "arrivals[http]: must be empty: it holds for all ports"},
      {R"({"clusters": {"a b": {"endpoints": []}}})", "clusters[a b]: must be visible ASCII"},
      {R"({"hosts": {"Shop.example": {}}})",
       "hosts[Shop.example]: must be a host name in lower case, \"*.\" and a host name, or empty"},
      {R"({"hosts": {"*": {}}})",
       "hosts[*]: must be a host name in lower case, \"*.\" and a host name, or empty"},
      {R"({"hosts": {"a.*.example": {}}})",
       "hosts[a.*.example]: must be a host name in lower case, \"*.\" and a host name, or empty"},
      {host(R"({"path": "a", "cluster": "c"})"),
       "hosts[h.example].routes[0].path: must start with '/'"},
      {host(R"({"path": "/a%2", "cluster": "c"})"),
       "hosts[h.example].routes[0].path: has a '%' that two hexadecimal digits do not follow"},
      {host(R"({"path": "/a%00", "cluster": "c"})"),
       "hosts[h.example].routes[0].path: must not contain an escaped control character"},
      {host(R"({"path": "/a/../b", "cluster": "c"})"),
       "hosts[h.example].routes[0].path: must not contain '.' or '..' as an element"},
      {host(R"({"path": "/a/%2e%2e/b", "cluster": "c"})"),
       "hosts[h.example].routes[0].path: must not contain an escaped '.'"},
      {host(R"({"path": "/", "cluster": "d"})"),
       "hosts[h.example].routes[0].cluster: there is no cluster \"d\""},
      {host(R"({"path": "/"})"),
       "hosts[h.example].routes[0]: must have either \"cluster\" or \"answer\""},
      {host(R"({"path": "/", "cluster": "c", "match": "regex"})"),
       "hosts[h.example].routes[0].match: must be \"exact\" or \"prefix\""},
      {host(R"({"path": "/", "cluster": "c", "bodyBytesMax": -1})"),
       "hosts[h.example].routes[0].bodyBytesMax: must be a whole number from 0 to "
       "1125899906842624"},
      {host(R"({"path": "/", "answer": {"status": 200, "reason": "x"}})"),
       "hosts[h.example].routes[0].answer.status: must be from 400 to 599"},
      {host(R"({"path": "/", "answer": {"status": 503, "reason": "No Service"}})"),
       "hosts[h.example].routes[0].answer.reason: must be a token of lower-case letters, digits "
       "and '_'"},
      {R"({"certificates": {"c": {"chain": "x"}}})",
       "certificates[c].key: give either \"key\" or \"keyFile\""},
      {R"({"certificates": {"c": {"chain": "", "key": "x"}}})",
       "certificates[c].chain: must not be empty"},
      {R"({"sni": {"a.example": "c"}})", "sni[a.example]: there is no certificate \"c\""},
      {R"({"challenges": {"a/b": {"host": "h", "keyAuthorization": "a/b.x"}}})",
       "challenges[a/b]: the token must be base64url text"},
      {R"({"challenges": {"t": {"host": "", "keyAuthorization": "t.x"}}})",
       "challenges[t].host: must be a host name in lower case or an IP address"},
      {R"({"challenges": {"t": {"host": "h", "keyAuthorization": "u.x"}}})",
       "challenges[t].keyAuthorization: must be the token, '.', and a thumbprint"},
      {R"({"challenges": {"t": {"host": "h", "keyAuthorization": "t.x",
           "others": [{"host": "h", "keyAuthorization": "t.y"}]}}})",
       "challenges[t].others[0]: has the answer of the first host again"},
      {R"({"challenges": {"t": {"host": "h", "keyAuthorization": "t.x",
           "others": [{"host": "i", "keyAuthorization": "u.y"}]}}})",
       "challenges[t].others[0].keyAuthorization: must be the token, '.', and a thumbprint"},
      {R"({"challenges": {"t": {"host": "h", "keyAuthorization": "t.x",
           "others": [{"host": "b", "keyAuthorization": "t.y"},
                      {"host": "b", "keyAuthorization": "t.z"}]}}})",
       "challenges[t].others[1]: must be sorted by host and unique"},
  };
  for (const auto& c : cases) {
    const auto config = config_from_json(c.json, "/");
    ASSERT_FALSE(config) << c.json;
    EXPECT_EQ(config.error().kind, base::ErrorKind::invalid);
    EXPECT_EQ(config.error().message, c.message);
  }
}

}  // namespace
}  // namespace proxy::config
