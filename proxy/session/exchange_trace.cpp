// Exchange: the trace that its request is part of.
#include <utility>

#include "proxy/policy/trace.h"
#include "proxy/session/exchange.h"

namespace proxy::session {

// Who follows the request by the log finds it at the backends, too. The proxy is a part of the
// trace itself only where somebody is told of it: else the backend's parent would be nowhere.
void Exchange::trace(const Client& client, config::Tracing tracing) {
  const policy::Traceparent of_client = policy::read_traceparent(request_.fields);
  const bool goes_on = tracing == config::Tracing::trusted && !of_client.trace_id.empty();
  traced_ = std::make_unique<Traced>();
  Traced& traced = *traced_;
  traced.is_https = client.is_https;
  if (goes_on) {
    traced.trace_id = of_client.trace_id;
    if (!means_.spans.are_wanted()) return;
    traced.parent_id = of_client.parent_id;
    policy::forget_traceparent(request_.fields);
    traced.traceparent = policy::child_traceparent(of_client, means_.request_ids.draw());
  } else {
    policy::forget_trace(request_.fields);
    http::RequestIds& numbers = means_.request_ids;
    traced.traceparent = policy::new_traceparent(numbers.draw(), numbers.draw(), numbers.draw());
  }
  const policy::Traceparent ours = policy::read_traceparent(traced.traceparent);
  traced.trace_id = ours.trace_id;
  traced.span_id = ours.parent_id;
  traced.is_sampled = ours.is_sampled;
  request_.fields.push_back({.name = "traceparent", .value = traced.traceparent});
}

void Exchange::tell_span(std::chrono::microseconds duration) {
  if (!traced_->is_sampled || !means_.spans.are_wanted()) return;
  const std::string_view text = log_text_;
  const std::string_view target = text.substr(method_end_, path_end_ - method_end_);
  admin::Span span;
  span.trace_id = std::move(traced_->trace_id);
  span.span_id = std::move(traced_->span_id);
  span.parent_id = std::move(traced_->parent_id);
  span.begin = began_at_;
  span.duration = duration;
  span.method = text.substr(host_end_, method_end_ - host_end_);
  span.host = text.substr(0, host_end_);
  span.path = target.substr(0, target.find('?'));
  span.client = client_address_;
  span.protocol = protocol_text(protocol_);
  span.is_https = traced_->is_https;
  span.status = status_;
  if (endpoint_ != nullptr) span.upstream = endpoint_->name();
  span.reason = reason_;
  means_.spans.add(std::move(span));
}

}  // namespace proxy::session
