#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/curl_transport.h"
#include "base/key.h"
#include "proxy/config/dialect.h"
#include "tests/fakes/api_server/base64.h"
#include "tests/integration/operator/installation.h"

// Goal: of two tenants neither gets a certificate for a host of the other's, nor its requests, nor
// keys of the other's class, and both hear of the attempt. Method: the running operator, proxies
// and Pebble, with a namespace and a backend for each tenant: bank has its host first, rival tries.
namespace {

using integration::Installation;
using integration::Replica;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kBankHost = "www.bank.test";
constexpr const char* kRivalHost = "www.rival.test";

struct Ask {
  std::string namespace_;
  std::string host;
  std::string class_name = "gatehouse";
  std::string issuer_annotation{};  // "cert-manager.io/issuer: mine"
  std::string path = "/";
};

// Ingress "www" or "claim", whose Secret is called like it; the backend is the tenant's own.
std::string ingress_yaml(const std::string& name, const Ask& ask) {
  return "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {namespace: " +
         ask.namespace_ + ", name: " + name + ", annotations: {" + ask.issuer_annotation +
         "}}\nspec: {ingressClassName: " + ask.class_name + ", tls: [{hosts: [" + ask.host +
         "], secretName: " + name + "}], rules: [{host: " + ask.host +
         ", http: {paths: [{path: " + ask.path +
         ", pathType: Prefix, backend: {service: {name: www, port: {name: http}}}}]}}]}\n";
}

class TwoTenants : public testing::Test {
 protected:
  // In this order: of Ingresses of one second that of the first name is the older one.
  TwoTenants() {
    cluster_.apply_tenant("bank");
    cluster_.apply_tenant("rival");
  }

  bool has_event(const std::string& namespace_, const std::string& object,
                 const std::string& reason) {
    for (const json& event : cluster_.events(namespace_)) {
      if (event.value("reason", "") == reason &&
          event.value("/regarding/name"_json_pointer, "") == object) {
        return true;
      }
    }
    return false;
  }
  bool is_told(const std::string& namespace_, const std::string& object,
               const std::string& reason) {
    return wait_until(seconds(30), [&] { return has_event(namespace_, object, reason); });
  }

  Installation cluster_;
};

// ---- One class: both tenants are served by the same proxies.

class OfOneClass : public TwoTenants {
 protected:
  OfOneClass() {
    cluster_.start_operator();
    cluster_.start_proxies(1);
    cluster_.start_pebble();
    cluster_.prepare_issuer();
    cluster_.apply(
        "apiVersion: gatehouse.dev/v1alpha1\nkind: Issuer\n"
        "metadata: {namespace: rival, name: mine}\nspec: {acme: {server: \"" +
        cluster_.pebble().directory_url() + "\", termsOfServiceAgreed: true, caBundle: " +
        fakes::api_server::to_base64(cluster_.pebble().ca_pem()) + "}}\n");
    cluster_.apply(
        ingress_yaml("www", {.namespace_ = "bank",
                             .host = kBankHost,
                             .issuer_annotation = "cert-manager.io/cluster-issuer: letsencrypt"}));
    EXPECT_TRUE(is_served_by("bank", kBankHost)) << cluster_.logs();
  }

  // What a backend says at this host, verified with Pebble's root; else why nothing is said.
  std::string said_at(const std::string& host, const std::string& path = "/") {
    const auto answer = cluster_.fetch(0, "https://" + host + path);
    if (!answer) return answer.error().message;
    return answer->status == 200 ? answer->body : "HTTP " + std::to_string(answer->status);
  }
  bool is_served_by(const std::string& namespace_, const std::string& host) {
    return wait_until(seconds(30),
                      [&] { return said_at(host) == Installation::hello_of(namespace_); });
  }
  json certificate(const std::string& namespace_, const std::string& name) {
    return cluster_.get("/apis/gatehouse.dev/v1alpha1/namespaces/" + namespace_ + "/certificates/" +
                        name);
  }
  json secret(const std::string& namespace_, const std::string& name) {
    return cluster_.get("/api/v1/namespaces/" + namespace_ + "/secrets/" + name);
  }
  std::string issuing_reason(const std::string& namespace_, const std::string& name) {
    const json object = certificate(namespace_, name);
    if (object.is_null()) return {};
    for (const json& condition : object.value("/status/conditions"_json_pointer, json::array())) {
      if (condition["type"] == "Issuing") return condition["reason"];
    }
    return {};
  }
  // Certificates that the server was asked for by this tenant's account are told by the host alone.
  int orders() {
    const std::string log = cluster_.pebble().output();
    int count = 0;
    for (auto at = log.find("Added order \""); at != std::string::npos;
         at = log.find("Added order \"", at + 1)) {
      ++count;
    }
    return count;
  }
};

TEST_F(OfOneClass, AnIssuerOfATenantsGetsNoCertificateForTheOthersHostAndBothAreTold) {
  EXPECT_EQ(orders(), 1);
  cluster_.apply(ingress_yaml("claim", {.namespace_ = "rival",
                                        .host = kBankHost,
                                        .issuer_annotation = "cert-manager.io/issuer: mine",
                                        .path = "/login"}));
  cluster_.apply(
      "apiVersion: gatehouse.dev/v1alpha1\nkind: Certificate\n"
      "metadata: {namespace: rival, name: stolen}\n"
      "spec: {secretName: stolen, dnsNames: [" +
      std::string(kBankHost) + "], issuerRef: {kind: Issuer, name: mine}}\n");
  EXPECT_TRUE(is_told("rival", "claim", "HostNotOwned")) << cluster_.logs();
  EXPECT_TRUE(is_told("bank", "www", "HostAskedFor")) << cluster_.logs();
  EXPECT_TRUE(is_told("rival", "stolen", "HostNotOwned")) << cluster_.logs();
  EXPECT_EQ(issuing_reason("rival", "stolen"), "HostNotOwned");

  // The Issuer itself is well, so what it is not asked for is for the host's sake.
  cluster_.apply(ingress_yaml("www", {.namespace_ = "rival",
                                      .host = kRivalHost,
                                      .issuer_annotation = "cert-manager.io/issuer: mine"}));
  EXPECT_TRUE(is_served_by("rival", kRivalHost)) << cluster_.logs();
  EXPECT_EQ(orders(), 2) << cluster_.pebble().output();
  EXPECT_TRUE(certificate("rival", "claim").is_null());
  EXPECT_TRUE(secret("rival", "claim").is_null());
  const json stolen = secret("rival", "stolen");
  EXPECT_TRUE(stolen.is_null()) << stolen.dump(1);
  // What the rival wrote came before what is served by now.
  EXPECT_EQ(said_at(kBankHost), Installation::hello_of("bank"));
  EXPECT_EQ(said_at(kBankHost, "/login"), Installation::hello_of("bank"));
}

TEST_F(OfOneClass, ACertificateOfTheOthersMakingIsNotServedForATenantsHost) {
  const auto key = base::PrivateKey::generate({});
  base::SelfSignedOptions forged;
  forged.names.dns_names = {kBankHost};
  cluster_.apply(
      "apiVersion: v1\nkind: Secret\nmetadata: {namespace: rival, name: claim}\n"
      "type: kubernetes.io/tls\ndata: {tls.crt: " +
      fakes::api_server::to_base64(base::make_self_signed(*key, forged).value()) +
      ", tls.key: " + fakes::api_server::to_base64(key->to_pem()) + "}\n");
  cluster_.apply(
      ingress_yaml("claim", {.namespace_ = "rival", .host = kBankHost, .path = "/login"}));
  EXPECT_TRUE(is_told("rival", "claim", "HostNotOwned")) << cluster_.logs();
  EXPECT_TRUE(is_told("bank", "www", "HostAskedFor")) << cluster_.logs();
  EXPECT_EQ(said_at(kBankHost, "/login"), Installation::hello_of("bank"));
}

// ---- Two classes: each tenant has a release and proxies of its own.

class OfTwoClasses : public TwoTenants {
 protected:
  OfTwoClasses() {
    cluster_.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: second}\n---\n"
        "apiVersion: v1\nkind: Service\n"
        "metadata: {namespace: second, name: gatehouse-proxy}\n"
        "spec: {ports: [{name: http, port: 80}, {name: https, port: 443}]}\n");
    for (const char* name : {"gatehouse", "internal"}) {
      cluster_.apply("apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: " +
                     std::string(name) +
                     "}\nspec: {controller: gatehouse.dev/ingress-controller}\n");
    }
    base::SelfSignedOptions ca;
    ca.names.common_name = "CA of both tenants";
    ca.names.dns_names = {"ca.test"};
    ca.is_ca = true;
    ca_pem_ = base::make_self_signed(ca_key_, ca).value();
    bank_.replica = cluster_.start_replica();
    rival_.replica = cluster_.start_release("second", {"--ingress-class=internal"});
    start_proxy(bank_, Installation::kOwnNamespace);
    start_proxy(rival_, Installation::kSecondNamespace);
  }

  struct Tenant {
    std::string namespace_;
    std::string class_name;
    int proxy = 0;
    std::string token_file;
    std::string ca_file;
    Replica replica{};
  };

  void start_proxy(const Tenant& tenant, const std::string& release) {
    EXPECT_TRUE(cluster_.mount_control_ca(release)) << cluster_.logs();
    cluster_.let_proxies_follow(tenant.replica);
    cluster_.start_proxies(1, release);
  }
  // A host with TLS from a Secret of the tenant's own.
  void serve(const Tenant& tenant, const std::string& name, const std::string& host) {
    const auto key = base::PrivateKey::generate({});
    base::SelfSignedOptions options;
    options.names.dns_names = {host};
    const std::string chain = base::sign_leaf(*key, options, ca_pem_, ca_key_).value();
    cluster_.apply("apiVersion: v1\nkind: Secret\nmetadata: {namespace: " + tenant.namespace_ +
                   ", name: " + name + "}\ntype: kubernetes.io/tls\ndata: {tls.crt: " +
                   fakes::api_server::to_base64(chain) +
                   ", tls.key: " + fakes::api_server::to_base64(key->to_pem()) + "}\n");
    cluster_.apply(ingress_yaml(
        name, {.namespace_ = tenant.namespace_, .host = host, .class_name = tenant.class_name}));
  }
  // Verified HTTPS at the proxy of this tenant; an error without a handshake.
  base::Result<base::HttpResponse> ask(const Tenant& tenant, const std::string& host) {
    base::CurlOptions options;
    options.ca_pem = ca_pem_;
    base::HttpRequest request;
    request.url = "https://" + host + "/";
    request.timeout = seconds(5);
    request.connect_to = "127.0.0.1:" + std::to_string(cluster_.proxy_port(tenant.proxy, "https"));
    return base::make_curl_transport(options)->send(request, {});
  }
  bool is_served(const Tenant& tenant, const std::string& host) {
    return wait_until(seconds(30), [&] {
      const auto answer = ask(tenant, host);
      return answer && answer->status == 200 &&
             answer->body == Installation::hello_of(tenant.namespace_);
    });
  }

  // What the release of `asked` tells the proxies of `asks`, as "STATUS body".
  std::string told(const Tenant& asked, const Tenant& asks) {
    base::CurlOptions options;
    options.ca_pem = read(asked.ca_file);
    base::HttpRequest request;
    request.url = asked.replica.url(
        "control", "/v1/config?after=&wait=1s&speaks=" + proxy::config::Dialect::own().text());
    request.headers.emplace("authorization", "Bearer " + read(asks.token_file));
    const auto answer = base::make_curl_transport(options)->send(request, {});
    return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().message;
  }
  std::string read(const std::string& name) {
    std::ifstream file(cluster_.path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const base::PrivateKey ca_key_ = base::PrivateKey::generate({}).value();
  std::string ca_pem_;
  Tenant bank_{"bank", "gatehouse", 0, "token", "ca.pem"};
  Tenant rival_{"rival", "internal", 1, "second-token", "second-ca.pem"};
};

TEST_F(OfTwoClasses, KeysOfOneClassNeverReachTheProxiesOfTheOther) {
  serve(bank_, "www", kBankHost);
  serve(rival_, "www", kRivalHost);
  EXPECT_TRUE(is_served(bank_, kBankHost)) << cluster_.logs();
  EXPECT_TRUE(is_served(rival_, kRivalHost)) << cluster_.logs();
  // What came before these is served wherever it ever will be.
  serve(bank_, "last", "last.bank.test");
  serve(rival_, "last", "last.rival.test");
  EXPECT_TRUE(is_served(bank_, "last.bank.test")) << cluster_.logs();
  EXPECT_TRUE(is_served(rival_, "last.rival.test")) << cluster_.logs();
  EXPECT_FALSE(ask(bank_, kRivalHost));
  EXPECT_FALSE(ask(rival_, kBankHost));

  const std::string to_bank = told(bank_, bank_);
  EXPECT_THAT(to_bank, HasSubstr("bank/www"));
  EXPECT_THAT(to_bank, Not(HasSubstr("rival")));
  const std::string to_rival = told(rival_, rival_);
  EXPECT_THAT(to_rival, HasSubstr("rival/www"));
  EXPECT_THAT(to_rival, Not(HasSubstr("bank")));
}

TEST_F(OfTwoClasses, ProxiesOfTheOtherClassAreRefused) {
  EXPECT_THAT(told(bank_, rival_), testing::StartsWith("403 "));
  EXPECT_THAT(told(rival_, bank_), testing::StartsWith("403 "));
}

}  // namespace
