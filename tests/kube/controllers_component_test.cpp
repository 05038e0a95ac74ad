#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "kube/controllers.h"
#include "tests/fakes/clock.h"

using kube::ObjectKey;
using testing::HasSubstr;

namespace {

const ObjectKey kKey{"shop", "www"};

class Noting final : public kube::Reconciler {
 public:
  base::Result<kube::Outcome> reconcile(const ObjectKey& key) override {
    const std::lock_guard lock(mutex_);
    keys_.push_back(key);
    changed_.notify_all();
    return kube::Outcome::await_change();
  }
  void await(const ObjectKey& key) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return std::find(keys_.begin(), keys_.end(), key) != keys_.end(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ObjectKey> keys_;
};

class Controllers : public testing::Test {
 protected:
  const fakes::FakeClock clock_;
  const std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  Noting issuers_;
  Noting certificates_;
  kube::Controllers all_{clock_, registry_};
  kube::Controller& of_issuers_ = all_.add(issuers_, "issuer", 1);
  kube::Controller& of_certificates_ = all_.add(certificates_, "certificate", 2);
};

TEST_F(Controllers, WorkOnWhatCameBeforeTheyStarted) {
  of_issuers_.enqueue(kKey);
  of_certificates_.enqueue(kKey);
  all_.start();
  issuers_.await(kKey);
  certificates_.await(kKey);
}

TEST_F(Controllers, StopTogether) {
  all_.start();
  all_.stop();
  of_issuers_.enqueue(kKey);
  of_certificates_.enqueue(kKey);
  // Nobody has taken them before us.
  EXPECT_TRUE(of_issuers_.run_one());
  EXPECT_TRUE(of_certificates_.run_one());
}

TEST_F(Controllers, DoNotStartOnceTheyWereStopped) {
  all_.stop();
  all_.start();
  of_issuers_.enqueue(kKey);
  EXPECT_TRUE(of_issuers_.run_one());
  all_.stop();
}

TEST_F(Controllers, AreCountedEachByItsName) {
  const std::string text = base::to_prometheus_text(*registry_);
  for (const char* name : {"issuer", "certificate"}) {
    EXPECT_THAT(text, HasSubstr("gatehouse_controller_queue_depth{controller=\"" +
                                std::string(name) + "\"}"));
  }
}

}  // namespace
