#include "operator/api/issuer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/base64url.h"
#include "tests/operator/api/full_objects.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;

json object_with(const json& acme) {
  return {{"metadata", {{"name", "ca"}, {"namespace", "shop"}}}, {"spec", {{"acme", acme}}}};
}

TEST(IssuerJson, EveryFieldOfSpecIsRead) {
  const auto read = api::Issuer::from_json(
      object_with({{"server", "https://ca.test/directory"},
                   {"email", "ops@shop.example"},
                   {"termsOfServiceAgreed", true},
                   {"caBundle", base::base64_encode("pem")},
                   {"privateKeySecretRef", {{"name", "my-key"}}},
                   {"accountKeyAlgorithm", "RS256"},
                   {"externalAccountBinding",
                    {{"keyID", "kid"}, {"keySecretRef", {{"name", "eab"}, {"key", "mac"}}}}},
                   {"preferredChain", "Root X"},
                   {"profile", "shortlived"}}));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->is_cluster_issuer);
  EXPECT_EQ(read->acme.server, "https://ca.test/directory");
  EXPECT_EQ(read->acme.email, "ops@shop.example");
  EXPECT_TRUE(read->acme.terms_of_service_agreed);
  EXPECT_EQ(read->acme.ca_bundle_pem, "pem");
  EXPECT_EQ(read->account_key_secret_name(), "my-key");
  EXPECT_TRUE(read->acme.rsa_account_key);
  EXPECT_EQ(read->acme.external_account_binding,
            (api::ExternalAccountBinding{"kid", {"eab", "mac"}}));
  EXPECT_EQ(read->acme.preferred_chain, "Root X");
  EXPECT_EQ(read->acme.profile, "shortlived");
}

TEST(IssuerJson, EveryFieldOfStatusSurvivesARoundTrip) {
  api::Issuer written;
  operator_test::fill_issuer_status(written);
  json object = object_with({{"server", "https://ca.test/directory"}});
  object["status"] = api::status_to_json(written);
  const auto read = api::Issuer::from_json(object);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->conditions, written.conditions);
  EXPECT_EQ(read->acme_status, written.acme_status);
  EXPECT_EQ(read->observed_generation, written.observed_generation);
}

TEST(IssuerJson, AnObjectWithoutANamespaceIsAClusterIssuer) {
  json object = object_with({{"server", "https://ca.test/directory"}});
  object["metadata"].erase("namespace");
  const auto read = api::Issuer::from_json(object);
  EXPECT_TRUE(read->is_cluster_issuer);
  EXPECT_EQ(read->display_name(), "ClusterIssuer ca");
  EXPECT_EQ(read->account_key_secret_name(), "ca-account-key");
}

TEST(IssuerJson, ABadFieldIsNamedInOneSentence) {
  const auto plain = api::Issuer::from_json(object_with({{"server", "http://ca.test"}}));
  ASSERT_FALSE(plain);
  EXPECT_THAT(plain.error().message,
              HasSubstr("Issuer shop/ca: spec.acme.server must be the directory URL"));
  const auto bundle = api::Issuer::from_json(
      object_with({{"server", "https://ca.test"}, {"caBundle", "not base64!"}}));
  ASSERT_FALSE(bundle);
  EXPECT_THAT(bundle.error().message, HasSubstr("spec.acme.caBundle must be base64"));
}

}  // namespace
