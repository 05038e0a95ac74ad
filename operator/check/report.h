#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "operator/ingress/compiler.h"

namespace check {

// What would become of an Ingress.
enum class Verdict {
  served,   // as it asks
  differs,  // in part, or otherwise than it asks; its findings say what
  refused,  // none of its paths reaches a backend
};

struct Finding {
  routing::Severity severity = routing::Severity::warning;
  std::string reason;   // as the Event's
  std::string message;  // with the remedy
};

struct IngressReport {
  kube::ObjectKey ingress;
  Verdict verdict = Verdict::served;
  std::vector<std::string> hosts;
  std::size_t paths_served = 0;
  std::size_t paths_closed = 0;
  std::vector<Finding> findings;
};

struct Outlook {
  std::vector<IngressReport> reports;  // of every Ingress of the view, by name
  std::string problem{};               // of all together; empty: there is none
};

// Pure.
Outlook outlook_of(const ingress::ClusterView& view);

// For a person, with a line that counts at its end.
std::string to_table(const std::vector<IngressReport>& reports,
                     const std::vector<std::string>& problems);
// {"ingresses": [...], "problems": [...]}
std::string to_json(const std::vector<IngressReport>& reports,
                    const std::vector<std::string>& problems);

// 0: all are served as they ask; 1: some are not; 2: something could not be read.
int exit_status(const std::vector<IngressReport>& reports,
                const std::vector<std::string>& problems);

}  // namespace check
