#include "operator/program/neighbours.h"

#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace program {

Neighbours::Neighbours(Release own, kube::ObjectKey lease, kube::Client& client,
                       const base::Clock& clock, kube::EventSink& events)
    : own_(std::move(own)),
      lease_(std::move(lease)),
      client_(client),
      clock_(clock),
      events_(events) {}

// The Leases of the cluster's operators. Whose rights are older than this question is alone, as far
// as it can tell.
base::Result<std::vector<kube::Lease>> Neighbours::operators_leases(const std::stop_token& stop) {
  kube::ListOptions options;
  options.label_selector = std::string(kOperatorLeaseLabel) + "=true";
  const auto listed = client_.list_all(kube::Lease::type(), options, stop);
  if (!listed && listed.error().kind == base::ErrorKind::denied) {
    spdlog::warn(
        "{}; without the right to list Leases of all namespaces, a second release in this cluster "
        "is not noticed",
        listed.error().message);
    return std::vector<kube::Lease>{};
  }
  if (!listed) return base::failure(listed.error());
  std::vector<kube::Lease> leases;
  for (const nlohmann::json& object : *listed) {
    if (auto lease = kube::Lease::from_json(object)) leases.push_back(std::move(*lease));
  }
  return leases;
}

base::Result<kube::LeaderElector::Surroundings> Neighbours::look_around(
    const std::stop_token& stop) {
  const auto all = operators_leases(stop);
  if (!all) return base::failure(all.error());
  Standing standing = standing_of(own_, lease_, *all, rivals_.held(*all, clock_.steady_now()));
  has_classless_ = standing.has_classless;
  {
    const std::lock_guard lock(mutex_);
    classes_elsewhere_ = std::move(standing.classes_elsewhere);
  }
  return kube::LeaderElector::Surroundings{std::move(standing.refusal),
                                           own_.annotations(standing.has_classless)};
}

void Neighbours::report_refusal(const std::string& why) {
  kube::ObjectReference regarding;
  regarding.api_version = kube::Lease::type().api_version();
  regarding.kind = kube::Lease::type().kind;
  regarding.namespace_ = lease_.namespace_;
  regarding.name = lease_.name;
  events_.warning(regarding, "AnotherReleaseLeads", "Electing", why);
}

bool Neighbours::is_our_class(const std::string& name) const {
  return name.empty() ? has_classless() : own_.classes.count(name) != 0;
}

std::set<std::string> Neighbours::classes_elsewhere() const {
  const std::lock_guard lock(mutex_);
  return classes_elsewhere_;
}

}  // namespace program
