#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube/client.h"
#include "tests/fakes/clock.h"

using namespace std::chrono_literals;

namespace {

// Keeps every call until the test lets them go, and counts those that are under way.
class SlowServer final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest&, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++under_way_;
    most_ = std::max(most_, under_way_);
    changed_.notify_all();
    const bool may_answer = changed_.wait(lock, stop, [this] { return is_open_; });
    --under_way_;
    if (!may_answer) return base::failure(base::ErrorKind::cancelled, "stopped");
    return base::HttpResponse{200, {}, "{}"};
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    ADD_FAILURE() << "nobody watches here";
    return base::failure(base::ErrorKind::protocol, "no watch");
  }

  bool await_under_way(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return under_way_ == count; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      is_open_ = true;
    }
    changed_.notify_all();
  }
  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_open_ = false;
  int under_way_ = 0;
  int most_ = 0;
};

class ClientThreads : public testing::Test {
 protected:
  fakes::FakeClock clock_;
  std::shared_ptr<SlowServer> server_ = std::make_shared<SlowServer>();
  kube::Client client_{
      server_, "https://k8s.test", kube::fixed_token(""), clock_, {.requests_max = 2}};
};

TEST_F(ClientThreads, NoMoreThanRequestsMaxAreUnderWayAndAllAreAnsweredInTheEnd) {
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] { answered += client_.get_path("/version").has_value(); });
    }
    EXPECT_TRUE(server_->await_under_way(2));
    server_->open();
  }
  EXPECT_EQ(answered, 8);
  EXPECT_EQ(server_->most(), 2);
}

TEST_F(ClientThreads, StopEndsACallThatWaitsForItsTurn) {
  std::vector<std::jthread> callers;
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([&] { (void)client_.get_path("/version"); });
  }
  ASSERT_TRUE(server_->await_under_way(2));
  std::optional<base::Error> error;
  std::jthread waiting([&](const std::stop_token& stop) {
    const auto result = client_.get_path("/version", stop);
    if (!result) error = result.error();
  });
  waiting.request_stop();
  waiting.join();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, base::ErrorKind::cancelled);
  server_->open();
}

}  // namespace
