#include "kube/controllers.h"

#include <utility>

namespace kube {

Controllers::Controllers(const base::Clock& clock, std::shared_ptr<prometheus::Registry> registry)
    : clock_(clock), registry_(std::move(registry)) {}

Controller& Controllers::add(Reconciler& reconciler, const std::string& name, int workers) {
  ControllerOptions options;
  options.name = name;
  options.workers = workers;
  options.registry = registry_;
  return all_.emplace_back(reconciler, clock_, std::move(options));
}

void Controllers::start() {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  for (Controller& one : all_) one.start();
}

void Controllers::request_stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  for (Controller& one : all_) one.request_stop();
}

void Controllers::stop() {
  request_stop();
  for (Controller& one : all_) one.stop();
}

}  // namespace kube
