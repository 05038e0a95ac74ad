#include "operator/program/definitions_watch.h"

#include <chrono>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kube/pause.h"

namespace program {

void DefinitionsWatch::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { look(stop); });
}

std::string DefinitionsWatch::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void DefinitionsWatch::look(const std::stop_token& stop) {
  const kube::Pause pause = kube::real_pause();
  kube::Backoff backoff(std::chrono::milliseconds(200), std::chrono::seconds(5),
                        kube::real_random());
  std::string last;
  while (!stop.stop_requested()) {
    const auto found = client_.get_path("/apis/gatehouse.dev/v1alpha1", stop);
    std::string problem;
    if (!found && found.error().kind == base::ErrorKind::not_found) {
      problem =
          "the CustomResourceDefinitions of gatehouse.dev/v1alpha1 are not installed: apply the "
          "files of crds/";
    } else if (!found) {
      problem = found.error().message;
    }
    {
      const std::lock_guard lock(mutex_);
      problem_ = problem;
    }
    if (problem.empty()) return;
    if (problem != last && !stop.stop_requested()) {
      spdlog::error("the cluster cannot be used yet: {}; trying again", problem);
    }
    last = problem;
    pause(backoff.next(), stop);
  }
}

}  // namespace program
