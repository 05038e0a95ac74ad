#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http1/field.h"

namespace proxy::policy {

// Of W3C Trace Context: to which trace a request belongs.

// The trace-id of the value of a field traceparent; empty: it is not to be believed (§3.2.2).
std::string_view trace_id_of(std::string_view traceparent);

// That of the fields; empty: there is none, there are several, or what there is is not to be
// believed. Then none of what they say about a trace may be passed on.
std::string_view trace_id_of(const std::vector<http1::Field>& fields);

// A new traceparent. It asks for being recorded, or who records only what somebody asks for would
// never do. The numbers are random.
std::string new_traceparent(std::uint64_t high, std::uint64_t low, std::uint64_t parent);

// Takes away what the fields say about a trace.
void forget_trace(std::vector<http1::Field>& fields);

}  // namespace proxy::policy
