#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/x509.h"
#include "tests/integration/operator/installation.h"

// The main job on real programs. When something fails, the message carries the logs of the operator
// and the proxies.
namespace {

using integration::has_condition;
using integration::ingress_yaml;
using integration::Installation;
using integration::wait_until;
using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Le;
using testing::SizeIs;

constexpr const char* kCertificate =
    "/apis/gatehouse.dev/v1alpha1/namespaces/default/certificates/";
constexpr const char* kSecret = "/api/v1/namespaces/default/secrets/";
constexpr const char* kIngress = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/";

class IngressToHttps : public testing::Test {
 protected:
  IngressToHttps() {
    cluster_.start_operator();
    cluster_.start_proxies(2);
    cluster_.start_pebble();
    cluster_.prepare_issuer();
  }

  bool is_served(const std::string& host, seconds limit = seconds(30)) {
    return wait_until(limit, [&] {
      for (const int proxy : {0, 1}) {
        const auto answer = cluster_.fetch(proxy, "https://" + host + "/");
        if (!answer || answer->status != 200 || answer->body != "hello") return false;
      }
      return true;
    });
  }

  Installation cluster_;
};

TEST_F(IngressToHttps, AnIngressBecomesVerifiedHttpsWithFewWritesAndEvents) {
  cluster_.api().forget_writes();
  const auto begin = std::chrono::steady_clock::now();
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  ASSERT_TRUE(is_served("www.example.test")) << cluster_.logs();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  RecordProperty("milliseconds_to_https", static_cast<int>(took.count()));
  std::cout << "verified HTTPS through both proxies " << took.count() << " ms after the Ingress\n";

  ASSERT_TRUE(wait_until(seconds(30), [&] {
    const json certificate = cluster_.get(std::string(kCertificate) + "www-tls");
    return has_condition(certificate, "Ready") && has_condition(certificate, "Serving");
  })) << cluster_.logs();
  // Anybody who had more to write would have done so by then: the certificate is served for
  // seconds.
  ASSERT_TRUE(wait_until(seconds(30), [&] { return cluster_.events("default").size() >= 2; }));
  EXPECT_THAT(cluster_.object_writes(), SizeIs(Le(6u)));
  EXPECT_THAT(cluster_.events("default"), SizeIs(Le(3u)))
      << json(cluster_.events("default")).dump(1);

  const json status = cluster_.get(std::string(kIngress) + "www")["status"];
  EXPECT_EQ(status["loadBalancer"]["ingress"], json::parse(R"([{"ip": "127.0.0.1"}])"));
  const auto plain = cluster_.fetch_plain(0, "http://www.example.test/a?b=c");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->status, 308);
  EXPECT_THAT(plain->header("location").value_or(""), HasSubstr("https://www.example.test"));
}

TEST_F(IngressToHttps, AnOperatorKilledAmidAnIssuanceGoesOnWithIt) {
  cluster_.api().forget_writes();
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  ASSERT_TRUE(wait_until(
      seconds(20), [&] { return !cluster_.get(std::string(kCertificate) + "www-tls").is_null(); }));
  cluster_.kill_operator();
  cluster_.start_operator();
  ASSERT_TRUE(is_served("www.example.test")) << cluster_.logs();
  // It is served before its status says so.
  ASSERT_TRUE(wait_until(seconds(30), [&] {
    return has_condition(cluster_.get(std::string(kCertificate) + "www-tls"), "Ready");
  })) << cluster_.logs();
  const json certificate = cluster_.get(std::string(kCertificate) + "www-tls");
  EXPECT_EQ(certificate["status"].value("revision", 0), 1) << certificate.dump(1);
}

TEST_F(IngressToHttps, TheProxiesServeOnWithoutAnOperator) {
  cluster_.apply(ingress_yaml("www", "www.example.test"));
  ASSERT_TRUE(is_served("www.example.test")) << cluster_.logs();
  cluster_.kill_operator();
  EXPECT_TRUE(is_served("www.example.test", seconds(1)));
  // And its successor, who sees the same cluster, has nothing new to tell them.
  cluster_.start_operator();
  EXPECT_TRUE(is_served("www.example.test", seconds(1)));
}

TEST_F(IngressToHttps, ACertificateThatNoIngressNamesIsReadyAndSaysThatItIsNotUsed) {
  // Serving was False, and Ready waited for it.
  cluster_.apply(
      "apiVersion: gatehouse.dev/v1alpha1\nkind: Certificate\n"
      "metadata: {namespace: default, name: spare}\n"
      "spec: {secretName: spare-tls, dnsNames: [spare.example.test], "
      "issuerRef: {name: letsencrypt, kind: ClusterIssuer}}\n");
  const auto certificate = [&] { return cluster_.get(std::string(kCertificate) + "spare"); };
  const auto serving = [&] {
    const json object = certificate();
    for (const auto& condition : object["status"]["conditions"]) {
      if (condition["type"] == "Serving") return condition["reason"].get<std::string>();
    }
    return std::string();
  };
  ASSERT_TRUE(wait_until(seconds(30), [&] { return has_condition(certificate(), "Ready"); }))
      << cluster_.logs();
  EXPECT_EQ(serving(), "NotUsed");
  cluster_.apply(ingress_yaml("spare", "spare.example.test", false));
  EXPECT_TRUE(wait_until(seconds(30), [&] { return has_condition(certificate(), "Serving"); }))
      << certificate().dump(1);
  EXPECT_TRUE(is_served("spare.example.test"));
}

TEST_F(IngressToHttps, ABrokenSecretIsNamedByAnEventAndHarmsNobodyElse) {
  cluster_.apply(ingress_yaml("good", "good.example.test"));
  ASSERT_TRUE(is_served("good.example.test")) << cluster_.logs();
  cluster_.apply(
      "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
      "metadata: {namespace: default, name: bad-tls}\n"
      "data: {tls.crt: bm8=, tls.key: bm8=}\n---\n" +
      ingress_yaml("bad", "bad.example.test", false));
  const bool is_told = wait_until(seconds(30), [&] {
    for (const json& event : cluster_.events("default")) {
      if (event["regarding"]["name"] == "bad" && event["reason"] == "CertificateInvalid") {
        return event["note"].get<std::string>().find("bad-tls") != std::string::npos;
      }
    }
    return false;
  });
  EXPECT_TRUE(is_told) << cluster_.logs();
  EXPECT_FALSE(cluster_.fetch(0, "https://bad.example.test/"));
  EXPECT_TRUE(is_served("good.example.test", seconds(1)));
}

TEST_F(IngressToHttps, AChangedHostIsIssuedAnewAndARemovedTlsEntryRemovesItsCertificate) {
  cluster_.apply(ingress_yaml("www", "one.example.test"));
  ASSERT_TRUE(is_served("one.example.test")) << cluster_.logs();
  cluster_.apply(ingress_yaml("www", "two.example.test"));
  ASSERT_TRUE(is_served("two.example.test")) << cluster_.logs();
  EXPECT_FALSE(cluster_.fetch(0, "https://one.example.test/"));
  cluster_.apply(
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
      "metadata: {name: www, namespace: default, annotations: {cert-manager.io/cluster-issuer: "
      "letsencrypt}}\nspec:\n  ingressClassName: gatehouse\n  defaultBackend: {service: {name: "
      "www, "
      "port: {number: 80}}}\n");
  EXPECT_TRUE(wait_until(seconds(30), [&] {
    return cluster_.get(std::string(kCertificate) + "www-tls").is_null();
  })) << cluster_.logs();
}

}  // namespace
