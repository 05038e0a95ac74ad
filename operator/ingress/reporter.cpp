#include "operator/ingress/reporter.h"

#include <map>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

namespace ingress {

Reporter::Reporter(kube::EventSink& events, const base::Clock& clock)
    : events_(events), clock_(clock), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Reporter::~Reporter() {
  thread_.request_stop();
  thread_.join();
}

void Reporter::report(std::vector<Summary> summaries, Complaints complaints) {
  const std::lock_guard lock(mutex_);
  summaries_ = std::move(summaries);
  complaints_ = std::move(complaints);
  has_report_ = true;
  is_new_ = true;
  changed_.notify_all();
}

void Reporter::start_speaking() {
  const std::lock_guard lock(mutex_);
  speaks_ = true;
  is_new_ = has_report_;
  changed_.notify_all();
}

void Reporter::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait(lock, stop, [this] { return speaks_ && is_new_; });
    while (speaks_ && has_report_ && !stop.stop_requested()) {
      is_new_ = false;
      const std::vector<Summary> summaries = summaries_;
      const Complaints complaints = complaints_;
      lock.unlock();
      const auto due = complaint_log_.update(complaints, clock_.steady_now());
      tell(summaries, due.news, programmed_log_.update(summaries));
      lock.lock();
      if (is_new_) continue;
      if (!due.next) break;
      changed_.wait_for(lock, stop, *due.next - clock_.steady_now(), [this] { return is_new_; });
    }
  }
}

void Reporter::tell(const std::vector<Summary>& summaries, const Complaints& news,
                    const std::vector<const Summary*>& programmed) {
  std::map<kube::ObjectKey, kube::ObjectReference> references;
  for (const Summary& summary : summaries) {
    references.emplace(summary.ingress->metadata.key(),
                       kube::reference_to(kube::Ingress::type(), summary.ingress->metadata));
  }
  for (const Complaint& complaint : news) {
    const auto reference = references.find(complaint.ingress);
    if (reference == references.end()) continue;
    const bool is_warning = complaint.severity == Severity::warning;
    spdlog::log(is_warning ? spdlog::level::warn : spdlog::level::info, "Ingress {}: {}: {}",
                complaint.ingress.text(), complaint.reason, complaint.message);
    events_.record({reference->second,
                    is_warning ? kube::EventType::warning : kube::EventType::normal,
                    complaint.reason, "Compiling", complaint.message});
  }
  for (const Summary* summary : programmed) {
    const std::string text = "Serving " + served_text(*summary) + ".";
    spdlog::info("Ingress {}: {}", summary->ingress->metadata.key().text(), text);
    events_.normal(references.at(summary->ingress->metadata.key()), "Programmed", "Compiling",
                   text);
  }
}

}  // namespace ingress
