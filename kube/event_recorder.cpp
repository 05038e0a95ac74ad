#include "kube/event_recorder.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "kube/event_lines.h"
#include "kube/event_series.h"
#include "kube/token_bucket.h"

namespace kube {

namespace {

// What a server that has too much to do is left alone, if it does not say for how long.
constexpr std::chrono::seconds kPause{5};
constexpr std::chrono::seconds kPauseMax{60};
constexpr std::chrono::seconds kDrainTime{2};
// Of the log, however many Events are refused.
constexpr std::chrono::seconds kWordsApart{60};

// Refused for now, not for what it says. denied: somebody may give us the right.
bool may_pass(const base::Error& error) {
  return error.kind == base::ErrorKind::unavailable ||
         error.kind == base::ErrorKind::rate_limited || error.kind == base::ErrorKind::denied;
}

// The API server has no reason of its own for it: 403 Forbidden with these words.
bool is_being_terminated(const base::Error& error) {
  return error.kind == base::ErrorKind::denied &&
         error.message.find("being terminated") != std::string::npos;
}

nlohmann::json series_patch(const Event& event) {
  return {{"series", event.to_json().at("series")}};
}

}  // namespace

class EventRecorder::Impl {
 public:
  Impl(Client& client, const base::Clock& clock, EventRecorderOptions options)
      : client_(client),
        clock_(clock),
        options_(std::move(options)),
        rules_(options_),
        pace_(options_.burst, options_.one_each, clock.steady_now()),
        lines_({options_.per_object_max, options_.bytes_max, options_.bytes_max / 4}) {
    if (options_.registry) {
      dropped_counter_ = &prometheus::BuildCounter()
                              .Name("gatehouse_events_dropped_total")
                              .Help(
                                  "Kubernetes Events that were not written: there was no room, "
                                  "or the API server refused them")
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
    changed_.notify_all();
    thread_.join();
  }

  void record(Occurrence occurrence) {
    if (offer(std::move(occurrence))) return;
    const std::lock_guard lock(mutex_);
    count_dropped(1);
  }

  bool offer(Occurrence occurrence) {
    {
      const std::lock_guard lock(mutex_);
      if (!lines_.add(std::move(occurrence), clock_.now())) return false;
      has_news_ = true;
    }
    changed_.notify_all();
    return true;
  }

  std::uint64_t dropped_count() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  void run(const std::stop_token& stop) {
    while (auto waiting = next(stop)) tell(*std::move(waiting));
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // The next that is to be told; nothing when stop was requested and nobody is ready. Overdue
  // series are written while it waits.
  std::optional<EventLines::Waiting> next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!calls_.stop_requested()) {
      const base::SteadyTime now = clock_.steady_now();
      const bool is_stopping = stop.stop_requested();
      has_news_ = false;
      if (is_stopping && now < paused_until_) return std::nullopt;
      std::optional<base::SteadyTime> wake_at = paused_until_;
      if (now >= paused_until_) {
        if (rules_.next_due() && *rules_.next_due() <= now) {
          lock.unlock();
          write_overdue();
          lock.lock();
          continue;
        }
        wake_at = pace_.ready_at(now);
        if (is_stopping || *wake_at <= now) {
          if (auto waiting = lines_.take(now)) return waiting;
          wake_at = earliest(lines_.next_ready(), rules_.next_due());
        }
      }
      if (is_stopping) return std::nullopt;
      const auto is_woken = [this] { return has_news_; };
      if (wake_at) {
        changed_.wait_for(lock, stop, *wake_at - now, is_woken);
      } else {
        changed_.wait(lock, stop, is_woken);
      }
    }
    return std::nullopt;
  }

  static std::optional<base::SteadyTime> earliest(std::optional<base::SteadyTime> one,
                                                  std::optional<base::SteadyTime> other) {
    if (!one || !other) return one ? one : other;
    return std::min(*one, *other);
  }

  void write_overdue() {
    for (const EventSeriesRules::Write& write : rules_.overdue(clock_.steady_now())) {
      pace_.take(clock_.steady_now());
      const base::Status written = try_write(write);
      if (written) continue;
      rules_.take_back(write, clock_.steady_now());
      complain(write, written.error());
    }
  }

  void tell(EventLines::Waiting waiting) {
    const auto step =
        rules_.on_occurrence(waiting.occurrence, clock_.steady_now(), waiting.at, waiting.times);
    if (step.wait_until) {
      const std::lock_guard lock(mutex_);
      lines_.put_back(std::move(waiting), *step.wait_until);
      return;
    }
    if (!step.write) return;
    pace_.take(clock_.steady_now());
    const base::Status written = try_write(*step.write);
    const std::string& namespace_ = waiting.occurrence.regarding.namespace_;
    if (written) {
      const std::lock_guard lock(mutex_);
      lines_.note_success(namespace_);
      return;
    }
    rules_.take_back(*step.write, clock_.steady_now());
    settle(*step.write, std::move(waiting), written.error());
  }

  // What becomes of one that could not be written. A series is written with what comes later.
  void settle(const EventSeriesRules::Write& write, EventLines::Waiting waiting,
              const base::Error& error) {
    if (error.kind == base::ErrorKind::cancelled) return;
    const base::SteadyTime now = clock_.steady_now();
    const std::string namespace_ = waiting.occurrence.regarding.namespace_;
    const std::lock_guard lock(mutex_);
    if (is_being_terminated(error) || (error.kind == base::ErrorKind::not_found)) {
      const std::size_t dropped = 1 + lines_.drop_namespace(namespace_);
      spdlog::info("{} Events are not written: namespace {} is being deleted", dropped, namespace_);
      return;
    }
    if (!may_pass(error)) {
      count_dropped(1);
      return complain(write, error);
    }
    if (error.kind == base::ErrorKind::rate_limited) {
      paused_until_ = now + std::min(error.retry_after.value_or(kPause), kPauseMax);
    } else {
      lines_.note_failure(namespace_, now);
    }
    if (write.is_new) lines_.put_back(std::move(waiting), now);
    complain(write, error);
  }

  void complain(const EventSeriesRules::Write& write, const base::Error& error) {
    const base::SteadyTime now = clock_.steady_now();
    ++unsaid_;
    if (error.kind == base::ErrorKind::cancelled || now < next_word_) return;
    next_word_ = now + kWordsApart;
    spdlog::warn("recording an Event of {} {}: {} ({} times in the last minute)",
                 write.event.regarding.kind,
                 ObjectKey{write.event.regarding.namespace_, write.event.regarding.name}.text(),
                 error.message, unsaid_);
    unsaid_ = 0;
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

  void count_dropped(std::size_t count) {
    dropped_ += count;
    if (dropped_counter_ != nullptr) dropped_counter_->Increment(static_cast<double>(count));
  }

  Client& client_;
  const base::Clock& clock_;
  const EventRecorderOptions options_;
  prometheus::Counter* dropped_counter_ = nullptr;
  std::stop_source calls_;

  // ---- The thread's own
  EventSeriesRules rules_;
  TokenBucket pace_;
  base::SteadyTime paused_until_{};  // the server has too much to do
  base::SteadyTime next_word_{};
  std::size_t unsaid_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  EventLines lines_;
  bool has_news_ = false;
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

bool EventRecorder::offer(Occurrence occurrence) {
  return impl_->offer(std::move(occurrence));
}

std::uint64_t EventRecorder::dropped_count() const {
  return impl_->dropped_count();
}

}  // namespace kube
