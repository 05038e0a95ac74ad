#include "proxy/admin/otlp.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

namespace proxy::admin {
namespace {

using nlohmann::json;

// opentelemetry.proto.trace.v1: Span.SpanKind, Status.StatusCode, and the flag that the parent may
// be in another process.
constexpr int kKindServer = 2;
constexpr int kStatusError = 2;
constexpr std::uint32_t kFlagsSampled = 0x01;
constexpr std::uint32_t kFlagsRemoteParent = 0x300;

json text_attribute(std::string_view key, std::string_view value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

// 64-bit numbers are strings in this encoding.
json number_attribute(std::string_view key, std::int64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

std::string nanoseconds(base::WallTime time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

// A method that nobody knows would be a value of its own for each client that makes one up.
bool is_known(std::string_view method) {
  constexpr std::array<std::string_view, 9> kKnown = {
      "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"};
  return std::find(kKnown.begin(), kKnown.end(), method) != kKnown.end();
}

// "1.1", "2".
std::string_view version_of(std::string_view protocol) {
  const std::size_t slash = protocol.find('/');
  return slash == std::string_view::npos ? protocol : protocol.substr(slash + 1);
}

json attributes_of(const Span& span) {
  json all = json::array();
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) all.push_back(text_attribute(key, value));
  };
  const bool known = is_known(span.method);
  add("http.request.method", known ? std::string_view(span.method) : "_OTHER");
  if (!known) add("http.request.method_original", span.method);
  add("url.scheme", span.is_https ? "https" : "http");
  add("url.path", span.path);
  add("server.address", span.host);
  add("client.address", span.client);
  add("network.protocol.version", version_of(span.protocol));
  add("gatehouse.upstream.address", span.upstream);
  add("gatehouse.reason", span.reason);
  if (span.status != 0) {
    all.push_back(number_attribute("http.response.status_code", span.status));
    if (span.status >= 500) add("error.type", std::to_string(span.status));
  }
  return all;
}

json as_json(const Span& span) {
  json made = {{"traceId", span.trace_id},
               {"spanId", span.span_id},
               {"flags", kFlagsSampled | (span.parent_id.empty() ? 0 : kFlagsRemoteParent)},
               {"name", is_known(span.method) ? span.method : "HTTP"},
               {"kind", kKindServer},
               {"startTimeUnixNano", nanoseconds(span.begin)},
               {"endTimeUnixNano", nanoseconds(span.begin + span.duration)},
               {"attributes", attributes_of(span)}};
  if (!span.parent_id.empty()) made["parentSpanId"] = span.parent_id;
  if (span.status >= 500) made["status"] = {{"code", kStatusError}};
  return made;
}

}  // namespace

std::string otlp_traces(const SpanResource& resource, const std::vector<Span>& spans) {
  json from = json::array({text_attribute("service.name", resource.service_name)});
  if (!resource.version.empty()) {
    from.push_back(text_attribute("service.version", resource.version));
  }
  if (!resource.instance.empty()) {
    from.push_back(text_attribute("service.instance.id", resource.instance));
  }
  json list = json::array();
  for (const Span& span : spans) list.push_back(as_json(span));
  const json scope = {{"scope", {{"name", resource.service_name}, {"version", resource.version}}},
                      {"spans", std::move(list)}};
  const json body = {
      {"resourceSpans", json::array({{{"resource", {{"attributes", std::move(from)}}},
                                      {"scopeSpans", json::array({scope})}}})}};
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace proxy::admin
