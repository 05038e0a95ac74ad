#include "kube/controller.h"

#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

namespace kube {

namespace {

constexpr const char* kSuccess = "success";
constexpr const char* kRequeued = "requeued";
constexpr const char* kConflict = "conflict";
constexpr const char* kInvalid = "invalid";
constexpr const char* kDenied = "denied";
constexpr const char* kDelayed = "delayed";
constexpr const char* kFailed = "failed";
constexpr const char* kCancelled = "cancelled";

std::string seconds_text(WorkQueue::Duration delay) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(delay).count();
  return std::to_string(milliseconds / 1000) + "." + std::to_string(milliseconds / 100 % 10) + " s";
}

}  // namespace

// Every outcome is registered at 0, so that a rate has a beginning.
struct Controller::Metrics {
  Metrics(prometheus::Registry& registry, const std::string& name)
      : queue(prometheus::BuildGauge()
                  .Name("gatehouse_controller_queue_depth")
                  .Help("Keys that wait for a worker")
                  .Register(registry)
                  .Add({{"controller", name}})),
        duration(prometheus::BuildHistogram()
                     .Name("gatehouse_controller_reconcile_seconds")
                     .Help("How long one reconcile took")
                     .Register(registry)
                     .Add({{"controller", name}}, prometheus::Histogram::BucketBoundaries{
                                                      0.001, 0.01, 0.1, 0.5, 1, 5, 30})) {
    auto& counters = prometheus::BuildCounter()
                         .Name("gatehouse_controller_reconciles_total")
                         .Help("Reconciles by how they ended")
                         .Register(registry);
    for (const char* outcome :
         {kSuccess, kRequeued, kConflict, kInvalid, kDenied, kDelayed, kFailed, kCancelled}) {
      outcomes[outcome] = &counters.Add({{"controller", name}, {"outcome", outcome}});
    }
  }

  prometheus::Gauge& queue;
  prometheus::Histogram& duration;
  std::map<std::string, prometheus::Counter*> outcomes;
};

Controller::Controller(Reconciler& reconciler, const base::Clock& clock, ControllerOptions options)
    : reconciler_(reconciler),
      clock_(clock),
      options_(std::move(options)),
      queue_(clock, options_.backoff) {
  if (options_.registry) metrics_ = std::make_unique<Metrics>(*options_.registry, options_.name);
}

Controller::~Controller() {
  stop();
}

void Controller::start() {
  for (int i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

void Controller::request_stop() {
  for (std::jthread& worker : workers_) worker.request_stop();
}

void Controller::stop() {
  request_stop();
  workers_.clear();
}

bool Controller::run_one() {
  const auto key = queue_.try_take();
  if (!key) return false;
  run(*key);
  return true;
}

void Controller::work(const std::stop_token& stop) {
  while (const auto key = queue_.take(stop)) run(*key);
}

void Controller::run(const ObjectKey& key) {
  const base::SteadyTime began = clock_.steady_now();
  const base::Result<Outcome> result = reconciler_.reconcile(key);
  const char* outcome = settle(key, result);
  queue_.finish(key);
  if (!metrics_) return;
  metrics_->outcomes.at(outcome)->Increment();
  metrics_->duration.Observe(std::chrono::duration<double>(clock_.steady_now() - began).count());
  metrics_->queue.Set(static_cast<double>(queue_.ready_count()));
}

const char* Controller::settle(const ObjectKey& key, const base::Result<Outcome>& result) {
  if (result) {
    queue_.forget_failures(key);
    if (!result->requeue_after) return kSuccess;
    queue_.add_after(key, *result->requeue_after);
    return kRequeued;
  }
  const base::Error& error = result.error();
  switch (error.kind) {
    case base::ErrorKind::invalid:
      // The next change of the object brings it back.
      queue_.forget_failures(key);
      spdlog::warn("{} {}: {}; waiting for a change", options_.name, key.text(), error.message);
      return kInvalid;
    case base::ErrorKind::cancelled:
      // We are stopping, or only this step was: then it is to be done again.
      queue_.add_after_failure(key);
      return kCancelled;
    default:
      break;
  }
  WorkQueue::Duration delay{};
  const char* outcome = kFailed;
  if (error.retry_after) {
    delay = *error.retry_after;
    queue_.add_after(key, delay);
    outcome = kDelayed;
  } else if (error.kind == base::ErrorKind::denied) {
    delay = options_.denied_delay;
    queue_.add_after(key, delay);
    outcome = kDenied;
  } else {
    delay = queue_.add_after_failure(key);
    if (error.kind == base::ErrorKind::conflict) outcome = kConflict;
  }
  // A conflict is everyday: somebody wrote first, and we read again.
  spdlog::log(error.kind == base::ErrorKind::conflict ? spdlog::level::debug : spdlog::level::warn,
              "{} {}: {}; trying again in {}", options_.name, key.text(), error.message,
              seconds_text(delay));
  return outcome;
}

}  // namespace kube
