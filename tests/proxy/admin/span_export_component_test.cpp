#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "proxy/admin/span_export.h"
#include "tests/proxy/support/running_engine.h"

namespace proxy::admin {
namespace {

using nlohmann::json;
using proxy::support::eventually;
using std::chrono::milliseconds;

// A collector that answers as it is told; then with the last of it.
class Collector final : public base::HttpTransport {
 public:
  struct Seen {
    std::mutex mutex;
    std::vector<int> answers{200};  // 0: nobody is there
    std::vector<json> bodies;
    std::vector<base::HttpRequest> requests;
  };
  explicit Collector(Seen& seen) : seen_(seen) {}

  base::Result<base::HttpResponse> send(const base::HttpRequest& request,
                                        std::stop_token) override {
    const std::lock_guard lock(seen_.mutex);
    const int status = seen_.answers.front();
    if (seen_.answers.size() > 1) seen_.answers.erase(seen_.answers.begin());
    seen_.requests.push_back(request);
    seen_.bodies.push_back(json::parse(request.body));
    if (status == 0) return base::failure(base::ErrorKind::unavailable, "could not connect");
    base::HttpResponse response;
    response.status = status;
    return response;
  }
  base::Result<base::HttpResponse> stream(const base::HttpRequest&, const OnHead&, const OnChunk&,
                                          std::stop_token) override {
    return base::failure(base::ErrorKind::invalid, "nobody streams to a collector");
  }

 private:
  Seen& seen_;
};

class SpanExportTest : public ::testing::Test {
 protected:
  void start(std::vector<int> answers, milliseconds interval = milliseconds(1)) {
    seen.answers = std::move(answers);
    SpanExport::Settings settings;
    settings.url = "http://collector.test/v1/traces";
    settings.interval = interval;
    settings.first_pause = milliseconds(1);
    settings.attempts_max = 3;
    to = std::make_unique<SpanExport>(settings, std::make_unique<Collector>(seen));
  }
  // Until the sending thread has them: a worker does this each turn.
  void give(int count) {
    SpanExport::Spans spans(to.get());
    for (int i = 0; i < count; ++i) {
      Span span;
      span.method = "GET";
      spans.add(std::move(span));
    }
    hand_over(spans);
  }
  static void hand_over(SpanExport::Spans& spans) {
    EXPECT_TRUE(eventually([&] { return spans.flush(); }));
  }
  std::vector<std::size_t> sizes() {
    const std::lock_guard lock(seen.mutex);
    std::vector<std::size_t> all;
    for (const json& body : seen.bodies) {
      all.push_back(body["resourceSpans"][0]["scopeSpans"][0]["spans"].size());
    }
    return all;
  }

  Collector::Seen seen;
  std::unique_ptr<SpanExport> to;
};

TEST_F(SpanExportTest, SendsWhatItIsGivenAsJson) {
  start({200});
  give(3);
  ASSERT_TRUE(eventually([&] { return to->sent() == 3; }));
  const std::lock_guard lock(seen.mutex);
  EXPECT_EQ(seen.requests[0].method, "POST");
  EXPECT_EQ(seen.requests[0].url, "http://collector.test/v1/traces");
  EXPECT_EQ(seen.requests[0].headers.find("content-type")->second, "application/json");
}

TEST_F(SpanExportTest, SendsAgainWhatACollectorCouldNotTakeNow) {
  start({503, 0, 200});
  give(2);
  ASSERT_TRUE(eventually([&] { return to->sent() == 2; }));
  EXPECT_EQ(sizes().size(), 3u);
  EXPECT_EQ(to->dropped(), 0u);
}

TEST_F(SpanExportTest, DropsWhatNobodyTakesAfterSomeTries) {
  start({0});
  give(2);
  ASSERT_TRUE(eventually([&] { return to->dropped() == 2; }));
  EXPECT_EQ(sizes().size(), 3u);
}

TEST_F(SpanExportTest, DropsAtOnceWhatIsRefused) {
  start({400, 200});
  give(2);
  ASSERT_TRUE(eventually([&] { return to->dropped() == 2; }));
  give(1);
  ASSERT_TRUE(eventually([&] { return to->sent() == 1; }));
}

TEST_F(SpanExportTest, SendsWhatIsLeftWhenItEndsInBatchesOfBoundedSize) {
  start({200}, std::chrono::hours(1));
  give(500);
  EXPECT_TRUE(sizes().empty());
  give(500);
  to.reset();
  std::size_t all = 0;
  for (const std::size_t size : sizes()) {
    EXPECT_LE(size, SpanExport::kBatchMax);
    all += size;
  }
  EXPECT_EQ(all, 1'000u);
}

TEST_F(SpanExportTest, HoldsNoMoreThanItsBounds) {
  start({200}, std::chrono::hours(1));
  SpanExport::Spans spans(to.get());
  for (std::size_t i = 0; i < SpanExport::kWorkerMax + 5; ++i) spans.add({});
  EXPECT_EQ(to->dropped(), 5u);
}

TEST_F(SpanExportTest, CutsLongTexts) {
  start({200});
  SpanExport::Spans spans(to.get());
  Span span;
  span.path = "/" + std::string(10'000, 'x');
  spans.add(std::move(span));
  hand_over(spans);
  ASSERT_TRUE(eventually([&] { return to->sent() == 1; }));
  const std::lock_guard lock(seen.mutex);
  EXPECT_LT(seen.requests[0].body.size(), 2'000u);
}

TEST(Spans, AreNotKeptWhereNobodyWantsThem) {
  SpanExport::Spans spans(nullptr);
  EXPECT_FALSE(spans.are_wanted());
  spans.add({});
  EXPECT_TRUE(spans.flush());
}

}  // namespace
}  // namespace proxy::admin
