#include "proxy/control/file_source.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/key.h"
#include "base/tls_certificate_rules.h"
#include "base/x509.h"
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
    if (!was_complete_) judge_certificates(*snapshot->config);
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

  // A file that holds no certificate or no key is the wrong file, or half of one: such a start is
  // not complete. Two that do not belong together are most often a rotation under way, which harms
  // its own names only. So does a pair that goes bad or is added later, when the others are in
  // service: this ends with the first complete state.
  void judge_certificates(const config::ProxyConfig& config) {
    std::string problem;
    for (const auto& [id, certificate] : config.certificates) {
      const std::string chain = certificate->chain_pem.text();
      const std::string key = certificate->key_pem.text();
      const auto pair = base::check_tls_pair(chain, key);
      if (pair) continue;
      const std::string found = path_ + ": certificate " + id + ": " + pair.error().message;
      spdlog::error("{}; handshakes for its names are refused", found);
      const bool is_readable =
          base::read_chain(chain).has_value() && base::PrivateKey::from_pem(key).has_value();
      if (!is_readable && problem.empty()) problem = found;
    }
    was_complete_ = problem.empty();
    sink_.on_incomplete(std::move(problem));
  }

  const std::string path_;
  FollowedFile file_;
  ConfigSink& sink_;
  std::string live_revision_;
  std::shared_ptr<const Snapshot> unfinished_;  // not every worker has it yet: published again
  bool was_complete_ = false;
  std::jthread thread_;  // last: it uses the others
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
