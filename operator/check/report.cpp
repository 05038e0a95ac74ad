#include "operator/check/report.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "base/plain_text.h"
#include "operator/check/view_source.h"
#include "operator/ingress/incremental_compiler.h"
#include "operator/ingress/overlooked.h"
#include "operator/ingress/owned_ingresses.h"
#include "proxy/config/wire.h"

namespace check {
namespace {

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::served:
      return "served";
    case Verdict::differs:
      return "differs";
    case Verdict::refused:
      return "refused";
  }
  return "?";
}

Verdict verdict_of(const IngressReport& report) {
  if (report.paths_served == 0 && report.paths_closed > 0) return Verdict::refused;
  const bool is_warned = std::any_of(
      report.findings.begin(), report.findings.end(),
      [](const Finding& finding) { return finding.severity == routing::Severity::warning; });
  if (!is_warned && report.paths_closed == 0) return Verdict::served;
  return report.paths_served == 0 ? Verdict::refused : Verdict::differs;
}

// Names come from manifests that no API server has looked at.
std::string shown(const std::string& text) {
  return base::without_controls(text);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += ",";
    text += part.empty() ? "*" : part;
  }
  return text.empty() ? "-" : text;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text + "  ";
}

std::string count_line(const std::vector<IngressReport>& reports) {
  std::map<Verdict, std::size_t> counts;
  for (const IngressReport& report : reports) ++counts[report.verdict];
  return "Ingresses: " + std::to_string(reports.size()) +
         "; served as asked: " + std::to_string(counts[Verdict::served]) +
         "; served with differences: " + std::to_string(counts[Verdict::differs]) +
         "; refused: " + std::to_string(counts[Verdict::refused]) + "\n";
}

}  // namespace

// By the way that an operator goes, so that what breaks the proxies' contract is closed as it is
// there.
Outlook outlook_of(const ingress::ClusterView& view) {
  ingress::IncrementalCompiler compiler(static_cast<const ingress::ReleaseSettings&>(view));
  ingress::ClusterChanges all;
  all.everything = true;
  compiler.update(all, ViewSource(view), view.now);

  std::map<kube::ObjectKey, IngressReport> reports;
  for (const ingress::Summary& summary : compiler.summaries()) {
    IngressReport& report = reports[summary.ingress->metadata.key()];
    report.hosts = summary.hosts;
    report.paths_served = summary.paths_served;
    report.paths_closed = summary.paths_closed;
  }
  const ingress::ClassOwnership ownership = ingress::ownership_of(view);
  for (const auto& one : view.ingresses) {
    const auto remark = ingress::why_not_admitted(*one, ownership);
    if (!remark) continue;
    reports[one->metadata.key()].findings.push_back(
        {routing::Severity::warning, remark->reason, remark->message});
  }
  const routing::Complaints of_ingresses = compiler.complaints();
  const routing::Complaints of_plan = compiler.plan().complaints;
  for (const auto* complaints : {&of_ingresses, &of_plan}) {
    for (const routing::Complaint& complaint : *complaints) {
      if (complaint.severity == routing::Severity::pending) continue;
      reports[complaint.claimant.key()].findings.push_back(
          {complaint.severity, complaint.reason, complaint.message});
    }
  }
  Outlook outlook;
  for (auto& [key, report] : reports) {
    report.ingress = key;
    report.verdict = verdict_of(report);
    outlook.reports.push_back(std::move(report));
  }
  if (const auto valid = proxy::config::validate(compiler.config()); !valid) {
    outlook.problem =
        "what all of it becomes is nothing that the proxies take: " + valid.error().message;
  }
  return outlook;
}

std::string to_table(const std::vector<IngressReport>& reports,
                     const std::vector<std::string>& problems) {
  std::size_t name_width = 7, hosts_width = 5;
  for (const IngressReport& report : reports) {
    name_width = std::max(name_width, shown(report.ingress.text()).size());
    hosts_width = std::max(hosts_width, shown(joined(report.hosts)).size());
  }
  std::string text;
  if (!reports.empty()) {
    text += padded("VERDICT", 7) + padded("INGRESS", name_width) + padded("HOSTS", hosts_width) +
            "PATHS SERVED\n";
  }
  for (const IngressReport& report : reports) {
    text += padded(name_of(report.verdict), 7) + padded(shown(report.ingress.text()), name_width) +
            padded(shown(joined(report.hosts)), hosts_width) + std::to_string(report.paths_served) +
            " of " + std::to_string(report.paths_served + report.paths_closed) + "\n";
    for (const Finding& finding : report.findings)
      text += "  " + finding.reason + ": " + shown(finding.message) + "\n";
  }
  for (const std::string& problem : problems) {
    text += "cannot be read: " + shown(problem) + "\n";
  }
  return text + count_line(reports);
}

std::string to_json(const std::vector<IngressReport>& reports,
                    const std::vector<std::string>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const IngressReport& report : reports) {
    nlohmann::json findings = nlohmann::json::array();
    for (const Finding& finding : report.findings) {
      findings.push_back(
          {{"type", finding.severity == routing::Severity::warning ? "Warning" : "Normal"},
           {"reason", finding.reason},
           {"message", finding.message}});
    }
    list.push_back({{"namespace", report.ingress.namespace_},
                    {"name", report.ingress.name},
                    {"verdict", name_of(report.verdict)},
                    {"hosts", report.hosts},
                    {"pathsServed", report.paths_served},
                    {"pathsClosed", report.paths_closed},
                    {"findings", std::move(findings)}});
  }
  const nlohmann::json whole = {{"ingresses", std::move(list)}, {"problems", problems}};
  // What a manifest says need not be UTF-8.
  return whole.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

int exit_status(const std::vector<IngressReport>& reports,
                const std::vector<std::string>& problems) {
  if (!problems.empty()) return 2;
  const bool all_served =
      std::all_of(reports.begin(), reports.end(),
                  [](const IngressReport& report) { return report.verdict == Verdict::served; });
  return all_served ? 0 : 1;
}

}  // namespace check
