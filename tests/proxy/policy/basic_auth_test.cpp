#include "proxy/policy/basic_auth.h"

#include <string>

#include <gtest/gtest.h>

#include "base/base64url.h"
#include "proxy/policy/guards.h"

namespace proxy::policy {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};

std::string basic(const std::string& credentials) {
  return "Basic " + base::base64_encode(credentials);
}

TEST(Credentials, AreWhatStandsBeforeAndBehindTheFirstColon) {
  const struct {
    std::string field, user, password;
  } cases[] = {
      {basic("ann:secret"), "ann", "secret"},
      {basic("ann:se:cr:et"), "ann", "se:cr:et"},
      {basic("ann:"), "ann", ""},
      {basic(":secret"), "", "secret"},
      {basic("gr\xc3\xbc\xc3\x9f"
             "e:\xc3\xa9"),
       "gr\xc3\xbc\xc3\x9f"
       "e",
       "\xc3\xa9"},
      {"bAsIc   " + base::base64_encode("a:b"), "a", "b"},
      {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},  // RFC 7617 §2
      {basic("a:" + std::string(1, '\0')), "a", std::string(1, '\0')},
  };
  for (const auto& one : cases) {
    std::string storage;
    const auto read = read_credentials(one.field, storage);
    ASSERT_TRUE(read) << one.field;
    EXPECT_EQ(read->user, one.user) << one.field;
    EXPECT_EQ(read->password, one.password) << one.field;
  }
}

TEST(Credentials, AreNothingElse) {
  for (const std::string& field :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic    "),
        basic("nocolon"), std::string("Basic !!!"), std::string("Bearer YTpi"),
        std::string("Basicx YTpi"), std::string("Basic\tYTpi"),
        std::string("Digest username=\"a\""), basic("a:" + std::string(5000, 'b')),
        std::string("Basic YTpi YTpi"), std::string("Basic YTpi,Basic YTpi"),
        std::string("Negotiate YTpi")}) {
    std::string storage;
    EXPECT_FALSE(read_credentials(field, storage)) << field;
  }
}

config::Guards with_users(std::vector<config::PasswordUser> users, std::string realm = "shop") {
  config::Guards guards;
  guards.basic_auth = config::BasicAuth{std::move(realm), std::move(users)};
  return guards;
}

TEST(BasicAuth, ChallengesByAQuotedRealm) {
  EXPECT_EQ(BasicAuth({"The \"shop\" \\ more", {}}).challenge(),
            "Basic realm=\"The \\\"shop\\\" \\\\ more\", charset=\"UTF-8\"");
}

TEST(BasicAuth, OfTwoUsersWithOneNameTheFirstCounts) {
  const BasicAuth auth({"", {{"ann", "first"}, {"ann", "second"}}});
  EXPECT_EQ(*auth.hash_for("ann")->text, "first");
}

TEST(BasicAuth, AStrangerIsComparedWithSomebodysHashAlwaysTheSame) {
  const BasicAuth auth({"", {{"ann", "a"}, {"bob", "b"}, {"carl", "c"}}});
  for (const char* stranger : {"", "dora", "Ann", "ann ", "eve"}) {
    const auto hash = auth.hash_for(stranger);
    ASSERT_TRUE(hash);
    EXPECT_FALSE(hash->is_of_user);
    EXPECT_EQ(hash->text, auth.hash_for(stranger)->text);
  }
  EXPECT_FALSE(BasicAuth({"", {}}).hash_for("ann"));
}

class PasswordGuards : public ::testing::Test {
 protected:
  Verdict ask(const config::Guards& guards, const std::string& authorization,
              const std::string& address = "192.0.2.1") {
    OpenQuestion open;
    last_.emplace(guards);
    const Asker asker{.address = address,
                      .authorization = authorization,
                      .remembered = &remembered,
                      .wrong = wrong ? &*wrong : nullptr,
                      .now = kNow};
    Verdict verdict = last_->check(asker, open, storage);
    question = open.password;
    challenge_ = verdict.challenge;
    verdict.challenge = challenge_;
    return verdict;
  }

  RememberedPasswords remembered;
  std::optional<CredentialsDigest> wrong;
  PasswordQuestion question;
  std::string storage;

 private:
  std::optional<Guards> last_;
  std::string challenge_;
};

TEST_F(PasswordGuards, LetNobodyInWithoutCredentials) {
  const config::Guards guards = with_users({{"ann", "hash"}});
  for (const char* field : {"", "Basic", "Bearer x", "Basic !"}) {
    const Verdict verdict = ask(guards, field);
    EXPECT_EQ(verdict.status, 401) << field;
    EXPECT_EQ(verdict.challenge, "Basic realm=\"shop\", charset=\"UTF-8\"");
    EXPECT_EQ(question.hash, nullptr);
  }
}

TEST_F(PasswordGuards, AskWhatOnlyAHashCanTellAndLetNobodyPassMeanwhile) {
  const config::Guards guards = with_users({{"ann", "hash"}});
  EXPECT_EQ(ask(guards, basic("ann:secret")).status, 503);
  ASSERT_NE(question.hash, nullptr);
  EXPECT_EQ(*question.hash, "hash");
  EXPECT_EQ(question.password, "secret");
  EXPECT_TRUE(question.is_user);
  EXPECT_EQ(ask(guards, basic("eve:secret")).status, 503);
  ASSERT_NE(question.hash, nullptr);
  EXPECT_FALSE(question.is_user);
}

TEST_F(PasswordGuards, LetInWhoWasRightAndRefuseWhoWasWrong) {
  const config::Guards guards = with_users({{"ann", "hash"}});
  ask(guards, basic("ann:secret"));
  remembered.remember(question.digest, kNow);
  EXPECT_TRUE(ask(guards, basic("ann:secret")).passes());
  EXPECT_EQ(question.hash, nullptr);
  EXPECT_EQ(question.known_user, "ann");
  ask(guards, basic("ann:other"));
  EXPECT_EQ(question.known_user, "");
  wrong = question.digest;
  EXPECT_EQ(ask(guards, basic("ann:other")).status, 401);
  EXPECT_EQ(question.hash, nullptr);
  EXPECT_EQ(ask(guards, basic("ann:third")).status, 503);
}

TEST_F(PasswordGuards, ForgetWhoWasRightWhenTheUserChanges) {
  ask(with_users({{"ann", "hash"}}), basic("ann:secret"));
  remembered.remember(question.digest, kNow);
  EXPECT_EQ(ask(with_users({{"ann", "new"}}), basic("ann:secret")).status, 503);
  EXPECT_EQ(ask(with_users({{"bob", "hash"}}), basic("ann:secret")).status, 503);
  EXPECT_FALSE(question.is_user);
}

TEST_F(PasswordGuards, AStrangerIsNeverLetInEvenWithTheRightPasswordOfAnother) {
  const config::Guards guards = with_users({{"ann", "hash"}});
  ask(guards, basic("eve:secret"));
  remembered.remember(question.digest, kNow);
  EXPECT_FALSE(ask(guards, basic("eve:secret")).passes());
}

TEST_F(PasswordGuards, WithoutAUserLetNobodyIn) {
  EXPECT_EQ(ask(with_users({}), basic("ann:secret")).status, 401);
}

TEST_F(PasswordGuards, AskForAddressAndPasswordOrForOneOfThem) {
  const auto networks = [](const char* text) {
    return std::vector<config::Network>{*config::Network::parse(text)};
  };
  const std::string right = basic("ann:secret");
  config::Guards guards = with_users({{"ann", "hash"}});
  ask(guards, right);
  remembered.remember(question.digest, kNow);
  const struct {
    const char* denied;
    const char* allowed;
    bool any;
    const char* address;
    int with_password;
    int without;
  } cases[] = {
      {nullptr, "10.0.0.0/8", false, "10.0.0.1", 0, 401},
      {nullptr, "10.0.0.0/8", false, "192.0.2.1", 403, 403},
      {nullptr, "10.0.0.0/8", true, "10.0.0.1", 0, 0},
      {nullptr, "10.0.0.0/8", true, "192.0.2.1", 0, 401},
      {"192.0.2.1", nullptr, false, "192.0.2.1", 403, 403},
      {"192.0.2.1", nullptr, true, "192.0.2.1", 403, 403},
      {"192.0.2.1", nullptr, true, "192.0.2.2", 0, 401},
      {"10.0.0.1", "10.0.0.0/8", true, "10.0.0.1", 403, 403},
      {nullptr, nullptr, true, "192.0.2.1", 0, 401},
      {nullptr, nullptr, true, "unix:", 503, 503},
      {nullptr, "10.0.0.0/8", true, "unix:", 403, 403},
  };
  for (const auto& one : cases) {
    guards.denied = one.denied ? networks(one.denied) : std::vector<config::Network>();
    guards.allowed = one.allowed ? networks(one.allowed) : std::vector<config::Network>();
    guards.satisfy_any = one.any;
    EXPECT_EQ(ask(guards, right, one.address).status, one.with_password) << one.address << one.any;
    EXPECT_EQ(ask(guards, "", one.address).status, one.without) << one.address << one.any;
  }
}

}  // namespace
}  // namespace proxy::policy
