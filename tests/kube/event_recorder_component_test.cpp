#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/metrics.h"
#include "kube/event_recorder.h"
#include "tests/fakes/clock.h"

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;

namespace {

// Takes every write and notes it; can hold its answers back, or refuse.
class EventServer final : public base::HttpTransport {
 public:
  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
    if (!changed_.wait(lock, stop, [this] { return !is_held_; })) {
      return base::failure(base::ErrorKind::cancelled, "stopped");
    }
    requests_.push_back(request);
    changed_.notify_all();
    const int status = refuse_with.exchange(0);
    return base::HttpResponse{status == 0 ? 200 : status, {}, "{}"};
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    ADD_FAILURE() << "nobody watches here";
    return base::failure(base::ErrorKind::protocol, "no watch");
  }

  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      is_held_ = held;
    }
    changed_.notify_all();
  }
  void await_arrival() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 30s, [this] { return arrived_; }));
  }
  // "POST the note" or "PATCH the count", of the first that many writes.
  std::vector<std::string> writes(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 30s, [&] { return requests_.size() >= count; }));
    std::vector<std::string> texts;
    for (const base::HttpRequest& request : requests_) {
      const json body = json::parse(request.body);
      texts.push_back(request.method + " " +
                      (body.contains("note") ? body["note"].get<std::string>()
                                             : body["series"]["count"].dump()));
    }
    return texts;
  }

  std::atomic<int> refuse_with = 0;

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_held_ = false;
  bool arrived_ = false;
  std::vector<base::HttpRequest> requests_;
};

class EventRecorderTest : public testing::Test {
 protected:
  kube::EventRecorder& start(std::size_t queue_max = 100) {
    recorder_ = std::make_unique<kube::EventRecorder>(
        client_, clock_,
        kube::EventRecorderOptions{.controller = "gatehouse.dev/operator",
                                   .instance = "operator-0",
                                   .queue_max = queue_max,
                                   .registry = registry_});
    return *recorder_;
  }

  const kube::ObjectReference object_{"v1", "Secret", "shop", "tls", "u1", ""};
  fakes::FakeClock clock_;
  std::shared_ptr<EventServer> server_ = std::make_shared<EventServer>();
  std::shared_ptr<prometheus::Registry> registry_ = std::make_shared<prometheus::Registry>();
  kube::Client client_{server_, "https://k8s.test", kube::fixed_token(""), clock_};
  std::unique_ptr<kube::EventRecorder> recorder_;
};

TEST_F(EventRecorderTest, WritesNewEventsAndThenTheirSeries) {
  auto& recorder = start();
  recorder.normal(object_, "Issued", "Issuing", "one");
  recorder.normal(object_, "Issued", "Issuing", "one");
  recorder.warning(object_, "Failed", "Issuing", "two");
  EXPECT_THAT(server_->writes(3), testing::ElementsAre("POST one", "PATCH 2", "POST two"));
}

TEST_F(EventRecorderTest, ASeriesWhoseEventIsForgottenGoesOnInANewOne) {
  auto& recorder = start();
  recorder.normal(object_, "Issued", "Issuing", "one");
  server_->writes(1);
  server_->refuse_with = 404;
  recorder.normal(object_, "Issued", "Issuing", "one");
  EXPECT_THAT(server_->writes(3), testing::ElementsAre("POST one", "PATCH 2", "POST one"));
}

TEST_F(EventRecorderTest, ARefusedEventIsDroppedAndTheNextIsWritten) {
  auto& recorder = start();
  server_->refuse_with = 422;
  recorder.normal(object_, "Issued", "Issuing", "bad");
  recorder.normal(object_, "Issued", "Issuing", "good");
  EXPECT_THAT(server_->writes(2), testing::ElementsAre("POST bad", "POST good"));
}

TEST_F(EventRecorderTest, NeverBlocksAndCountsWhatItDrops) {
  server_->hold(true);
  auto& recorder = start(3);
  recorder.normal(object_, "Issued", "Issuing", "under way");
  server_->await_arrival();
  for (int i = 0; i < 5; ++i) recorder.normal(object_, "Issued", "Issuing", std::to_string(i));
  EXPECT_EQ(recorder.dropped_count(), 2u);
  EXPECT_THAT(base::to_prometheus_text(*registry_), HasSubstr("gatehouse_events_dropped_total 2"));
  server_->hold(false);
  EXPECT_THAT(server_->writes(4),
              testing::ElementsAre("POST under way", "POST 0", "POST 1", "POST 2"));
}

TEST_F(EventRecorderTest, WritesWhatIsQueuedBeforeItEnds) {
  auto& recorder = start();
  for (int i = 0; i < 20; ++i) recorder.normal(object_, "Issued", "Issuing", std::to_string(i));
  recorder_.reset();
  EXPECT_EQ(server_->writes(20).size(), 20u);
}

TEST_F(EventRecorderTest, EndsThoughTheServerDoesNotAnswer) {
  server_->hold(true);
  auto& recorder = start();
  recorder.normal(object_, "Issued", "Issuing", "never written");
  server_->await_arrival();
  recorder_.reset();
  EXPECT_TRUE(server_->writes(0).empty());
}

}  // namespace
