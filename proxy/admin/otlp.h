#pragma once

#include <string>
#include <vector>

#include "proxy/admin/span.h"

namespace proxy::admin {

// Who the spans are from: OpenTelemetry's resource.
struct SpanResource {
  std::string service_name = "gatehouse-proxy";
  std::string version{};
  std::string instance{};  // the proxy's name
};

// The body of an OTLP/HTTP request for traces, in its JSON encoding (OTLP 1.x, "JSON Protobuf
// Encoding"). Attributes have the names of OpenTelemetry's conventions for HTTP. Whatever bytes the
// texts hold, it is valid JSON in UTF-8: bytes that are not become U+FFFD. Pure.
std::string otlp_traces(const SpanResource& resource, const std::vector<Span>& spans);

}  // namespace proxy::admin
