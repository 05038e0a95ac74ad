#include "proxy/admin/span_export.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy::admin {
namespace {

constexpr std::chrono::seconds kLastWords{1};
constexpr std::chrono::minutes kComplainsEvery{1};

// OTLP/HTTP, "Retryable Response Codes".
bool is_worth_another_try(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// Gives back the memory of what is cut, too: thousands of spans may wait.
void cut(std::string& text) {
  if (text.size() > SpanExport::kTextBytesMax) text = text.substr(0, SpanExport::kTextBytesMax);
}

}  // namespace

// ---- In a worker

void SpanExport::Spans::add(Span span) {
  if (to_ == nullptr) return;
  if (spans_.size() >= kWorkerMax) {
    ++to_->dropped_;
    return;
  }
  for (std::string* text : {&span.method, &span.host, &span.path, &span.client}) cut(*text);
  spans_.push_back(std::move(span));
}

bool SpanExport::Spans::hand_over() {
  const std::unique_lock lock(to_->mutex_, std::try_to_lock);
  if (!lock) return false;
  const std::size_t room = kPendingMax - std::min(kPendingMax, to_->pending_.size());
  const std::size_t count = std::min(room, spans_.size());
  std::move(spans_.begin(), spans_.begin() + static_cast<std::ptrdiff_t>(count),
            std::back_inserter(to_->pending_));
  to_->dropped_ += spans_.size() - count;
  spans_.clear();
  if (to_->pending_.size() >= kBatchMax) to_->filled_.notify_one();
  return true;
}

// ---- The thread that sends

SpanExport::SpanExport(Settings settings, std::unique_ptr<base::HttpTransport> transport)
    : settings_(std::move(settings)), transport_(std::move(transport)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

SpanExport::~SpanExport() {
  thread_.request_stop();
  thread_.join();
}

void SpanExport::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Batch batch = wait_for_batch(stop);
    if (batch.count > 0) deliver(batch, stop);
  }
  send_rest();
}

SpanExport::Batch SpanExport::wait_for_batch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  filled_.wait_for(lock, stop, settings_.interval, [&] { return pending_.size() >= kBatchMax; });
  if (stop.stop_requested()) return {};
  return take_batch(lock);
}

// Made into text without the lock: a worker that finds it taken keeps its spans for a turn.
SpanExport::Batch SpanExport::take_batch(std::unique_lock<std::mutex>& lock) {
  const auto end =
      pending_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatchMax, pending_.size()));
  const std::vector<Span> spans(std::make_move_iterator(pending_.begin()),
                                std::make_move_iterator(end));
  pending_.erase(pending_.begin(), end);
  lock.unlock();
  if (spans.empty()) return {};
  return {.body = otlp_traces(settings_.resource, spans), .count = spans.size()};
}

void SpanExport::deliver(const Batch& batch, const std::stop_token& stop) {
  std::chrono::milliseconds pause = settings_.first_pause;
  for (int attempt = 1; attempt <= settings_.attempts_max; ++attempt, pause *= 2) {
    if (send(batch, settings_.timeout, stop) == Outcome::over) return;
    if (attempt == settings_.attempts_max) break;
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) break;
  }
  if (stop.stop_requested() && send(batch, kLastWords, {}) == Outcome::over) return;
  dropped_ += batch.count;
}

SpanExport::Outcome SpanExport::send(const Batch& batch, std::chrono::milliseconds timeout,
                                     const std::stop_token& stop) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = settings_.url;
  request.headers = {{"content-type", "application/json"}};
  request.body = batch.body;
  request.timeout = timeout;
  const auto answer = transport_->send(request, stop);
  if (!answer) {
    if (!stop.stop_requested()) complain(answer.error().message);
    return Outcome::try_again;
  }
  if (answer->status / 100 == 2) {
    sent_ += batch.count;
    return Outcome::over;
  }
  complain("it answered HTTP " + std::to_string(answer->status));
  if (is_worth_another_try(answer->status)) return Outcome::try_again;
  dropped_ += batch.count;
  return Outcome::over;
}

void SpanExport::send_rest() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + kLastWords;
  for (;;) {
    std::unique_lock lock(mutex_);
    const Batch batch = take_batch(lock);
    if (batch.count == 0) return;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || send(batch, left, {}) == Outcome::try_again) dropped_ += batch.count;
  }
}

void SpanExport::complain(const std::string& why) {
  const auto now = std::chrono::steady_clock::now();
  if (complained_ && now - *complained_ < kComplainsEvery) return;
  complained_ = now;
  spdlog::warn("sending spans to {}: {}; {} were dropped so far", settings_.url, why,
               dropped_.load());
}

}  // namespace proxy::admin
