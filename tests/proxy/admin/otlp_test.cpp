#include "proxy/admin/otlp.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace proxy::admin {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

Span a_span() {
  Span span;
  span.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
  span.span_id = "00f067aa0ba902b7";
  span.begin = base::WallTime(seconds(1'800'000'000) + milliseconds(5));
  span.duration = milliseconds(20);
  span.method = "GET";
  span.host = "shop.test";
  span.path = "/cart";
  span.client = "203.0.113.7";
  span.protocol = "HTTP/1.1";
  span.is_https = true;
  span.status = 200;
  span.upstream = "10.1.2.3:8080";
  return span;
}

json body_of(const std::vector<Span>& spans) {
  return json::parse(otlp_traces({.version = "1.2.3", .instance = "proxy-1"}, spans));
}
json written(const Span& span) {
  return body_of({span})["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
}
std::map<std::string, std::string> attributes(const json& of) {
  std::map<std::string, std::string> all;
  for (const json& each : of["attributes"]) {
    const json& value = each["value"];
    all[each["key"]] = value.value("stringValue", value.value("intValue", ""));
  }
  return all;
}

TEST(Otlp, SaysWhoTheSpansAreFrom) {
  const json body = body_of({a_span(), a_span()});
  ASSERT_EQ(body["resourceSpans"].size(), 1u);
  const json& from = body["resourceSpans"][0];
  EXPECT_EQ(attributes(from["resource"]),
            (std::map<std::string, std::string>{{"service.name", "gatehouse-proxy"},
                                                {"service.version", "1.2.3"},
                                                {"service.instance.id", "proxy-1"}}));
  EXPECT_EQ(from["scopeSpans"][0]["spans"].size(), 2u);
}

TEST(Otlp, WritesARequestByTheConventionsForHttp) {
  const json span = written(a_span());
  EXPECT_EQ(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span["spanId"], "00f067aa0ba902b7");
  EXPECT_FALSE(span.contains("parentSpanId"));
  EXPECT_EQ(span["name"], "GET");
  EXPECT_EQ(span["kind"], 2);
  EXPECT_EQ(span["startTimeUnixNano"], "1800000000005000000");
  EXPECT_EQ(span["endTimeUnixNano"], "1800000000025000000");
  EXPECT_EQ(span["flags"], 1);
  EXPECT_FALSE(span.contains("status"));
  EXPECT_EQ(attributes(span),
            (std::map<std::string, std::string>{{"http.request.method", "GET"},
                                                {"url.scheme", "https"},
                                                {"url.path", "/cart"},
                                                {"server.address", "shop.test"},
                                                {"client.address", "203.0.113.7"},
                                                {"network.protocol.version", "1.1"},
                                                {"gatehouse.upstream.address", "10.1.2.3:8080"},
                                                {"http.response.status_code", "200"}}));
}

TEST(Otlp, AParentIsInAnotherProcess) {
  Span span = a_span();
  span.parent_id = "b7ad6b7169203331";
  EXPECT_EQ(written(span)["parentSpanId"], "b7ad6b7169203331");
  EXPECT_EQ(written(span)["flags"], 0x301);
}

TEST(Otlp, WhatTheServerFailedIsAnErrorAndWhatTheClientDidWrongIsNone) {
  Span span = a_span();
  span.status = 404;
  EXPECT_FALSE(written(span).contains("status"));
  span.status = 502;
  span.reason = "upstream_connect";
  EXPECT_EQ(written(span)["status"]["code"], 2);
  EXPECT_EQ(attributes(written(span))["error.type"], "502");
  EXPECT_EQ(attributes(written(span))["gatehouse.reason"], "upstream_connect");
  span.status = 0;
  EXPECT_EQ(attributes(written(span)).count("http.response.status_code"), 0u);
}

TEST(Otlp, AMethodThatNobodyKnowsIsNoNameOfASpan) {
  Span span = a_span();
  span.method = "BREW";
  EXPECT_EQ(written(span)["name"], "HTTP");
  EXPECT_EQ(attributes(written(span))["http.request.method"], "_OTHER");
  EXPECT_EQ(attributes(written(span))["http.request.method_original"], "BREW");
}

TEST(Otlp, BytesThatAreNoUtf8AreReplaced) {
  Span span = a_span();
  span.path = "/caf\xe9";
  EXPECT_EQ(attributes(written(span))["url.path"], "/caf\xef\xbf\xbd");
}

}  // namespace
}  // namespace proxy::admin
