#include "operator/api/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/resources/ingress.h"
#include "operator/api/status_patch.h"
#include "tests/operator/api/full_objects.h"

namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json object_with(const json& spec) {
  return {{"metadata", {{"name", "www"}, {"namespace", "shop"}}}, {"spec", spec}};
}

json small_spec() {
  return {{"secretName", "www-tls"},
          {"issuerRef", {{"name", "ca"}}},
          {"dnsNames", {"www.shop.example"}}};
}

TEST(CertificateJson, EveryFieldOfStatusSurvivesARoundTrip) {
  json object = object_with(small_spec());
  object["status"] = api::status_to_json(operator_test::full_certificate_status());
  const auto read = api::Certificate::from_json(object);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->status, operator_test::full_certificate_status());
}

TEST(CertificateJson, EveryFieldOfSpecSurvivesARoundTrip) {
  const api::CertificateSpec spec = operator_test::full_certificate_spec();
  const auto read = api::Certificate::from_json(object_with(api::spec_to_json(spec)));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(api::spec_to_json(read->spec), api::spec_to_json(spec));
  EXPECT_EQ(read->spec.key, spec.key);
  EXPECT_EQ(read->spec.renew_before, spec.renew_before);
  EXPECT_EQ(read->spec.rotation_policy, api::RotationPolicy::never);
}

// There are tens of thousands.
TEST(CertificateJson, TakesNoRoomForAnOrderWhereThereIsNone) {
  EXPECT_LE(sizeof(api::Certificate), 1328U);
  EXPECT_LE(sizeof(kube::Ingress), 440U);
}

TEST(CertificateJson, KeepsOfLabelsAndAnnotationsTheOneThatIsRead) {
  json object = object_with(small_spec());
  object["metadata"]["labels"] = {{"app.kubernetes.io/name", "www"}};
  object["metadata"]["annotations"] = {{"argocd.argoproj.io/tracking-id", "www"},
                                       {api::kRenewRequestedAnnotation, "today"}};
  const auto read = api::Certificate::from_json(object);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->metadata.labels.empty());
  EXPECT_EQ(read->metadata.annotations.size(), 1u);
  EXPECT_EQ(read->metadata.annotation(api::kRenewRequestedAnnotation), "today");
}

TEST(CertificateJson, AnEmptyStatusSaysNothing) {
  EXPECT_EQ(api::status_to_json(api::CertificateStatus{}), json({{"conditions", json::array()}}));
}

TEST(CertificateJson, DefaultsAreAP256KeyThatIsRotatedAndAnIssuerOfTheNamespace) {
  const auto read = api::Certificate::from_json(object_with(small_spec()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->spec.key) << "nobody asked for one";
  EXPECT_EQ(read->spec.rotation_policy, api::RotationPolicy::always);
  EXPECT_EQ(read->spec.issuer_ref.kind, "Issuer");
}

TEST(CertificateJson, RsaWithoutASizeIs2048) {
  json spec = small_spec();
  spec["privateKey"] = {{"algorithm", "RSA"}};
  EXPECT_EQ(api::Certificate::from_json(object_with(spec))->spec.key->bits, 2048);
}

struct Bad {
  const char* pointer;
  json value;
  const char* sentence;
};

TEST(CertificateJson, ABadFieldIsNamedInOneSentence) {
  for (const Bad& bad :
       {Bad{"/secretName", 7, "spec.secretName must be a string"},
        Bad{"/secretName", "", "spec.secretName must be the name of a Secret"},
        Bad{"/dnsNames", "www", "spec.dnsNames must be a list of strings"},
        Bad{"/dnsNames/0", 7, "spec.dnsNames must be a list of strings"},
        Bad{"/dnsNames", json::array(), "spec.dnsNames must be one host at least"},
        Bad{"/issuerRef/kind", "Pope", "spec.issuerRef.kind must be Issuer or ClusterIssuer"},
        Bad{"/issuerRef/name", "", "spec.issuerRef.name must be the name of an Issuer"},
        Bad{"/privateKey", json({{"size", 512}}), "spec.privateKey.size must be 256 or 384"},
        Bad{"/privateKey", json({{"algorithm", "RSA"}, {"size", 1024}}),
            "spec.privateKey.size must be 2048, 3072 or 4096"},
        Bad{"/renewBefore", "soon", "spec.renewBefore must be a duration"},
        Bad{"/renewBeforePercentage", 100, "spec.renewBeforePercentage must be between 1 and 99"},
        Bad{"/secretTemplate", json({{"labels", {{"a", 1}}}}),
            "spec.secretTemplate.labels must be an object of strings"}}) {
    SCOPED_TRACE(bad.sentence);
    json spec = small_spec();
    spec[json::json_pointer(bad.pointer)] = bad.value;
    const auto read = api::Certificate::from_json(object_with(spec));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, base::ErrorKind::invalid);
    EXPECT_THAT(read.error().message, HasSubstr("Certificate shop/www: "));
    EXPECT_THAT(read.error().message, HasSubstr(bad.sentence));
  }
}

TEST(CertificateJson, WhatIsNoObjectIsRefusedToo) {
  EXPECT_FALSE(api::Certificate::from_json(json::array()));
  EXPECT_FALSE(api::Certificate::from_json(json(7)));
  EXPECT_FALSE(api::Certificate::from_json(object_with("text")));
}

TEST(CertificateNames, AreLowerCaseSortedUniqueAndIncludeTheCommonName) {
  api::Certificate certificate;
  certificate.spec.dns_names = {"WWW.shop.example", "api.shop.example", "www.shop.example"};
  certificate.spec.common_name = "Shop.example";
  certificate.spec.ip_addresses = {"2001:DB8::0:1", "192.0.2.7"};
  EXPECT_THAT(certificate.dns_names(),
              ElementsAre("api.shop.example", "shop.example", "www.shop.example"));
  EXPECT_THAT(certificate.ip_addresses(), ElementsAre("192.0.2.7", "2001:db8::1"));
}

TEST(StatusPatch, HoldsWhatDiffersAndRemovesWhatIsGone) {
  const json before = {{"a", 1}, {"b", {{"c", 1}, {"d", 2}}}, {"e", {1, 2}}, {"gone", true}};
  const json after = {{"a", 1}, {"b", {{"c", 1}, {"d", 3}}}, {"e", {2}}, {"new", "x"}};
  const json patch = api::status_patch(before, after);
  EXPECT_EQ(patch,
            json({{"status", {{"b", {{"d", 3}}}, {"e", {2}}, {"gone", nullptr}, {"new", "x"}}}}));
  json merged = {{"status", before}};
  merged.merge_patch(patch);
  EXPECT_EQ(merged["status"], after);
}

TEST(StatusPatch, OfTheSameIsNothing) {
  EXPECT_TRUE(api::status_patch({{"a", {{"b", 1}}}}, {{"a", {{"b", 1}}}}).empty());
}

}  // namespace
