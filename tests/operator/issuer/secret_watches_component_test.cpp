#include <condition_variable>
#include <memory>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/config.h"
#include "operator/issuer/secret_watches.h"
#include "tests/fakes/api_server/server.h"

namespace issuer {
namespace {

using std::chrono::seconds;

class SecretWatchesTest : public testing::Test {
 protected:
  SecretWatchesTest() {
    server_ = std::move(*fakes::api_server::Server::start({}));
    const auto config = kube::parse_kubeconfig(server_->kubeconfig(), "/", "", clock_);
    client_ = kube::connect(*config, clock_, "test");
    apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    SecretWatches::Options options;
    options.max = 2;
    watches_ = std::make_unique<SecretWatches>(*client_, options, [this](const IssuerKey& issuer) {
      const std::lock_guard lock(mutex_);
      ++wakes_[issuer];
      changed_.notify_all();
    });
  }

  void apply(const std::string& yaml) {
    const auto applied = server_->apply_yaml(yaml);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void apply_secret(const std::string& name, const std::string& value) {
    apply("apiVersion: v1\nkind: Secret\nmetadata: {name: " + name +
          ", namespace: shop}\ntype: Opaque\nstringData: {tls.key: " + value + "}\n");
  }

  bool is_woken(const IssuerKey& issuer, int times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(30), [&] { return wakes_[issuer] >= times; });
  }
  int wakes(const IssuerKey& issuer) {
    const std::lock_guard lock(mutex_);
    return wakes_[issuer];
  }

  const base::SystemClock clock_{};
  std::unique_ptr<fakes::api_server::Server> server_;
  std::unique_ptr<kube::Client> client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<IssuerKey, int> wakes_;
  std::unique_ptr<SecretWatches> watches_;
  const IssuerKey one_{false, {"shop", "one"}};
  const IssuerKey other_{true, {"", "other"}};
};

TEST_F(SecretWatchesTest, WhoeverNamesASecretHearsOfItsChangesAndItsEnd) {
  apply_secret("key", "first");
  ASSERT_TRUE(watches_->follow(one_, {{"shop", "key"}}));
  ASSERT_TRUE(watches_->follow(other_, {{"shop", "key"}}));
  ASSERT_TRUE(is_woken(one_, 1)) << "with the first listing";
  const int before = wakes(other_);
  apply_secret("key", "second");
  ASSERT_TRUE(is_woken(other_, before + 1));
  const int changed = wakes(one_);
  ASSERT_TRUE(client_->delete_(kube::Secret::type(), {"shop", "key"}, {}, {}));
  EXPECT_TRUE(is_woken(one_, changed + 1));
}

TEST_F(SecretWatchesTest, ASecretThatIsGoneBeforeItIsWatchedIsAWake) {
  ASSERT_TRUE(watches_->follow(one_, {{"shop", "key"}}));
  EXPECT_TRUE(is_woken(one_, 1));
}

TEST_F(SecretWatchesTest, WhoIsGoneHearsNothingAndMakesRoom) {
  ASSERT_TRUE(watches_->follow(one_, {{"shop", "a"}, {"shop", "b"}}));
  EXPECT_FALSE(watches_->follow(other_, {{"shop", "c"}})) << "there is room for two";
  ASSERT_TRUE(watches_->follow(one_, {}));
  const int before = wakes(one_);
  EXPECT_TRUE(watches_->follow(other_, {{"shop", "a"}}));
  apply_secret("a", "new");
  EXPECT_TRUE(is_woken(other_, 2));
  EXPECT_LE(wakes(one_), before + 2) << "what was under way";
}

// Whoever finds no room looks by itself, a minute later.
TEST_F(SecretWatchesTest, IssuersOfOneNamespaceLeaveRoomForOthersAndAllOfThemForClusterIssuers) {
  SecretWatches::Options options;
  options.max = 4;
  options.max_of_namespace = 2;
  options.max_of_namespaces = 3;
  SecretWatches watches(*client_, options, [](const IssuerKey&) {});
  const auto follow = [&](const IssuerKey& issuer, const std::set<kube::ObjectKey>& secrets) {
    return watches.follow(issuer, secrets);
  };
  EXPECT_TRUE(follow({false, {"rival", "a"}}, {{"rival", "a"}, {"rival", "b"}}));
  EXPECT_FALSE(follow({false, {"rival", "b"}}, {{"rival", "c"}}));
  EXPECT_TRUE(follow({false, {"shop", "a"}}, {{"shop", "a"}}));
  EXPECT_FALSE(follow({false, {"other", "a"}}, {{"other", "a"}}));
  EXPECT_TRUE(follow({true, {"", "a"}}, {{"gatehouse-system", "a"}}));
}

}  // namespace
}  // namespace issuer
