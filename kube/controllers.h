#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include <prometheus/registry.h>

#include "base/clock.h"
#include "kube/controller.h"
#include "kube/reconciler.h"

namespace kube {

// The controllers of a program that start together and stop together. One comes out of add() and
// cannot be had otherwise, so none is left running or never begins.
class Controllers {
 public:
  // clock outlives it. registry: as ControllerOptions::registry.
  Controllers(const base::Clock& clock, std::shared_ptr<prometheus::Registry> registry);
  Controllers(const Controllers&) = delete;
  Controllers& operator=(const Controllers&) = delete;
  ~Controllers() { stop(); }

  // Before start(). It lives as long as this, and reconciler outlives both.
  Controller& add(Reconciler& reconciler, const std::string& name, int workers);

  // ---- Any thread.

  // After a stop was requested it does nothing: who is elected in that moment begins no work.
  void start();
  void request_stop();
  // Asks all before it waits for one; for runs under way, as Controller::stop().
  void stop();

 private:
  const base::Clock& clock_;
  const std::shared_ptr<prometheus::Registry> registry_;
  std::mutex mutex_;
  std::deque<Controller> all_;  // each stays where it is
  bool is_stopping_ = false;
};

}  // namespace kube
