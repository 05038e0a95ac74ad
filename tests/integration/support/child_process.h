#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace integration {

// A program started for a test. Its output goes to a file. It ends with this object: SIGTERM, then
// after a grace SIGKILL, by its own pid. It also ends when the thread that started it does, so that
// an aborted test leaves nothing behind: start programs from the main thread.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;                // the program's path or name first
    std::map<std::string, std::string> environment;  // on top of ours
    std::filesystem::path output;                    // both of its streams, appended
    std::chrono::milliseconds grace = std::chrono::seconds(3);
  };
  static base::Result<std::unique_ptr<ChildProcess>> start(Options options);

  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const { return pid_; }
  bool is_running();
  // Waits for its end. Nothing: it goes on after this time, or was ended by a signal.
  std::optional<int> wait_for_exit(std::chrono::milliseconds at_most);
  // What it wrote so far.
  std::string output() const;

 private:
  ChildProcess(int pid, Options options) : pid_(pid), options_(std::move(options)) {}

  int pid_;
  bool is_reaped_ = false;
  int wait_status_ = 0;
  const Options options_;
};

// A new folder under the system's temporary one, removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A TCP port of 127.0.0.1 for a program that cannot pick one itself, or that comes back to the same
// one: nobody else is given it while this test runs. The program must set SO_REUSEADDR.
int find_free_port();

}  // namespace integration
