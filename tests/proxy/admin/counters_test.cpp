#include "proxy/admin/counters.h"

#include <chrono>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proxy::admin {
namespace {

using std::chrono::microseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ReasonCounters, CountsByReason) {
  ReasonCounters reasons;
  reasons.add("bad_host");
  reasons.add("no_path");
  reasons.add("bad_host");
  const auto counts = reasons.read();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].reason, "bad_host");
  EXPECT_EQ(counts[0].count, 2u);
  EXPECT_EQ(counts[1].count, 1u);
}

TEST(ReasonCounters, CannotGrowWithoutBound) {
  ReasonCounters reasons;
  for (int i = 0; i < 1000; ++i) reasons.add("reason_" + std::to_string(i));
  reasons.add(std::string(500, 'a'));
  reasons.add("reason_0");
  const auto counts = reasons.read();
  EXPECT_EQ(counts.size(), ReasonCounters::kCapacity + 1);
  EXPECT_EQ(counts.front().count, 2u);
  EXPECT_EQ(counts.back().reason, "other");
  EXPECT_EQ(counts.back().count, 1001 - ReasonCounters::kCapacity);
}

TEST(ReasonCounters, ALongReasonIsCutAndFoundAgain) {
  ReasonCounters reasons;
  const std::string reason(ReasonCounters::kTokenBytesMax + 10, 'a');
  reasons.add(reason);
  reasons.add(reason);
  ASSERT_EQ(reasons.read().size(), 1u);
  EXPECT_EQ(reasons.read()[0].count, 2u);
}

TEST(MetricsText, SumsOverTheWorkers) {
  const auto first = std::make_unique<WorkerCounters>();
  const auto second = std::make_unique<WorkerCounters>();
  first->count_response(200, "", microseconds(900));
  first->count_response(404, "no_path", microseconds(1000));
  second->count_response(404, "no_path", microseconds(2'000'000));
  second->count_response(0, "client_left", microseconds(60'000'000));
  first->connections_open.add(3);
  second->connections_open.add(2);
  second->connections_open.subtract();
  first->requests_http2.add(7);
  ProxyFacts facts;
  facts.revision = "abc";
  facts.hosts = 12;
  const std::string text = metrics_text({first.get(), second.get()}, facts);
  for (const char* line : {
           "gatehouse_proxy_responses_total{class=\"2xx\"} 1\n",
           "gatehouse_proxy_responses_total{class=\"4xx\"} 2\n",
           "gatehouse_proxy_responses_total{class=\"5xx\"} 0\n",
           "gatehouse_proxy_responses_total{class=\"none\"} 1\n",
           "gatehouse_proxy_refusals_total{reason=\"no_path\"} 2\n",
           "gatehouse_proxy_connections_open 4\n",
           "gatehouse_proxy_requests_total{protocol=\"HTTP/2\"} 7\n",
           "gatehouse_proxy_request_duration_seconds_count 4\n",
           "gatehouse_proxy_request_duration_seconds_bucket{le=\"0.001\"} 2\n",
           "gatehouse_proxy_request_duration_seconds_bucket{le=\"5\"} 3\n",
           "gatehouse_proxy_request_duration_seconds_bucket{le=\"+Inf\"} 4\n",
           "gatehouse_proxy_config_info{revision=\"abc\"} 1\n",
           "gatehouse_proxy_config_hosts 12\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(MetricsText, SaysForWhatMemoryIsHeld) {
  const auto worker = std::make_unique<WorkerCounters>();
  std::uint64_t bytes = 0;
  for (const HeldMemory::Kind& kind : HeldMemory::kKinds) {
    (worker->held.*kind.gauge).add(bytes += 100);
  }
  const std::string text = metrics_text({worker.get(), worker.get()}, {});
  bytes = 0;
  for (const char* kind :
       {"client_output", "http2_output", "client_input", "endpoint_output", "endpoint_input",
        "request_copies", "http2_fields", "tls", "pipes", "pools", "buffers"}) {
    const auto expected = std::to_string(2 * (bytes += 100));
    EXPECT_THAT(text, HasSubstr("gatehouse_proxy_memory_bytes{kind=\"" + std::string(kind) +
                                "\"} " + expected + "\n"));
  }
}

TEST(MetricsText, HasNoRevisionBeforeThereIsOne) {
  EXPECT_THAT(metrics_text({}, {}), Not(HasSubstr("config_info{")));
}

}  // namespace
}  // namespace proxy::admin
