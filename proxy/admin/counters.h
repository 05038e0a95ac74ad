#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::admin {

// Written by one thread, read by any: no locked instruction on the request path.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Counts by reason token. Tokens come from our own code and from the operator's FixedAnswers; those
// after the first kCapacity are counted as "other", so nothing can grow without bound.
class ReasonCounters {
 public:
  static constexpr std::size_t kCapacity = 96;
  static constexpr std::size_t kTokenBytesMax = 47;

  void add(std::string_view reason);  // the owning thread only
  struct Count {
    std::string_view reason;
    std::uint64_t count;
  };
  std::vector<Count> read() const;  // any thread; views live as long as this object

 private:
  struct Slot {
    std::array<char, kTokenBytesMax + 1> token{};
    Counter count;
  };
  std::array<Slot, kCapacity> slots_;
  std::atomic<std::size_t> used_{0};  // released after the token was written
  Counter other_;
};

// What a worker holds in memory, in bytes, and for what. Add and subtract, by HeldBytes: told where
// it grows and shrinks, so that a scrape walks through nothing.
struct HeldMemory {
  Counter client_output;    // clients have not taken it yet
  Counter http2_output;     // the same, before it is in frames: it waits for a window, or its turn
  Counter client_input;     // parts of heads, pipelined requests, and what waits for its turn
  Counter endpoint_output;  // endpoints have not taken it yet
  // Parts of heads, and chunks and records of TLS that wait for their turn.
  Counter endpoint_input;
  // Requests that wait for a connection, are gathered, or may have to be sent again.
  Counter request_copies;
  Counter http2_fields;  // decoded, of requests whose head is not complete
  Counter tls;           // OpenSSL's, by an estimate for each connection: see tls::Connection
  Counter pipes;         // the kernel's: what is in pipes between two sockets
  Counter pools;         // objects that are kept for the next requests
  Counter buffers;       // through which all bytes of a turn pass

  // For /metrics: nothing is counted that is not shown.
  struct Kind {
    const char* name;
    Counter HeldMemory::*gauge;
  };
  static const std::array<Kind, 11> kKinds;
};

// One worker's counters. Only that worker writes; a scrape sums over the workers.
struct alignas(64) WorkerCounters {
  Counter connections_accepted_plain;
  Counter connections_accepted_tls;
  Counter connections_open;       // add and subtract
  Counter connections_made_room;  // closed, being silent for longest, for others to come
  Counter accept_pauses_full;     // as many clients as there may be
  Counter accept_pauses_no_descriptors;
  Counter accept_pauses_no_memory;
  ReasonCounters connections_refused;  // closed before a word was said
  ReasonCounters connections_stalled;  // closed because their clients took nothing, or said nothing
  Counter handshakes_ok;
  Counter handshakes_resumed;  // of handshakes_ok
  ReasonCounters handshake_failures;
  ReasonCounters proxy_headers_refused;  // connections that did not begin with one, where it is due
  Counter proxy_headers_absent;  // that a trusted proxy began without one, where it may come

  // Connections whose TLS ends at an endpoint.
  Counter passages;
  Counter passages_open;               // add and subtract
  ReasonCounters passages_ended;       // "done": both sides had said all
  Counter passage_bytes_to_endpoints;  // that clients sent
  Counter passage_bytes_to_clients;

  ReasonCounters http2_connections_ended;  // for what their clients did

  Counter requests_http1;
  Counter requests_http2;
  std::array<Counter, 6> responses;  // by status / 100; [0]: the client left before an answer
  ReasonCounters refusals;           // answers that the proxy itself decided on, by reason
  // What firewalls found.
  struct Inspected {
    Counter clean;
    Counter attacks;
    Counter uninspected;  // for want of time or room, or because the body is too large
  };
  // [0]: with the core rule set, [1]: without it; in it [0]: that block, [1]: that detect.
  std::array<std::array<Inspected, 2>, 2> firewall;
  std::array<Inspected, 2> firewall_responses;  // [0]: of those that block, [1]: that detect
  Counter request_body_bytes;
  Counter response_body_bytes;
  // Memory of request bodies that are gathered before an endpoint is chosen, and of responses that
  // are held until they were inspected; add and subtract.
  Counter gathered_bytes;
  Counter moved_bytes;    // of both, and of WebSockets: what passed inside the kernel
  Counter upgraded_open;  // WebSockets; add and subtract
  HeldMemory held;
  Counter tls_open;     // client connections with TLS; add and subtract
  Counter turns_spent;  // a connection had more to do than its share of a turn

  Counter upstream_connections_opened;
  Counter upstream_connections_open;  // add and subtract
  Counter upstream_reused;            // requests on a connection that was there
  ReasonCounters upstream_failures;   // connect_refused, connect_timeout, closed_early, ...
  Counter upstream_retries;
  Counter upstream_endpoints_marked;  // do not connect, and are passed over; add and subtract
  Counter upstream_retries_refused;   // that there was no budget for
  Counter upstream_ejections;         // of endpoints that failed their requests
  Counter upstream_probes;            // connections that ask whether such an endpoint is back

  // Seconds to the response's last byte; bucket i counts durations up to kDurationBounds[i].
  static constexpr std::array<double, 11> kDurationBounds = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30};
  std::array<Counter, kDurationBounds.size() + 1> durations;
  Counter duration_micros_sum;

  void count_response(int status, std::string_view reason, std::chrono::microseconds duration);
};

// What is not per worker.
struct ProxyFacts {
  std::string revision;  // empty: no configuration yet
  std::uint64_t hosts = 0;
  std::uint64_t clusters = 0;
  std::uint64_t certificates = 0;
  std::uint64_t config_applied = 0;
  std::uint64_t config_rejected = 0;
  std::uint64_t access_lines_dropped = 0;
  struct Spans {
    std::uint64_t sent = 0;
    std::uint64_t dropped = 0;
  };
  std::optional<Spans> spans{};    // nothing: none are made
  std::uint64_t memory_used = 0;   // of all the process has, as the kernel counts it
  std::uint64_t memory_limit = 0;  // 0: nobody has said
  bool draining = false;
};

// Everything in Prometheus' text format. Names start with "gatehouse_proxy_". No label by host or
// path: their number is the users', not ours.
std::string metrics_text(const std::vector<const WorkerCounters*>& workers,
                         const ProxyFacts& facts);

}  // namespace proxy::admin
