#include <condition_variable>
#include <mutex>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/reflector.h"
#include "kube/resources/service.h"
#include "tests/fakes/clock.h"

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

// Answers one list, then one watch that stays open and delivers what the test feeds it.
class OpenWatch final : public base::HttpTransport {
 public:
  explicit OpenWatch(json items) : items_(std::move(items)) {}

  base::Result<base::HttpResponse> send(const base::HttpRequest&, std::stop_token) override {
    const json list = {{"metadata", {{"resourceVersion", "10"}}}, {"items", items_}};
    return base::HttpResponse{200, {}, list.dump()};
  }

  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead& on_head,
                                          const OnChunk& on_chunk, std::stop_token stop) override {
    on_head({200, {}, {}});
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !fed_.empty(); })) {
      const std::string bytes = std::exchange(fed_, {});
      lock.unlock();
      if (!on_chunk(bytes)) return base::HttpResponse{200, {}, {}};
      lock.lock();
    }
    return base::failure(base::ErrorKind::cancelled, "stopped");
  }

  void feed(const std::string& type, const json& object) {
    {
      const std::lock_guard lock(mutex_);
      fed_ += json{{"type", type}, {"object", object}}.dump() + "\n";
    }
    changed_.notify_all();
  }

 private:
  const json items_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string fed_;
};

json service(const std::string& name, const std::string& version, const json& type = "ClusterIP") {
  return {{"metadata", {{"name", name}, {"namespace", "shop"}, {"resourceVersion", version}}},
          {"spec", {{"type", type}}}};
}

class ReflectorTest : public testing::Test {
 protected:
  void start(json items) {
    transport_ = std::make_shared<OpenWatch>(std::move(items));
    client_.emplace(transport_, "https://k8s.test", kube::fixed_token(""), clock_);
    store_.add_listener([this](const kube::ObjectChange<kube::Service>& change) {
      const std::lock_guard lock(mutex_);
      last_changed_ = change.key.name;
      changed_.notify_all();
    });
    reflector_.emplace(*client_, store_);
    reflector_->start();
  }
  bool await_change_of(const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return last_changed_ == name; });
  }
  std::string type_of(const std::string& name) {
    const auto found = store_.get({"shop", name});
    return found ? found->type_name : "absent";
  }

  fakes::FakeClock clock_;
  std::shared_ptr<OpenWatch> transport_;
  std::optional<kube::Client> client_;
  kube::Store<kube::Service> store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string last_changed_;
  std::optional<kube::Reflector<kube::Service>> reflector_;
};

TEST_F(ReflectorTest, KeepsTheStoreEqualToTheCluster) {
  start({service("a", "1")});
  ASSERT_TRUE(store_.wait_until_synced({}));
  EXPECT_EQ(type_of("a"), "ClusterIP");
  transport_->feed("MODIFIED", service("a", "11", "NodePort"));
  transport_->feed("ADDED", service("b", "12"));
  ASSERT_TRUE(await_change_of("b"));
  EXPECT_EQ(type_of("a"), "NodePort");
  transport_->feed("DELETED", service("a", "13"));
  ASSERT_TRUE(await_change_of("a"));
  EXPECT_EQ(type_of("a"), "absent");
}

TEST_F(ReflectorTest, AnUnreadableObjectIsLeftOutAndHarmsNoOther) {
  start({service("bad", "1", 7), service("good", "2")});
  ASSERT_TRUE(store_.wait_until_synced({}));
  EXPECT_EQ(type_of("bad"), "absent");
  EXPECT_EQ(type_of("good"), "ClusterIP");
}

TEST_F(ReflectorTest, AnObjectThatBecameUnreadableKeepsItsLastGoodState) {
  start({service("a", "1", "NodePort")});
  ASSERT_TRUE(store_.wait_until_synced({}));
  transport_->feed("MODIFIED", service("a", "11", 7));
  transport_->feed("ADDED", service("z", "12"));
  ASSERT_TRUE(await_change_of("z"));
  EXPECT_EQ(type_of("a"), "NodePort");
}

TEST_F(ReflectorTest, StopsWhileItsWatchIsSilent) {
  start(json::array());
  ASSERT_TRUE(store_.wait_until_synced({}));
  reflector_->stop();
  reflector_->stop();
}

}  // namespace
