#include "operator/issuer/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/issuer/attempt_text.h"
#include "tests/fakes/clock.h"

namespace {

using issuer::next_registration;
using issuer::Registration;
using issuer::unmet_demand;
using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

api::Issuer registered() {
  api::Issuer object;
  object.acme.server = "https://ca.test/directory";
  object.acme.email = "ops@shop.example";
  object.acme_status.uri = "https://ca.test/acct/1";
  object.acme_status.server = object.acme.server;
  object.acme_status.last_registered_email = object.acme.email;
  object.acme_status.last_private_key_hash = "hash";
  return object;
}

TEST(Registration, ARegisteredAccountIsLeftAlone) {
  EXPECT_EQ(next_registration(registered(), "hash", ""), Registration::none);
}

TEST(Registration, WithoutAnAccountItRegisters) {
  api::Issuer object = registered();
  object.acme_status.uri.clear();
  EXPECT_EQ(next_registration(object, "hash", ""), Registration::register_);
}

TEST(Registration, AnotherServerMeansAnotherAccount) {
  api::Issuer object = registered();
  object.acme.server = "https://other.test/directory";
  EXPECT_EQ(next_registration(object, "hash", ""), Registration::register_);
}

TEST(Registration, AnotherKeyMeansAnotherAccount) {
  EXPECT_EQ(next_registration(registered(), "another", ""), Registration::register_);
}

TEST(Registration, ALostAccountIsRegisteredAgain) {
  EXPECT_EQ(next_registration(registered(), "hash", "https://ca.test/acct/1"),
            Registration::register_);
}

TEST(Registration, TheLossOfAnOlderAccountIsNoNews) {
  EXPECT_EQ(next_registration(registered(), "hash", "https://ca.test/acct/0"), Registration::none);
}

TEST(Registration, AnotherMailAddressUpdatesTheContact) {
  api::Issuer object = registered();
  object.acme.email = "new@shop.example";
  EXPECT_EQ(next_registration(object, "hash", ""), Registration::update_contact);
}

TEST(UnmetDemand, TermsThatNobodyAgreedToAreNamedWithTheRemedy) {
  acme::Directory directory;
  directory.terms_of_service = "https://ca.test/terms";
  api::Issuer object = registered();
  const auto trouble = unmet_demand(object, directory);
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->reason, "TermsOfServiceNotAgreed");
  EXPECT_THAT(trouble->message, HasSubstr("https://ca.test/terms"));
  EXPECT_THAT(trouble->remedy, HasSubstr("spec.acme.termsOfServiceAgreed"));
  object.acme.terms_of_service_agreed = true;
  EXPECT_FALSE(unmet_demand(object, directory));
}

TEST(UnmetDemand, WithoutTermsNobodyNeedsToAgree) {
  EXPECT_FALSE(unmet_demand(registered(), acme::Directory()));
}

TEST(UnmetDemand, ARequiredExternalAccountIsAskedFor) {
  acme::Directory directory;
  directory.external_account_required = true;
  api::Issuer object = registered();
  ASSERT_TRUE(unmet_demand(object, directory));
  EXPECT_EQ(unmet_demand(object, directory)->reason, "ExternalAccountRequired");
  object.acme.external_account_binding = api::ExternalAccountBinding{"kid", {"eab", "key"}};
  EXPECT_FALSE(unmet_demand(object, directory));
}

TEST(UnmetDemand, AProfileThatIsNotOfferedIsNamedWithThoseThatAre) {
  acme::Directory directory;
  directory.profiles = {{"classic", "as ever"}, {"shortlived", "six days"}};
  api::Issuer object = registered();
  object.acme.profile = "golden";
  const auto trouble = unmet_demand(object, directory);
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->reason, "ProfileNotOffered");
  EXPECT_THAT(trouble->message, HasSubstr("\"golden\" (offered: classic, shortlived)"));
  object.acme.profile = "classic";
  EXPECT_FALSE(unmet_demand(object, directory));
}

TEST(TroubleOf, AnUntrustedServerNamesTheFieldToSet) {
  acme::AcmeError error;
  error.error = {base::ErrorKind::denied, "https://ca.test is not trusted"};
  error.error_class = acme::ErrorClass::network;
  const issuer::Trouble trouble = issuer::trouble_of("DirectoryNotRead", error);
  EXPECT_EQ(trouble.reason, "UntrustedServer");
  EXPECT_THAT(trouble.remedy, HasSubstr("set spec.acme.caBundle"));
}

TEST(TroubleOf, ADenialInTheServersWordsIsNotAboutTrust) {
  acme::AcmeError error;
  error.error = {base::ErrorKind::denied, "unauthorized: no"};
  error.error_class = acme::ErrorClass::unauthorized;
  error.problem.emplace();
  EXPECT_EQ(issuer::trouble_of("RegistrationFailed", error).reason, "RegistrationFailed");
}

TEST(AttemptText, SaysWhatWhenAndTheRemedy) {
  const base::WallTime now = fakes::FakeClock::kStart;
  EXPECT_EQ(issuer::failure_text("placing the order: no.", now + minutes(40), "Wait.", now),
            "placing the order: no; trying again at 00:40:00 UTC; remedy: Wait.");
  EXPECT_EQ(issuer::failure_text("no", now + hours(30), "", now),
            "no; trying again at 2026-01-02 06:00:00 UTC");
}

TEST(AttemptText, IsToldToOthersWithoutTheTime) {
  const base::WallTime now = fakes::FakeClock::kStart;
  EXPECT_EQ(issuer::without_time(issuer::failure_text("no route", now, "Wait.", now)),
            "no route; remedy: Wait.");
  EXPECT_EQ(issuer::without_time(issuer::failure_text("no route", now, "", now)), "no route");
  EXPECT_EQ(issuer::without_time("something else"), "something else");
}

}  // namespace
