// The trace that a request is part of, from the client to its endpoint and the collector of spans.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "proxy/policy/trace.h"
#include "tests/fakes/transport.h"
#include "tests/proxy/support/http_client.h"
#include "tests/proxy/support/running_engine.h"
#include "tests/proxy/support/scripted_backend.h"

namespace proxy::support {
namespace {

using nlohmann::json;

constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* kParent = "00f067aa0ba902b7";

class TracedRequests : public ::testing::Test {
 protected:
  // A collector that takes one batch.
  void let_spans_go_to_a_collector() {
    auto transport = std::make_unique<fakes::FakeTransport>();
    transport->expect("POST", "http://collector.test/v1/traces")
        .answer_with([this](const base::HttpRequest& request) {
          const json body = json::parse(request.body);
          span_ = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
          base::HttpResponse response;
          response.status = 200;
          return response;
        });
    export_to(std::move(transport));
  }
  void export_to(std::unique_ptr<base::HttpTransport> transport) {
    admin::SpanExport::Settings settings;
    settings.url = "http://collector.test/v1/traces";
    settings.interval = std::chrono::milliseconds(5);
    spans_ = std::make_unique<admin::SpanExport>(settings, std::move(transport));
  }
  void serve(config::Tracing tracing) {
    proxy_ = std::make_unique<RunningEngine>(RunningEngine::quick(), 1, "127.0.0.1:0", false,
                                             spans_.get());
    config::ProxyConfig config = shop({backend_.port()});
    config::VirtualHost host = *config.hosts["shop.test"];
    host.routes[0].policies.change().tracing = tracing;
    config.hosts["shop.test"] = std::make_shared<config::VirtualHost>(host);
    ASSERT_TRUE(proxy_->publish(config));
  }
  void ask(const std::string& fields = "") {
    auto client = HttpClient::connect(proxy_->http());
    ASSERT_TRUE(
        client.send("GET /cart?token=secret HTTP/1.1\r\nHost: shop.test\r\n" + fields + "\r\n"));
    ASSERT_EQ(client.read_answer().status, 200);
  }
  static std::string traceparent(const std::string& flags) {
    return "traceparent: 00-" + std::string(kTrace) + "-" + kParent + "-" + flags +
           "\r\ntracestate: rojo=1\r\n";
  }
  policy::Traceparent told() {
    text_ = backend_.last().field("traceparent");
    return policy::read_traceparent(text_);
  }
  bool sends(std::uint64_t count) {
    return eventually([&] { return spans_->sent() == count; });
  }

  const ScriptedBackend backend_{[](SocketStream& stream, const SeenRequest&) {
    return stream.send(ScriptedBackend::ok("hello"));
  }};
  json span_;
  std::unique_ptr<admin::SpanExport> spans_;
  std::unique_ptr<RunningEngine> proxy_;
  std::string text_;
};

TEST_F(TracedRequests, AreTheClientsOwnWhereNobodyCollectsSpans) {
  serve(config::Tracing::trusted);
  ask(traceparent("01"));
  EXPECT_EQ(told().parent_id, kParent);
  EXPECT_THAT(proxy_->access_log(), ::testing::HasSubstr(kTrace));
}

TEST_F(TracedRequests, HaveASpanBetweenTheClientsAndTheEndpoints) {
  let_spans_go_to_a_collector();
  serve(config::Tracing::trusted);
  ask(traceparent("01"));
  ASSERT_TRUE(sends(1));
  EXPECT_EQ(told().trace_id, kTrace);
  EXPECT_TRUE(told().is_sampled);
  EXPECT_EQ(backend_.last().field("tracestate"), "rojo=1");
  EXPECT_EQ(span_["traceId"], kTrace);
  EXPECT_EQ(span_["parentSpanId"], kParent);
  EXPECT_EQ(span_["spanId"], std::string(told().parent_id));
  EXPECT_NE(span_["spanId"], kParent);
  EXPECT_EQ(span_.dump().find("secret"), std::string::npos);
  EXPECT_EQ(proxy_->metric("gatehouse_proxy_spans_total{outcome=\"sent\"}"), 1);
}

TEST_F(TracedRequests, BeginATraceWhereTheClientHasNone) {
  let_spans_go_to_a_collector();
  serve(config::Tracing::own);
  ask(traceparent("01"));
  ASSERT_TRUE(sends(1));
  EXPECT_NE(told().trace_id, kTrace);
  EXPECT_EQ(span_["traceId"], std::string(told().trace_id));
  EXPECT_FALSE(span_.contains("parentSpanId"));
  EXPECT_EQ(backend_.last().field("tracestate"), "");
}

TEST_F(TracedRequests, AreNoSpansWhereTheClientWantsThemNotSampled) {
  let_spans_go_to_a_collector();
  serve(config::Tracing::trusted);
  ask(traceparent("00"));
  EXPECT_EQ(told().trace_id, kTrace);
  EXPECT_FALSE(told().is_sampled);
  ask(traceparent("01"));
  ASSERT_TRUE(sends(1));
  EXPECT_EQ(span_["spanId"], std::string(told().parent_id)) << "the second's, and it alone";
}

}  // namespace
}  // namespace proxy::support
