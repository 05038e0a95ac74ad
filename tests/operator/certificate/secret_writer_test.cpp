#include "operator/certificate/secret_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "operator/certificate/secret_writers.h"

namespace {

using nlohmann::json;

api::Certificate wanted() {
  api::Certificate certificate;
  certificate.metadata.name = "www";
  certificate.metadata.namespace_ = "shop";
  certificate.metadata.uid = "uid-1";
  certificate.spec.secret_name = "www-tls";
  certificate.spec.issuer_ref = {"ca", "ClusterIssuer"};
  return certificate;
}

kube::Secret present() {
  kube::Secret secret;
  secret.metadata.resource_version = "42";
  secret.metadata.annotations = {{"gatehouse.dev/issuer-name", "old-ca"},
                                 {"gatehouse.dev/issuer-kind", "Issuer"},
                                 {"gatehouse.dev/order-url", "https://ca.test/order/1"},
                                 {"somebody", "else's"}};
  secret.data = {{"tls.crt", "old chain"}, {"tls.key", "old key"}, {"extra", "x"}};
  return secret;
}

json encoded(const std::map<std::string, std::string>& data) {
  json object = json::object();
  for (const auto& [key, value] : data) object[key] = base::base64_encode(value);
  return object;
}

TEST(SecretWriter, TheNextKeyOfAFirstIssuanceStandsBesideAnEmptyPair) {
  const json object = certificate::secret_with_next_key(wanted(), nullptr, "next", {});
  EXPECT_EQ(object.at("data"),
            encoded({{"tls.crt", ""}, {"tls.key", ""}, {"next-tls.key", "next"}}));
  EXPECT_EQ(object.at("type"), "kubernetes.io/tls");
  EXPECT_FALSE(object.at("metadata").contains("resourceVersion"));
  EXPECT_EQ(object.at("metadata").at("annotations"),
            json({{"gatehouse.dev/certificate-name", "www"}}));
}

TEST(SecretWriter, TheNextKeyOfARenewalLeavesThePairAndItsOrigin) {
  const kube::Secret secret = present();
  const json object = certificate::secret_with_next_key(wanted(), &secret, "next", {});
  EXPECT_EQ(object.at("data"),
            encoded({{"tls.crt", "old chain"}, {"tls.key", "old key"}, {"next-tls.key", "next"}}));
  EXPECT_EQ(object.at("metadata").at("resourceVersion"), "42");
  EXPECT_EQ(object.at("metadata").at("annotations"),
            json({{"gatehouse.dev/certificate-name", "www"},
                  {"gatehouse.dev/issuer-name", "old-ca"},
                  {"gatehouse.dev/issuer-kind", "Issuer"},
                  {"gatehouse.dev/order-url", "https://ca.test/order/1"}}));
}

TEST(SecretWriter, TheNewPairComesAloneWithItsOrigin) {
  const kube::Secret secret = present();
  const json object = certificate::secret_with_chain(
      wanted(), &secret, "chain", "key", {"https://ca.test/order/2", "https://ca.test"}, {});
  EXPECT_EQ(object.at("data"), encoded({{"tls.crt", "chain"}, {"tls.key", "key"}}));
  EXPECT_EQ(object.at("metadata").at("annotations"),
            json({{"gatehouse.dev/certificate-name", "www"},
                  {"gatehouse.dev/issuer-name", "ca"},
                  {"gatehouse.dev/issuer-kind", "ClusterIssuer"},
                  {"gatehouse.dev/acme-server", "https://ca.test"},
                  {"gatehouse.dev/order-url", "https://ca.test/order/2"}}));
}

TEST(SecretWriter, OurAnnotationsWinOverTheTemplates) {
  api::Certificate certificate = wanted();
  certificate.spec.secret_annotations = {{"gatehouse.dev/issuer-name", "lie"}, {"note", "ours"}};
  const json object =
      certificate::secret_with_chain(certificate, nullptr, "c", "k", {"url", "server"}, {});
  EXPECT_EQ(object.at("metadata").at("annotations").at("gatehouse.dev/issuer-name"), "ca");
  EXPECT_EQ(object.at("metadata").at("annotations").at("note"), "ours");
}

TEST(SecretWriter, WhatWasDeletedIsMadeWithoutAVersion) {
  kube::Secret secret = present();
  secret.metadata.resource_version.clear();
  const json object = certificate::secret_with_new_metadata(wanted(), secret, {});
  EXPECT_FALSE(object.at("metadata").contains("resourceVersion"));
  EXPECT_EQ(object.at("data"), encoded({{"tls.crt", "old chain"}, {"tls.key", "old key"}}));
}

TEST(OtherWriters, AreNamedNewestFirstAsManagedFieldsHasThem) {
  const json data = {{"f:data", {{"f:tls.crt", json::object()}}}};
  json secret = {{"metadata", json::object()}};
  EXPECT_EQ(certificate::other_writers(secret), "");
  secret["metadata"]["managedFields"] = {
      {{"manager", "gatehouse-operator"}, {"operation", "Apply"}, {"fieldsV1", data}},
      {{"manager", "labels-only"}, {"operation", "Apply"}, {"fieldsV1", {{"f:metadata", {}}}}},
      {{"manager", "argocd"},
       {"operation", "Apply"},
       {"time", "2026-01-01T00:00:00Z"},
       {"fieldsV1", data}},
      {{"manager", "cert\nmanager"},
       {"operation", "Update"},
       {"time", "2026-01-02T00:00:00Z"},
       {"fieldsV1", data}},
      "garbage"};
  EXPECT_EQ(certificate::other_writers(secret),
            "\"cert manager\" (Update at 2026-01-02T00:00:00Z), "
            "\"argocd\" (Apply at 2026-01-01T00:00:00Z)");
}

TEST(SecretWriter, WantedMetadataIsThereOnlyWithEveryPartOfIt) {
  api::Certificate certificate = wanted();
  kube::Secret secret = present();
  EXPECT_TRUE(certificate::has_wanted_metadata(certificate, secret, {}));
  EXPECT_FALSE(certificate::has_wanted_metadata(certificate, secret, {true}));
  secret.metadata.owner_references = {{"gatehouse.dev/v1alpha1", "Certificate", "www", "uid-1"}};
  EXPECT_TRUE(certificate::has_wanted_metadata(certificate, secret, {true}));
  certificate.spec.secret_labels = {{"team", "shop"}};
  EXPECT_FALSE(certificate::has_wanted_metadata(certificate, secret, {}));
  secret.metadata.labels = {{"team", "shop"}, {"more", "x"}};
  EXPECT_TRUE(certificate::has_wanted_metadata(certificate, secret, {}));
}

}  // namespace
