#include "operator/ingress/parameters_in_force.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace ingress {
namespace {

bool selects_by_labels(const ParametersByName::value_type& one) {
  return one.second->spec.namespace_selector.has_value();
}

}  // namespace

ParametersInForce::ParametersInForce(kube::Store<kube::IngressClass>& classes,
                                     kube::Store<api::EdgeParameters>& parameters,
                                     const kube::Store<kube::Namespace>& namespaces)
    : classes_(classes), parameters_(parameters), namespaces_(namespaces) {
  classes.add_listener([this](const auto&) { as_written(); });
  parameters.add_listener([this](const auto&) { as_written(); });
}

ParametersByName ParametersInForce::now() const {
  return selecting([this] { return labels_of(namespaces_.list()); });
}

ParametersByName ParametersInForce::now_for(const std::string& namespace_) const {
  return selecting([&] {
    const auto found = namespaces_.get({"", namespace_});
    return found ? labels_of({found}) : NamespaceLabels();
  });
}

ParametersByName ParametersInForce::as_written() const {
  const std::lock_guard lock(mutex_);
  ParametersByName named;
  for (const auto& one : classes_.list()) {
    const std::string name = named_parameters(*one);
    if (name.empty()) continue;
    const auto written = parameters_.get({"", name});
    const auto before = last_.find(name);
    if (written && written->problem.empty()) {
      named[name] = written;
    } else if (before != last_.end()) {
      named[name] = before->second;
    }
  }
  last_ = std::move(named);
  return last_;
}

bool ParametersInForce::have_selectors() const {
  const ParametersByName all = as_written();
  return std::any_of(all.begin(), all.end(), selects_by_labels);
}

bool ParametersInForce::are_awaited(const std::string& controller,
                                    const std::set<std::string>& class_names) const {
  const bool are_listed = parameters_.has_synced();
  if (are_listed && namespaces_.has_synced()) return false;
  const ParametersByName all = as_written();
  const auto classes = classes_.list();
  return std::any_of(classes.begin(), classes.end(), [&](const auto& one) {
    const std::string name = named_parameters(*one);
    const bool is_one_of_these =
        one->controller == controller && class_names.count(one->metadata.name) != 0;
    if (!is_one_of_these || name.empty()) return false;
    const auto found = all.find(name);
    return !are_listed || (found != all.end() && selects_by_labels(*found));
  });
}

// known: the labels of namespaces, asked for where a selector asks for them.
ParametersByName ParametersInForce::selecting(const std::function<NamespaceLabels()>& known) const {
  ParametersByName all = as_written();
  if (std::none_of(all.begin(), all.end(), selects_by_labels)) return all;
  if (!namespaces_.has_synced()) {
    std::erase_if(all, selects_by_labels);
    return all;
  }
  const NamespaceLabels labels = known();
  for (auto& [name, one] : all) one = with_selected(std::move(one), labels);
  return all;
}

}  // namespace ingress
