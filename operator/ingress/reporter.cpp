#include "operator/ingress/reporter.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

namespace ingress {
namespace {

using routing::Complaint;
using routing::ComplaintLog;
using routing::Severity;

// Enough to find it in the proxies' logs and metrics.
constexpr std::size_t kRevisionShown = 12;

}  // namespace

Reporter::Reporter(kube::EventSink& events, const base::Clock& clock)
    : events_(events), clock_(clock), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Reporter::~Reporter() {
  thread_.request_stop();
  thread_.join();
}

void Reporter::report(const Findings& findings, std::optional<std::string> revision) {
  const std::lock_guard lock(mutex_);
  report_ = Report{findings, std::move(revision)};
  is_new_ = true;
  changed_.notify_all();
}

void Reporter::start_speaking() {
  const std::lock_guard lock(mutex_);
  speaks_ = true;
  is_new_ = report_.has_value();
  changed_.notify_all();
}

void Reporter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [this] { return speaks_ && is_new_; });
    while (speaks_ && report_ && !stop.stop_requested()) {
      is_new_ = false;
      const Report report = *report_;
      lock.unlock();
      const auto next = tell(report);
      lock.lock();
      if (is_new_) continue;
      if (!next) break;
      changed_.wait_for(lock, stop, *next - clock_.steady_now(), [this] { return is_new_; });
    }
  }
}

std::optional<base::SteadyTime> Reporter::tell(const Report& report) {
  const base::SteadyTime now = clock_.steady_now();
  const auto complaints = complaint_log_.update(
      report.findings.complaints, report.findings.plan_complaints, now,
      [&](const Complaint& complaint, auto telling) {
        const Summary* const summary =
            summary_of(complaint.claimant.kind_and_key(), report.findings);
        if (summary == nullptr) return true;  // nobody is left to be told
        const kube::ObjectMeta& ingress = summary->ingress->metadata;
        return tell(kube::reference_to(kube::Ingress::type(), ingress), complaint, telling);
      });
  const auto programmed = programmed_log_.update(
      report.findings, now,
      [&](const Summary& news) { return tell(news, report.revision.value_or("")); },
      report.revision.has_value());
  if (!complaints || !programmed) return complaints ? complaints : programmed;
  return std::min(*complaints, *programmed);
}

bool Reporter::tell(const kube::ObjectReference& ingress, const Complaint& complaint,
                    ComplaintLog::Telling telling) {
  const bool is_warning = complaint.severity == Severity::warning;
  if (!events_.offer({ingress, is_warning ? kube::EventType::warning : kube::EventType::normal,
                      complaint.reason, "Compiling", complaint.message})) {
    return false;
  }
  if (telling == ComplaintLog::Telling::reminder) return true;
  spdlog::log(is_warning ? spdlog::level::warn : spdlog::level::info, "{}: {}: {}",
              complaint.claimant.text(), complaint.reason, complaint.message);
  return true;
}

bool Reporter::tell(const Summary& programmed, const std::string& revision) {
  const kube::ObjectMeta& ingress = programmed.ingress->metadata;
  const std::string text = "Serving " + served_text(programmed) + "; revision " +
                           revision.substr(0, kRevisionShown) + " of the proxies' configuration.";
  if (!events_.offer({kube::reference_to(kube::Ingress::type(), ingress), kube::EventType::normal,
                      "Programmed", "Compiling", text})) {
    return false;
  }
  spdlog::info("Ingress {}: {}", ingress.key().text(), text);
  return true;
}

}  // namespace ingress
