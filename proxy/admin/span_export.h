#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/http.h"
#include "proxy/admin/otlp.h"
#include "proxy/admin/span.h"

namespace proxy::admin {

// Sends spans to a collector (OTLP/HTTP) from a thread of its own. Nothing here blocks a worker:
// when the collector is too slow or away, spans are dropped and counted, and what is said of it is
// said once a minute.
class SpanExport {
 public:
  struct Settings {
    std::string url;  // of traces: "http://collector:4318/v1/traces"
    SpanResource resource;
    // Between two looks at what is there.
    std::chrono::milliseconds interval{1'000};
    // Before a batch is sent again; doubled each time. After so many times it is dropped.
    std::chrono::milliseconds first_pause{1'000};
    int attempts_max = 5;
    std::chrono::milliseconds timeout{5'000};  // of one request
  };
  // Waiting for the sending thread; a span takes up to some 2 KiB.
  static constexpr std::size_t kPendingMax = 8'192;
  static constexpr std::size_t kWorkerMax = 1'024;  // waiting in one worker
  static constexpr std::size_t kBatchMax = 512;     // in one request
  // Of each text of a span; what is longer is cut.
  static constexpr std::size_t kTextBytesMax = 512;

  // What one worker puts them into; used by that worker's thread only.
  class Spans {
   public:
    // nullptr: nobody wants any. `to` outlives this.
    explicit Spans(SpanExport* to) : to_(to) {}
    ~Spans() { flush(); }
    Spans(const Spans&) = delete;
    Spans& operator=(const Spans&) = delete;

    bool are_wanted() const { return to_ != nullptr; }
    void add(Span span);
    // Hands them over; call it once per loop turn. Never waits: when the sending thread is just
    // taking some, they stay until the next turn. False: some are left.
    bool flush() { return spans_.empty() || hand_over(); }

   private:
    bool hand_over();

    SpanExport* const to_;
    std::vector<Span> spans_;
  };

  SpanExport(Settings settings, std::unique_ptr<base::HttpTransport> transport);
  ~SpanExport();  // sends what is left, for a second at most

  // Any thread. A collector that takes a part of a batch has it counted as sent.
  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Batch {
    std::string body;
    std::size_t count = 0;  // spans
  };
  enum class Outcome : std::uint8_t { over, try_again };

  void run(const std::stop_token& stop);
  Batch wait_for_batch(const std::stop_token& stop);
  Batch take_batch(std::unique_lock<std::mutex>& lock);
  void deliver(const Batch& batch, const std::stop_token& stop);
  Outcome send(const Batch& batch, std::chrono::milliseconds timeout, const std::stop_token& stop);
  void send_rest();
  void complain(const std::string& why);

  const Settings settings_;
  const std::unique_ptr<base::HttpTransport> transport_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::vector<Span> pending_;
  std::atomic<std::uint64_t> sent_{0}, dropped_{0};
  std::optional<std::chrono::steady_clock::time_point> complained_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace proxy::admin
