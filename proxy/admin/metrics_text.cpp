#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "proxy/admin/counters.h"
#include "proxy/reason/words.h"

namespace proxy::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Workers = std::vector<const WorkerCounters*>;

// Collects families and turns sums over the workers into metrics.
class Page {
 public:
  explicit Page(const Workers& workers) : workers_(workers) {}

  // A family that the calls after it add to.
  Page& family(const char* name, const char* help, MetricType type) {
    MetricFamily family;
    family.name = std::string("gatehouse_proxy_") + name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
    return *this;
  }

  Page& value(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }

  Page& sum(const std::function<const Counter&(const WorkerCounters&)>& counter,
            std::vector<ClientMetric::Label> labels = {}) {
    return value(sum_of(counter), std::move(labels));
  }

  Page& by_reason(const std::function<const ReasonCounters&(const WorkerCounters&)>& reasons) {
    std::map<std::string_view, std::uint64_t> sums;
    for (const WorkerCounters* const worker : workers_) {
      for (const auto& [reason, count] : reasons(*worker).read()) sums[reason] += count;
    }
    for (const auto& [reason, count] : sums) {
      value(static_cast<double>(count), {{"reason", std::string(reason)}});
    }
    return *this;
  }

  Page& durations() {
    ClientMetric metric;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i <= WorkerCounters::kDurationBounds.size(); ++i) {
      for (const WorkerCounters* const worker : workers_) cumulative += worker->durations[i].get();
      ClientMetric::Bucket bucket;
      bucket.cumulative_count = cumulative;
      bucket.upper_bound = i < WorkerCounters::kDurationBounds.size()
                               ? WorkerCounters::kDurationBounds[i]
                               : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back(bucket);
    }
    metric.histogram.sample_count = cumulative;
    metric.histogram.sample_sum =
        sum_of([](const auto& w) -> const Counter& { return w.duration_micros_sum; }) / 1e6;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }

  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  double sum_of(const std::function<const Counter&(const WorkerCounters&)>& counter) const {
    std::uint64_t sum = 0;
    for (const WorkerCounters* const worker : workers_) sum += counter(*worker).get();
    return static_cast<double>(sum);
  }

  const Workers& workers_;
  std::vector<MetricFamily> families_;
};

void add_connections(Page& page) {
  page.family("connections_accepted_total", "Client connections accepted.", MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.connections_accepted_plain; },
           {{"listener", "http"}})
      .sum([](const auto& w) -> const Counter& { return w.connections_accepted_tls; },
           {{"listener", "https"}});
  page.family("connections_open", "Client connections open now.", MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.connections_open; });
  page.family("connections_made_room_total",
              "Silent client connections closed because no more could be accepted.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.connections_made_room; });
  page.family("accept_pauses_total", "Times that accepting stopped for 20 ms, and why.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.accept_pauses_full; },
           {{"reason", reason::too_many_connections}})
      .sum([](const auto& w) -> const Counter& { return w.accept_pauses_no_descriptors; },
           {{"reason", reason::no_descriptors}})
      .sum([](const auto& w) -> const Counter& { return w.accept_pauses_no_memory; },
           {{"reason", reason::no_memory}});
  page.family("connections_refused_total",
              "Client connections closed as soon as they came, because of a limit.",
              MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.connections_refused; });
  page.family(
          "connections_stalled_total",
          "Client connections closed because their clients were too slow, by what they let wait.",
          MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.connections_stalled; });
  page.family("upgraded_connections_open", "WebSockets and other upgraded connections open now.",
              MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.upgraded_open; });
  page.family("tls_handshakes_total", "TLS handshakes that succeeded.", MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.handshakes_ok; });
  page.family("tls_handshakes_resumed_total", "TLS handshakes that resumed a session.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.handshakes_resumed; });
  page.family("tls_handshake_failures_total", "TLS handshakes that failed.", MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.handshake_failures; });
  page.family("proxy_headers_refused_total",
              "Connections closed because they did not begin with the PROXY header that was due.",
              MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.proxy_headers_refused; });
  page.family(
          "proxy_headers_absent_total",
          "Connections of trusted proxies that began without a PROXY header where one may come.",
          MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.proxy_headers_absent; });
}

void add_firewall(Page& page) {
  page.family(
      "firewall_requests_total",
      "Requests that firewalls inspected, by rules, by what becomes of attacks, and by what "
      "was found.",
      MetricType::Counter);
  using Inspected = WorkerCounters::Inspected;
  struct Outcome {
    const char* name;
    Counter Inspected::*counter;
  };
  constexpr Outcome kOutcomes[] = {{"clean", &Inspected::clean},
                                   {"attack", &Inspected::attacks},
                                   {"uninspected", &Inspected::uninspected}};
  for (const std::size_t rules : {0, 1}) {
    for (const std::size_t mode : {0, 1}) {
      for (const auto& [name, counter] : kOutcomes) {
        page.sum([&, member = counter](
                     const auto& w) -> const Counter& { return w.firewall[rules][mode].*member; },
                 {{"rules", rules == 0 ? "core" : "engine"},
                  {"mode", mode == 0 ? "block" : "detect"},
                  {"outcome", name}});
      }
    }
  }
  page.family("firewall_responses_total",
              "Responses that firewalls held back to inspect them, by what becomes of leaks, and "
              "by what was found.",
              MetricType::Counter);
  for (const std::size_t mode : {0, 1}) {
    for (const auto& [name, counter] : kOutcomes) {
      const bool is_attack = counter == &Inspected::attacks;
      page.sum([&, member = counter](
                   const auto& w) -> const Counter& { return w.firewall_responses[mode].*member; },
               {{"mode", mode == 0 ? "block" : "detect"}, {"outcome", is_attack ? "leak" : name}});
    }
  }
}

void add_passages(Page& page) {
  page.family("passthrough_connections_total", "Connections whose TLS ends at an endpoint.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.passages; });
  page.family("passthrough_connections_open", "Of these, those that are open now.",
              MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.passages_open; });
  page.family("passthrough_connections_ended_total",
              "Of these, those that ended, and why; \"done\": both sides had said all.",
              MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.passages_ended; });
  page.family("passthrough_bytes_total", "Bytes of these, by whom they are for.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.passage_bytes_to_endpoints; },
           {{"to", "endpoint"}})
      .sum([](const auto& w) -> const Counter& { return w.passage_bytes_to_clients; },
           {{"to", "client"}});
}

void add_http2(Page& page) {
  page.family("http2_connections_ended_total",
              "HTTP/2 connections that were ended for what their clients did.", MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.http2_connections_ended; });
}

void add_requests(Page& page) {
  page.family("requests_total", "Requests by protocol.", MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.requests_http1; },
           {{"protocol", "HTTP/1"}})
      .sum([](const auto& w) -> const Counter& { return w.requests_http2; },
           {{"protocol", "HTTP/2"}});
  page.family("responses_total",
              "Responses by status class; \"none\": the client left before there was one.",
              MetricType::Counter);
  constexpr const char* kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < std::size(kClasses); ++i) {
    page.sum([i](const auto& w) -> const Counter& { return w.responses[i]; },
             {{"class", kClasses[i]}});
  }
  page.family("refusals_total", "Answers that the proxy itself decided on, by reason.",
              MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.refusals; });
  add_firewall(page);
  page.family("request_duration_seconds", "From a request's head to its response's last byte.",
              MetricType::Histogram)
      .durations();
  page.family("request_body_bytes_total", "Request bodies received.", MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.request_body_bytes; });
  page.family("response_body_bytes_total", "Response bodies sent.", MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.response_body_bytes; });
  page.family(
          "gathered_request_bytes",
          "Memory of request bodies that wait until they are complete for an endpoint, a part of "
          "memory_bytes{kind=\"request_copies\"}, and of responses that wait to be inspected.",
          MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.gathered_bytes; });
  page.family("moved_bytes_total", "Bytes of bodies and WebSockets that passed inside the kernel.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.moved_bytes; });
  page.family(
      "memory_bytes",
      "What the workers hold in memory, and for what: client_output and endpoint_output what "
      "was not taken yet, http2_output the same before it is in frames, client_input and "
      "endpoint_input parts of messages and what waits for its turn, request_copies requests "
      "that wait for a connection, are gathered or may be sent again, http2_fields decoded "
      "fields of heads that are not complete, tls an estimate for each client connection by "
      "its state, pipes what is in pipes of the kernel, pools objects kept for the next "
      "requests, buffers what all bytes pass through. Not in it: configuration, certificates, "
      "libnghttp2's own state, and what the C library keeps.",
      MetricType::Gauge);
  for (const HeldMemory::Kind& kind : HeldMemory::kKinds) {
    page.sum([&kind](const auto& w) -> const Counter& { return w.held.*kind.gauge; },
             {{"kind", kind.name}});
  }
  page.family("tls_connections_open", "Client connections open now whose TLS has begun.",
              MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.tls_open; });
  page.family("turns_spent_total",
              "Times that a connection had more to do than its share of a loop's turn.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.turns_spent; });
}

void add_upstream(Page& page) {
  page.family("upstream_connections_opened_total", "Connections opened to endpoints.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_connections_opened; });
  page.family("upstream_connections_open", "Connections to endpoints open now.", MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.upstream_connections_open; });
  page.family("upstream_reused_total", "Requests sent on a connection that was there.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_reused; });
  page.family("upstream_retries_total", "Requests sent again to another endpoint.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_retries; });
  page.family("upstream_retries_refused_total",
              "Requests that were not sent again because too many of their backend were already.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_retries_refused; });
  page.family("upstream_ejections_total",
              "Times that an endpoint failed too many requests in a row and was passed over.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_ejections; });
  page.family("upstream_endpoints_marked",
              "Endpoints that do not connect and are passed over, by each worker's count.",
              MetricType::Gauge)
      .sum([](const auto& w) -> const Counter& { return w.upstream_endpoints_marked; });
  page.family("upstream_probes_total", "Connections that asked whether such an endpoint is back.",
              MetricType::Counter)
      .sum([](const auto& w) -> const Counter& { return w.upstream_probes; });
  page.family("upstream_failures_total", "Failures of endpoints, by reason.", MetricType::Counter)
      .by_reason([](const auto& w) -> const ReasonCounters& { return w.upstream_failures; });
}

void add_facts(Page& page, const ProxyFacts& facts) {
  page.family("config_info", "The configuration that is live, by its revision.", MetricType::Gauge);
  if (!facts.revision.empty()) page.value(1, {{"revision", facts.revision}});
  page.family("config_hosts", "Hosts in the live configuration.", MetricType::Gauge)
      .value(static_cast<double>(facts.hosts));
  page.family("config_clusters", "Clusters in the live configuration.", MetricType::Gauge)
      .value(static_cast<double>(facts.clusters));
  page.family("certificates", "Certificates in the live configuration.", MetricType::Gauge)
      .value(static_cast<double>(facts.certificates));
  page.family("config_applied_total", "Configurations put to work.", MetricType::Counter)
      .value(static_cast<double>(facts.config_applied));
  page.family("config_rejected_total", "Configurations that could not be served.",
              MetricType::Counter)
      .value(static_cast<double>(facts.config_rejected));
  page.family("access_log_dropped_total", "Access log lines dropped because nobody read them.",
              MetricType::Counter)
      .value(static_cast<double>(facts.access_lines_dropped));
  if (facts.spans) {
    page.family("spans_total", "Spans of traced requests, and what became of them.",
                MetricType::Counter)
        .value(static_cast<double>(facts.spans->sent), {{"outcome", "sent"}})
        .value(static_cast<double>(facts.spans->dropped), {{"outcome", "dropped"}});
  }
  page.family("memory_used_bytes",
              "Memory of the whole process that the kernel cannot take back; 0 without a limit.",
              MetricType::Gauge)
      .value(static_cast<double>(facts.memory_used));
  page.family("memory_limit_bytes",
              "What it may be: near it new requests are answered 503. 0: there is no limit.",
              MetricType::Gauge)
      .value(static_cast<double>(facts.memory_limit));
  page.family("draining", "1 while the proxy is shutting down.", MetricType::Gauge)
      .value(facts.draining ? 1 : 0);
}

}  // namespace

std::string metrics_text(const Workers& workers, const ProxyFacts& facts) {
  Page page(workers);
  add_connections(page);
  add_passages(page);
  add_http2(page);
  add_requests(page);
  add_upstream(page);
  add_facts(page, facts);
  return page.text();
}

}  // namespace proxy::admin
