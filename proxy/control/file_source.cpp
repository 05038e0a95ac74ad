#include "proxy/control/file_source.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/control/followed_file.h"

namespace proxy::control {
namespace {

constexpr std::chrono::seconds kInterval{1};

class PollingFileSource final : public FileSource {
 public:
  PollingFileSource(std::string path, ConfigSink& sink)
      : path_(path), file_(std::move(path)), sink_(sink) {}

  base::Status read_first() { return take(); }

  void follow() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      stopped.wait_for(lock, stop, kInterval, [] { return false; });
      if (stop.stop_requested()) return;
      const auto taken = take();
      if (!taken) {
        sink_.on_refused();
        spdlog::error("reading the configuration again: {}; the last good one stays in place",
                      taken.error().message);
      }
    }
  }

  base::Status take() {
    auto changed = file_.check();
    if (!changed && unfinished_ == nullptr) return {};
    if (changed && !*changed) return base::failure(std::move(changed->error()));
    const auto unfinished = std::exchange(unfinished_, nullptr);
    const auto snapshot = changed ? make_snapshot(std::move(**changed)) : unfinished;
    if (unfinished == nullptr && snapshot->revision == live_revision_) return {};
    auto published = sink_.publish(snapshot);
    if (!published) {
      if (published.error().kind == base::ErrorKind::unavailable) unfinished_ = snapshot;
      return base::failure(base::while_doing(path_, std::move(published.error())));
    }
    live_revision_ = snapshot->revision;
    spdlog::info("configuration {} from {} is live (hosts {}, clusters {}, certificates {})",
                 live_revision_.substr(0, 12), path_, snapshot->config->hosts.size(),
                 snapshot->config->clusters.size(), snapshot->config->certificates.size());
    return {};
  }

  const std::string path_;
  FollowedFile file_;
  ConfigSink& sink_;
  std::string live_revision_;
  std::shared_ptr<const Snapshot> unfinished_;  // not every worker has it yet: published again
  std::jthread thread_;                         // last: it uses the others
};

}  // namespace

base::Result<std::unique_ptr<FileSource>> FileSource::start(const std::string& path,
                                                            ConfigSink& sink) {
  auto source = std::make_unique<PollingFileSource>(path, sink);
  auto first = source->read_first();
  if (!first) return base::failure(std::move(first.error()));
  source->follow();
  return source;
}

}  // namespace proxy::control
