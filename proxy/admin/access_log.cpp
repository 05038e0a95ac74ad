#include "proxy/admin/access_log.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace proxy::admin {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

class NoAccessLog final : public AccessLog {
 public:
  bool is_off() const override { return true; }
  std::uint64_t dropped_lines() const override { return 0; }

 protected:
  bool take(std::string& lines, std::uint64_t) override {
    lines.clear();
    return true;
  }
  void drop(std::uint64_t) override {}
};

class FileAccessLog final : public AccessLog {
 public:
  FileAccessLog(int descriptor, bool is_ours) : descriptor_(descriptor), is_ours_(is_ours) {
    struct stat status;
    is_regular_ = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~FileAccessLog() override {
    thread_.request_stop();
    thread_.join();
    if (is_ours_) ::close(descriptor_);
  }

  bool is_off() const override { return false; }
  std::uint64_t dropped_lines() const override { return dropped_.load(); }

 protected:
  bool take(std::string& lines, std::uint64_t count) override {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    if (pending_.size() + lines.size() > kPendingBytesMax) {
      drop(count);
      lines.clear();
      return true;
    }
    if (pending_.empty()) {
      pending_.swap(lines);
    } else {
      pending_ += lines;
      lines.clear();
    }
    const bool is_much = pending_.size() > kWakeBytes;
    lock.unlock();
    if (is_much) filled_.notify_one();
    return true;
  }
  void drop(std::uint64_t count) override { dropped_ += count; }

 private:
  // The thread looks this often by itself: waking it for every loop turn would be a system call on
  // the request path.
  static constexpr std::chrono::milliseconds kInterval{100};
  static constexpr std::size_t kWakeBytes = 256u << 10;
  static constexpr std::chrono::seconds kLastWords{1};
  static constexpr std::size_t kPipeBytes = 4096;  // POSIX: a pipe that is ready takes PIPE_BUF

  void run(const std::stop_token& stop) {
    block_sigpipe();
    std::string lines;
    SteadyTime deadline = SteadyTime::max();
    bool is_last = false;
    while (!is_last) {
      {
        std::unique_lock lock(mutex_);
        filled_.wait_for(lock, stop, kInterval, [&] { return pending_.size() > kWakeBytes; });
        is_last = stop.stop_requested();
        lines.swap(pending_);
      }
      if (is_last) deadline = std::chrono::steady_clock::now() + kLastWords;
      write_all(lines, stop, deadline);
      lines.clear();
    }
  }

  // Whoever reads our output may go away: that is an error from write(), not our end.
  static void block_sigpipe() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }

  void write_all(std::string_view lines, const std::stop_token& stop, SteadyTime deadline) {
    while (!lines.empty()) {
      if (stop.stop_requested() && deadline == SteadyTime::max()) {
        deadline = std::chrono::steady_clock::now() + kLastWords;
      }
      const bool is_late = std::chrono::steady_clock::now() >= deadline;
      const ssize_t written = is_late ? -1 : write_some(lines);
      if (written < 0) {
        drop(static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n')));
        return;
      }
      lines.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  // Bytes written; 0: not ready yet; negative: it cannot be written at all.
  ssize_t write_some(std::string_view lines) {
    if (!is_regular_) {
      pollfd waiting{descriptor_, POLLOUT, 0};
      if (::poll(&waiting, 1, static_cast<int>(kInterval.count())) <= 0) return 0;
      lines = lines.substr(0, kPipeBytes);
    }
    const ssize_t written = ::write(descriptor_, lines.data(), lines.size());
    if (written >= 0) return written;
    return errno == EINTR || errno == EAGAIN ? 0 : -1;
  }

  const int descriptor_;
  const bool is_ours_;
  bool is_regular_ = false;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::string pending_;
  std::atomic<std::uint64_t> dropped_{0};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace

AccessLog::Lines::~Lines() {
  // The end of a worker is the one time when it may wait.
  for (flush(); count_ > 0; flush()) std::this_thread::yield();
}

void AccessLog::Lines::add(const AccessRecord& record, const config::LineForm& form) {
  if (is_off_) return;
  if (lines_.size() > kWorkerBytesMax) {
    log_.drop(1);
    return;
  }
  append_access_line(record, lines_, form);
  ++count_;
}

void AccessLog::Lines::flush() {
  if (count_ > 0 && log_.take(lines_, count_)) count_ = 0;
}

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& where) {
  if (where == "off") return std::make_unique<NoAccessLog>();
  if (where == "-") return std::make_unique<FileAccessLog>(STDOUT_FILENO, false);
  const int descriptor = ::open(where.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return base::failure(base::ErrorKind::invalid,
                         "the access log " + where + " cannot be opened: " + std::strerror(errno));
  }
  return std::make_unique<FileAccessLog>(descriptor, true);
}

}  // namespace proxy::admin
