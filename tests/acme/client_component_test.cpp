#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acme/client.h"
#include "base/base64url.h"
#include "base/pem.h"
#include "base/x509.h"
#include "tests/acme/drive_order.h"
#include "tests/fakes/acme_server/acme_server.h"
#include "tests/fakes/clock.h"

// The client against a strict server that verifies every signature and nonce, and misbehaves on
// order.
namespace {

using acme::ErrorClass;
using acme_test::drive_order;
using acme_test::World;
using fakes::AcmeServer;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

acme::AccountKey make_account_key(base::KeySpec spec = {}) {
  return acme::AccountKey::from(base::PrivateKey::generate(spec).value()).value();
}

class AcmeClient : public testing::Test {
 protected:
  AcmeClient() { start({}); }

  void start(AcmeServer::Options options) {
    options.validate = [this](const std::string& host, const std::string& token,
                              const std::string& expected) {
      return answers_[host + "/" + token] == expected;
    };
    server_ = std::make_unique<AcmeServer>(clock_, options);
    client_ = std::make_unique<acme::Client>(*server_, clock_, server_->directory_url());
    world_.publish = [this](const acme::HttpChallenge& challenge, const std::string& answer) {
      answers_[challenge.identifier.value + "/" + challenge.token] = answer;
    };
  }

  acme::Directory directory() { return client_->get_directory({}).value().value; }

  acme::Session open_session(base::KeySpec spec = {}) {
    const acme::Directory found = directory();
    const acme::AccountKey key = make_account_key(spec);
    auto account = client_->new_account(found, key, {}, {});
    EXPECT_TRUE(account) << account.error().error.message;
    return {found, key, account->value.url};
  }

  static acme::NewOrder order_for(const std::vector<std::string>& hosts) {
    acme::NewOrder order;
    for (const std::string& host : hosts) order.identifiers.push_back({"dns", host});
    return order;
  }

  void TearDown() override {
    if (server_) {
      EXPECT_THAT(server_->violations(), IsEmpty());
    }
  }

  fakes::FakeClock clock_;
  std::map<std::string, std::string> answers_;  // "host/token" -> key authorization
  std::unique_ptr<AcmeServer> server_;
  std::unique_ptr<acme::Client> client_;
  World world_;
};

// ---- The way through

TEST_F(AcmeClient, IssuesACertificateForSeveralNames) {
  const auto session = open_session();
  const auto issued = drive_order(*client_, session, order_for({"a.test", "b.test"}), world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
  const auto chain = base::read_chain(issued->chain.pem).value();
  EXPECT_THAT(chain.front().dns_names, ElementsAre("a.test", "b.test"));
  EXPECT_EQ(chain.size(), 2u);
  EXPECT_TRUE(base::check_key_pair(issued->chain.pem, issued->key.to_pem()));
  EXPECT_THAT(issued->chain.alternate_urls, ElementsAre(HasSubstr("/alternate")));
  EXPECT_THAT(issued->steps, ElementsAre("publish", "answer", "answer", "wait", "wait", "finalize",
                                         "wait", "download"));
}

TEST_F(AcmeClient, IssuesWithEveryKindOfAccountKey) {
  using base::KeyAlgorithm;
  for (const base::KeySpec spec :
       {base::KeySpec{KeyAlgorithm::ecdsa, 256}, base::KeySpec{KeyAlgorithm::ecdsa, 384},
        base::KeySpec{KeyAlgorithm::rsa, 2048}}) {
    const auto issued = drive_order(*client_, open_session(spec), order_for({"a.test"}), world_);
    EXPECT_TRUE(issued) << issued.error().error.message;
  }
}

TEST_F(AcmeClient, IssuesForAnIpAddress) {
  acme::NewOrder order;
  order.identifiers = {{"ip", "2001:db8::1"}};
  const auto issued = drive_order(*client_, open_session(), order, world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
  EXPECT_THAT(base::read_chain(issued->chain.pem)->front().ip_addresses,
              ElementsAre("2001:db8::1"));
}

TEST_F(AcmeClient, TakesAnOrderThatIsReadyAtOnce) {
  AcmeServer::Options options;
  options.reuses_authorizations = true;
  start(options);
  const auto session = open_session();
  ASSERT_TRUE(drive_order(*client_, session, order_for({"a.test"}), world_));
  const auto second = drive_order(*client_, session, order_for({"a.test"}), world_);
  ASSERT_TRUE(second) << second.error().error.message;
  EXPECT_THAT(second->steps, ElementsAre("finalize", "wait", "download"));
}

TEST_F(AcmeClient, KeepsTheOrderUrlWhenFinalizeSendsNoLocation) {
  const auto issued = drive_order(*client_, open_session(), order_for({"a.test"}), world_);
  ASSERT_TRUE(issued);
  EXPECT_THAT(issued->order.url, HasSubstr("https://ca.test/order/"));
}

TEST_F(AcmeClient, RevokesACertificateOnce) {
  const auto session = open_session();
  const auto issued = drive_order(*client_, session, order_for({"a.test"}), world_);
  ASSERT_TRUE(issued);
  const std::string der = base::read_pem(issued->chain.pem)->front().der;
  EXPECT_TRUE(client_->revoke_certificate(session, der, 0, {}));
  const auto again = client_->revoke_certificate(session, der, 0, {});
  ASSERT_FALSE(again);
  EXPECT_TRUE(again.error().problem->is("alreadyRevoked"));
}

// ---- Accounts

TEST_F(AcmeClient, FindsTheAccountThatItsKeyHas) {
  const auto found = directory();
  const auto key = make_account_key();
  const auto first = client_->new_account(found, key, {}, {});
  const auto second = client_->new_account(found, key, {}, {});
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->value.was_created);
  EXPECT_FALSE(second->value.was_created);
  EXPECT_EQ(first->value.url, second->value.url);
}

TEST_F(AcmeClient, LooksAnAccountUpWithoutCreatingIt) {
  acme::NewAccount lookup;
  lookup.only_return_existing = true;
  const auto none = client_->new_account(directory(), make_account_key(), lookup, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().error_class, ErrorClass::account_does_not_exist);
  EXPECT_EQ(none.error().error.kind, base::ErrorKind::not_found);
}

TEST_F(AcmeClient, NeverAgreesToTermsByItself) {
  AcmeServer::Options options;
  options.terms_of_service = "https://ca.test/terms";
  start(options);
  const auto refused = client_->new_account(directory(), make_account_key(), {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::user_action_required);
  EXPECT_THAT(refused.error().error.message, HasSubstr("see https://ca.test/terms"));
  acme::NewAccount agreed;
  agreed.terms_of_service_agreed = true;
  EXPECT_TRUE(client_->new_account(directory(), make_account_key(), agreed, {}));
}

TEST_F(AcmeClient, BindsAnExternalAccount) {
  AcmeServer::Options options;
  options.external_keys = {{"kid-1", std::string("\x00\x01secret", 8)}};
  start(options);
  const auto found = directory();
  EXPECT_TRUE(found.external_account_required);
  const auto none = client_->new_account(found, make_account_key(), {}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().error_class, ErrorClass::external_account_required);
  EXPECT_EQ(server_->count("newAccount"), 0);  // nothing was worth asking

  acme::NewAccount account;
  account.external_account = {"kid-1", std::string("\x00\x01wrong!", 8)};
  const auto wrong = client_->new_account(found, make_account_key(), account, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().error_class, ErrorClass::unauthorized);

  account.external_account = {"kid-1", std::string("\x00\x01secret", 8)};
  const auto right = client_->new_account(found, make_account_key(), account, {});
  EXPECT_TRUE(right) << right.error().error.message;
}

TEST_F(AcmeClient, ReadsAndUpdatesItsAccount) {
  const auto session = open_session();
  EXPECT_TRUE(client_->update_contact(session, {"mailto:ops@a.test"}, {}));
  const auto account = client_->get_account(session, {});
  ASSERT_TRUE(account);
  EXPECT_THAT(account->value.contact, ElementsAre("mailto:ops@a.test"));
  EXPECT_EQ(account->value.url, session.account_url);
}

TEST_F(AcmeClient, ChangesTheAccountsKey) {
  auto session = open_session();
  const auto new_key = make_account_key({base::KeyAlgorithm::rsa, 2048});
  ASSERT_TRUE(client_->change_key(session, new_key, {}));
  EXPECT_FALSE(
      client_->get_account({session.directory, make_account_key(), session.account_url}, {}));
  session.key = new_key;
  EXPECT_TRUE(client_->get_account(session, {}));
  server_ = nullptr;  // the refused signature is a violation that was made on purpose
}

TEST_F(AcmeClient, TellsThatTheServerLostTheAccount) {
  const auto session = open_session();
  server_->forget_accounts();
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::account_does_not_exist);
}

// ---- Nonces (RFC 8555 §6.5)

TEST_F(AcmeClient, RetriesABadNonceWithTheNonceOfThatAnswer) {
  const auto session = open_session();
  const int nonces_fetched = server_->count("newNonce");
  server_->refuse_nonces(3);
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_TRUE(order) << order.error().error.message;
  EXPECT_EQ(server_->count("newOrder"), 4);
  EXPECT_EQ(server_->count("newNonce"), nonces_fetched);
}

TEST_F(AcmeClient, GivesUpWhenNoNonceIsEverGood) {
  const auto session = open_session();
  server_->refuse_nonces(1000);
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::bad_nonce);
  EXPECT_EQ(server_->count("newOrder"), 10);
}

TEST_F(AcmeClient, ASlowServerIsNotAskedTenTimesForAGoodNonce) {
  AcmeServer::Options slow;
  slow.on_request = [this] { clock_.advance(seconds(19)); };
  start(slow);
  const auto session = open_session();
  server_->refuse_nonces(1000);
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::bad_nonce);
  EXPECT_EQ(server_->count("newOrder"), 2);
}

TEST_F(AcmeClient, FetchesANonceOnlyWhenNoneIsLeft) {
  const auto session = open_session();
  ASSERT_TRUE(drive_order(*client_, session, order_for({"a.test"}), world_));
  EXPECT_EQ(server_->count("newNonce"), 1);
  server_->spoil("account", AcmeServer::Spoil::no_replay_nonce);
  EXPECT_TRUE(client_->get_account(session, {}));
  EXPECT_TRUE(client_->get_account(session, {}));
  EXPECT_EQ(server_->count("newNonce"), 2);
}

TEST_F(AcmeClient, DoesNotUseANonceThatGrewOld) {
  const auto session = open_session();
  clock_.advance(std::chrono::minutes(6));
  EXPECT_TRUE(client_->get_account(session, {}));
  EXPECT_EQ(server_->count("newNonce"), 2);
}

TEST_F(AcmeClient, ServesManyOrdersFromManyThreads) {
  std::mutex mutex;
  world_.publish = [&](const acme::HttpChallenge& challenge, const std::string& answer) {
    const std::lock_guard lock(mutex);
    answers_[challenge.identifier.value + "/" + challenge.token] = answer;
  };
  AcmeServer::Options options;
  options.validate = [&](const std::string& host, const std::string& token,
                         const std::string& expected) {
    const std::lock_guard lock(mutex);
    return answers_[host + "/" + token] == expected;
  };
  AcmeServer server(clock_, options);
  acme::Client client(server, clock_, server.directory_url());
  const acme::Directory found = client.get_directory({})->value;
  const auto key = make_account_key();
  const auto account = client.new_account(found, key, {}, {});
  ASSERT_TRUE(account);
  const acme::Session shared{found, key, account->value.url};
  server.refuse_nonces(5);
  std::vector<std::string> failures;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const auto issued =
            drive_order(client, shared, order_for({"h" + std::to_string(i) + ".test"}), world_);
        const std::lock_guard lock(mutex);
        if (!issued) failures.push_back(issued.error().error.message);
      });
    }
  }
  EXPECT_THAT(failures, IsEmpty());
  EXPECT_THAT(server.violations(), IsEmpty());
  EXPECT_EQ(server.issued().size(), 8u);
}

// ---- Refusals in the server's own words

TEST_F(AcmeClient, HandsRetryAfterInSecondsToTheCaller) {
  const auto session = open_session();
  server_->refuse("newOrder", {429, "rateLimited", "too many orders", "120", "", {}});
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::rate_limited);
  EXPECT_EQ(order.error().error.kind, base::ErrorKind::rate_limited);
  EXPECT_EQ(order.error().error.retry_after, seconds(120));
  EXPECT_EQ(order.error().error.message,
            "placing the order: https://ca.test/new-order answered HTTP 429: rateLimited: too many "
            "orders");
  EXPECT_EQ(server_->count("newOrder"), 1);  // the client neither sleeps nor tries again
}

TEST_F(AcmeClient, HandsRetryAfterAsADateToTheCaller) {
  const auto session = open_session();
  server_->refuse("newOrder",
                  {429, "rateLimited", "later", "Thu, 01 Jan 2026 00:10:00 GMT", "", {}});
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error.retry_after, seconds(600));
}

TEST_F(AcmeClient, HandsRetryAfterOfASuccessToTheCaller) {
  const auto session = open_session();
  server_->set_retry_after("newOrder", "3");
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_TRUE(order);
  EXPECT_EQ(order->retry_after, seconds(3));
}

TEST_F(AcmeClient, TakesABare503WithRetryAfterAsARateLimit) {
  server_->refuse("directory", {503, "", "busy", "30", "", {}});
  const auto found = client_->get_directory({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::rate_limited);
  EXPECT_EQ(found.error().error.retry_after, seconds(30));
  EXPECT_FALSE(found.error().problem);
  EXPECT_THAT(found.error().error.message, HasSubstr("HTTP 503"));
}

TEST_F(AcmeClient, TakesABare502AsTroubleOfTheServer) {
  server_->refuse("directory", {502, "", "bad gateway", "", "", {}});
  const auto found = client_->get_directory({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::server_internal);
  EXPECT_EQ(found.error().error.kind, base::ErrorKind::unavailable);
}

TEST_F(AcmeClient, ShowsSubproblemsAndTheInstance) {
  const auto session = open_session();
  server_->refuse("newOrder", {403,
                               "malformed",
                               "some names are refused",
                               "",
                               "https://ca.test/why",
                               {{"bad.test", "rejectedIdentifier"}}});
  const auto order = client_->new_order(session, order_for({"a.test", "bad.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::rejected_identifier);
  EXPECT_THAT(order.error().error.message,
              AllOf(HasSubstr("bad.test: rejectedIdentifier"), HasSubstr("https://ca.test/why")));
}

TEST_F(AcmeClient, ReportsAFailedValidationWithTheServersWords) {
  server_->fail_validation("b.test", "caa", "CAA record for b.test prevents issuance");
  const auto issued =
      drive_order(*client_, open_session(), order_for({"a.test", "b.test"}), world_);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().error_class, ErrorClass::caa);
  EXPECT_THAT(issued.error().error.message, HasSubstr("CAA record for b.test prevents issuance"));
}

TEST_F(AcmeClient, ReportsAnIssuanceThatFailedAfterFinalize) {
  server_->fail_issuance("badCSR", "the key is on a list of weak keys");
  const auto issued = drive_order(*client_, open_session(), order_for({"a.test"}), world_);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().error_class, ErrorClass::bad_csr);
  EXPECT_THAT(issued.error().error.message, HasSubstr("weak keys"));
}

TEST_F(AcmeClient, ReportsAnExpiredAuthorization) {
  const auto session = open_session();
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_TRUE(order);
  server_->expire_pending_authorizations();
  const auto authorization =
      client_->get_authorization(session, order->value.authorization_urls.front(), {});
  ASSERT_TRUE(authorization);
  EXPECT_EQ(authorization->value.status, acme::AuthorizationStatus::expired);
}

TEST_F(AcmeClient, TellsThatAnOrderIsNotReady) {
  const auto session = open_session();
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  const auto csr = acme::make_order_csr(base::PrivateKey::generate({}).value(),
                                        order->value.identifiers, session.key);
  const auto finalized = client_->finalize(session, order->value, *csr, {});
  ASSERT_FALSE(finalized);
  EXPECT_EQ(finalized.error().error_class, ErrorClass::order_not_ready);
}

// ---- The network

TEST_F(AcmeClient, TellsALostRequestFromARefusal) {
  server_->lose_requests("directory");
  const auto found = client_->get_directory({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::network);
  EXPECT_EQ(found.error().error.kind, base::ErrorKind::unavailable);
  EXPECT_FALSE(found.error().problem);
}

TEST_F(AcmeClient, GoesOnAfterALostAnswer) {
  const auto session = open_session();
  server_->lose_answers("newOrder");
  EXPECT_FALSE(client_->new_order(session, order_for({"a.test"}), {}));
  // The nonce of the lost request is spent; the next request must not use it again.
  EXPECT_TRUE(client_->new_order(session, order_for({"a.test"}), {}));
}

TEST_F(AcmeClient, EndsWhenToldToStop) {
  const auto stop = std::make_unique<std::stop_source>();
  stop->request_stop();
  const auto found = client_->get_directory(stop->get_token());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error.kind, base::ErrorKind::cancelled);
}

// ---- Answers that break the protocol

class AcmeClientAgainstSpoiledAnswers
    : public AcmeClient,
      public testing::WithParamInterface<std::pair<AcmeServer::Spoil, std::string>> {};

TEST_P(AcmeClientAgainstSpoiledAnswers, SaysInOneSentenceWhatIsWrong) {
  const auto& [how, what] = GetParam();
  const auto session = open_session();
  server_->spoil("newOrder", how);
  const auto order = client_->new_order(session, order_for({"a.test"}), {});
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().error_class, ErrorClass::protocol);
  EXPECT_EQ(order.error().error.kind, base::ErrorKind::protocol);
  EXPECT_FALSE(order.error().problem);
  EXPECT_THAT(order.error().error.message, HasSubstr(what));
}

INSTANTIATE_TEST_SUITE_P(
    All, AcmeClientAgainstSpoiledAnswers,
    testing::Values(std::pair(AcmeServer::Spoil::malformed_json, "is not a JSON object"),
                    std::pair(AcmeServer::Spoil::truncated_body, "is not a JSON object"),
                    std::pair(AcmeServer::Spoil::wrong_content_type, "content type \"text/html\""),
                    std::pair(AcmeServer::Spoil::no_location, "no Location"),
                    std::pair(AcmeServer::Spoil::oversized_body, "more than")),
    [](const auto& test) { return "Case" + std::to_string(test.index); });

TEST_F(AcmeClient, RefusesAChainThatHoldsAPrivateKey) {
  server_->spoil("certificate", AcmeServer::Spoil::private_key_in_chain);
  const auto issued = drive_order(*client_, open_session(), order_for({"a.test"}), world_);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().error_class, ErrorClass::protocol);
  EXPECT_THAT(issued.error().error.message, HasSubstr("holds a block that is no CERTIFICATE"));
}

TEST_F(AcmeClient, RefusesAChainOfAnotherContentType) {
  server_->spoil("certificate", AcmeServer::Spoil::wrong_content_type);
  const auto issued = drive_order(*client_, open_session(), order_for({"a.test"}), world_);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().error_class, ErrorClass::protocol);
}

TEST_F(AcmeClient, RefusesAChainThatIsCutShort) {
  server_->spoil("certificate", AcmeServer::Spoil::truncated_body);
  EXPECT_FALSE(drive_order(*client_, open_session(), order_for({"a.test"}), world_));
}

TEST_F(AcmeClient, SpeaksHttpsOnly) {
  acme::Client plain(*server_, clock_, "http://ca.test/directory");
  const auto found = plain.get_directory({});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error.kind, base::ErrorKind::invalid);
  EXPECT_THAT(found.error().error.message, HasSubstr("not an https URL"));
  EXPECT_THAT(server_->requests(), IsEmpty());
}

// ---- Renewal information (RFC 9773) and profiles

TEST_F(AcmeClient, ReadsTheRenewalWindowWithoutSigning) {
  const auto session = open_session();
  const auto issued = drive_order(*client_, session, order_for({"a.test"}), world_);
  ASSERT_TRUE(issued);
  const auto id = acme::certificate_id(base::read_chain(issued->chain.pem)->front());
  ASSERT_TRUE(id);
  const auto start = clock_.now() + std::chrono::hours(10);
  server_->set_renewal_window(start, start + std::chrono::hours(5), "https://ca.test/incident");
  server_->set_retry_after("renewalInfo", "90");
  const auto info = client_->renewal_info(session.directory, *id, {});
  ASSERT_TRUE(info) << info.error().error.message;
  EXPECT_EQ(info->value.window_start, start);
  EXPECT_EQ(info->value.explanation_url, "https://ca.test/incident");
  EXPECT_EQ(info->retry_after, seconds(90));
  EXPECT_THAT(server_->requests(), Contains("GET renewalInfo"));
}

TEST_F(AcmeClient, NamesTheReplacedCertificateAndIsToldWhenItWasReplacedBefore) {
  const auto session = open_session();
  const auto first = drive_order(*client_, session, order_for({"a.test"}), world_);
  ASSERT_TRUE(first);
  auto renewal = order_for({"a.test"});
  renewal.replaces = *acme::certificate_id(base::read_chain(first->chain.pem)->front());
  const auto second = drive_order(*client_, session, renewal, world_);
  ASSERT_TRUE(second) << second.error().error.message;
  EXPECT_EQ(second->order.replaces, renewal.replaces);

  const auto third = client_->new_order(session, renewal, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().error_class, ErrorClass::already_replaced);
  EXPECT_TRUE(acme::replaces_was_refused(third.error()));
}

TEST_F(AcmeClient, SendsNoReplacesToAServerWithoutRenewalInformation) {
  AcmeServer::Options options;
  options.has_renewal_info = false;
  start(options);
  const auto session = open_session();
  auto order = order_for({"a.test"});
  order.replaces = "AAAA.BBBB";
  EXPECT_TRUE(client_->new_order(session, order, {}));
  EXPECT_FALSE(client_->renewal_info(session.directory, "AAAA.BBBB", {}));
  EXPECT_EQ(server_->count("renewalInfo"), 0);
}

TEST_F(AcmeClient, AsksOnlyForProfilesThatAreAdvertised) {
  AcmeServer::Options options;
  options.profiles = {{"classic", "90 days"}, {"shortlived", "6 days"}};
  start(options);
  const auto session = open_session();
  EXPECT_EQ(session.directory.profiles, options.profiles);
  auto order = order_for({"a.test"});
  order.profile = "tlsserver";
  const auto refused = client_->new_order(session, order, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::invalid_profile);
  EXPECT_THAT(refused.error().error.message, HasSubstr("it offers classic, shortlived"));
  EXPECT_EQ(server_->count("newOrder"), 0);
  order.profile = "shortlived";
  EXPECT_EQ(client_->new_order(session, order, {})->value.profile, "shortlived");
}

}  // namespace
