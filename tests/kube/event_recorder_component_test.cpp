#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
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
    const auto refusal = refuse_in_.find(namespace_of(request));
    if (refusal != refuse_in_.end()) return base::HttpResponse{403, {}, refusal->second};
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
    return texts();
  }

  // Of this write, once there are two or after a moment.
  std::size_t count_of(const std::string& text) {
    const auto count = [&] {
      const auto all = texts();
      return static_cast<std::size_t>(std::count(all.begin(), all.end(), text));
    };
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10ms, [&] { return count() >= 2; });
    return count();
  }
  // 403 with this body for every Event of a namespace.
  void refuse_in(const std::string& namespace_, const std::string& message) {
    const std::lock_guard lock(mutex_);
    refuse_in_[namespace_] =
        json{{"kind", "Status"}, {"reason", "Forbidden"}, {"message", message}}.dump();
  }

  std::atomic<int> refuse_with = 0;

 private:
  static std::string namespace_of(const base::HttpRequest& request) {
    const std::string mark = "/namespaces/";
    const std::size_t begin = request.url.find(mark) + mark.size();
    return request.url.substr(begin, request.url.find('/', begin) - begin);
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const base::HttpRequest& request : requests_) {
      const json body = json::parse(request.body);
      all.push_back(request.method + " " +
                    (body.contains("note") ? body["note"].get<std::string>()
                                           : body["series"]["count"].dump()));
    }
    return all;
  }

  std::map<std::string, std::string> refuse_in_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_held_ = false;
  bool arrived_ = false;
  std::vector<base::HttpRequest> requests_;
};

class EventRecorderTest : public testing::Test {
 protected:
  kube::EventRecorder& start(std::size_t bytes_max = 1'000'000, int burst = 20'000) {
    recorder_.reset();
    recorder_ = std::make_unique<kube::EventRecorder>(
        client_, clock_,
        kube::EventRecorderOptions{.controller = "gatehouse.dev/operator",
                                   .instance = "operator-0",
                                   .bytes_max = bytes_max,
                                   .burst = burst,
                                   .registry = registry_});
    return *recorder_;
  }

  static kube::ObjectReference object_of(int number) {
    const std::string text = std::to_string(number);
    return {"v1", "Secret", "shop", "tls-" + text, "u-" + text, ""};
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
  server_->writes(1);
  recorder.normal(object_, "Issued", "Issuing", "one");
  server_->writes(2);
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
  auto& recorder = start(4 * 1500);
  recorder.warning(object_, "Failed", "Issuing", "under way");
  server_->await_arrival();
  const std::string note(1000, 'n');
  for (int i = 0; i < 8; ++i) recorder.warning(object_of(i), "Failed", "Issuing", note);
  const std::uint64_t dropped = recorder.dropped_count();
  EXPECT_GT(dropped, 0u);
  EXPECT_LT(dropped, 8u);
  EXPECT_FALSE(recorder.offer({object_of(9), kube::EventType::warning, "Failed", "Issuing", note}));
  EXPECT_EQ(recorder.dropped_count(), dropped) << "who offers it says it again";
  EXPECT_THAT(base::to_prometheus_text(*registry_),
              HasSubstr("gatehouse_events_dropped_total " + std::to_string(dropped)));
  server_->hold(false);
  EXPECT_EQ(server_->writes(9 - dropped).size(), 9 - dropped);
}

TEST_F(EventRecorderTest, WritesWhatIsQueuedBeforeItEnds) {
  auto& recorder = start();
  for (int i = 0; i < 20; ++i) recorder.normal(object_of(i), "Issued", "Issuing", "one");
  recorder_.reset();
  EXPECT_EQ(server_->writes(20).size(), 20u);
}

TEST_F(EventRecorderTest, TenThousandObjectsWithAComplaintEachAreAllTold) {
  server_->hold(true);
  auto& recorder = start(kube::EventRecorderOptions{}.bytes_max);
  const std::string note(250, 'n');
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(recorder.offer(
        {object_of(i), kube::EventType::warning, "ServiceNotFound", "Compiling", note}));
  }
  server_->hold(false);
  EXPECT_EQ(server_->writes(10'000).size(), 10'000u);
  EXPECT_EQ(recorder.dropped_count(), 0u);
}

TEST_F(EventRecorderTest, WhatTheServerIsTooBusyForIsWrittenLater) {
  for (const int status : {429, 500, 503}) {
    auto& recorder = start();
    server_->refuse_with = status;
    const std::string told = "POST " + std::to_string(status);
    recorder.warning(object_of(status), "Failed", "Issuing", std::to_string(status));
    while (!HasFailure() && server_->count_of(told) < 2) {
      clock_.advance(60s);
      recorder.normal(object_, "Issued", "Issuing", "wakes it");
    }
    EXPECT_EQ(recorder.dropped_count(), 0u);
  }
}

TEST_F(EventRecorderTest, EventsOfANamespaceThatIsBeingDeletedHoldUpNobody) {
  server_->refuse_in("gone",
                     "events is forbidden: unable to create new content in namespace gone because "
                     "it is being terminated");
  server_->hold(true);
  auto& recorder = start();
  recorder.normal(object_, "Issued", "Issuing", "under way");
  server_->await_arrival();
  for (int i = 0; i < 50; ++i) {
    recorder.warning({"v1", "Secret", "gone", "tls", "u" + std::to_string(i), ""}, "Failed",
                     "Issuing", "gone");
  }
  recorder.warning(object_, "Failed", "Issuing", "told");
  server_->hold(false);
  EXPECT_THAT(server_->writes(3), testing::ElementsAre("POST under way", "POST gone", "POST told"));
  EXPECT_EQ(recorder.dropped_count(), 0u);
}

TEST_F(EventRecorderTest, ANamespaceThatRefusesEventsHoldsUpNoOther) {
  server_->refuse_in("closed", "events is forbidden: by policy");
  auto& recorder = start();
  for (int i = 0; i < 50; ++i) {
    recorder.warning({"v1", "Secret", "closed", "tls", "u" + std::to_string(i), ""}, "Failed",
                     "Issuing", "closed");
  }
  recorder.warning(object_, "Failed", "Issuing", "told");
  EXPECT_THAT(server_->writes(2), testing::UnorderedElementsAre("POST closed", "POST told"));
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
