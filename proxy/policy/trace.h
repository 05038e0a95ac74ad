#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/field.h"

namespace proxy::policy {

// Of W3C Trace Context: to which trace a request belongs.

// What a traceparent says (§3.2). Its texts are those of the field.
struct Traceparent {
  std::string_view trace_id{};  // empty: it is not to be believed
  std::string_view parent_id{};
  bool is_sampled = false;
};

// Of the value of the field (§3.2.2).
Traceparent read_traceparent(std::string_view value);

// Of the fields; not to be believed, too, where there is none or there are several. Then none of
// what they say about a trace may be passed on.
Traceparent read_traceparent(const std::vector<http::Field>& fields);

// A new traceparent. It asks for being recorded, or who records only what somebody asks for would
// never do. The numbers are random.
std::string new_traceparent(std::uint64_t high, std::uint64_t low, std::uint64_t parent);

// That of a span within the trace of `parent`; the number is random.
std::string child_traceparent(const Traceparent& parent, std::uint64_t span);

// Takes away what the fields say about a trace.
void forget_trace(std::vector<http::Field>& fields);
// Only of which span the request is part: whoever puts another in its place (§3.4) leaves the
// tracestate.
void forget_traceparent(std::vector<http::Field>& fields);

}  // namespace proxy::policy
