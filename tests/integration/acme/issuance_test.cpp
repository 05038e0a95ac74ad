#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "acme/client.h"
#include "acme/renewal_time.h"
#include "base/base64url.h"
#include "base/curl_transport.h"
#include "base/pem.h"
#include "base/x509.h"
#include "tests/acme/drive_order.h"
#include "tests/integration/support/pebble.h"

// Issuances against the real Pebble. If these fail: the fixture's message carries the end of
// Pebble's own log; `/usr/bin/pebble -version` and $GATEHOUSE_PEBBLE_NEW say which programs ran.
namespace {

using integration::Pebble;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// Answers HTTP-01 on one port, as the proxies will.
class ChallengeAnswers {
 public:
  ChallengeAnswers() {
    server_.Get(R"(/\.well-known/acme-challenge/(.+))",
                [this](const httplib::Request& request, httplib::Response& response) {
                  const std::lock_guard lock(mutex_);
                  const auto found = answers_.find(request.matches[1]);
                  if (found == answers_.end()) {
                    response.status = 404;
                  } else {
                    response.set_content(found->second, "application/octet-stream");
                  }
                });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~ChallengeAnswers() { server_.stop(); }

  int port() const { return port_; }
  void publish(const acme::HttpChallenge& challenge, const std::string& answer) {
    const std::lock_guard lock(mutex_);
    answers_[challenge.token] = answer;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  std::jthread thread_;
};

struct Variant {
  std::string name;
  bool is_newer = false;
  int bad_nonce_percent = 0;
  int reuse_percent = 0;
};

void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

class Issuance : public testing::TestWithParam<Variant> {
 protected:
  void start(Pebble::Options options) {
    if (GetParam().is_newer) {
      const auto program = Pebble::newer_program();
      if (!program) {
        GTEST_SKIP() << "no newer Pebble on this machine: go install "
                        "github.com/letsencrypt/pebble/v2/cmd/...@v2.10.1, or set "
                        "GATEHOUSE_PEBBLE_NEW";
      }
      options.program = *program;
    }
    options.http_port = answers_.port();
    options.bad_nonce_percent = GetParam().bad_nonce_percent;
    options.reuse_percent = GetParam().reuse_percent;
    auto pebble = Pebble::start(options);
    ASSERT_TRUE(pebble) << pebble.error().message;
    pebble_ = std::move(*pebble);
    base::CurlOptions curl;
    curl.ca_pem = pebble_->ca_pem();
    transport_ = base::make_curl_transport(curl);
    client_ = std::make_unique<acme::Client>(*transport_, clock_, pebble_->directory_url());
    world_.publish = [this](const auto& challenge, const auto& answer) {
      answers_.publish(challenge, answer);
    };
    world_.wait = [](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); };
  }

  acme::Session open_session(base::KeySpec spec = {}, acme::NewAccount account = {}) {
    auto directory = client_->get_directory({});
    EXPECT_TRUE(directory) << directory.error().error.message;
    auto key = acme::AccountKey::from(base::PrivateKey::generate(spec).value()).value();
    account.terms_of_service_agreed = true;
    auto answer = client_->new_account(directory->value, key, account, {});
    EXPECT_TRUE(answer) << answer.error().error.message;
    return {directory->value, key, answer ? answer->value.url : ""};
  }

  void expect_chain(const acme_test::Issued& issued, const std::vector<std::string>& names) {
    const auto chain = base::read_chain(issued.chain.pem);
    ASSERT_TRUE(chain) << chain.error().message;
    EXPECT_THAT(chain->front().dns_names, testing::ElementsAreArray(names));
    EXPECT_GE(chain->size(), 2u);
    const auto pair = base::check_key_pair(issued.chain.pem, issued.key.to_pem());
    EXPECT_TRUE(pair) << pair.error().message;
    const auto root = pebble_->root_pem();
    ASSERT_TRUE(root) << root.error().message;
    EXPECT_EQ(base::read_chain(*root)->front().subject_common_name.substr(0, 14), "Pebble Root CA");
  }

  ChallengeAnswers answers_;
  base::SystemClock clock_;
  std::unique_ptr<Pebble> pebble_;
  std::unique_ptr<base::HttpTransport> transport_;
  std::unique_ptr<acme::Client> client_;
  acme_test::World world_;
};

acme::NewOrder order_for(const std::vector<std::string>& hosts) {
  acme::NewOrder order;
  for (const auto& host : hosts) order.identifiers.push_back({"dns", host});
  return order;
}

TEST_P(Issuance, EndsInAChainForTheNamesAskedFor) {
  start({});
  if (!client_) return;
  const auto session = open_session();
  const auto issued =
      acme_test::drive_order(*client_, session, order_for({"a.shop.test", "shop.test"}), world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
  expect_chain(*issued, {"a.shop.test", "shop.test"});

  // The second order of the same names, with its authorizations reused or made anew.
  const auto again =
      acme_test::drive_order(*client_, session, order_for({"a.shop.test", "shop.test"}), world_);
  ASSERT_TRUE(again) << again.error().error.message;
  expect_chain(*again, {"a.shop.test", "shop.test"});
  if (GetParam().reuse_percent == 100) {
    EXPECT_THAT(again->steps, Not(testing::Contains("answer")));
  }
}

TEST_P(Issuance, WaitsAsLongAsTheServerAsks) {
  Pebble::Options options;
  options.retry_after = std::chrono::seconds(1);
  start(options);
  if (!client_) return;
  std::vector<std::chrono::milliseconds> waits;
  world_.wait = [&](std::chrono::milliseconds delay) {
    waits.push_back(delay);
    std::this_thread::sleep_for(delay);
  };
  const auto issued =
      acme_test::drive_order(*client_, open_session(), order_for({"slow.test"}), world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
  if (GetParam().is_newer) {  // the old one says nothing
    EXPECT_THAT(waits, testing::Contains(std::chrono::milliseconds(1000)));
  }
}

TEST_P(Issuance, WorksWithRsaKeys) {
  start({});
  if (!client_) return;
  const base::KeySpec rsa{base::KeyAlgorithm::rsa, 2048};
  const auto session = open_session(rsa);
  const auto issued =
      acme_test::drive_order(*client_, session, order_for({"rsa.test"}), world_, rsa);
  ASSERT_TRUE(issued) << issued.error().error.message;
  expect_chain(*issued, {"rsa.test"});
  EXPECT_EQ(base::read_chain(issued->chain.pem)->front().key_algorithm, "RSA");
}

TEST_P(Issuance, BindsAnExternalAccount) {
  const std::string key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
  Pebble::Options options;
  options.external_keys = {{"kid-1", key}};
  start(options);
  if (!client_) return;
  acme::NewAccount account;
  account.external_account = {"kid-1", base::base64url_decode(key).value()};
  const auto session = open_session({}, account);
  EXPECT_TRUE(session.directory.external_account_required);
  const auto issued = acme_test::drive_order(*client_, session, order_for({"bound.test"}), world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
}

TEST_P(Issuance, ReportsWhyAValidationFailed) {
  start({});
  if (!client_) return;
  world_.publish = [this](const auto& challenge, const auto&) {
    answers_.publish(challenge, "not the key authorization");
  };
  const auto issued =
      acme_test::drive_order(*client_, open_session(), order_for({"bad.test"}), world_);
  ASSERT_FALSE(issued);
  EXPECT_EQ(issued.error().error_class, acme::ErrorClass::unauthorized)
      << issued.error().error.message;
  EXPECT_THAT(issued.error().error.message, HasSubstr("bad.test"));
}

TEST_P(Issuance, ServesTheRestOfTheAccountsLife) {
  Pebble::Options options;
  options.alternate_roots = 1;
  start(options);
  if (!client_) return;
  auto session = open_session();
  EXPECT_TRUE(client_->update_contact(session, {"mailto:ops@shop.test"}, {}));
  const auto account = client_->get_account(session, {});
  ASSERT_TRUE(account) << account.error().error.message;
  EXPECT_THAT(account->value.contact, ElementsAre("mailto:ops@shop.test"));

  const auto new_key = acme::AccountKey::from(base::PrivateKey::generate({}).value()).value();
  const auto changed = client_->change_key(session, new_key, {});
  ASSERT_TRUE(changed) << changed.error().error.message;
  session.key = new_key;
  acme::NewAccount lookup;
  lookup.only_return_existing = true;
  const auto found = client_->new_account(session.directory, new_key, lookup, {});
  ASSERT_TRUE(found) << found.error().error.message;
  EXPECT_EQ(found->value.url, session.account_url);

  const auto issued = acme_test::drive_order(*client_, session, order_for({"life.test"}), world_);
  ASSERT_TRUE(issued) << issued.error().error.message;
  ASSERT_EQ(issued->chain.alternate_urls.size(), 1u);
  const auto alternate =
      client_->download_certificate(session, issued->chain.alternate_urls.front(), {});
  ASSERT_TRUE(alternate) << alternate.error().error.message;
  EXPECT_NE(alternate->value.pem, issued->chain.pem);

  const std::string der = base::read_pem(issued->chain.pem)->front().der;
  const auto revoked = client_->revoke_certificate(session, der, 4, {});
  EXPECT_TRUE(revoked) << revoked.error().error.message;
  EXPECT_FALSE(client_->revoke_certificate(session, der, 4, {}));
}

TEST_P(Issuance, RenewsByTheServersWindow) {
  start({});
  if (!client_) return;
  const auto session = open_session();
  if (!GetParam().is_newer) {
    EXPECT_FALSE(session.directory.has_renewal_info());
    return;
  }
  const auto first = acme_test::drive_order(*client_, session, order_for({"window.test"}), world_);
  ASSERT_TRUE(first) << first.error().error.message;
  const auto leaf = base::read_chain(first->chain.pem)->front();
  const auto id = acme::certificate_id(leaf);
  ASSERT_TRUE(id) << id.error().message;
  const auto info = client_->renewal_info(session.directory, *id, {});
  ASSERT_TRUE(info) << info.error().error.message;
  EXPECT_TRUE(info->retry_after);
  const auto at = acme::renewal_time_in(info->value, acme::chance_of(*id));
  EXPECT_GT(at, leaf.not_before);
  EXPECT_LT(at, leaf.not_after);

  auto renewal = order_for({"window.test"});
  renewal.replaces = *id;
  const auto second = acme_test::drive_order(*client_, session, renewal, world_);
  ASSERT_TRUE(second) << second.error().error.message;
  const auto third = client_->new_order(session, renewal, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().error_class, acme::ErrorClass::already_replaced);
  renewal.replaces = "AAAA.BBBB";
  const auto unknown = client_->new_order(session, renewal, {});
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(acme::replaces_was_refused(unknown.error())) << unknown.error().error.message;
}

INSTANTIATE_TEST_SUITE_P(Pebble, Issuance,
                         testing::Values(Variant{"Debian", false, 0, 0},
                                         Variant{"DebianBadNoncesReuse", false, 30, 100},
                                         Variant{"DebianBadNonces", false, 30, 0},
                                         Variant{"Newer", true, 0, 0},
                                         Variant{"NewerBadNoncesReuse", true, 30, 100},
                                         Variant{"NewerBadNonces", true, 30, 0}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
