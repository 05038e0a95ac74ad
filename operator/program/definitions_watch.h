#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "kube/client.h"

namespace program {

// Looks for our CustomResourceDefinitions until they are there, on a thread of its own. Without
// them everything waits; the reflectors' own errors name one kind each, this names the remedy.
class DefinitionsWatch {
 public:
  explicit DefinitionsWatch(kube::Client& client) : client_(client) {}  // outlives it

  void start();
  void request_stop() { thread_.request_stop(); }

  std::string problem() const;  // empty: they are there

 private:
  void look(const std::stop_token& stop);

  kube::Client& client_;
  mutable std::mutex mutex_;
  std::string problem_ = "the API server has not answered yet";
  std::jthread thread_;
};

}  // namespace program
