#include "proxy/control/snapshot_keeper.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

namespace proxy::control {
namespace {

const char* what_follows(const base::Error& error) {
  return error.kind == base::ErrorKind::conflict
             ? "this one does when that has ended"
             : "until it works, a proxy that is restarted waits for the operator";
}

class FileKeeper final : public SnapshotKeeper {
 public:
  FileKeeper(SnapshotFile file, ConfigSink& next, const SnapshotPace::Times& times)
      : file_(std::move(file)), next_(next), pace_(times) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  base::Status publish(std::shared_ptr<const Snapshot> snapshot) override {
    auto published = next_.publish(snapshot);
    if (!published) return published;
    const std::lock_guard lock(mutex_);
    live_ = std::move(snapshot);
    pace_.note_change(std::chrono::steady_clock::now());
    changed_.notify_all();
    return published;
  }
  base::Status use_ticket_keys(const std::vector<std::string>& newest_first) override {
    return next_.use_ticket_keys(newest_first);
  }
  void on_proxies(std::uint32_t count) override {
    next_.on_proxies(count);
    const std::lock_guard lock(mutex_);
    // Written with the next state: a share that is a little old is as good.
    proxies_ = count;
  }
  void on_refused() override { next_.on_refused(); }
  void on_incomplete(std::string problem) override { next_.on_incomplete(std::move(problem)); }

  Counts counts() const override {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      const auto due = pace_.due();
      if (!due) {
        changed_.wait(lock, stop, [&] { return pace_.due().has_value(); });
      } else if (std::chrono::steady_clock::now() < *due) {
        // A change may make it due sooner.
        changed_.wait_until(lock, stop, *due, [&] { return pace_.due() != due; });
      } else {
        write(lock);
      }
    }
    if (live_ != nullptr && pace_.has_changed()) write(lock);
  }

  void write(std::unique_lock<std::mutex>& lock) {
    using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::steady_clock;
    const auto state = live_;
    const std::uint32_t proxies = proxies_;
    lock.unlock();
    const auto begun = steady_clock::now();
    const auto written = file_.write(*state, proxies, std::chrono::system_clock::now());
    const auto now = steady_clock::now();
    lock.lock();
    const bool has_changed_since = state != live_;
    if (written) {
      ++counts_.written;
      pace_.note_written(now, duration_cast<milliseconds>(now - begun));
      if (said_ != "") spdlog::info("the state is kept in {} again", file_.path());
      said_.clear();
    } else {
      ++counts_.failed;
      pace_.note_failed(now);
      const std::string& why = written.error().message;
      if (said_ != why) {
        spdlog::warn("keeping the state for a restart: {}; {}", why, what_follows(written.error()));
      }
      said_ = why;
    }
    if (has_changed_since) pace_.note_change(now);
  }

  const SnapshotFile file_;
  ConfigSink& next_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  SnapshotPace pace_;
  std::shared_ptr<const Snapshot> live_;
  std::uint32_t proxies_ = 1;
  Counts counts_;
  std::string said_;     // of a failure
  std::jthread thread_;  // last: it uses the others
};

}  // namespace

std::unique_ptr<SnapshotKeeper> SnapshotKeeper::start(SnapshotFile file, ConfigSink& next,
                                                      const SnapshotPace::Times& times) {
  return std::make_unique<FileKeeper>(std::move(file), next, times);
}

}  // namespace proxy::control
