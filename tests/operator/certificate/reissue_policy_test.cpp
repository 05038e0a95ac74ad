#include "operator/certificate/reissue_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/fakes/clock.h"

namespace {

using certificate::needs_reissue;
using certificate::SecretContent;
using certificate::Verdict;
using std::chrono::hours;
using testing::HasSubstr;

constexpr base::WallTime kIssued = fakes::FakeClock::kStart;
constexpr hours kLife{24 * 90};

api::Certificate wanted() {
  api::Certificate certificate;
  certificate.metadata.name = "www";
  certificate.metadata.namespace_ = "shop";
  certificate.spec.secret_name = "www-tls";
  certificate.spec.dns_names = {"www.shop.example"};
  certificate.spec.issuer_ref = {"ca", "ClusterIssuer"};
  return certificate;
}

SecretContent good() {
  SecretContent content;
  content.chain_pem = "chain";
  content.key_pem = "key";
  content.key.emplace();  // ECDSA, 256
  content.leaf.emplace();
  content.leaf->dns_names = {"www.shop.example"};
  content.leaf->serial = "04:ab";
  content.leaf->fingerprint_sha256 = "aa:bb";
  content.leaf->not_before = kIssued;
  content.leaf->not_after = kIssued + kLife;
  content.issuer_name = "ca";
  content.issuer_kind = "ClusterIssuer";
  return content;
}

struct Scene {
  api::Certificate certificate = wanted();
  SecretContent secret = good();
  bool is_missing = false;
  base::WallTime now = kIssued + hours(1);
  std::string server;

  std::optional<Verdict> judge() const {
    return needs_reissue({certificate, is_missing ? nullptr : &secret, now, server});
  }
};

TEST(ReissuePolicy, AGoodCertificateIsKept) {
  EXPECT_FALSE(Scene().judge());
}

struct Case {
  const char* name;
  void (*change)(Scene&);
  const char* reason;
  const char* part_of_message;
  bool is_usable_meanwhile = false;
};

class ReissuePolicyRow : public testing::TestWithParam<Case> {};

TEST_P(ReissuePolicyRow, IsToldWithItsReason) {
  Scene scene;
  GetParam().change(scene);
  const auto verdict = scene.judge();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, GetParam().reason);
  EXPECT_THAT(verdict->message, HasSubstr(GetParam().part_of_message));
  EXPECT_EQ(verdict->is_usable_meanwhile, GetParam().is_usable_meanwhile);
}

INSTANTIATE_TEST_SUITE_P(
    All, ReissuePolicyRow,
    testing::Values(
        Case{"MissingSecret", [](Scene& s) { s.is_missing = true; }, "DoesNotExist",
             "Secret shop/www-tls does not exist"},
        Case{"EmptyChain", [](Scene& s) { s.secret.chain_pem.clear(); }, "MissingData",
             "has no tls.crt"},
        Case{"EmptyKey", [](Scene& s) { s.secret.key_pem.clear(); }, "MissingData",
             "has no tls.key"},
        Case{"BrokenPem",
             [](Scene& s) {
               s.secret.problem = "tls.crt: block 1 does not end";
               s.secret.leaf.reset();
             },
             "InvalidKeyPair", "block 1 does not end"},
        Case{"ForeignKey", [](Scene& s) { s.secret.pair_problem = "the key is another's"; },
             "InvalidKeyPair", "the key is another's"},
        Case{"SignedBySha1", [](Scene& s) { s.secret.tls_problem = "its signature is by SHA1"; },
             "NotServable", "cannot be served: its signature is by SHA1"},
        Case{"OtherNames", [](Scene& s) { s.certificate.spec.dns_names = {"api.shop.example"}; },
             "RequestChanged", "is for www.shop.example and spec wants api.shop.example"},
        Case{"OneNameMore",
             [](Scene& s) { s.certificate.spec.dns_names.push_back("api.shop.example"); },
             "RequestChanged", "api.shop.example, www.shop.example"},
        Case{"ACommonNameOfItsOwn",
             [](Scene& s) { s.certificate.spec.common_name = "shop.example"; }, "RequestChanged",
             "shop.example"},
        Case{"AnAddressMore", [](Scene& s) { s.certificate.spec.ip_addresses = {"192.0.2.7"}; },
             "RequestChanged", "192.0.2.7"},
        Case{"AnotherIssuer", [](Scene& s) { s.certificate.spec.issuer_ref.name = "other"; },
             "IncorrectIssuer", "is of ClusterIssuer ca and spec wants ClusterIssuer other", true},
        Case{"AnotherKindOfIssuer", [](Scene& s) { s.certificate.spec.issuer_ref.kind = "Issuer"; },
             "IncorrectIssuer", "spec wants Issuer ca", true},
        Case{"AnotherServerOfTheSameIssuer",
             [](Scene& s) {
               s.secret.server = "https://staging.test/dir";
               s.server = "https://ca.test/dir";
             },
             "IncorrectServer",
             "is of https://staging.test/dir and its issuer is now at https://ca.test/dir", true},
        Case{"ChangedBySomebodyElse",
             [](Scene& s) {
               s.certificate.status.revision = 1;
               s.certificate.status.fingerprint_sha256 = "cc:dd";
               s.certificate.status.serial_number = "05:06";
             },
             "SecretContested", "has serial 04:ab and the one that was issued 05:06", true},
        Case{"ChangedBySomebodyElseToOtherNames",
             [](Scene& s) {
               s.certificate.status.revision = 1;
               s.certificate.status.fingerprint_sha256 = "cc:dd";
               s.secret.leaf->dns_names = {"other.example"};
             },
             "SecretContested", "has serial 04:ab"},
        Case{"AnotherKeySize",
             [](Scene& s) {
               s.certificate.spec.key = base::KeySpec{base::KeyAlgorithm::ecdsa, 384};
             },
             "SecretMismatch", "is ECDSA 256 and spec wants ECDSA 384", true},
        Case{"AnotherKeyAlgorithm",
             [](Scene& s) {
               s.certificate.spec.key = base::KeySpec{base::KeyAlgorithm::rsa, 2048};
             },
             "SecretMismatch", "spec wants RSA 2048", true},
        Case{"Expired", [](Scene& s) { s.now = kIssued + kLife; }, "Expired", "expired at"},
        Case{"RenewalRequested",
             [](Scene& s) {
               s.certificate.metadata.annotations[api::kRenewRequestedAnnotation] = "today";
             },
             "ManuallyTriggered", "gatehouse.dev/renew-requested=today", true},
        Case{"RenewalDue", [](Scene& s) { s.now = kIssued + kLife * 2 / 3; }, "Renewing",
             "renewal is due since 2026-02-2", true},
        Case{"RenewalDueByRenewBefore",
             [](Scene& s) {
               s.certificate.spec.renew_before = hours(24 * 80);
               s.now = kIssued + hours(24 * 10);
             },
             "Renewing", "2026-01-1", true},
        Case{"RenewalDueByTheServersWindow",
             [](Scene& s) {
               s.certificate.status.serial_number = "04:ab";
               s.certificate.status.renewal_info =
                   api::RenewalInfoStatus{kIssued, kIssued + hours(1), "", kIssued};
             },
             "Renewing", "2026-01-01", true}),
    [](const auto& row) { return row.param.name; });

TEST(ReissuePolicy, RenewalIsNotDueAMomentBeforeAThirdIsLeft) {
  Scene scene;
  scene.now = kIssued + kLife * 2 / 3 - kLife * 3 / 100;  // what is spread by uid
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, ARequestThatWasServedIsNoRequest) {
  Scene scene;
  scene.certificate.metadata.annotations[api::kRenewRequestedAnnotation] = "today";
  scene.certificate.status.last_renewal_request = "today";
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, NamesAreComparedWithoutCaseAndOrder) {
  Scene scene;
  scene.certificate.spec.dns_names = {"WWW.Shop.Example", "a.shop.example", "www.shop.example"};
  scene.secret.leaf->dns_names = {"a.shop.example", "www.shop.example"};
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, AddressesAreComparedInTheirShortForm) {
  Scene scene;
  scene.certificate.spec.ip_addresses = {"2001:DB8:0:0:0:0:0:1"};
  scene.secret.leaf->ip_addresses = {"2001:db8::1"};
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, ASecretThatSaysNothingOfItsIssuerIsBelieved) {
  Scene scene;
  scene.secret.issuer_name.clear();
  scene.secret.issuer_kind.clear();
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, TheWindowOfAnotherCertificateSaysNothing) {
  Scene scene;
  scene.certificate.status.serial_number = "99:99";
  scene.certificate.status.renewal_info =
      api::RenewalInfoStatus{kIssued, kIssued + hours(1), "", kIssued};
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, AWindowAfterTheEndSaysNothing) {
  Scene scene;
  scene.certificate.status.serial_number = "04:ab";
  scene.certificate.status.renewal_info =
      api::RenewalInfoStatus{kIssued + kLife + hours(1), kIssued + kLife + hours(2), "", kIssued};
  scene.now = kIssued + kLife - hours(24);
  const auto verdict = scene.judge();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->reason, "Renewing");
}

TEST(ReissuePolicy, ACertificateThatIsGoodForMoreIsGood) {
  Scene scene;
  scene.secret.leaf->dns_names = {"shop.example", "www.shop.example"};
  EXPECT_FALSE(scene.judge());
  scene.secret.leaf->dns_names = {"*.shop.example"};
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, WhatWasMovedHereIsGoodUntilItsRenewalWhateverKeyAndIssuer) {
  Scene scene;
  scene.secret.issuer_name.clear();  // cert-manager's annotations say nothing of our issuers
  scene.secret.issuer_kind.clear();
  scene.certificate.spec.key = base::KeySpec{base::KeyAlgorithm::rsa, 2048};
  scene.certificate.spec.issuer_ref.name = "other";
  scene.server = "https://ca.test/dir";
  EXPECT_FALSE(scene.judge());
}

TEST(ReissuePolicy, AKeyThatNobodyAskedForFollowsWhatIsThere) {
  Scene scene;
  scene.secret.key = base::KeySpec{base::KeyAlgorithm::ecdsa, 384};
  EXPECT_FALSE(scene.judge());
  EXPECT_EQ(scene.certificate.spec.key_after(*scene.secret.key).bits, 384);
  EXPECT_EQ(scene.certificate.spec.key_after({}), base::KeySpec{});
}

TEST(ReissuePolicy, EveryCheckHasItsRow) {
  EXPECT_EQ(certificate::reissue_checks().size(), 13u)
      << "a new check needs a row in ReissuePolicyRow";
}

}  // namespace
