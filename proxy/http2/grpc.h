#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "proxy/http/request_head.h"
#include "proxy/http/response_head.h"

// What there is of gRPC in a proxy: to know its calls, and to answer them in their own terms.
namespace proxy::http2 {

// By its content type, "application/grpc" and what may follow that; not that of grpc-web, whose
// answers have another form.
bool is_grpc(const http::RequestHead& request);
// The same of an answer, whose end then is a trailer with a grpc-status. One with a length is none.
bool is_grpc(const http::ResponseHead& response);

// How long the client of this call waits for its end, by "grpc-timeout" (gRPC over HTTP/2: up to
// eight digits and a unit, H, M, S, m, u or n); rounded up to a millisecond. Nothing: it says none,
// or what is none.
std::optional<std::chrono::milliseconds> timeout_of(const http::RequestHead& call);

// The status of one that took longer, as the text of grpc-status.
inline constexpr std::string_view kDeadlineExceeded = "4";

// What a client would make of an answer with this status (grpc/doc/http-grpc-status-mapping.md), as
// the text of grpc-status.
std::string_view grpc_status_of(int status);

}  // namespace proxy::http2
