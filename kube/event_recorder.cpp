#include "kube/event_recorder.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "kube/event_series.h"
#include "kube/pause.h"

namespace kube {

namespace {

constexpr int kTries = 3;
constexpr std::chrono::seconds kRetryDelay{1};
constexpr std::chrono::seconds kRetryDelayMax{10};
constexpr std::chrono::seconds kDrainTime{2};

bool may_pass(const base::Error& error) {
  return error.kind == base::ErrorKind::unavailable || error.kind == base::ErrorKind::rate_limited;
}

nlohmann::json series_patch(const Event& event) {
  return {{"series", event.to_json().at("series")}};
}

}  // namespace

class EventRecorder::Impl {
 public:
  Impl(Client& client, const base::Clock& clock, EventRecorderOptions options)
      : client_(client), clock_(clock), options_(std::move(options)), rules_(options_) {
    if (options_.registry) {
      dropped_counter_ = &prometheus::BuildCounter()
                              .Name("gatehouse_events_dropped_total")
                              .Help("Kubernetes Events that were not written: the queue was full")
                              .Register(*options_.registry)
                              .Add({});
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Impl() {
    thread_.request_stop();
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kDrainTime, [this] { return ended_; });
    }
    calls_.request_stop();
    thread_.join();
  }

  void record(Occurrence occurrence) {
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= options_.queue_max) {
        ++dropped_;
        if (dropped_counter_ != nullptr) dropped_counter_->Increment();
        return;
      }
      queue_.push_back(std::move(occurrence));
    }
    changed_.notify_all();
  }

  std::uint64_t dropped_count() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  void run(const std::stop_token& stop) {
    while (auto occurrence = next(stop)) {
      const auto due = rules_.on_occurrence(*occurrence, clock_.steady_now(), clock_.now());
      if (due) write(*due, stop);
      write_overdue(stop);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // The next occurrence; nothing when stop was requested and the queue is empty. Overdue series are
  // written while it waits.
  std::optional<Occurrence> next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto has_one = [this] { return !queue_.empty(); };
    while (!has_one()) {
      if (stop.stop_requested()) return std::nullopt;
      const auto due = rules_.next_due();
      if (!due) {
        changed_.wait(lock, stop, has_one);
        continue;
      }
      if (changed_.wait_for(lock, stop, *due - clock_.steady_now(), has_one)) continue;
      lock.unlock();
      write_overdue(stop);
      lock.lock();
    }
    if (calls_.stop_requested()) return std::nullopt;
    Occurrence first = std::move(queue_.front());
    queue_.pop_front();
    return first;
  }

  void write_overdue(const std::stop_token& stop) {
    for (const EventSeriesRules::Write& write_ : rules_.overdue(clock_.steady_now())) {
      write(write_, stop);
    }
  }

  void write(const EventSeriesRules::Write& write, const std::stop_token& stop) {
    for (int tries = 1;; ++tries) {
      const base::Status written = try_write(write);
      if (written) return;
      const base::Error& error = written.error();
      const auto delay = std::min(error.retry_after.value_or(kRetryDelay), kRetryDelayMax);
      if (may_pass(error) && tries < kTries && pause_(delay, stop)) continue;
      spdlog::warn("recording an Event of {} {}: {}", write.event.regarding.kind,
                   ObjectKey{write.event.regarding.namespace_, write.event.regarding.name}.text(),
                   error.message);
      return;
    }
  }

  base::Status try_write(const EventSeriesRules::Write& write) {
    const std::stop_token stop = calls_.get_token();
    if (!write.is_new) {
      const auto patched = client_.patch(Event::type(), write.event.metadata.key(),
                                         series_patch(write.event), {}, stop);
      if (patched) return {};
      // The API server forgets Events after an hour: then the series goes on in a new one.
      if (patched.error().kind != base::ErrorKind::not_found) return base::failure(patched.error());
    }
    const auto created = client_.create(Event::type(), write.event.to_json(), stop);
    if (created || is_already_exists(created.error())) return {};
    return base::failure(created.error());
  }

  Client& client_;
  const base::Clock& clock_;
  const EventRecorderOptions options_;
  const Pause pause_ = real_pause();
  EventSeriesRules rules_;  // the thread's own
  std::stop_source calls_;
  prometheus::Counter* dropped_counter_ = nullptr;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<Occurrence> queue_;
  std::uint64_t dropped_ = 0;
  bool ended_ = false;
  std::jthread thread_;
};

EventRecorder::EventRecorder(Client& client, const base::Clock& clock, EventRecorderOptions options)
    : impl_(std::make_unique<Impl>(client, clock, std::move(options))) {}

EventRecorder::~EventRecorder() = default;

void EventRecorder::record(Occurrence occurrence) {
  impl_->record(std::move(occurrence));
}

std::uint64_t EventRecorder::dropped_count() const {
  return impl_->dropped_count();
}

}  // namespace kube
