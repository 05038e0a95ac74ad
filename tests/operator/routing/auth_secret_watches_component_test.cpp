#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "kube/config.h"
#include "operator/routing/auth_secret_watches.h"
#include "tests/fakes/api_server/server.h"

namespace routing {
namespace {

using std::chrono::seconds;

const kube::ObjectKey kUsers{"shop", "users"};
const kube::ObjectKey kOthers{"shop", "others"};

class AuthSecretWatchesTest : public testing::Test {
 protected:
  AuthSecretWatchesTest() {
    server_ = std::move(*fakes::api_server::Server::start({}));
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    client_ = kube::connect(*config, clock_, "test");
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    AuthSecretWatches::Options options;
    options.max = 1;
    options.max_in_turn = 1;
    options.read_every = seconds(1);
    watches_ = std::make_unique<AuthSecretWatches>(*client_, options, [this](const auto&) {
      const std::lock_guard lock(mutex_);
      changed_.notify_all();
    });
  }

  void apply(const std::string& yaml) {
    const auto applied = server_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void apply_users(const std::string& name, const std::string& user) {
    apply("apiVersion: v1\nkind: Secret\nmetadata: {name: " + name +
          ", namespace: shop}\ntype: Opaque\nstringData: {auth: \"" + user +
          ":{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=\"}\n");
  }
  // The user's name; "-": there is no Secret; "?": it has not come yet.
  std::string user_of(const kube::ObjectKey& key) const {
    const auto secret = watches_->get(key);
    if (secret == nullptr) return "-";
    if (secret->is_unread) return "?";
    return secret->file.users.empty() ? secret->file.problem : secret->file.users[0].name;
  }
  bool comes_to(const kube::ObjectKey& key, const std::string& user) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(30),
                             [&] { return watches_->are_read() && user_of(key) == user; });
  }

  const base::SystemClock clock_{};
  std::unique_ptr<fakes::api_server::Server> server_;
  std::unique_ptr<kube::Client> client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<AuthSecretWatches> watches_;
};

TEST_F(AuthSecretWatchesTest, ASecretIsUnreadUntilItHasCome) {
  EXPECT_EQ(user_of(kUsers), "?");
  EXPECT_TRUE(watches_->are_read()) << "nothing is asked for";
}

TEST_F(AuthSecretWatchesTest, WhatBecomesOfASecretIsSeenAndToldWatchedOrReadInTurn) {
  apply_users("users", "ann");
  // One has the only watch, in the order of their names; the other one is read.
  watches_->follow({kUsers, kOthers});
  for (const auto& [key, name] : {std::pair(kUsers, "users"), std::pair(kOthers, "others")}) {
    apply_users(name, "ann");
    ASSERT_TRUE(comes_to(key, "ann")) << name;
    apply_users(name, "bob");
    ASSERT_TRUE(comes_to(key, "bob")) << name;
    ASSERT_TRUE(client_->delete_(kube::Secret::type(), key, {}, {}));
    EXPECT_TRUE(comes_to(key, "-")) << name;
  }
}

TEST_F(AuthSecretWatchesTest, WhoFindsNoRoomAtAllIsClosedWithTheReasonUntilThereIsSome) {
  const kube::ObjectKey third{"shop", "zeta"};
  apply_users("users", "ann");
  apply_users("zeta", "zoe");
  watches_->follow({kOthers, kUsers, third});  // one is watched, one is read
  ASSERT_TRUE(comes_to(kUsers, "ann"));
  EXPECT_EQ(user_of(third), "is one too many: more are named than 2, so it is not read");
  watches_->follow({kOthers, third});
  EXPECT_TRUE(comes_to(third, "zoe"));
}

TEST_F(AuthSecretWatchesTest, NoNamespaceTakesThePlacesOfAllOthers) {
  apply_users("users", "ann");
  const kube::ObjectKey first{"aaa", "1"}, second{"aaa", "2"}, third{"aaa", "3"};
  watches_->follow({first, second, third, kUsers});
  EXPECT_TRUE(comes_to(kUsers, "ann"));
  EXPECT_TRUE(comes_to(first, "-"));
  const std::string one_too_many = "is one too many: more are named than 2, so it is not read";
  EXPECT_EQ(user_of(second), one_too_many);
  EXPECT_EQ(user_of(third), one_too_many);
}

TEST_F(AuthSecretWatchesTest, WhoHasAPlaceKeepsItWhenItsNamespaceNamesMore) {
  apply_users("users", "ann");
  watches_->follow({kOthers, kUsers});
  ASSERT_TRUE(comes_to(kUsers, "ann"));
  watches_->follow({{"shop", "a"}, kOthers, kUsers});
  EXPECT_EQ(user_of(kUsers), "ann");
  EXPECT_NE(user_of({"shop", "a"}), "?");
}

TEST_F(AuthSecretWatchesTest, WhereThereAreMoreNamespacesThanPlacesNoneHasTwo) {
  apply_users("users", "ann");
  watches_->follow({{"aaa", "1"}, {"aaa", "2"}, {"aaa", "3"}, kUsers, {"toys", "a"}});
  EXPECT_TRUE(comes_to(kUsers, "ann"));
}

TEST_F(AuthSecretWatchesTest, WhoGotAWatchLaterIsNotReadAnyMore) {
  apply_users("users", "ann");
  watches_->follow({kOthers, kUsers});
  ASSERT_TRUE(comes_to(kUsers, "ann"));
  EXPECT_EQ(watches_->in_turn(), 1U);
  watches_->follow({kUsers});
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, seconds(30), [&] { return watches_->in_turn() == 0; }));
  EXPECT_EQ(user_of(kUsers), "ann");
}

TEST_F(AuthSecretWatchesTest, WhoFindsRoomLaterIsNeverUnreadAgain) {
  apply_users("users", "ann");
  watches_->follow({kOthers, kUsers});
  ASSERT_TRUE(comes_to(kUsers, "ann"));
  watches_->follow({kUsers});
  EXPECT_EQ(user_of(kUsers), "ann");
  apply_users("users", "bob");
  EXPECT_TRUE(comes_to(kUsers, "bob"));
}

}  // namespace
}  // namespace routing
